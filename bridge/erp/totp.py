"""The digits of the second step (RFC 6238), by pyotp."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp

from bridge.errors import ClockWrong, ConfigError

_ALGORITHMS: dict[str, Callable[..., Any]] = {
    "SHA1": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
}


MOST_SKEW_S = 20
"""RFC 6238 §5.2 recommends that a server take the code of one step (30 s) earlier or later; beyond two thirds of
that a code may be refused, and refused codes lock accounts."""


class _AnyLength(pyotp.TOTP):
    """pyotp refuses keys below 112 bits.  Whoever issues a key may heed that; we are given the one the ERP issued,
    and 80 bits (16 letters) are what most programs still issue."""

    def byte_secret(self) -> bytes:
        text = self.secret
        return base64.b32decode(text + "=" * (-len(text) % 8), casefold=True)


def code(secret: str, now: datetime) -> str:
    """The code that is right at ``now``.  secret: base32 text, spaces allowed, or a whole otpauth:// address
    (its digits, period and algorithm are heeded).

    Raises ConfigError, without the secret in it, if it is neither.
    """
    try:
        generator = _from_address(secret.strip()) if "://" in secret else _AnyLength(_bare(secret))
        if not generator.byte_secret():
            raise ValueError("empty")
        return generator.at(now)
    except (ValueError, KeyError, binascii.Error):
        raise ConfigError(
            "the TOTP secret is neither base32 text nor an otpauth:// address of a time-based code",
            hint="Take it from the ERP's set-up page (the text beside the QR code).",
        ) from None


def check_clock(where: str, ours: datetime, theirs: datetime | None) -> None:
    """Raises ClockWrong if the ERP's clock (None: unknown) says so much else that it would refuse our codes."""
    if theirs is None:
        return
    apart = (ours - theirs).total_seconds()
    if abs(apart) > MOST_SKEW_S:
        which = "ahead of" if apart > 0 else "behind"
        raise ClockWrong(
            f"{where}: this machine's clock is {abs(apart):.0f} s {which} the ERP's; "
            f"one-time codes would be refused, so none was typed"
        )


def _from_address(address: str) -> pyotp.TOTP:
    parts = urlsplit(address)
    if (parts.scheme, parts.netloc) != ("otpauth", "totp"):
        raise ValueError("not time-based")
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return _AnyLength(
        _bare(said["secret"]),
        digits=int(said.get("digits", 6)),
        digest=_ALGORITHMS[said.get("algorithm", "SHA1").upper()],
        interval=int(said.get("period", 30)),
    )


def _bare(secret: str) -> str:
    return secret.replace(" ", "").replace("-", "").upper()
