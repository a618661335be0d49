"""The kinds of receivers.  A new kind is one small file with a ``build`` function, and one line in ``KINDS``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from bridge.errors import ConfigError
from bridge.interfaces import Transport
from bridge.outbox.transports.folder import build as build_folder
from bridge.outbox.transports.options import SecretLookup
from bridge.outbox.transports.sqltable import build as build_sqltable
from bridge.outbox.transports.webhook import build as build_webhook

Builder = Callable[[str, Mapping[str, Any], SecretLookup], Transport]
"""``build(name, options, secret_lookup)``: checks every option before anything is opened; no network, no disk."""

KINDS: Mapping[str, Builder] = {
    "webhook": build_webhook,
    "folder": build_folder,
    "sqltable": build_sqltable,
}


def build_transport(name: str, kind: str, options: Mapping[str, Any], secret_lookup: SecretLookup) -> Transport:
    """The transport of one receiver.

    name: the receiver's name in bridge.toml.  options: its settings without ``kind``.  secret_lookup: reference
    → secret.  Raises ConfigError with every fault of the options, and SecretMissing.
    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        raise ConfigError(
            f"receivers.{name}.kind: {kind!r} is unknown" + (f"; did you mean {near[0]!r}?" if near else ""),
            hint=f"Kinds: {', '.join(KINDS)}.",
        )
    return KINDS[kind](name, options, secret_lookup)
