"""Reads order lists off ERP web pages that have no API, proves every value, and passes the changes on."""

__version__ = "0.1.0"
