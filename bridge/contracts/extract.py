"""USE CASE: one contract file → its promised delivery date.

A page is read by the fast net; what may matter is read again by the better one.  Each reading is understood by
itself, and only what two unlike readings understand alike passes without a person.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge import log
from bridge.contracts.document import Document, Line, normal, united
from bridge.contracts.judge import Understood, agrees, contradicts, understand
from bridge.contracts.layout import PageLayout, compose, split_at_cells
from bridge.contracts.numerals import HAN
from bridge.contracts.pages.clause import clause_picture
from bridge.contracts.pages.files import RawPage, open_pages
from bridge.contracts.pages.hand import looks_written
from bridge.contracts.pages.rulings import find_cells
from bridge.contracts.pages.upright import CleanPage, clean, otherwise
from bridge.contracts.promise import Promise
from bridge.contracts.result import ContractResult
from bridge.errors import BridgeError, ContractFileError
from bridge.interfaces import LineFinder, Progress, Proposal, TextReader
from bridge.records import Box

MOST_SECONDS = 300.0  # for one file
LEAST_SURE = 0.75  # a character of the date below this probability sends it to a person
CONFIDENT = 0.6  # below this a result needs review (the convention)
MOST_LINES = 600  # of one page; more is no contract
DATE_CHARACTERS = frozenset("0123456789年月日天周旬底" + HAN)
SURE_ENOUGH = 0.97  # mean probability of a line's characters; a worse one may hide a delivery clause
_MATTERS = re.compile(
    r"[0-9]{2}\s?年|年\s?[0-9一二三四五六七八九十]|[0-9一二三四五六七八九十]\s?月\s?[0-9一二三四五六七八九十底末初上中下]|[0-9]{4}\s?[./-]\s?[0-9]|"
    r"[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2}|[日天月周]\s?[)]?\s?[之以]?内|工作\s?[日天]|季度|[上中下]旬|"
    r"交\s?.?提?.?\s?货|[供发到提出送]\s?货|交付|货期|交期|工期|完工|运抵|送达|签[订约署]|编\s?号|合同号|订单号|"
    r"[买卖供需购]\s?.?[方人][^,。;]{0,8}:|[甲乙]方[^,。;]{0,8}:|"
    r"\bdeliver|\bship|\beta\b|\brequired|\bpromis|\bsign|\bdays\b|\bweeks\b|\bcontract no|\bp\.?o\.? |\bbuyer|\bseller|"
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[ -]?[0-9]|[0-9][ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class ContractReader:
    """finder: where the lines are; quick and good: two unlike nets."""

    finder: LineFinder
    quick: TextReader
    good: TextReader
    monotonic: Callable[[], float] = time.monotonic

    def read(self, path: Path, progress: Progress | None = None) -> ContractResult:
        """Never raises for what is wrong with the file: that stands in the result.

        Raises ReadError and SetupError if the engine itself fails."""
        try:
            return self._read(path, progress or _silent)
        except ContractFileError as e:
            error = {"code": e.code, "why": str(e.where.get("why", "")), "message": e.message, "hint": e.hint}
            return ContractResult(file=str(path), reason=e.message, error=error)
        except BridgeError:
            raise
        except Exception as e:  # noqa: BLE001  one file that nobody foresaw must not stop those after it
            log.event("contract.unforeseen", f"{type(e).__name__}: {e}", level="ERROR")
            words = f"{path.name} could not be read: {type(e).__name__}"
            hint = "Scan it anew, or save it from a viewer. Please report it with the log."
            error = {"code": ContractFileError.code, "why": "unforeseen", "message": words, "hint": hint}
            return ContractResult(file=str(path), reason=words, error=error)

    def _read(self, path: Path, progress: Progress) -> ContractResult:
        begun = self.monotonic()
        pages: list[_Page] = []
        for raw in open_pages(path):
            progress("read", raw.number - 1, raw.total)
            if self.monotonic() - begun > MOST_SECONDS:
                raise ContractFileError(
                    f"{path.name} was not read within {MOST_SECONDS:.0f} s (page {raw.number} of {raw.total})",
                    hint="Give fewer pages, or the contract without its annexes.",
                    why="too_slow",
                )
            pages.append(self._page(raw))
            progress("read", raw.number, raw.total)
        return self._judge(path, pages)

    def _page(self, raw: RawPage) -> _Page:
        page, found = self._upright(clean(raw.image))
        cells = find_cells(page.ink)
        boxes = [part for box in found for part in split_at_cells(box, cells)]
        if len(boxes) > MOST_LINES:
            raise ContractFileError(
                f"page {raw.number} has {len(boxes)} pieces of text, more than a page of a contract",
                hint="Give the contract alone.",
                why="no_contract",
            )
        read = self.quick.read_lines([page.crop(b) for b in boxes])
        kept = [(b, p) for b, p in zip(boxes, read, strict=True) if p.text.strip()]
        return _Page(
            number=raw.number, raw=raw, page=page, cells=tuple(cells),
            boxes=[b for b, _ in kept], quick=[p for _, p in kept],
            good={}, other={},
        )  # fmt: skip

    def _upright(self, page: CleanPage) -> tuple[CleanPage, list[Box]]:
        """The page on its feet, and where its lines are: turned by a quarter if they stand, by half a turn if they
        read better so."""
        boxes = self.finder.find_lines(page.ink)
        if sum(b.h for b in boxes if b.h > 1.6 * b.w) > sum(b.w for b in boxes if b.w > 1.6 * b.h):
            page = page.quarter_turned()
            boxes = self.finder.find_lines(page.ink)
        longest = sorted(boxes, key=lambda b: -b.w)[:20:4]
        crops = [page.crop(b) for b in longest]
        up = [_mean(p) for p in self.quick.read_lines(crops)]
        if not up or sum(up) / len(up) > 0.93:
            return page, boxes
        down = [_mean(p) for p in self.quick.read_lines([c[::-1, ::-1] for c in crops])]
        if sum(down) <= sum(up):
            return page, boxes
        h, w = page.ink.shape[:2]
        return page.upside_down(), [Box(x=w - b.x2, y=h - b.y2, w=b.w, h=b.h) for b in boxes]

    def _judge(self, path: Path, pages: list[_Page]) -> ContractResult:
        if not any(p.boxes for p in pages):
            return _result(path, pages, None, reasons=("no text was found on it",), confidence=0.0)
        for page in pages:
            self._again(page, [i for i, p in enumerate(page.quick) if _MATTERS.search(normal(p.text))])
        first = understand(_document(pages, "good"))
        if first.promise.kind in ("none", "unreadable"):
            for page in pages:
                self._again(page, [i for i, p in enumerate(page.quick) if _mean(p) < SURE_ENOUGH])
            first = understand(_document(pages, "good"))
        return self._witnessed(path, pages, first)

    def _again(self, page: _Page, lines: Sequence[int]) -> None:
        wanted = [i for i in lines if i not in page.good]
        read = self.good.read_lines([page.page.crop(page.boxes[i]) for i in wanted])
        page.good.update(zip(wanted, read, strict=True))

    def _witnessed(self, path: Path, pages: list[_Page], first: Understood) -> ContractResult:
        quick = understand(_document(pages, "quick"))
        if first.promise.kind in ("none", "unreadable") and quick.promise.kind not in ("none", "unreadable"):
            # The better net has lost what the quick one saw: the best guess, and a person's to decide.
            first, quick = quick, first
            reasons = ["only one of two readings found a delivery date"]
        else:
            reasons = []
        promise = first.promise
        reasons += promise.reasons
        agreed = agrees(promise, quick.promise)
        if contradicts(promise, quick.promise):
            reasons.append("two readings of the delivery clause differ")
        elif not agreed:
            for page, index in _places(pages, promise.lines + first.signing.lines):
                page.other[index] = self.good.read_lines([otherwise(page.page.crop(page.boxes[index]))])[0]
            third = understand(_document(pages, "other"))
            agreed = agrees(promise, third.promise)
            if not agreed:
                reasons.append("a second reading of the delivery clause did not confirm the first")
        if any(p.raw.text_at is not None for p in pages):
            printed = understand(_document(pages, "printed"))
            if contradicts(promise, printed.promise):
                reasons.append("the PDF's own text says something else than its picture")
        confidence = 1.0
        if promise.day is not None or promise.offset is not None or promise.months is not None:
            confidence = _least_sure(pages, promise)
            if confidence < LEAST_SURE:
                reasons.append("a character of the clause is hard to read")
            if _written(pages, promise):
                reasons.append("the date is written by hand")
            if promise.day is not None and first.signing.day is None:
                reasons.append("no signing date was found that the date could be held against")
        elif promise.kind == "none":
            confidence = _legibility(pages)
            if confidence < 0.75:
                reasons.append("the page is hard to read, so a delivery clause may have been missed")
        doubted = _doubted(first, quick)
        return _result(path, pages, first, reasons=tuple(reasons), confidence=confidence, doubted=doubted)


@dataclass(kw_only=True, eq=False)
class _Page:
    """One page on its way: the quick net's proposals for every box, the better net's for some."""

    number: int
    raw: RawPage
    page: CleanPage
    cells: tuple[Box, ...]
    boxes: list[Box]
    quick: list[Proposal]
    good: dict[int, Proposal]
    other: dict[int, Proposal]

    def proposal(self, index: int, reading: str) -> Proposal:
        good = self.good.get(index, self.quick[index])
        if reading == "quick":
            return self.quick[index]
        return self.other.get(index, good) if reading == "other" else good

    def text(self, index: int, reading: str) -> str:
        if reading == "printed" and self.raw.text_at is not None:
            return self.raw.text_at(self.page.in_raw(self.boxes[index])) or "\u3000"
        return self.proposal(index, reading).text


def _document(pages: list[_Page], reading: str) -> Document:
    """reading: quick, good, other (good, but for what was looked at otherwise) or printed (the PDF's text)."""
    layouts = []
    for p in pages:
        h, w = p.page.ink.shape[:2]
        lines = tuple(
            Line(text=p.text(i, reading), box=box, page=p.number, confidence=p.proposal(i, reading).confidence)
            for i, box in enumerate(p.boxes)
        )
        layouts.append(PageLayout(number=p.number, height=h, width=w, lines=lines, cells=p.cells))
    return compose(layouts)


def _places(pages: list[_Page], lines: Sequence[Line]) -> Iterator[tuple[_Page, int]]:
    wanted = {(n.page, n.box) for n in lines}
    for page in pages:
        for i, box in enumerate(page.boxes):
            if (page.number, box) in wanted:
                yield page, i


def _least_sure(pages: list[_Page], promise: Promise) -> float:
    """The lowest probability of a character that the date is made of, on its lines."""
    least = 1.0
    for page, i in _places(pages, promise.lines):
        numbers = [p for c, p, _ in page.proposal(i, "good").characters if normal(c) in DATE_CHARACTERS]
        least = min(least, *numbers, 1.0)
    return least


def _written(pages: list[_Page], promise: Promise) -> bool:
    for page, i in _places(pages, promise.lines):
        proposal = page.proposal(i, "good")
        digits = [x for c, _, x in proposal.characters if normal(c) in "0123456789"]
        numerals = [x for c, _, x in proposal.characters if normal(c) in HAN]
        box = page.boxes[i]
        if looks_written(page.page.crop(box), page.page.crop(box, of_colour=True), digits, numerals):
            return True
    return False


def _legibility(pages: list[_Page]) -> float:
    """The mean probability of a character over all lines of any length."""
    chances = [
        _mean(p.proposal(i, "good")) for p in pages for i in range(len(p.boxes)) if len(p.quick[i].text) > 3
    ]
    return sum(chances) / len(chances) if chances else 0.0


def _mean(proposal: Proposal) -> float:
    chances = [p for _, p, _ in proposal.characters]
    return sum(chances) / len(chances) if chances else 0.0


def _doubted(first: Understood, other: Understood) -> tuple[str, ...]:
    """What of the contract's head two readings read differently."""
    a, b = first.parties, other.parties
    unlike = {
        "contract_no": a.contract_no != b.contract_no,
        "buyer": a.buyer != b.buyer,
        "signing_date": first.signing.day != other.signing.day,
        "totals": a.totals != b.totals,
    }
    return tuple(name for name, differs in unlike.items() if differs)


def _result(
    path: Path,
    pages: list[_Page],
    read: Understood | None,
    *,
    reasons: tuple[str, ...],
    confidence: float,
    doubted: tuple[str, ...] = (),
) -> ContractResult:
    if read is None:
        return ContractResult(
            file=str(path),
            pages=len(pages),
            kind="unreadable",
            status="needs_review",
            reason="; ".join(reasons),
            page_picture=pages[0].page.colour if pages else None,
        )
    promise, parties = read.promise, read.parties
    if reasons:
        confidence = min(confidence, CONFIDENT - 0.01)
    lines = [n for n in promise.lines if n.page == promise.lines[0].page]
    page = next((p for p in pages if lines and p.number == lines[0].page), None)
    place = united([n.box for n in lines]) if page else None
    box = page.page.in_raw(place).scaled(page.raw.scale) if page and place else None
    return ContractResult(
        file=str(path),
        promised_date=promise.day,
        promised_dates=promise.days,
        kind=promise.kind,
        base_event=promise.event,
        offset_days=promise.offset,
        offset_months=promise.months,
        offset_unit=promise.unit,
        clause=promise.clause,
        page=page.number if page else None,
        box=box,
        confidence=confidence,
        needs_review=bool(reasons),
        reason="; ".join(reasons or promise.notes),
        contract_no=parties.contract_no or None,
        signing_date=read.signing.day,
        buyer=parties.buyer or None,
        seller=parties.seller or None,
        pages=len(pages),
        status="needs_review" if reasons else "ok",
        doubted=doubted,
        totals=parties.totals,
        clause_picture=clause_picture({p.number: p.page for p in pages}, _by_page(promise.lines)),
        page_picture=(page or pages[0]).page.colour,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """A progress that says nothing."""


def _by_page(lines: Sequence[Line]) -> list[tuple[int, Box]]:
    """Page by page, where the lines stand there."""
    return [
        (number, united([n.box for n in lines if n.page == number])) for number in sorted({n.page for n in lines})
    ]
