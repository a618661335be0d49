"""A contract file → its pages as pictures, one at a time.

What a file is, its first bytes say; a name that says otherwise is refused, because whoever named it so was
mistaken about what it is.  Every size is looked at before anything is unpacked.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image as Pil
from PIL import ImageOps, ImageSequence, UnidentifiedImageError

from bridge.errors import ContractFileError
from bridge.records import Box, Image

MAX_BYTES = 200_000_000
MAX_PAGES = 60
MAX_PIXELS = 100_000_000
"""Of one page: A4 at 1,000 dpi; a few bytes can claim to be gigabytes once they are unpacked."""
FEWEST_CHARACTERS = 20
"""A PDF page with less text of its own is a picture with a stamp on it."""
LONG_SIDE = 2340
"""Pixels of the long side that a page is rendered or reduced to: A4 at 200 dpi."""

_MAGIC = (
    (b"%PDF-", "PDF", (".pdf",)),
    (b"\xff\xd8\xff", "JPEG", (".jpg", ".jpeg", ".jpe")),
    (b"\x89PNG\r\n\x1a\n", "PNG", (".png",)),
    (b"II*\0", "TIFF", (".tif", ".tiff")),
    (b"MM\0*", "TIFF", (".tif", ".tiff")),
)
SUFFIXES = tuple(suffix for _, _, suffixes in _MAGIC for suffix in suffixes)

TextAt = Callable[[Box], str]
"""The PDF's own text inside a box; pixels of the page's picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RawPage:
    """number: 1-based.  image: H × W × 3, RGB, uint8.  text_at: None where the file has no text of its own.
    scale: pixels of the file's own picture per pixel of ``image``; for a PDF, points."""

    number: int
    total: int
    image: Image
    scale: float
    text_at: TextAt | None = None


def contract_files(path: Path) -> list[Path]:
    """The file itself, or all files below a folder that could be contracts, in order of name."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    return [path]


def open_pages(path: Path) -> Iterator[RawPage]:
    """The pages in order.  Raises ContractFileError, which says what is wrong with the file and what to do."""
    data = _bytes_of(path)
    kind = _kind(path, data)
    yield from _pdf(path, data) if kind == "PDF" else _pictures(path, data, kind)


def _bytes_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ContractFileError(
                f"{path.name} has {size:,} bytes, more than {MAX_BYTES:,}",
                hint="Scan it anew at 200 or 300 dpi.",
                why="too_large",
            )
        data = path.read_bytes()
    except OSError as e:
        raise ContractFileError(
            f"{path} cannot be read: {e.strerror or e}",
            hint="Give the path of a contract file or a folder.",
            why="not_readable",
        ) from e
    if not data:
        raise ContractFileError(f"{path.name} is empty", hint="Copy or scan the file anew.", why="empty")
    return data


def _kind(path: Path, data: bytes) -> str:
    for magic, kind, suffixes in _MAGIC:
        if data.startswith(magic) or (kind == "PDF" and magic in data[:1024]):
            if path.suffix.lower() not in suffixes:
                raise ContractFileError(
                    f"{path.name} is a {kind} file with the name of another kind",
                    hint=f"Look at it, and if it is the contract, name it {path.stem}{suffixes[0]}.",
                    why="mislabelled",
                )
            return kind
    text = not any(byte < 9 for byte in data[:4096])
    what = "is a text file, not a scan" if text else "is no PDF, JPEG, PNG or TIFF file"
    hint = "Give a scan or a photo of the contract as PDF, JPG, PNG or TIFF."
    if path.suffix.lower() in SUFFIXES:
        what = f"is named {path.suffix} but " + (
            "holds plain text" if text else f"is no {path.suffix[1:].upper()} file"
        )
        hint = "The file is broken or misnamed; copy or scan it anew."
    raise ContractFileError(f"{path.name} {what}", hint=hint, why="text" if text else "not_a_scan")


def _too_many(path: Path, total: int) -> ContractFileError:
    return ContractFileError(
        f"{path.name} has {total} pages, more than {MAX_PAGES}",
        hint="Give the contract alone, without its annexes, or split the file.",
        why="too_many_pages",
    )


def _pdf(path: Path, data: bytes) -> Iterator[RawPage]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as e:
        if "password" in str(e).lower():
            raise ContractFileError(
                f"{path.name} is encrypted: it opens with a password only",
                hint="Save a copy without the password and give that.",
                why="encrypted",
            ) from e
        raise ContractFileError(
            f"{path.name} is a broken PDF: {e}",
            hint="Open it in a viewer and save it anew, or scan it again.",
            why="broken",
        ) from e
    with contextlib.closing(document):
        total = len(document)
        if total == 0:
            raise ContractFileError(f"{path.name} has no pages", hint="Scan it again.", why="broken")
        if total > MAX_PAGES:
            raise _too_many(path, total)
        for i in range(total):
            try:
                page = document[i]
                yield _pdf_page(page, i + 1, total)
                page.close()
            except pypdfium2.PdfiumError as e:
                raise ContractFileError(
                    f"page {i + 1} of {path.name} is broken: {e}",
                    hint="Save the PDF anew, or scan it again.",
                    why="broken",
                ) from e


def _pdf_page(page: pypdfium2.PdfPage, number: int, total: int) -> RawPage:
    width, height = page.get_size()
    scale = LONG_SIDE / max(width, height, 1.0)
    picture = page.render(scale=scale).to_pil().convert("RGB")
    return RawPage(
        number=number,
        total=total,
        image=np.asarray(picture),
        scale=1 / scale,
        text_at=_text_of(page, height, scale),
    )


def _text_of(page: pypdfium2.PdfPage, height: float, scale: float) -> TextAt | None:
    """Reads the page's own characters at once: the file is closed when they are asked for."""
    text = page.get_textpage()
    count = text.count_chars()
    if count < FEWEST_CHARACTERS or page.get_rotation() != 0:
        return None
    words = text.get_text_range()
    if len(words) != count:  # a character outside the basic plane counts twice; then places cannot be told
        return None
    boxes = np.array([text.get_charbox(i) for i in range(count)])  # left, bottom, right, top
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2 * scale, (height - (boxes[:, 1] + boxes[:, 3]) / 2) * scale

    def text_at(box: Box) -> str:
        low = box.h * 0.15  # commas hang low
        inside = np.flatnonzero((x >= box.x) & (x <= box.x2) & (y >= box.y - low) & (y <= box.y2 + low))
        return "".join(words[i] for i in inside if words[i].isprintable()).strip()

    return text_at


def _pictures(path: Path, data: bytes, kind: str) -> Iterator[RawPage]:
    broken = ContractFileError(
        f"{path.name} is a broken {kind} file",
        hint="Copy the file anew, or scan the contract again.",
        why="broken",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            opened = Pil.open(io.BytesIO(data))
        except Pil.DecompressionBombError as e:
            raise _too_large(path, str(e)) from None
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as e:
            raise broken from e
        with opened:
            total = getattr(opened, "n_frames", 1)
            if total > MAX_PAGES:
                raise _too_many(path, total)
            try:
                for number, frame in enumerate(ImageSequence.Iterator(opened), 1):
                    if frame.size[0] * frame.size[1] > MAX_PIXELS:
                        raise _too_large(path, f"{frame.size[0] * frame.size[1]} pixels")
                    yield _picture_page(frame, number, total)
            except Pil.DecompressionBombError as e:
                raise _too_large(path, str(e)) from None
            except (OSError, ValueError, SyntaxError, EOFError) as e:
                raise broken from e


def _picture_page(frame: Pil.Image, number: int, total: int) -> RawPage:
    upright = ImageOps.exif_transpose(frame).convert("RGB")
    scale = max(1.0, max(upright.size) / LONG_SIDE)
    if scale > 1:
        upright = upright.resize((round(upright.width / scale), round(upright.height / scale)), Pil.Resampling.BOX)
    return RawPage(number=number, total=total, image=np.asarray(upright), scale=scale)


def _too_large(path: Path, words: str) -> ContractFileError:
    """words: hold the number of pixels, as Pillow's own message does."""
    found = re.search(r"([0-9]+) pixels", words)
    what = f"has {int(found[1]):,} pixels" if found else "has far too many pixels"
    return ContractFileError(
        f"{path.name} {what}, more than a page needs",
        hint="Scan it anew at 200 or 300 dpi, or reduce the picture.",
        why="too_large",
    )
