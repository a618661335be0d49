"""The review page (``bridge review``): a local web page on which people decide.  Knows no SQL and no ERP."""
