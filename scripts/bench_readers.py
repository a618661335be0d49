"""The readers that the benchmark compares: this project's, and others where they are installed."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from bench_drawing import Drawn
from bench_judge import Answer

from bridge.records import DrawnBy, Image, OrderLine, PageShot

Answers = list[dict[str, Answer]]
SURE = 0.98
"""Other readers say only how sure they are; below this their text counts as flagged."""


class Reader(Protocol):
    """Reads the pages of one source, phase by phase (a phase is one sync)."""

    def start(self, source: str, design_scale: float) -> None: ...
    def sync(self) -> None: ...
    def read(self, page: Drawn, image: Image, number: int) -> Answers: ...
    def close(self) -> None: ...


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def decoded(page: Drawn) -> Image:
    """H × W × 3 RGB."""
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(page.png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])


class Bridge:
    """This project: kind A (page text), B (canvas) or C (image)."""

    def __init__(self, kind: str, date: Callable[[str], str]) -> None:
        from bridge.reading import paddle

        self._kind = kind
        self._date = date
        self._nets = paddle("small"), paddle("tiny")
        self._opened: Any = None
        self._redrawer: Any = None
        self.open_browser()
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        for net in self._nets:
            net.read_lines([np.full((32, 64, 3), 255, np.uint8)])

    def open_browser(self) -> None:
        """In which texts are drawn back; C has none."""
        from bridge.erp.browser import BrowserOptions, open_browser
        from bridge.erp.redraw import BrowserRedrawer

        if self._kind != "C":
            self._opened = open_browser(BrowserOptions())
            self._redrawer = BrowserRedrawer(self._opened.__enter__())

    def close_browser(self) -> None:
        if self._opened is not None:
            self._redrawer.close()
            self._opened.__exit__(None, None, None)
            self._opened = self._redrawer = None

    def start(self, source: str, design_scale: float) -> None:
        from bridge.store import SqlStore

        self._source = source
        self._profile = profile_of(self._kind, self._date(source), design_scale)
        self._store = SqlStore(f"sqlite:///{Path(self._folder.name) / source}.db")
        self._store.upgrade()
        self.sync()

    def sync(self) -> None:
        from bridge.ocr.reader import ScreenReader

        small, tiny = self._nets
        self._reader = ScreenReader(
            self._profile,
            self._source,
            small,
            self._store,
            self._redrawer,
            fast=tiny,
            glyphs=self._store,
            reads=self._store,
        )

    def read(self, page: Drawn, image: Image, number: int) -> Answers:
        out: Answers = []
        for line in self.lines(page, image, number):
            doubtful = set(line.doubtful) | (set(self._profile.key) if not line.key_ok else set())
            out.append(
                {n: Answer(v.reading.text, n in doubtful or not v.reading.proven) for n, v in line.fields.items()}
            )
        return out

    def lines(self, page: Drawn, image: Image, number: int) -> Sequence[OrderLine]:
        """The page's rows as the product has them."""
        from bridge.parse.orders import parse_grids

        drawn = {"A": DrawnBy.PAGE, "B": DrawnBy.CANVAS, "C": DrawnBy.FOREIGN}[self._kind]
        shot = PageShot(
            number=number,
            picture=image,
            scale=page.scale,
            sha256=f"{number:064d}",
            drawn_by=drawn,
            cells=page.cells if self._kind == "A" else (),
            header_rows=page.header_rows or 1,
        )
        return parse_grids(self._source, self._profile, [self._reader.read(shot)])

    def close(self) -> None:
        self.close_browser()
        self._folder.cleanup()


def profile_of(kind: str, date: str, scale: float) -> Any:
    """As whoever sets a source up writes it: columns, types, formats, the status words, and that quantity x price
    is the amount."""
    from bridge.profiles import parse_profile
    from samples.screens.orders import COLUMNS
    from samples.screens.words import STATUS

    types = {
        "code": "code",
        "text": "text",
        "decimal": "decimal",
        "money": "money",
        "date": "date",
        "status": "status",
    }
    columns: list[dict[str, Any]] = []
    for c in COLUMNS:
        column: dict[str, Any] = {"heading": "".join(c.headings), "field": c.field, "type": types[c.kind]}
        column["also"] = [c.headings[-1]] if len(c.headings) > 1 else []
        if c.kind in ("decimal", "money"):
            column |= {"format": "1,234.56", "align": "right"}
        if c.kind == "date":
            column["format"] = date.replace("%-", "%")
        if c.field != "remark":
            column["cut"] = {"may_be": False}
        columns.append(column)
    drawn = {"A": "page", "B": "canvas", "C": "foreign"}[kind]
    return parse_profile(
        {
            "name": "bench",
            "browser": {"scale": scale},
            "list": {
                "where": {"at": "#list", "drawn": drawn},
                "not_orders": [{"text": "合计"}],
                "page_help": kind == "A",
            },
            "key": ["order_no"],
            "columns": columns,
            "mappings": {"status": {word: word for word in STATUS}},
            "checks": {"product": {"quantity": "quantity", "price": "unit_price", "amount": "amount"}},
        },
        "bench",
    )


class Lines:
    """A reader that finds and reads lines of text anywhere: each line is given to the cell its middle stands in,
    by the true places of the cells, which is more help than such a reader has in life."""

    def __init__(self, find: Callable[[Image], list[tuple[tuple[float, float], str, float]]]) -> None:
        self._find = find

    def start(self, source: str, design_scale: float) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...

    def read(self, page: Drawn, image: Image, number: int) -> Answers:
        found: dict[tuple[int, str], list[tuple[float, float, str, float]]] = {}
        for (x, y), text, score in self._find(image):
            for p in page.places:
                x0, y0, x1, y1 = p.rect
                if x0 <= x < x1 and y0 <= y < y1:
                    found.setdefault((p.row, p.field), []).append((y, x, text, score))
        rows = 1 + max((p.row for p in page.places), default=-1)
        out: Answers = [{} for _ in range(rows)]
        for (row, name), parts in found.items():
            text = "".join(t for _, _, t, _ in sorted(parts))
            out[row][name] = Answer(text, min(s for *_, s in parts) < SURE)
        return out


def stock(size: str) -> Lines:
    """The stock paddleocr pipeline on ONNX Runtime, PP-OCRv6."""
    from paddleocr import PaddleOCR

    from bridge.ocr.weights import find_weights

    det, rec = find_weights(f"PP-OCRv6_{size}_det"), find_weights(f"PP-OCRv6_{size}_rec")
    pipeline = PaddleOCR(
        text_detection_model_name=det.model_name,
        text_detection_model_dir=str(det.folder),
        text_recognition_model_name=rec.model_name,
        text_recognition_model_dir=str(rec.folder),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        engine="onnxruntime",
    )

    def find(image: Image) -> list[tuple[tuple[float, float], str, float]]:
        (result,) = pipeline.predict(np.ascontiguousarray(image[..., ::-1]))
        boxes = np.asarray(result["rec_boxes"], float).reshape(-1, 4)
        return [
            (((x0 + x1) / 2, (y0 + y1) / 2), text, float(score))
            for (x0, y0, x1, y1), text, score in zip(boxes, result["rec_texts"], result["rec_scores"], strict=True)
        ]

    find(np.full((64, 320, 3), 255, np.uint8))
    return Lines(find)


def rapid() -> Lines:
    """RapidOCR without its angle classifier, which turns lines of small screens upside down."""
    from rapidocr import RapidOCR

    engine = RapidOCR()

    def find(image: Image) -> list[tuple[tuple[float, float], str, float]]:
        result = engine(np.ascontiguousarray(image[..., ::-1]), use_cls=False)
        if result.boxes is None:
            return []
        return [
            ((float(b[:, 0].mean()), float(b[:, 1].mean())), text, float(score))
            for b, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        ]

    return Lines(find)


def faster_paddle(size: str) -> Lines:
    """faster-paddle (Rust), PP-OCRv6.  It takes files: the picture goes in as BMP, which is only copied."""
    from faster_paddle import OcrEngine

    engine = OcrEngine(model_size=size)

    def find(image: Image) -> list[tuple[tuple[float, float], str, float]]:
        _, file = cv2.imencode(".bmp", image[..., ::-1])
        out = []
        for bound in engine.ocr(file.tobytes())["bounds"].values():
            (x0, y0), (x1, y1) = bound["topLeftCoord"], bound["bottomRightCoord"]
            out.append((((x0 + x1) / 2, (y0 + y1) / 2), bound["text"], float(bound["confidence"])))
        return out

    return Lines(find)


def tesseract() -> Lines:
    """Tesseract, chi_sim+eng, a sparse page."""
    subprocess.run(["tesseract", "--version"], check=True, capture_output=True)

    def find(image: Image) -> list[tuple[tuple[float, float], str, float]]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "page.png"
            cv2.imwrite(str(file), image[..., ::-1])
            done = subprocess.run(
                ["tesseract", str(file), "-", "-l", "chi_sim+eng", "--psm", "11", "tsv"],
                check=True, capture_output=True, text=True, encoding="utf-8",
            )  # fmt: skip
        out = []
        for line in done.stdout.splitlines()[1:]:
            *_, left, top, width, height, conf, text = line.split("\t")
            if text.strip() and float(conf) >= 0:
                middle = int(left) + int(width) / 2, int(top) + int(height) / 2
                out.append((middle, text, float(conf) / 100))
        return out

    return Lines(find)


PEERS: dict[str, Callable[[], Lines]] = {
    "paddleocr v6 small": lambda: stock("small"),
    "paddleocr v6 tiny": lambda: stock("tiny"),
    "rapidocr": rapid,
    "faster-paddle small": lambda: faster_paddle("small"),
    "faster-paddle tiny": lambda: faster_paddle("tiny"),
    "tesseract": tesseract,
}
GUESTS = ("rapidocr", "faster-paddle small", "faster-paddle tiny")
"""Those with packages that the project does not need."""


def timed(reader: Reader, pages: Sequence[Drawn]) -> tuple[float, list[Answers]]:
    """Seconds from the decoded pictures to the records, and the records."""
    took, answers = 0.0, []
    for number, page in enumerate(pages, 1):
        image = decoded(page)  # one at a time, as in a run: the memory is the reader's
        started = time.perf_counter()
        answers.append(reader.read(page, image, number))
        took += time.perf_counter() - started
    return took, answers


def missing(name: str, error: BaseException) -> str:
    return (
        f"{name}: not installed here ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
    )


if __name__ == "__main__":
    sys.exit("This is a part of scripts/bench_read.py.")
