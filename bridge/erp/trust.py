"""A certificate authority of the ERP's own, without ever switching TLS checks off.

Chromium on Linux reads extra authorities only from the machine's own store, and a bridge must not change that.
What it does have is a list of public keys to be taken as they are (``--ignore-certificate-errors-spki-list``).
So the whole check (chain to ``ca_file``, host name, dates) is made here with OpenSSL just before the browser
opens, and only the key that passed it is put on that list.  This is as sound as the check itself: to be
believed by the browser, another server would need the private key of the server that passed.  A renewed
certificate with a new key is simply checked anew at the next opening.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge.errors import CertificateError, ConfigError, SourceUnavailable


def checked_key(url: str, ca_file: Path, *, timeout_s: float = 20.0) -> str | None:
    """The pin (base64 of SHA-256 of the SubjectPublicKeyInfo, RFC 7469 §2.4) of the server's key, after its
    certificate was checked against ``ca_file`` alone.  None for an address that is not https.

    Raises ConfigError (no such file, no certificate in it), CertificateError (the check failed) and
    SourceUnavailable (no connection).
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    host, port = parts.hostname or "", parts.port or 443
    try:
        rules = ssl.create_default_context(cafile=str(ca_file))
    except FileNotFoundError:
        raise ConfigError(f"ca_file {ca_file} does not exist", hint="Correct `ca_file` of the source.") from None
    except (ssl.SSLError, OSError) as e:
        raise ConfigError(
            f"ca_file {ca_file} holds no readable certificate ({e.strerror or e})",
            hint="It must be a PEM file: -----BEGIN CERTIFICATE----- …",
        ) from None
    try:
        with (
            socket.create_connection((host, port), timeout=timeout_s) as plain,
            rules.wrap_socket(plain, server_hostname=host) as secured,
        ):
            der = secured.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError as e:
        raise CertificateError(
            f"the certificate of {host}:{port} does not pass the check against {ca_file}: {e.verify_message}",
            hint="Put the authority that signed the ERP's certificate into `ca_file`, or renew the certificate.",
        ) from None
    except ssl.SSLError as e:
        raise CertificateError(f"no TLS with {host}:{port}: {e.reason or e}") from None
    except OSError as e:
        raise SourceUnavailable(f"no connection to {host}:{port}: {e.strerror or e}") from None
    key = x509.load_der_x509_certificate(der or b"").public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode("ascii")
