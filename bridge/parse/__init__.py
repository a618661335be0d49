"""Stages *parse* and *check*: text as displayed → typed values, rows and what speaks against them.

Pure: no I/O, no clock, no settings.  A column's type and format are a veto here and never a proof.
"""
