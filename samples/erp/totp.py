"""Time-based one-time passwords, RFC 6238 with SHA-1, six digits and thirty seconds."""

import base64
import hmac
import struct


def code(secret: str, at: float) -> str:
    """The six digits at Unix time `at`; `secret` is base32."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(at) // 30), "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def accepts(secret: str, given: str, at: float) -> bool:
    """True for the code of this half minute or of its neighbours."""
    return any(hmac.compare_digest(code(secret, at + drift), given.strip()) for drift in (-30, 0, 30))
