"""Fakes and fault injection that ship with the product: `bridge demo`, the tests and the torture run use them.

Nothing here is imported by the stages themselves.
"""
