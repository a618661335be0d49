"""rules.yaml → validated rules; all faults at once, each with its line and the nearest right key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from bridge.errors import RulesError
from bridge.faults import fault_lines
from bridge.yaml_files import Origin, read_yaml

STATUS, DUE, SHIP_DATE = "status", "due_date", "ship_date"
LONGEST_NAME = 60


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _distinct(value: list[str]) -> list[str]:
    if twice := sorted({v for v in value if value.count(v) > 1}):
        raise ValueError(f"{twice[0]!r} is given twice")
    return value


def _plain(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be a text that can be seen, on one line")
    return value.strip()


Words = Annotated[
    list[Annotated[str, AfterValidator(_plain)]],
    BeforeValidator(_listed),
    AfterValidator(_distinct),
    Field(min_length=1),
]


class If(_Part):
    """All that is given must hold."""

    source: Words | None = Field(None, description="Only orders of these sources; without it: of all.")
    status: Words | None = Field(None, description="The status is one of these, in our words.")
    status_for_hours: float | None = Field(
        None,
        description="The order has been in that `status` for so many hours, without leaving it.",
        gt=0,
        le=87600,
    )
    due_within_days: int | None = Field(
        None,
        description="The promised date is today or within so many days, and the order is not out yet.",
        ge=0,
        le=3650,
    )
    past_due_days: int | None = Field(
        None,
        description="The promised date passed so many days ago or more (1: yesterday); the order is not out yet.",
        ge=1,
        le=3650,
    )
    empty: Words | None = Field(None, description="These fields hold nothing.")
    filled: Words | None = Field(None, description="These fields hold something.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        names = [n for n in type(self).model_fields if n != "source"]
        if all(getattr(self, n) is None for n in names):
            yield f"says nothing about the order; give one of {', '.join(names)}"
        if self.status_for_hours is not None and self.status is None:
            yield "status_for_hours needs `status`"
        if self.due_within_days is not None and self.past_due_days is not None:
            yield "no order is both due_within_days and past_due_days; write two rules"
        if both := sorted({*(self.empty or ())} & {*(self.filled or ())}):
            yield f"{both[0]!r} cannot be both empty and filled"

    @property
    def asks_for_date(self) -> bool:
        return self.due_within_days is not None or self.past_due_days is not None

    @property
    def fields(self) -> frozenset[str]:
        """What it looks at."""
        of_date = (DUE, SHIP_DATE, STATUS) if self.asks_for_date else ()
        return frozenset(
            (*(self.empty or ()), *(self.filled or ()), *((STATUS,) if self.status else ()), *of_date)
        )


class Then(_Part):
    alert: Literal["info", "warning", "failure"] = Field(
        description="Everyone in `notify.to` is told, as weighty as this."
    )
    say: Annotated[str, AfterValidator(_plain)] | None = Field(
        None, description="A sentence for whoever gets it, e.g. who should act.", max_length=300
    )


class Rule(_Part):
    name: Annotated[str, AfterValidator(_plain)] = Field(
        description="What it is called in alerts. What it has told is kept under this name.",
        max_length=LONGEST_NAME,
    )
    when: If = Field(alias="if", description="Which orders it fits.")
    then: Then = Field(description="What happens then.")

    def concerns(self, source: str) -> bool:
        return self.when.source is None or source in self.when.source


class RuleFile(_Part):
    rules: list[Rule] = Field(description="One after the other; an order may fit several.")

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [r.name for r in self.rules]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"rules: the name {twice[0]!r} is given twice")
        return self


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Raises RulesError with every fault and its line: file missing, not YAML, unknown keys, wrong values."""
    missing = "Write one (docs/rules.md), or take `rules` out of bridge.toml."
    return parse_rules(*read_yaml(path, "rules file", error=RulesError, missing=missing))


def parse_rules(data: Any, origin: Origin) -> tuple[Rule, ...]:
    """As ``load_rules``, of data that is there already."""
    if not isinstance(data, dict):
        raise RulesError(
            f"rules file {origin.file} is empty or no mapping", hint="It begins with the line `rules:`."
        )
    try:
        return tuple(RuleFile.model_validate(data).rules)
    except ValidationError as e:
        faults = [origin.with_line(f) for f in fault_lines(e, RuleFile)]
        raise RulesError(
            f"rules file {origin.file} has {len(faults)} fault(s):\n" + "\n".join(f"  {f}" for f in faults),
            hint="Every key is explained in docs/rules.md.",
        ) from None
