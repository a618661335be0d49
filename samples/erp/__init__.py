"""A make-believe 进销存 of the 2000s: framesets, GBK pages, one seat per account, and 500 sales orders.

`python -m samples.erp --help` starts it alone; `samples.erp.server.SampleErp` runs it inside a test.
"""
