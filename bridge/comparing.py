"""What bridge.toml says of a source's comparison, checked against the source's profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bridge.central import Owner
from bridge.errors import ConfigError
from bridge.faults import near
from bridge.profiles import ColumnType, Profile
from bridge.reconcile import PlatformNumber, Tolerance
from bridge.settings import Platform, Settings

_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY)
_FIT = {"number": _NUMBERS, "days": (ColumnType.DATE,), "text": (ColumnType.TEXT,)}


def owners(settings: Settings, source: str, profile: Profile) -> Mapping[str, Owner]:
    """Who owns which field.  Raises ConfigError for a field that the profile does not read."""
    given = settings.source(source).owner
    for name in given:
        if name != "*":
            _read_field(source, "owner", name, profile)
    return given


def tolerances(settings: Settings, source: str, profile: Profile) -> Mapping[str, Tolerance]:
    """By field.  Raises ConfigError for a field that the profile does not read, that is part of the key, or whose
    type the tolerance does not fit."""
    found = {}
    for name, given in settings.source(source).tolerance.items():
        _read_field(source, "tolerance", name, profile)
        number = re.fullmatch(r"(\d+(?:\.\d+)?)( days?)?", given)
        kind = "text" if number is None else "days" if number[2] else "number"
        column = profile.column(name)
        if name in profile.key or column.type not in _FIT[kind]:
            why = "is part of the key" if name in profile.key else f"holds {column.type.value}"
            raise ConfigError(
                f"sources.{source}.tolerance.{name}: {given!r} does not fit, the field {why}",
                hint='A number for quantities and money, "2 days" for dates, "text" for free text.',
                source=source,
            )
        if number is None:
            found[name] = Tolerance(text=True)
        elif number[2]:
            found[name] = Tolerance(days=int(Decimal(number[1])))
        else:
            found[name] = Tolerance(amount=Decimal(number[1]))
    return found


def platforms(settings: Settings) -> Mapping[str, PlatformNumber]:
    """By source, of those that show platform numbers."""
    return {
        name: _platform(given.platform) for name, given in settings.sources.items() if given.platform is not None
    }


def platform_of(settings: Settings, source: str, profile: Profile) -> PlatformNumber | None:
    """Raises ConfigError for a field that the profile does not read."""
    given = settings.source(source).platform
    if given is None:
        return None
    _read_field(source, "platform.field", given.field, profile)
    return _platform(given)


def _platform(given: Platform) -> PlatformNumber:
    return PlatformNumber(
        field=given.field, pattern=re.compile(given.pattern), prefix=given.prefix, names=given.names
    )


def _read_field(source: str, where: str, name: str, profile: Profile) -> None:
    fields: Sequence[str] = [c.field for c in profile.columns if c.field]
    if name not in fields:
        raise ConfigError(
            f"sources.{source}.{where}: the profile reads no field {name!r}{near(name, fields)}",
            hint="Name fields of the profile's columns" + (", or * for all others." if where == "owner" else "."),
            source=source,
        )
