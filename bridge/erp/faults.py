"""What Playwright says → our errors, and the picture of the window at that moment.

Playwright's own words never go on: its call logs quote what was typed, passwords included.
"""

from __future__ import annotations

import re

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from bridge.errors import CertificateError, NavigationFailed, SourceError, SourceUnavailable
from bridge.interfaces import Evidence

_DOWN = (
    "ERR_CONNECTION_", "ERR_TIMED_OUT", "ERR_EMPTY_RESPONSE", "ERR_NAME_", "ERR_ADDRESS_", "ERR_INTERNET_",
    "ERR_NETWORK_", "ERR_INVALID_HTTP_RESPONSE", "ERR_INCOMPLETE_", "ERR_CONTENT_", "ERR_HTTP2_", "ERR_SOCKET_",
    "ERR_PROXY_", "ERR_TUNNEL_", "ERR_SSL_PROTOCOL_ERROR", "ERR_RESPONSE_", "ERR_DNS_",
)  # fmt: skip
_CERTIFICATE = ("ERR_CERT_", "ERR_SSL_", "ERR_BAD_SSL_")
_GONE = ("Target page, context or browser has been closed", "Target closed", "Page crashed", "Browser closed")


def net_error(text: str) -> str | None:
    """The network's own name for what happened, e.g. ERR_CONNECTION_REFUSED, or None."""
    found = re.search(r"net::(ERR_[A-Z0-9_]+)", text)
    return found[1] if found else None


def network_fault(code: str, what: str) -> SourceError:
    """what: where it happened, e.g. ``sign_in: http://erp/login.asp``."""
    if code.startswith(_DOWN):
        return SourceUnavailable(f"{what}: no answer ({code})", net=code)
    if code.startswith(_CERTIFICATE):
        return CertificateError(f"{what}: the certificate is not trusted ({code})", net=code)
    return NavigationFailed(f"{what}: the browser could not open it ({code})", net=code)


def mapped(error: PlaywrightError, what: str) -> SourceError:
    """One of our errors for one of Playwright's; raise it outside of the ``except`` block, so that the original
    (with what was typed in its call log) does not travel along as its context."""
    text = str(error)
    if code := net_error(text):
        return network_fault(code, what)
    if any(sign in text for sign in _GONE):
        return SourceUnavailable(
            f"{what}: the browser or its window is gone", hint="The next run opens a new one."
        )
    if "Timeout" in text:
        return NavigationFailed(f"{what}: not done in time", hint=_LOOK)
    return NavigationFailed(f"{what}: {_kind(text)}", hint=_LOOK)


_LOOK = "Compare this line of the profile with the page (`bridge check` shows it)."


def _kind(text: str) -> str:
    """What Playwright complains about, in its own fixed words."""
    for sign, words in (
        ("intercepts pointer events", "something lies on top of it"),
        ("not an <input>", "it is no field that can be filled in"),
        ("did not find some options", "there is no such option"),
        ("Unexpected token", "not a valid selector"),
        ("is not a valid selector", "not a valid selector"),
        ("Unknown key", "there is no such key"),
        ("detached", "it vanished meanwhile"),
        ("navigation", "the page moved on meanwhile"),
    ):
        if sign in text:
            return words
    return "the browser could not do it"


def keep_picture(page: Page, evidence: Evidence | None) -> str | None:
    """A picture of the window without what stands in its password fields; its sha256, or None without one."""
    if evidence is None or page.is_closed():
        return None
    hidden = [frame.locator("input[type=password]") for frame in page.frames]
    try:
        return evidence.keep_png(page.screenshot(mask=hidden, mask_color="#808080", timeout=5000))
    except PlaywrightError:
        return None  # a picture is a help; without one the error itself must still get through
