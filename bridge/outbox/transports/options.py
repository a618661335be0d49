"""What all transports share: checked options, and foreign texts made fit for a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.errors import ConfigError
from bridge.faults import fault_lines
from bridge.secrets import Secret

SecretLookup = Callable[[str], Secret]
"""The secret that a reference (``secret:NAME``) names; raises SecretMissing.  ``Secrets.get`` is one."""


class Options(BaseModel):
    """Base of a transport's options: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


O = TypeVar("O", bound=Options)  # noqa: E741


def check_options(model: type[O], name: str, options: Mapping[str, Any]) -> O:
    """The options of receiver ``name``.  Raises ConfigError with all faults, each with its dotted path."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as e:
        faults = [
            f"receivers.{name}{'.' if fault['loc'] else ': '}{line}"
            for fault, line in zip(e.errors(), fault_lines(e, model), strict=True)
        ]
        raise ConfigError(
            "\n".join(faults), hint=f"Keys of this kind of receiver: {', '.join(model.model_fields)}."
        ) from None


_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def excerpt(text: str, limit: int = 160) -> str:
    """A foreign text as one short line: no control, bidirectional or line-breaking characters."""
    clean = " ".join(_UNFIT.sub(" ", text).split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
