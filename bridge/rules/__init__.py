"""Order life: rules (if … then …) that tell people of orders which do not move as they should.

Pure: a rule, what is surely known of an order, and the moment → does it fit.
"""
