"""The frozen data that flows between the stages.

One vocabulary for the whole product: a *shot* is the picture of one list page, a *cell* a rectangle of it,
a *reading* what a cell says and how we know, a *line* one row of the list with typed fields, a *change* what
goes out.  Pixel coordinates have their origin at the shot's top-left corner and count device pixels unless a
name says ``css``.  Times are timezone-aware, money is Decimal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bridge.breaks import Break, Note
from bridge.sentences import finding_sentence

Image = NDArray[np.uint8]
"""H × W × 3, RGB, uint8."""

Scalar = str | int | Decimal | date | bool | None
"""A typed value of one field.  ``None`` is a cell that is truly empty."""


# --- geometry ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle; x to the right, y downwards, in the unit its owner names."""

    x: float
    y: float
    w: float
    h: float

    @property
    def x2(self) -> float:
        return self.x + self.w

    @property
    def y2(self) -> float:
        return self.y + self.h

    def scaled(self, k: float) -> Box:
        return Box(x=self.x * k, y=self.y * k, w=self.w * k, h=self.h * k)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(x=self.x + dx, y=self.y + dy, w=self.w, h=self.h)

    def inner(self, scale: float = 1.0) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 of the whole device pixels inside the box, ends excluded; ``scale`` = device pixels
        per unit of the box."""
        e = 1e-3  # boxes come in 1/64 css pixels; less than that is rounding noise
        return (
            math.ceil(self.x * scale - e),
            math.ceil(self.y * scale - e),
            math.floor(self.x2 * scale + e),
            math.floor(self.y2 * scale + e),
        )

    def as_list(self) -> list[float]:
        return [round(v, 2) for v in (self.x, self.y, self.w, self.h)]


# --- capture ----------------------------------------------------------------------------------------------


class DrawnBy(StrEnum):
    """Who drew the pixels; decides which witnesses can exist (design §4)."""

    PAGE = "page"  # our browser, text in the DOM: boxes and text may be witnesses, drawing back proves
    CANVAS = "canvas"  # our browser, no text: drawing back proves
    FOREIGN = "foreign"  # pixels from elsewhere: grammar, glyph knowledge and people only


@dataclass(frozen=True, kw_only=True, slots=True)
class TextStyle:
    """The computed CSS that decides how a text fragment is drawn.  Only what an honest page needs; whatever
    else a page applies makes the drawing-back differ, and the cell doubtful."""

    family: str  # computed font-family list, as CSS
    size_px: float  # css pixels
    weight: str = "400"
    style: str = "normal"
    color: str = "rgb(0, 0, 0)"
    letter_spacing: str = "normal"
    word_spacing: str = "0px"
    decoration: str = "none"  # text-decoration-line: links are underlined
    lang: str = ""  # decides between Chinese and Japanese forms of a Han character


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragment:
    """One line of one text node of the page.  ``box`` in css pixels, origin at the shot's top-left corner;
    its fractions matter: they decide on which subpixel each glyph is drawn."""

    text: str
    box: Box
    style: TextStyle


class RowKind(StrEnum):
    HEADING = "heading"
    DATA = "data"
    OTHER = "other"  # totals, group rows: no order


@dataclass(frozen=True, kw_only=True, slots=True)
class PageCell:
    """A cell as the page itself describes it.  A hint and a witness, never the truth."""

    row: int  # 0-based within the shot, headings included
    col: int
    kind: RowKind
    box: Box  # css pixels, origin at the shot's top-left corner
    fragments: tuple[Fragment, ...] = ()
    background: str = "rgb(255, 255, 255)"  # computed colour behind the text
    clip: Box | None = None  # css pixels; where overflow hides the rest, else None
    ellipsis: bool = False  # the hidden rest is marked with …
    frozen: bool = False  # does not move when the list scrolls
    whole_text: str | None = None  # the value whole, from where the profile says (tooltip, detail)
    row_id: str = ""  # a name the page gives the row, stable while scrolling; "" if none


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PageShot:
    """The picture of one page of the list, with what the page said about it."""

    number: int  # 1-based
    picture: Image | bytes  # bytes: as PNG, a tenth of it, for a list may have hundreds of pages
    scale: float  # device pixels per css pixel
    sha256: str  # of the PNG kept as evidence
    drawn_by: DrawnBy
    cells: tuple[PageCell, ...] = ()  # empty without the page's help
    header_rows: int = 1
    total_text: str | None = None  # the page's own text around the count, if it may be used
    total_image: Image | None = None  # the picture of the place where the count stands
    y_offset: float = 0.0  # css pixels scrolled away above this shot (scrolling boxes)
    body: Box | None = None  # css pixels of the part that scrolls; rows its edges cut are whole elsewhere
    at_end: bool = False  # the scrolling part is scrolled to its end: no edge below cuts its last row
    captured_at: datetime | None = None

    @property
    def image(self) -> Image:
        """Decoded each time that it is asked for, if it is not open."""
        from bridge.png import decode_png  # OpenCV: commands that see no picture need not wait for it

        return decode_png(self.picture) if isinstance(self.picture, bytes) else self.picture

    def opened(self) -> PageShot:
        """With its picture decoded."""
        return replace(self, picture=self.image)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CaptureSet:
    source: str
    shots: tuple[PageShot, ...]
    complete: bool  # every page was seen and the pager says so; counts are checked later
    why_incomplete: tuple[Finding, ...] = ()
    started_at: datetime
    finished_at: datetime


# --- read -------------------------------------------------------------------------------------------------


class Witness(StrEnum):
    """What spoke for a reading.  Two that are independent of each other prove it (design §3.1)."""

    NET = "net"  # the recogniser's own proposal, from the pixels alone
    PAGE_TEXT = "page_text"  # the page's visible text of that very box
    REDRAW = "redraw"  # drawn back in an installed font: the same pixels
    MEMORY = "memory"  # the identical picture was proven before
    ARITHMETIC = "arithmetic"  # quantity × price = amount, sums
    DICTIONARY = "dictionary"  # the only legal word that fits
    BLANK = "blank"  # no ink at all
    PERSON = "person"
    GLYPHS = "glyphs"  # composed of pictures of characters that two other witnesses settled in this list or font
    SECOND_NET = "second_net"  # an unlike net reads the same; enough for free text only
    TOOLTIP = "tooltip"  # the whole of a cut text, its visible part proven to be the beginning


class Doubt(StrEnum):
    """Why a reading is not proven.  The words for people are in ``bridge.reports.words``."""

    UNPROVEN = "unproven"  # one witness only
    LOOKALIKE = "lookalike"  # another text gives the very same picture
    PAGE_TEXT_DIFFERS = "page_text_differs"  # the page says one thing and shows another
    CUT = "cut"  # the cell hides part of the text
    CONTRADICTION = "contradiction"  # this picture was proven to be something else before
    ILLEGAL = "illegal"  # no legal value of the column's type
    UNKNOWN_WORD = "unknown_word"  # a status or code that no mapping knows
    ARITHMETIC = "arithmetic"  # quantity × price ≠ amount
    DUPLICATE_KEY = "duplicate_key"
    BOTH_CHANGED = "both_changed"  # the ERP and the store, each to something else
    LIKE_BEFORE = "like_before"  # proven, but only look-alikes tell it from the value before
    KNOWN_ELSEWHERE = "known_elsewhere"  # another source has the same platform order
    REQUIRED_EMPTY = "required_empty"
    NO_TEXT = "no_text"  # ink, but nothing legible
    READ_OTHERWISE = "read_otherwise"  # in a blind check a person read this very cell otherwise
    CAUGHT = "caught"  # what proves it let an error pass in this column, as a blind check showed


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one cell says, and how we know.

    text: best guess as displayed; "" for an empty cell.  confidence: 0..1, the lowest character's probability
    by the net, 1.0 where other witnesses proved it.  proven: enough independent witnesses agree.
    """

    text: str
    proven: bool
    confidence: float
    witnesses: tuple[Witness, ...]
    doubts: tuple[Doubt, ...] = ()
    alternatives: tuple[str, ...] = ()
    box: Box  # pixels of the shot
    shot: str = ""  # sha256 of the shot's PNG
    picture: str = ""  # hash of the cell's pixels: the key of ``remember`` and of the evidence
    page: int = 0  # 1-based
    row: int = 0  # 0-based data row within the page


@dataclass(frozen=True, kw_only=True, slots=True)
class GridRow:
    kind: RowKind
    cells: tuple[Reading, ...]  # one per grid column, in display order
    y_offset: float = 0.0  # absolute css y of the row's top, for lists that scroll


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One page, read.  ``columns[i]`` is the profile's column shown in grid column i, or None."""

    page: int
    shot: str
    columns: tuple[str | None, ...]  # field names
    headings: tuple[Reading, ...]
    rows: tuple[GridRow, ...]
    total_count: Reading | None = None  # the 共N条 text


# --- parse and check --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldValue:
    """One typed field that still carries its reading.  ``value`` is the best guess when doubtful, or None when
    nothing legal was read; only ``ok`` values may be used as good."""

    field: str
    value: Scalar
    reading: Reading
    doubts: tuple[Doubt, ...] = ()  # the reading's and the parser's

    @property
    def ok(self) -> bool:
        return not self.doubts and self.reading.proven


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderLine:
    """One row of the list.  ``key`` joins the key fields with U+001F; it may only be trusted if ``key_ok``."""

    source: str
    key: str
    order_no: str  # first key field: lines with the same one go together
    key_ok: bool
    fields: Mapping[str, FieldValue]
    page: int
    row: int

    @property
    def doubtful(self) -> tuple[str, ...]:
        """Names of the fields that need a person."""
        return tuple(name for name, v in self.fields.items() if not v.ok)

    @property
    def ok(self) -> bool:
        return self.key_ok and not self.doubtful

    def values(self) -> dict[str, Scalar]:
        return {name: v.value for name, v in self.fields.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something the checks noticed.  ``blocks`` list: nothing may be called gone, and with ``stop`` nothing at
    all may be pushed; row findings stand as doubts on the row itself."""

    code: str  # row_count, page_count, list_sum, duplicate_key, …
    params: Mapping[str, str | int] = field(default_factory=dict)  # the facts of its sentence
    stop: bool = False
    page: int | None = None
    row: int | None = None
    fields: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Its sentence for logs and programs; people get it in their language from ``bridge.sentences``."""
        return finding_sentence(self.code, self.params, "en")


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedList:
    """A whole capture after parse and check."""

    source: str
    lines: tuple[OrderLine, ...]
    complete: bool
    findings: tuple[Finding, ...] = ()
    declared_total: int | None = None  # 共N条, None where the page shows none or it is doubtful


# --- reconcile --------------------------------------------------------------------------------------------
KEY_SEP = "\x1f"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineRow:
    """The last proven observation of one key of one source."""

    key: str
    order_no: str
    fields: Mapping[str, Scalar]
    missing: int = 0  # complete captures in a row that did not show it
    absent: bool = False  # already reported as gone or as having left the list


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"  # two complete captures of an unfiltered list did not show it
    LEFT = "left"  # left the list's scope (filter, date window): says nothing about the order itself
    BACK = "back"  # seen again after gone or left


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    kind: ChangeKind
    source: str
    key: str
    order_no: str
    before: Mapping[str, Scalar] = field(default_factory=dict)
    after: Mapping[str, Scalar] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    store_keeps: tuple[str, ...] = ()  # fields in which the central store keeps its own value

    @property
    def changed_fields(self) -> tuple[str, ...]:
        names = dict.fromkeys((*self.before, *self.after))
        return tuple(n for n in names if self.before.get(n) != self.after.get(n))


class ReviewKind(StrEnum):
    DOUBTFUL_ROW = "doubtful_row"  # the key is known, some fields are not proven
    DOUBTFUL_KEY = "doubtful_key"  # never a new order, and none that it could be is gone
    DUPLICATE_KEY = "duplicate_key"
    BREAKER = "breaker"  # too much changed or vanished at once
    LAYOUT = "layout"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewItem:
    """One question for a person.  ``fingerprint`` is equal for the same question in later runs."""

    kind: ReviewKind
    source: str
    key: str | None  # best guess of the key
    order_no: str | None
    fingerprint: str
    reason: str  # one sentence for logs and programs; people get those of ``breaks`` in their language
    breaks: tuple[Break, ...] = ()  # what is wrong, the weightiest first
    fields: tuple[str, ...] = ()  # the fields asked about
    line: OrderLine | None = None
    before: Mapping[str, Scalar] = field(default_factory=dict)  # what the baseline says, if there is a row
    could_be: tuple[str, ...] = ()  # stored keys this row could be
    central: Mapping[str, Scalar] = field(default_factory=dict)  # the store's values of the fields in conflict


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeSet:
    source: str
    changes: tuple[Change, ...] = ()
    reviews: tuple[ReviewItem, ...] = ()
    seen: tuple[str, ...] = ()  # baseline keys this capture showed (resets their missing count)
    missing: tuple[str, ...] = ()  # keys a complete capture did not show, not yet gone
    unchanged: int = 0
    held: str | None = None  # the circuit breaker's reason; then ``changes`` must not be applied
    notes: tuple[Note, ...] = ()  # what differs but asks nothing
    waiting: tuple[Change, ...] = ()  # proven, but another line of its order is asked about


# --- commit, push, report ---------------------------------------------------------------------------------


class RunStatus(StrEnum):
    RUNNING = "running"
    OK = "ok"  # complete, everything committed
    PARTIAL = "partial"  # committed, but the capture was incomplete or rows wait for a person
    HELD = "held"  # the circuit breaker or a layout change stopped it before commit of changes
    FAILED = "failed"  # an error; nothing was committed
    KILLED = "killed"  # found unfinished by a later run


STAGES = ("sign_in", "capture", "read", "parse", "check", "reconcile", "commit", "push", "report")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSummary:
    """What ``bridge sync --json`` prints."""

    run_id: str
    source: str
    status: RunStatus
    complete: bool
    why_not: tuple[str, ...] = ()
    pages: int = 0
    rows: int = 0
    declared_total: int | None = None
    added: int = 0
    changed: int = 0
    gone: int = 0
    left: int = 0
    missing: int = 0
    doubtful: int = 0  # rows that wait for a person
    straight_through: int = 0  # rows without a flag
    pushed: int = 0
    push_failed: int = 0
    guard_blocked: int = 0  # requests and clicks the read-only guard stopped
    captcha_answers: int = 0  # sent at sign-in
    captcha_solved: int = 0  # of these taken
    seconds: Mapping[str, float] = field(default_factory=dict)  # by stage
    witnesses: Mapping[str, int] = field(default_factory=dict)  # cells by how they were proven
    error: str | None = None
    error_code: str | None = None
    hint: str | None = None
    report: str | None = None  # path of the HTML report
    started_at: datetime | None = None
    finished_at: datetime | None = None
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """One change for one receiver.  ``message_id`` is the idempotency key: equal in every attempt."""

    id: int  # order of commit
    message_id: str
    receiver: str
    source: str
    order_no: str  # messages of one order number go out in order of ``id``
    body: str  # JSON text, exactly as it is signed and sent
    created_at: datetime
    attempts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenPicture:
    """Something worth remembering: this picture says this text, and why we know."""

    source: str
    picture: str
    text: str
    witnesses: tuple[Witness, ...]
