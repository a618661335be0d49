"""Files that are no readable contract: each gets a clear error of its own, before anything large is unpacked."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from bridge.contracts.extract import ContractReader
from bridge.contracts.pages.files import MAX_PAGES, contract_files, open_pages
from bridge.errors import ContractFileError
from bridge.interfaces import Proposal
from bridge.records import Box


class Nothing:
    """A finder and reader that find nothing."""

    def find_lines(self, image: object) -> list[Box]:
        return []

    def read_lines(self, images: object, *, alphabet: str | None = None) -> list[Proposal]:
        return []


READER = ContractReader(finder=Nothing(), quick=Nothing(), good=Nothing())


def jpeg(size: tuple[int, int] = (300, 400)) -> bytes:
    memory = io.BytesIO()
    Image.new("RGB", size, "white").save(memory, "JPEG")
    return memory.getvalue()


def pdf(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(200, 280)
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def huge_png(side: int) -> bytes:
    """A few kilobytes that claim to be side × side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )


ENCRYPTED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj "
    b"4 0 obj<</Filter/Standard/V 1/R 2/O<" + b"ab" * 32 + b">/U<" + b"cd" * 32 + b">/P -4>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<0123><0123>]>>\n%%EOF"
)
FAULTS = [
    ("empty.pdf", b"", "is empty"),
    ("broken.pdf", b"%PDF-1.7\nnothing more", "broken PDF"),
    ("cut.jpg", jpeg()[:150], "broken JPEG"),
    ("cut.png", huge_png(40)[:40], "broken PNG"),
    ("locked.pdf", ENCRYPTED, "encrypted"),
    ("really-a-jpeg.pdf", jpeg(), "is a JPEG file with the name of another kind"),
    ("contract.png", jpeg(), "is a JPEG file with the name of another kind"),
    ("words.pdf", "交货日期：2026年3月15日".encode(), "is named .pdf but holds plain text"),
    ("words.txt", "交货日期：2026年3月15日".encode(), "is a text file"),
    ("program.exe", b"MZ\0\0\1\2\3" + bytes(range(200)), "is no PDF, JPEG, PNG or TIFF"),
    ("book.pdf", pdf(500), "has 500 pages"),
    ("wall.png", huge_png(20_000), "400,000,000 pixels"),
    ("nothing.pdf", None, "cannot be read"),
]


@pytest.mark.parametrize(("name", "data", "words"), FAULTS, ids=[f[0] for f in FAULTS])
def test_each_has_an_error_that_says_what_to_do(tmp_path: Path, name: str, data: bytes | None, words: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    result = READER.read(path).as_json()
    assert (result["status"], result["promised_date"], result["kind"]) == ("error", None, "unreadable")
    assert words in result["error"]["message"]
    assert result["error"]["hint"]
    assert result["needs_review"]


def test_a_page_without_text_is_unreadable_and_waits_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "white.jpg").write_bytes(jpeg())
    result = READER.read(tmp_path / "white.jpg")
    assert (result.kind, result.status, result.error) == ("unreadable", "needs_review", None)


def test_pages_come_one_by_one_and_no_larger_than_needed(tmp_path: Path) -> None:
    (tmp_path / "three.pdf").write_bytes(pdf(3))
    pages = list(open_pages(tmp_path / "three.pdf"))
    assert [(p.number, p.total) for p in pages] == [(1, 3), (2, 3), (3, 3)]
    assert all(max(p.image.shape) <= 2341 for p in pages)
    (tmp_path / "large.jpg").write_bytes(jpeg((4000, 6000)))
    (page,) = open_pages(tmp_path / "large.jpg")
    assert max(page.image.shape) == 2340
    assert page.scale == pytest.approx(6000 / 2340)


def test_tiff_pages_are_counted_before_they_are_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((20, 20), 255, np.uint8)) for _ in range(MAX_PAGES + 1)]
    frames[0].save(tmp_path / "many.tiff", save_all=True, append_images=frames[1:])
    with pytest.raises(ContractFileError, match="pages"):
        next(open_pages(tmp_path / "many.tiff"))


def test_a_folder_gives_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.pdf", "b/a.jpg", ".hidden"):
        (tmp_path / name).write_bytes(b"x")
    assert [p.name for p in contract_files(tmp_path)] == ["a.jpg", "z.pdf"]
