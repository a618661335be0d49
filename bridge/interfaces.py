"""The few Protocols that the use cases see.  Concrete parts are chosen in ``bridge.wiring`` and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from bridge.central import CentralRow
from bridge.records import (
    BaselineRow,
    Box,
    CaptureSet,
    Change,
    ChangeSet,
    FieldValue,
    Fragment,
    Grid,
    Image,
    ObservedList,
    OutboxMessage,
    PageShot,
    ProvenPicture,
    ReviewItem,
    RunSummary,
)

if TYPE_CHECKING:
    from bridge.reconcile import Distrust

Clock = Callable[[], datetime]
"""Returns the time now, timezone-aware (UTC)."""

Align = Literal["start", "center", "end"]
"""Which point of a text stands at its place."""

Progress = Callable[[str, int, int], None]
"""``progress(stage, done, total)``; total 0 where it is not known yet."""


# --- ocr: what others may ask of it -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What the net proposes for one picture of one text line.

    characters: (character, probability, x of its centre in the picture's pixels).
    alternatives: at each character the runners-up with their probabilities, best first.
    """

    text: str
    confidence: float  # the lowest character's probability, 0..1; 0 for no text
    characters: tuple[tuple[str, float, float], ...] = ()
    alternatives: tuple[tuple[tuple[str, float], ...], ...] = ()


class TextReader(Protocol):
    """Reads pictures of single text lines."""

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        """One proposal for each picture, same order.  ``alphabet`` restricts the decoding to its characters."""
        ...


class LineFinder(Protocol):
    """Finds where lines of text stand in a picture."""

    def find_lines(self, image: Image) -> list[Box]:
        """Upright boxes in the picture's pixels, in no order."""
        ...


class PageReader(Protocol):
    """Stage *read*: a shot becomes a grid of readings.  Doubt is a value; only a broken engine raises."""

    @property
    def learned_late(self) -> bool:
        """Was something seen on a later page by which those before must be judged?  Then a new reader reads all of
        them once more."""
        ...

    def read(self, shot: PageShot, progress: Progress | None = None) -> Grid: ...


# --- erp ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawSpec:
    """One cell to be drawn back.

    box: css pixels, same origin as the fragments; its fractions are kept, they decide on the subpixel phase.
    canvas: draw with ``fillText`` (fragment box.y is then the baseline) instead of the DOM.
    enlarged: of a canvas: drawn at one pixel per css pixel, which the browser then enlarges to the device's scale.
    align: which point of a fragment stands at its box.x: the browser rounds a text's start, so what was set from
    its end or middle comes out equal only if it is set so again.
    """

    box: Box
    fragments: tuple[Fragment, ...]
    background: str
    clip: Box | None = None
    ellipsis: bool = False
    canvas: bool = False
    enlarged: bool = False
    align: Align = "start"


@dataclass(frozen=True, slots=True)
class TextExtent:
    """How much room a text takes, css pixels: its advance and its ink's size."""

    advance: float
    ink_w: float
    ink_h: float


class Redrawer(Protocol):
    """Draws text in the same browser that drew the page, in a page of its own: no network, no script of the
    ERP, installed fonts only."""

    def draw(self, specs: Sequence[DrawSpec], *, scale: float) -> list[Image]:
        """The pictures, each of the whole device pixels inside ``spec.box`` (see ``Box.inner``)."""
        ...

    def installed(self, families: Sequence[str]) -> list[str]:
        """Those of the font families that this machine has."""
        ...

    def measure(self, texts: Sequence[str], fonts: Sequence[str], *, lang: str = "") -> list[list[TextExtent]]:
        """``result[font][text]``; ``fonts`` as the CSS ``font`` shorthand.  lang: a generic family is another font
        for another language."""
        ...


class SourceSession(Protocol):
    """A signed-in browser at one ERP.  Raises only ``bridge.errors``."""

    @property
    def redrawer(self) -> Redrawer: ...

    @property
    def guard_blocked(self) -> int:
        """Requests, clicks, windows and dialogs stopped so far."""
        ...

    @property
    def captcha_answers(self) -> tuple[int, int]:
        """Captcha answers sent so far, and how many of them were taken."""
        ...

    def sign_in(self) -> None: ...

    def open_list(self) -> None: ...

    def capture(self, progress: Progress | None = None, *, max_pages: int | None = None) -> CaptureSet: ...

    def keep(self) -> None:
        """Keeps the session for the next run, where the profile says so."""
        ...

    def sign_out(self) -> None: ...


class SourceDriver(Protocol):
    """Opens a browser for one source; closing it ends every process it started."""

    def open(self) -> AbstractContextManager[SourceSession]: ...


# --- store --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitResult:
    outbox: int  # messages written, all receivers together
    reviews_new: int
    reviews_closed: int


class Store(Protocol):
    """The database.  Every method is one transaction; raises only StoreError and its subclasses."""

    def begin_run(self, source: str, run_id: str, started_at: datetime) -> None:
        """Notes the run as running; runs of this source still marked so are marked as killed."""
        ...

    def finish_run(self, summary: RunSummary) -> None: ...

    def baseline(self, source: str) -> dict[str, BaselineRow]: ...

    def last_picture(self, source: str) -> str | None:
        """The picture (sha256) of the list in which an order was read last; None before the first."""
        ...

    def last_runs(self, limit: int, source: str | None = None) -> list[RunSummary]:
        """The newest first."""
        ...

    def central(self, source: str) -> dict[str, CentralRow]:
        """Key → the central order as it stands now, whoever wrote it."""
        ...

    def commit(
        self,
        run_id: str,
        observed: ObservedList,
        changes: ChangeSet,
        *,
        receivers: Sequence[str],
        now: datetime,
    ) -> CommitResult:
        """Observations, baseline, central orders, reviews and outbox change together or not at all."""
        ...

    def open_reviews(self, source: str | None = None) -> list[ReviewItem]: ...

    def active_values(self, source: str, field: str) -> list[tuple[str, str]]:
        """(order number, value of one field as text) of a source's active orders that have one."""
        ...

    def last_proven(self, source: str, key: str, field: str) -> FieldValue | None:
        """The newest observation of a row in which this field was proven."""
        ...

    def not_orders(self, source: str) -> frozenset[str]:
        """Fingerprints of the rows that a person called no order."""
        ...

    def released(self, source: str) -> str | None:
        """Fingerprint of the hold that a person has released, until a trusted run has used it."""
        ...

    def distrusted(self, source: str) -> Distrust: ...


class OutboxStore(Protocol):
    """The relay's side of the store.  Lease → send → mark; the attempt is recorded before it is made."""

    def lease(self, receiver: str, *, now: datetime, lease_s: float, limit: int) -> list[OutboxMessage]:
        """The next due messages: at most one per order number, and only those whose earlier messages of the
        same order number and receiver are all sent.  Raises ``attempts`` by one and hides them until the
        lease ends."""
        ...

    def mark_sent(self, message: OutboxMessage, *, now: datetime) -> None: ...

    def mark_failed(self, message: OutboxMessage, *, error: str, retry_at: datetime, now: datetime) -> None: ...

    def park(self, message: OutboxMessage, *, error: str, now: datetime) -> None: ...

    def pending(self, receiver: str | None = None) -> dict[str, int]:
        """Counts by state: pending, leased, sent, parked."""
        ...


class Action(StrEnum):
    """What a person can say to a question."""

    ACCEPT = "accept"  # the best guesses are right
    TYPE = "type"  # the right values, typed
    KEEP = "keep"  # the doubtful fields keep their stored values; the row's other changes go out
    NOT_AN_ORDER = "not_an_order"
    RELEASE = "release"  # the held changes may be applied by the next run
    DROP = "drop"  # seen, nothing is to be done


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredReview:
    """A question as it is kept."""

    id: int
    item: ReviewItem
    state: str  # open | decided | superseded (the question has become idle)
    run_id: str
    created_at: datetime
    last_seen: datetime  # the last run that would have asked it
    decided_by: str | None = None
    decision: Action | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """A person's decision, ready to be kept.  ``key``: of the settled row, None where no row is settled."""

    action: Action
    by: str
    note: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # field → text as typed or accepted
    key: str | None = None
    proofs: tuple[ProvenPicture, ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # field → word in the ERP → our word
    batch: str = ""  # what is decided with one key is undone with one key


class DecisionStore(Protocol):
    """The decisions' side of the store."""

    def reviews(self, source: str | None = None) -> list[StoredReview]:
        """The open questions, oldest first."""
        ...

    def review(self, item_id: int) -> StoredReview:
        """Raises UsageError if there is none of this number."""
        ...

    def settle(
        self,
        item_id: int,
        settlement: Settlement,
        *,
        change: Callable[[BaselineRow | None], Change | None],
        receivers: Sequence[str],
        now: datetime,
    ) -> int:
        """One transaction: closes the question, keeps the decision, learns its proofs, and applies and sends
        ``change(stored row of settlement.key)``.  Returns the number of messages written.  Raises
        AlreadyDecided if the question is no longer open."""
        ...

    def undo(self, batch: str, *, by: str, now: datetime) -> list[int]:
        """One transaction: opens the questions of these decisions again and takes back what followed from them.
        A message that is not sent yet is dropped; what was sent is followed by one that says what stood before.
        Returns the questions.  Raises UsageError if there is nothing to undo, or if something newer rests
        on it."""
        ...


class Role(StrEnum):
    """What an account of the review page may do; each may all that the one below may."""

    ADMINISTRATOR = "administrator"  # undoes other people's decisions
    OPERATOR = "operator"  # decides
    VIEWER = "viewer"  # looks


# --- push and report ----------------------------------------------------------------------------------------


class Transport(Protocol):
    """One way to one receiver.  Raises DeliveryFailed (try later) or DeliveryRefused (never again by itself)."""

    name: str

    def send(self, message: OutboxMessage) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PushResult:
    sent: int = 0
    failed: int = 0  # will be tried again
    parked: int = 0
    left: int = 0  # still waiting in the outbox, for whatever reason


class Relay(Protocol):
    def push(self, *, receiver: str | None = None, deadline: datetime | None = None) -> PushResult: ...


class Reporter(Protocol):
    """Stage *report*: the run's differences with the picture of each doubtful or changed cell."""

    def write(self, summary: RunSummary, observed: ObservedList, changes: ChangeSet) -> Path: ...

    def write_drift(self, summary: RunSummary, *, now: str, before: str | None) -> Path:
        """Of a run that stopped because the list looks otherwise.  now, before: pictures of the list (sha256)."""
        ...


class NoticeLevel(StrEnum):
    """How loud a notice is."""

    INFO = "info"
    GOOD = "good"  # something works again
    WARNING = "warning"
    FAILURE = "failure"


class Notifier(Protocol):
    """Tells people, through every channel there is; ``bridge.notify.Channels``.  Never raises."""

    @property
    def names(self) -> Sequence[str]:
        """The channels; empty where nobody wants to be told."""
        ...

    def send(self, title: str, text: str, *, level: NoticeLevel = NoticeLevel.INFO) -> Sequence[str]:
        """Returns the names of the channels that did not take it.  ``text``: plain, several lines allowed."""
        ...


class CaptchaDesk(Protocol):
    """Where a person is asked what a captcha says."""

    def ask(self, picture: str, *, wait_s: float) -> str:
        """Shows the picture (sha256, kept as evidence) to people and tells them; returns the question's token."""
        ...

    def answer(self, token: str) -> str | None:
        """What a person typed, or None so far."""
        ...

    def close(self, token: str) -> None:
        """Nobody waits for an answer any more."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonAtHand:
    """Who reads a captcha that the net cannot.  wait_s: how long a sign-in may wait for an answer."""

    desk: CaptchaDesk
    wait_s: float


class Evidence(Protocol):
    """Pictures kept by content hash."""

    def keep_png(self, png: bytes) -> str:
        """Stores the bytes (once) and returns their sha256."""
        ...

    def png(self, sha256: str) -> bytes | None: ...

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        """PNG of a part of a kept shot, or None if it was cleaned away; box in the shot's pixels."""
        ...
