"""bridge.toml + environment → frozen Settings.  Knows references to secrets, never a secret's value.

All faults come in one message, each with its dotted path.  Relative paths count from the folder of bridge.toml.
The environment overrides single keys (see ``bridge.overlay``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from bridge.central import Owner
from bridge.errors import ConfigError
from bridge.faults import fault_lines, near
from bridge.overlay import lay_over, name_variable, read_toml

SECRET_PREFIX = "secret:"
SECRET_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
REFERENCE_WANTED = "write secret:NAME here and keep the value itself with `bridge secret set NAME`"
DEADLINE_SHARE = 0.8  # of the interval, where the source names no deadline


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


# --- types of single keys -----------------------------------------------------------------------------------


class SecretRef(_Part):
    """``secret:NAME`` as written in bridge.toml; ``bridge.secrets`` finds the value."""

    name: str = Field(description="The NAME of `bridge secret set NAME`.")

    def __str__(self) -> str:
        return SECRET_PREFIX + self.name


def _reference(value: Any) -> Any:
    if isinstance(value, SecretRef):
        return value
    if isinstance(value, str) and (m := re.fullmatch(f"{SECRET_PREFIX}({SECRET_NAME})", value)):
        return SecretRef(name=m[1])
    raise ValueError(REFERENCE_WANTED)


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(f"{SECRET_PREFIX}{SECRET_NAME}", value) is not None


def _maybe_reference(value: Any) -> Any:
    return _reference(value) if isinstance(value, str) and value.startswith(SECRET_PREFIX) else value


def _from_base(value: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / value.expanduser()


def _existing(value: Path, info: ValidationInfo) -> Path:
    path = _from_base(value, info)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _profile(value: Path, info: ValidationInfo) -> Path:
    base: Path = (info.context or {}).get("base", Path.cwd())
    return find_profile(str(value), base)


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address like http://192.168.1.5:8080/erp/")
    if parts.password is not None:
        raise ValueError("holds a password; take it out and use a secret reference")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value!r}; write e.g. Asia/Shanghai") from None
    return value


def _database_address(value: str) -> str:
    if "://" not in value:
        raise ValueError(
            "must be a database address like sqlite:///bridge.db or postgresql+psycopg://user@host/name"
        )
    if urlsplit(value).password is not None:
        raise ValueError('holds a password; take it out and write password = "secret:NAME" beside it')
    return value


ConfigPath = Annotated[Path, AfterValidator(_from_base)]
ExistingFile = Annotated[Path, AfterValidator(_existing)]
ProfilePath = Annotated[Path, AfterValidator(_profile)]
Reference = Annotated[SecretRef, BeforeValidator(_reference)]
TextOrReference = Annotated[str | SecretRef, BeforeValidator(_maybe_reference)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
Zone = Annotated[str, AfterValidator(_zone)]
Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Tolerated = Annotated[
    str,
    BeforeValidator(lambda v: str(v) if isinstance(v, int | float) and not isinstance(v, bool) else v),
    StringConstraints(pattern=r"^(\d+(\.\d+)?|\d+ days?|text)$"),
]
Days = Literal["all", "weekdays", "china"]
ContractEvent = Literal[
    "signing", "effective", "payment", "drawings", "samples", "order", "notice", "materials", "lc"
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


# --- the tables of bridge.toml ------------------------------------------------------------------------------


class Store(_Part):
    url: DatabaseAddress | None = Field(None, description="Its address, no password; none: SQLite in `data_dir`.")
    password: Reference | None = Field(None, description="The database user's password.")


class Breaker(_Part):
    """Too much at once is more likely a fault of the page than the truth: hold, and ask a person."""

    max_gone_percent: float = Field(10, description="Orders that may vanish in one run.", ge=0, le=100)
    max_changed_percent: float = Field(30, description="Orders that may change in one run.", ge=0, le=100)
    min_rows: int = Field(20, description="Below this many stored orders the percentages say nothing.", ge=0)


class Platform(_Part):
    """How a source's orders show the number that the sales platform gave them."""

    field: str = Field("order_no", description="The field that holds it.")
    pattern: str = Field(
        description=r"Pattern of the whole text with two groups, platform prefix and number, e.g. (TB|JD)-?(\d+); "
        "or with one, the number, and `prefix`."
    )
    prefix: str = Field("", description="The platform, where the pattern has one group.")
    names: dict[str, str] = Field(
        default_factory=dict, description="What this source calls a platform → its usual prefix, e.g. 淘宝 = TB."
    )

    @model_validator(mode="after")
    def _groups(self) -> Self:
        try:
            groups = re.compile(self.pattern).groups
        except re.error as e:
            raise ValueError(f"pattern: not a valid pattern ({e})") from None
        if groups != 2 and not (groups == 1 and self.prefix):
            raise ValueError("pattern: needs two groups, prefix and number, or one and `prefix`")
        return self


class Source(_Part):
    url: WebAddress = Field(description="Where the ERP's first page is.")
    profile: ProfilePath = Field(description="Path of a profile, or the name of one that is shipped.")
    user: TextOrReference | None = Field(None, description="Sign-in name: as text, or by secret reference.")
    password: Reference | None = Field(None, description="Sign-in password.")
    totp: Reference | None = Field(None, description="Seed of the one-time codes (base32).")
    ca_file: ExistingFile | None = Field(
        None, description="PEM file of the authority behind the ERP's certificate."
    )
    pixels_only: bool = Field(False, description="Read from the picture alone, whatever the page offers.")
    page_help: bool | None = Field(
        None, description="Overrides the profile's `list.page_help`: may the page's boxes and text be witnesses?"
    )
    interval_minutes: float | None = Field(None, description="Overrides `run.interval_minutes`.", gt=0)
    deadline_minutes: float | None = Field(
        None, description="A run ends itself after this; must be below the interval. Without it: 80 % of it.", gt=0
    )
    hours: Hours | None = Field(None, description="Overrides `run.hours`.")
    days: Days | None = Field(None, description="Overrides `run.days`.")
    timezone: Zone | None = Field(None, description="Overrides `run.timezone`.")
    captcha_minutes: float = Field(
        3, description="So long a sign-in waits for a person to type a captcha that cannot be read; needs "
        "`notify.to`. 0: never.", ge=0, le=30,
    )  # fmt: skip
    heartbeat: TextOrReference | None = Field(
        None,
        description="Outside address that is fetched after each good run (dead-man's switch); secret:NAME "
        "where it holds a key.",
    )
    breaker: Breaker = Field(Breaker(), description="When a run is held for a person.")
    owner: dict[str, Owner] = Field(
        default_factory=dict,
        description="field → erp, store, newest or ask: who decides where the ERP and the store both changed it; "
        "`*` = every other field. Without it: ask.",
    )
    tolerance: dict[str, Tolerated] = Field(
        default_factory=dict,
        description='field → the difference that is no change: "0.05" (numbers), "2 days" (dates), "text" (width, '
        "case and spaces do not count).",
    )
    platform: Platform | None = Field(
        None, description="How a sales platform's order is recognised that several sources have."
    )


class Receiver(_Part):
    """A system that gets the changes.  What else it needs is checked by its kind, ``outbox.transports.<kind>``."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(description="webhook, folder or sqltable; the other keys are those of the kind.")

    @model_validator(mode="before")
    @classmethod
    def _paths_and_secrets(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        plain = [k for k, v in data.items() if _is_secret(k) and not _is_reference(v)]
        if plain:
            raise ValueError(f"{', '.join(plain)}: {REFERENCE_WANTED}")
        base: Path = (info.context or {}).get("base", Path.cwd())
        return {k: str(base / v) if _is_path(k) and isinstance(v, str) else v for k, v in data.items()}

    @property
    def options(self) -> dict[str, Any]:
        """The keys beside ``kind``; paths are absolute, secrets are references."""
        return dict(self.model_extra or {})


def _is_path(key: str) -> bool:
    return key in ("folder", "file") or key.endswith(("_folder", "_file"))


def _is_secret(key: str) -> bool:
    return key in ("secret", "password", "token") or key.endswith(("_secret", "_password", "_token"))


class Reports(_Part):
    folder: ConfigPath | None = Field(None, description="Where reports go; without it: reports in `data_dir`.")
    language: Literal["zh", "en"] = Field("zh", description="Language of reports and review pages.")
    day_at: ClockTime | Literal[""] = Field(
        "00:10", description='When yesterday\'s report is written; "" = never.'
    )


class Review(_Part):
    host: str = Field("127.0.0.1", description="Address the review page listens on; 127.0.0.1: this machine only.")
    port: int = Field(8321, description="Its port.", ge=1, le=65535)
    address: WebAddress | None = Field(
        None, description="How people reach it, for links in alerts; without it: http://host:port."
    )
    names: list[str] = Field(default_factory=list, description="Its further host names; others are refused.")
    blind_checks: int = Field(5, description="Accepted cells a day that are asked blindly; 0: none.", ge=0, le=100)
    session_hours: float = Field(12, description="A sign-in ends after this.", gt=0, le=24 * 30)

    def link(self, path: str) -> str:
        """A page's address as people reach it."""
        return (self.address or f"http://{self.host}:{self.port}").rstrip("/") + path


class Ocr(_Part):
    model: Literal["small", "tiny"] = Field("small", description="small reads better, tiny is five times faster.")
    threads: int = Field(2, description="Processor cores one run may use for reading.", ge=1, le=64)
    weights: ConfigPath | None = Field(None, description="Folder of the weights; without it: the user's own.")


class Browser(_Part):
    path: ExistingFile | None = Field(None, description="The browser program; without it: Edge, Chrome, Chromium.")
    headless: bool = Field(True, description="false shows the window, to watch a profile at work.")


class Evidence(_Part):
    max_age_days: int = Field(90, description="Pictures older than this are removed.", ge=1)
    max_gb: float = Field(5, description="The oldest pictures go first once there is more than this.", gt=0)


class Run(_Part):
    interval_minutes: float = Field(15, description="Time between two runs of a source.", gt=0)
    hours: Hours | None = Field(
        None, description="Local time in which `bridge run` starts syncs, e.g. 08:00-20:00."
    )
    days: Days = Field(
        "all",
        description="Days on which it does: all; weekdays (Monday to Friday); china (working days with 调休; "
        "every day of a year that the installed chinesecalendar does not know).",
    )
    timezone: Zone | None = Field(
        None, description="Zone of `hours` and `days`, e.g. Asia/Shanghai; without it: this machine's."
    )
    jitter_seconds: float = Field(
        20, description="Each run starts up to this much later, drawn anew, so that not all start at once.", ge=0
    )
    listen: str | None = Field(
        None,
        description="host:port of /healthz and /metrics (Prometheus), e.g. 127.0.0.1:9464; without it: none.",
        pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$",
    )
    parallel: int = Field(2, description="Runs of different sources that may be under way at once.", ge=1, le=64)


class Notify(_Part):
    """Who is told when something stops working, and when it works again."""

    to: list[Reference] = Field(
        default_factory=list,
        description="Secrets that hold apprise addresses: wecombot://KEY, dingtalk://TOKEN, feishu://TOKEN, "
        "mailtos://user:password@host?to=…",
    )
    digest_at: ClockTime | Literal[""] = Field("09:00", description='When the daily digest goes out; "" = never.')
    repeat_hours: float = Field(6, description="Least time between two notices of the same trouble.", gt=0)


class Contracts(_Part):
    """Promised delivery dates out of contracts."""

    inbox: ConfigPath | None = Field(
        None, description="Folder that `bridge run` watches for scans of contracts; without it: none is watched."
    )
    settle_seconds: float = Field(
        10, description="A file that changed within this time is still being copied, and waits.", ge=0
    )
    events: dict[ContractEvent, str] = Field(
        default_factory=dict,
        description="Where an order shows what terms count from: event → field that holds the day, e.g. "
        'payment = "paid_date", or the status that means it has happened, e.g. drawings = "status=drawings_ok".',
    )
    shipped: list[str] = Field(
        ["shipped", "done"],
        description="Words of the status, after the profile's mapping, that mean that an order is shipped.",
    )
    at_risk_days: int = Field(3, description="The on-time report warns of orders due within these days.", ge=0)
    report_at: ClockTime = Field("02:00", description="When `bridge run` writes the on-time report each night.")


class Settings(_Part):
    data_dir: ConfigPath = Field(Path("bridge-data"), description="Everything the bridge keeps on disk.")
    store: Store = Field(Store(), description="The database.")
    sources: dict[Name, Source] = Field(default_factory=dict, description="The ERPs that are read.")
    receivers: dict[Name, Receiver] = Field(default_factory=dict, description="The systems that get the changes.")
    reports: Reports = Field(Reports(), description="Reports of the differences.")
    review: Review = Field(Review(), description="The review page.")
    ocr: Ocr = Field(Ocr(), description="The screen reader.")
    browser: Browser = Field(Browser(), description="The browser.")
    evidence: Evidence = Field(Evidence(), description="How long pictures are kept.")
    contracts: Contracts = Field(Contracts(), description="What contracts promise.")
    rules: ConfigPath | None = Field(None, description="File of order-life rules (docs/rules.md).")
    run: Run = Field(Run(), description="The clock of `bridge run`.")
    notify: Notify = Field(Notify(), description="Who is told of failures.")

    @model_validator(mode="after")
    def _deadlines_below_intervals(self) -> Self:
        late = [
            f"sources.{name}.deadline_minutes: must be below the interval ({self.interval_s(name) / 60:g} minutes)"
            for name in self.sources
            if self.deadline_s(name) >= self.interval_s(name)
        ]
        if late:
            raise ValueError("; ".join(late))
        return self

    @property
    def database_url(self) -> str:
        """The database address, still without the password."""
        return self.store.url or f"sqlite:///{(self.data_dir / 'bridge.db').as_posix()}"

    @property
    def reports_dir(self) -> Path:
        return self.reports.folder or self.data_dir / "reports"

    @property
    def evidence_dir(self) -> Path:
        return self.data_dir / "evidence"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    def source(self, name: str) -> Source:
        """Raises ConfigError naming the sources that there are."""
        if name not in self.sources:
            known = ", ".join(self.sources) or "none"
            raise ConfigError(
                f"there is no source {name!r} in bridge.toml{near(name, self.sources)} (sources: {known})",
                hint=f"Add [sources.{name}] to bridge.toml, or use one of its sources.",
                source=name,
            )
        return self.sources[name]

    def interval_s(self, source: str) -> float:
        """Seconds between two starts of this source."""
        own = self.sources[source].interval_minutes
        return 60 * (own if own is not None else self.run.interval_minutes)

    def business_hours(self, source: str) -> tuple[time, time] | None:
        """Start and end of the day, or None for round the clock."""
        hours = self.sources[source].hours or self.run.hours
        if hours is None:
            return None
        start, end = (time.fromisoformat(part) for part in hours.split("-"))
        return start, end

    def working_days(self, source: str) -> Days:
        return self.sources[source].days or self.run.days

    def zone(self, source: str) -> ZoneInfo | None:
        """Where the source's business hours count; None for this machine's own zone."""
        name = self.sources[source].timezone or self.run.timezone
        return ZoneInfo(name) if name else None

    def deadline_s(self, source: str) -> float:
        """Seconds after which a run of this source ends itself; always below the interval."""
        own = self.sources[source].deadline_minutes
        return 60 * own if own is not None else DEADLINE_SHARE * self.interval_s(source)

    def secret_names(self) -> list[str]:
        """Every secret that is referred to, sorted."""
        return sorted(_references(self))


def _references(part: Any) -> set[str]:
    if isinstance(part, SecretRef):
        return {part.name}
    if _is_reference(part):
        return {part.removeprefix(SECRET_PREFIX)}
    if isinstance(part, BaseModel):
        return _references({**dict(part), **(part.model_extra or {})})
    if isinstance(part, dict):
        return {n for value in part.values() for n in _references(value)}
    if isinstance(part, list):
        return {n for value in part for n in _references(value)}
    return set()


# --- files that come with the program -----------------------------------------------------------------------


def shipped_selectors() -> Path:
    """The folder of the profiles that come with the program: in the installed package, else in the checkout."""
    package = Path(__file__).parent
    inside = package / "selectors"
    return inside if inside.is_dir() else package.parent / "selectors"


def find_profile(name_or_path: str, base: Path) -> Path:
    """The profile file: a path (relative to ``base``), a name in ``base/selectors``, or a shipped name.

    Raises ValueError naming the shipped profiles if there is none.
    """
    given = Path(name_or_path).expanduser()
    if given.suffix in (".yaml", ".yml"):
        if (base / given).is_file():
            return base / given
        raise ValueError(f"there is no file {base / given}")
    for folder in (base / "selectors", shipped_selectors()):
        if (folder / f"{name_or_path}.yaml").is_file():
            return folder / f"{name_or_path}.yaml"
    shipped = sorted(p.stem for p in shipped_selectors().glob("*.yaml"))
    raise ValueError(
        f"there is no profile {name_or_path!r}{near(name_or_path, shipped)} (shipped: {', '.join(shipped)}; "
        "or give the path of a .yaml file)"
    )


# --- loading ------------------------------------------------------------------------------------------------


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads bridge.toml (UTF-8), lays the environment over it and validates the whole.

    Raises ConfigError with every fault found.
    """
    data = read_toml(path)
    variables = lay_over(data, environ)
    try:
        return Settings.model_validate(data, context={"base": path.resolve().parent})
    except ValidationError as e:
        lines = [name_variable(line, variables) for line in fault_lines(e, Settings)]
        raise ConfigError(
            f"{path} has {len(lines)} fault(s):\n" + "\n".join(f"  {line}" for line in lines),
            hint="Every key is explained in docs/settings.md.",
        ) from None
