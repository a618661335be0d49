"""selectors/<erp>.yaml → validated Profile.  Knows no browser.

A profile says everything that differs between ERPs, in words an IT person can write.  It is data only: nothing
in it is executed.  All its faults are reported at once, each with its dotted path and, for an unknown key, the
nearest valid one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from bridge.errors import ProfileError
from bridge.faults import fault_lines, near
from bridge.profile_steps import Marks, Part, Place, SignIn, Step
from bridge.yaml_files import Origin

# --- the list -----------------------------------------------------------------------------------------------


class Region(Part):
    """A rectangle of the window in css pixels, for programs that are pixels only."""

    x: int = Field(ge=0, description="From the left.")
    y: int = Field(ge=0, description="From the top.")
    w: int = Field(gt=0, description="Width.")
    h: int = Field(gt=0, description="Height.")


class Rows(Part):
    """Where the page itself gives rows and cells (the page's help).  CSS, relative to the list's element."""

    heading: str = Field("tr:has(th)", description="The heading row(s).")
    row: str = Field("tr:not(:has(th))", description="Every row below the headings, totals included.")
    cell: str = Field("td, th", description="A cell within a row.")
    row_id: str | None = Field(None, description="Attribute that names a row while the box scrolls.")
    frozen: Place | None = Field(
        None, description="A second element with the frozen columns, its rows beside the list's."
    )
    frozen_heading: Place | None = Field(None, description="Headings of the frozen columns, if apart.")
    headings_at: Place | None = Field(None, description="An element of its own that holds the headings.")


class Where(Part):
    at: Place | None = Field(None, description="The element that holds the list.")
    region: Region | None = Field(None, description="The part of the window that shows it, instead of `at`.")
    drawn: Literal["page", "canvas", "foreign"] = Field(
        "page",
        description="page: HTML text; canvas: drawn by script, no text; foreign: an image or remote desktop.",
    )
    ready: Place | None = Field(None, description="Visible once the list has arrived.")
    busy: Place | None = Field(None, description="Visible while the list is loading.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) == (self.region is None):
            raise ValueError("give either `at` or `region`")
        return self


class Paging(Part):
    kind: Literal["one_page", "next", "scroll", "load_more"] = Field(
        "one_page", description="How the list goes on: not at all, by a button, by scrolling, by growing."
    )
    next: Place | None = Field(None, description="The button or link of the next page (or `load more`).")
    first: Place | None = Field(None, description="Leads to page one, clicked before reading if visible.")
    last: Marks = Field(
        default_factory=list,
        description="Any of these visible: this is the last page (e.g. a disabled button).",
    )
    page_of: str | None = Field(
        None, description=r"Pattern with two groups, page and pages, e.g. 第(\d+)/(\d+)页."
    )
    page_of_at: Place | None = Field(None, description="Where that text stands.")
    scroll_at: Place | None = Field(None, description="The box that scrolls, if it is not the list itself.")
    max_pages: int = Field(400, description="More pages than this are a fault of the page.", ge=1)

    @model_validator(mode="after")
    def _next_needed(self) -> Self:
        if self.kind in ("next", "load_more") and self.next is None:
            raise ValueError(f"paging.kind {self.kind} needs `next`")
        if (self.page_of is None) != (self.page_of_at is None):
            raise ValueError("paging.page_of and paging.page_of_at need each other")
        return self


class TotalCount(Part):
    pattern: str = Field(description=r"Pattern with one group, the number of rows, e.g. 共(\d+)条.")
    at: Place | None = Field(None, description="Where it stands; without it: in the list's picture.")
    per: Literal["list", "page"] = Field("list", description="What is counted: the whole list or this page.")


_ROUNDING = Field(
    "0",
    description="Largest rounding of one row's value, e.g. '0.005', where the ERP adds up what it does not show. "
    "Such a sum may be off by that much for each row, and proves no single value.",
    pattern=r"^\d+(\.\d+)?$",
)


class NotOrders(Part):
    """Rows that are no orders: totals, group headings."""

    text: str = Field(description="Pattern found in any cell of the row, e.g. 合计|小计.")
    sums: list[str] = Field(default_factory=list, description="Fields whose sum this row shows.")
    of: Literal["page", "list", "none"] = Field("none", description="What is summed.")
    rounding: str = _ROUNDING


class BlankRow(Part):
    """A row whose cells before the first sum are all empty (a total row without a word)."""

    sums: list[str] = Field(min_length=1, description="Fields whose sum this row shows.")
    of: Literal["page", "list"] = Field("list", description="What is summed.")
    rounding: str = _ROUNDING


class Scope(Part):
    """Which orders the list shows.  A row that leaves the scope is not gone."""

    kind: Literal["all", "open", "window"] = Field(
        "all", description="all: a missing row was deleted; open/window: it left the list."
    )
    days: int | None = Field(None, description="window: how many days back.", ge=1)
    field: str | None = Field(None, description="The field that decides: status or a date.")
    open_words: list[str] = Field(default_factory=list, description="open: status words that stay.")


class OrderList(Part):
    open: list[Step] = Field(default_factory=list, description="The way from the first page to the list.")
    where: Where = Field(description="Where the list stands.")
    rows: Rows = Field(Rows(), description="Where the page itself gives rows and cells.")
    page_help: bool = Field(True, description="May the page's own boxes and text be used as witnesses?")
    paging: Paging = Field(Paging(), description="How the list goes on.")
    total: TotalCount | None = Field(None, description="The count that the page shows, e.g. 共N条.")
    not_orders: list[NotOrders] = Field(default_factory=list, description="Rows that are no orders.")
    total_row: BlankRow | None = Field(None, description="A row of sums without a word in it.")
    scope: Scope = Field(Scope(), description="Which orders the list shows.")
    grid: Literal["auto", "lines", "gaps"] = Field(
        "auto", description="Without the page's help: find cells by ruled lines or by gaps."
    )

    @property
    def helps(self) -> bool:
        """Is there a page that may tell of the list's cells?"""
        return self.page_help and self.where.drawn == "page" and self.where.at is not None


class ColumnType(StrEnum):
    CODE = "code"  # order numbers, SKUs: every character counts
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"  # quantities, prices
    MONEY = "money"
    DATE = "date"
    STATUS = "status"
    IGNORE = "ignore"  # shown, not wanted: checkboxes, icons, serial numbers


class CutRule(Part):
    may_be: bool = Field(True, description="false: this column never hides text (it grows with it).")
    whole_from: Literal["none", "title", "page_text"] = Field(
        "none", description="Where a cut text can be had whole: the cell's title tooltip, or the page's text."
    )


class Column(Part):
    heading: str = Field("", description="As displayed; empty for a column without heading.")
    also: list[str] = Field(default_factory=list, description="Other headings it may have (other languages).")
    after: str | None = Field(None, description="Without heading: stands right after this heading.")
    field: str | None = Field(None, description="Our field name; needed unless type is ignore.")
    type: ColumnType = Field(ColumnType.TEXT, description="What its values are.")
    required: bool = Field(False, description="An empty cell is doubtful.")
    format: str | None = Field(
        None, description="Dates: %Y-%m-%d and the like. Numbers: 1,234.56 or 1.234,56 or 1234.56."
    )
    pattern: str | None = Field(None, description="Every legal value matches this pattern, whole.")
    alphabet: str | None = Field(None, description="Every character a legal value may have.")
    decimals: int | None = Field(None, description="Digits after the decimal mark as displayed.", ge=0, le=8)
    unit: str | None = Field(None, description="A unit shown with the number, e.g. 个; it is taken off.")
    align: Literal["left", "right", "center"] | None = Field(
        None, description="How its texts stand, where the page does not say."
    )
    cut: CutRule = Field(CutRule(), description="Texts that are longer than their cell.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.type is not ColumnType.IGNORE and self.field is None:
            raise ValueError("`field` is missing (or set type: ignore)")
        if not self.heading and self.after is None and self.type is not ColumnType.IGNORE:
            raise ValueError("a column without heading needs `after`")
        for name in ("pattern",):
            if (p := getattr(self, name)) is not None:
                _compile(p, name)
        if self.type is ColumnType.DATE and self.format is not None and "%" not in self.format:
            raise ValueError("a date format is written with %Y, %m, %d, e.g. %Y-%m-%d")
        return self

    @property
    def name(self) -> str:
        """What people call it: its heading, or its field where it has none."""
        return self.heading or self.field or "(no heading)"


class Product(Part):
    """A line's arithmetic: quantity × price = amount."""

    quantity: str = Field(description="Field of the quantity.")
    price: str = Field(description="Field of the price of one.")
    amount: str = Field(description="Field of the amount.")
    decimals: int = Field(2, description="The amount is rounded to these.", ge=0, le=8)
    tolerance: str = Field("0", description="Largest allowed difference, e.g. 0.01.")


class Checks(Part):
    product: Product | None = Field(None, description="quantity × price = amount, in every row.")


class Request(Part):
    """A request the bot may make after sign-in."""

    method: Literal["GET", "POST", "HEAD"] = Field("GET", description="HTTP method.")
    path: str = Field(description="Path with * as wildcard, e.g. /erp/orders.asp or /static/*.")
    actions: list[str] | None = Field(
        None,
        description="Allowed values of the action field; '' = without one. Not given: any request there.",
    )


class Allow(Part):
    """What the bot may do after sign-in.  Everything else is stopped, counted and reported."""

    requests: list[Request] = Field(default_factory=list, description="Requests the page may make.")
    action_fields: list[str] = Field(
        default_factory=lambda: ["action", "act", "do", "cmd", "op", "method"],
        description="Query or body fields that say what a request does.",
    )
    clicks: list[str] = Field(
        default_factory=list, description="Texts or CSS that may be clicked beyond the steps of this profile."
    )
    windows: list[str] = Field(default_factory=list, description="Paths of windows the page may open.")
    dialogs: Literal["dismiss", "accept"] = Field(
        "dismiss", description="alert boxes; `confirm` is always dismissed."
    )


SCALE_WITH_HELP = 1.0
SCALE_OF_PIXELS_ALONE = 2.0


class Browser(Part):
    viewport: tuple[int, int] = Field((1440, 900), description="Width and height of the window, css pixels.")
    scale: float | None = Field(
        None,
        description="Device pixels per css pixel. Not given: 1 where the page's own boxes and text are witnesses "
        "(a quarter of the pixels, as well read), else 2, which pixels alone need.",
        ge=1,
        le=4,
    )
    locale: str = Field("zh-CN", description="Language the browser asks for.")
    timezone: str = Field("Asia/Shanghai", description="Time zone of the page's dates.")
    timeout_s: float = Field(20.0, description="Longest wait for one page or element.", gt=0)


class Profile(Part):
    profile: Literal[1] = Field(1, description="Version of this format.")
    name: str = Field(description="Short name: a-z, 0-9, - and _.", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = Field("", description="For people, e.g. 金蝶 K3 销售订单.")
    browser: Browser = Field(Browser(), description="The window that the page is opened in.")
    sign_in: SignIn | None = Field(None, description="Not needed for a list that is open to all.")
    order_list: OrderList = Field(alias="list", description="The order list.")
    unit: Literal["order", "line"] = Field("order", description="Is a row an order or a line of one?")
    key: list[str] = Field(min_length=1, description="Fields that name a row; the first is the order number.")
    columns: list[Column] = Field(min_length=1, description="The list's columns, as displayed.")
    mappings: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="field → word in the ERP → our word; an unknown word is asked about.",
    )
    checks: Checks = Field(Checks(), description="What must hold between the fields of a row.")
    allow: Allow = Field(Allow(), description="What the bot may do; everything else is stopped.")

    _origin: Origin | None = PrivateAttr(None)

    def scale(self, *, page_help: bool) -> float:
        """Device pixels per css pixel that the list is looked at with; page_help: is the page a witness?"""
        return self.browser.scale or (SCALE_WITH_HELP if page_help else SCALE_OF_PIXELS_ALONE)

    def place(self, path: str) -> str:
        """Where a person finds a key: its path, and file and line where the profile came from a file."""
        line = self._origin.line(path) if self._origin is not None else None
        return f"{path} ({self._origin.file}, line {line})" if self._origin is not None and line else path

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        fields = [c.field for c in self.columns if c.type is not ColumnType.IGNORE]
        for name in sorted({f for f in fields if f and fields.count(f) > 1}):
            yield f"columns: the field {name!r} is given twice"
        headings = [c.heading for c in self.columns if c.heading]
        for h in sorted({h for h in headings if headings.count(h) > 1}):
            yield f"columns: the heading {h!r} is given twice"
        for k in self.key:
            if k not in fields:
                yield f"key: {k!r} is no column's field{near(k, [f for f in fields if f])}"
        for k in self.mappings:
            if k not in fields:
                yield f"mappings.{k}: no column has this field{near(k, [f for f in fields if f])}"
        for c in self.columns:
            if c.after is not None and c.after not in headings:
                yield f"columns: after {c.after!r} names no heading{near(c.after, headings)}"
        if (p := self.checks.product) is not None:
            for part in (p.quantity, p.price, p.amount):
                if part not in fields:
                    yield f"checks.product: {part!r} is no column's field"
        for i, n in enumerate(self.order_list.not_orders):
            if fault := _pattern_fault(n.text, groups=0):
                yield f"list.not_orders.{i}.text: {fault}"
        if self.order_list.total and (fault := _pattern_fault(self.order_list.total.pattern, groups=1)):
            yield f"list.total.pattern: {fault}"
        if self.order_list.paging.page_of and (fault := _pattern_fault(self.order_list.paging.page_of, groups=2)):
            yield f"list.paging.page_of: {fault}"
        if self.order_list.scope.kind == "window" and self.order_list.scope.days is None:
            yield "list.scope.days: needed for a rolling window"

    def column(self, field: str) -> Column:
        """The column of a field; KeyError if there is none."""
        for c in self.columns:
            if c.field == field:
                return c
        raise KeyError(field)


def _pattern_fault(pattern: str, *, groups: int) -> str | None:
    try:
        found = re.compile(pattern).groups
    except re.error as e:
        return f"not a valid pattern ({e})"
    return None if found >= groups else f"needs {groups} group(s) in parentheses, has {found}"


def _compile(pattern: str, name: str) -> None:
    if fault := _pattern_fault(pattern, groups=0):
        raise ValueError(f"{name}: {fault}")


# --- loading ------------------------------------------------------------------------------------------------


def parse_profile(data: Any, origin: str | Origin) -> Profile:
    """Validates already loaded YAML; ``origin`` stands in the messages, which name the lines if it knows them."""
    known = origin if isinstance(origin, Origin) else None
    origin = known.file if known else str(origin)
    if not isinstance(data, dict):
        raise ProfileError(f"profile {origin} is empty or no mapping", hint="Start from selectors/template.yaml.")
    try:
        made = Profile.model_validate(data)
    except ValidationError as e:
        faults = [known.with_line(f) if known else f for f in fault_lines(e, Profile)]
        raise ProfileError(
            f"profile {origin} has {len(faults)} fault(s):\n" + "\n".join(f"  {f}" for f in faults),
            hint="Every key is explained in docs/profile.md.",
        ) from None
    made._origin = known
    return made
