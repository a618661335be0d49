"""Draws the contracts: HTML → PDF by a browser → pictures → what scanners do to them → files and truth.json.

python -m scripts.make_samples --help
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image as Pil

from samples.contracts.cases import CASES, Case
from samples.contracts.layouts import FONTS, LAYOUTS, document
from samples.contracts.promises import PROMISES, Promise
from samples.contracts.spoil import SPOILS, Image, seal
from samples.contracts.truth import Truth, held_back
from samples.contracts.words import Parties, english_parties, parties

DPI = 200
EARLIEST = date(2026, 1, 8)
LATEST_AFTER = 190  # days; a term that ends in 2027 has no working-day calendar yet
CLOSING_SEALS = ((0.3, 0.86), (0.72, 0.86))


@dataclass(frozen=True, kw_only=True)
class Sample:
    file: str
    truth: Truth
    held: bool


def make_samples(folder: Path, browser: Any, cases: Iterable[Case] = CASES) -> list[Sample]:
    """Writes the files and ``truth.json`` into ``folder``.  browser: Playwright's, already running."""
    folder.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 794, "height": 1123})
    samples = [_make(folder, case, page) for case in cases]
    page.close()
    truth = {s.file: {**s.truth.as_json(), "held_back": s.held} for s in samples}
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return samples


def _make(folder: Path, case: Case, page: Any) -> Sample:
    rng = Random(case.name)
    english = case.layout.startswith("english")
    signed = EARLIEST + timedelta(days=rng.randrange(LATEST_AFTER))
    if case.promise == "en_day_first":
        signed = date(2026, 6, 4)
    who = (english_parties if english else parties)(rng, signed)
    promise = PROMISES[case.promise](who)
    font = "DejaVu Serif" if english else rng.choice(FONTS)
    html = document(
        LAYOUTS[case.layout](promise, who, rng),
        font=font, size=rng.choice((10, 10.5, 11)), line=rng.choice((1.45, 1.6, 1.7)), seed=rng.randrange(99),
    )  # fmt: skip
    page.set_content(html)
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    path = folder / case.file
    if case.kind == "pdf":
        path.write_bytes(pdf)
    else:
        _save(path, case.kind, _spoilt(pdf, case, _place(page)))
    return Sample(file=case.file, truth=_truth(case, who, promise), held=held_back(case.name))


def _truth(case: Case, who: Parties, promise: Promise) -> Truth:
    return Truth(
        kind=promise.kind, promised_date=promise.day, promised_dates=promise.days, base_event=promise.base,
        offset_days=promise.offset, offset_unit=promise.unit, handwritten="by_hand" in case.promise,
        must_flag=promise.must_flag, contract_no=who.contract_no, signing_date=who.signed, buyer=who.buyer,
        seller=who.seller,
        tags=(case.layout, case.spoil, promise.kind, case.kind, *(("seal",) if case.seal else ())),
    )  # fmt: skip


def _place(page: Any) -> tuple[int, float, float]:
    """Page (0-based) and centre of the promise, as fractions of the page."""
    found = page.evaluate(
        """() => { const e = document.querySelector('.promise'); if (!e) return null;
        const r = e.getClientRects()[0], p = e.closest('.page'), q = p.getBoundingClientRect();
        return [[...p.parentNode.querySelectorAll('.page')].indexOf(p), (r.left + Math.min(r.width, 180) / 2 - q.left) / q.width,
                (r.top + r.height / 2 - q.top) / q.height] }"""
    )
    return (int(found[0]), float(found[1]), float(found[2])) if found else (0, 0.5, 0.5)


def _spoilt(pdf: bytes, case: Case, place: tuple[int, float, float]) -> list[Image]:
    seed = np.random.default_rng(zlib.crc32(case.name.encode()))
    document_ = pypdfium2.PdfDocument(pdf)
    out = []
    for i in range(len(document_)):
        image = np.asarray(document_[i].render(scale=DPI / 72).to_pil().convert("RGB"))
        if case.spoil != "fax" and i == len(document_) - 1 and not case.layout.endswith(("form", "form_above")):
            for where in CLOSING_SEALS:
                image = seal(image, seed, where)
        if case.seal and i == place[0]:
            image = seal(image, seed, (place[1] + 0.03, place[2] - 0.015))
        out.append(SPOILS[case.spoil](image, seed))
    return out


def _save(path: Path, kind: str, images: list[Image]) -> None:
    pictures = [Pil.fromarray(i) for i in images]
    first = pictures[0]
    if kind == "jpg":
        first.save(path, quality=82, dpi=(DPI, DPI))
    elif kind == "png":
        first.save(path, dpi=(DPI, DPI))
    elif kind == "tiff":
        bilevel = all(set(np.unique(i)) <= {0, 255} for i in images)
        mode, compression = ("1", "group4") if bilevel else ("RGB", "jpeg")
        pages = [p.convert(mode) for p in pictures]
        pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression, dpi=(DPI, DPI))
    elif kind == "scan.pdf":
        packed = []
        for picture in pictures:
            memory = io.BytesIO()
            picture.save(memory, "JPEG", quality=80)
            packed.append(Pil.open(memory))
        packed[0].save(path, "PDF", save_all=True, append_images=packed[1:], resolution=DPI)
    else:
        raise ValueError(f"no file type {kind}")
