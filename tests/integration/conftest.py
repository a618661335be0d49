"""Fixtures that several files share."""

from store_samples import empty_url, store, url

__all__ = ["empty_url", "store", "url"]
