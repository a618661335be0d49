"""Pictures kept by content hash."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from bridge.errors import StoreUnavailable
from bridge.evidence import FolderEvidence
from bridge.records import Box

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _png(color: tuple[int, int, int] = (200, 10, 10), size: tuple[int, int] = (60, 40)) -> bytes:
    image = Image.new("RGB", size, color)
    image.putpixel((20, 10), (0, 0, 255))
    out = io.BytesIO()
    image.save(out, format="PNG")
    return out.getvalue()


def _aged(folder: Path, name: str, days: float) -> None:
    seen = (NOW - timedelta(days=days)).timestamp()
    os.utime(folder / name[:2] / f"{name}.png", (seen, seen))


def test_a_picture_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path / "new" / "pictures")
    png = _png()
    name = evidence.keep_png(png)
    assert name == hashlib.sha256(png).hexdigest()
    assert evidence.keep_png(png) == name
    assert evidence.png(name) == png
    files = [p for p in (tmp_path / "new").rglob("*") if p.is_file()]
    assert [p.relative_to(tmp_path / "new" / "pictures").as_posix() for p in files] == [f"{name[:2]}/{name}.png"]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 64, "0" * 63 + "/"])
def test_what_is_not_kept_has_no_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / "etc").mkdir()
    assert FolderEvidence(tmp_path).png(name) is None
    assert FolderEvidence(tmp_path).crop(name, Box(x=0, y=0, w=5, h=5)) is None


def test_a_damaged_picture_is_not_shown_as_the_right_one(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    name = evidence.keep_png(_png())
    (tmp_path / name[:2] / f"{name}.png").write_bytes(_png((1, 2, 3)))
    assert evidence.png(name) is None
    assert evidence.crop(name, Box(x=0, y=0, w=5, h=5)) is None


def test_bytes_that_are_no_picture_have_no_crop(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    name = evidence.keep_png(b"not a picture")
    assert evidence.crop(name, Box(x=0, y=0, w=5, h=5)) is None


def test_a_crop_shows_the_box_and_its_margin(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    shot = evidence.keep_png(_png())

    def crop(box: Box, margin: int) -> Image.Image:
        png = evidence.crop(shot, box, margin)
        assert png is not None
        return Image.open(io.BytesIO(png))

    part = crop(Box(x=18.5, y=9.0, w=5.2, h=3.0), 2)
    assert part.size == (10, 7)  # pixels 16…25 and 7…13
    assert part.getpixel((4, 3)) == (0, 0, 255)
    assert crop(Box(x=0, y=0, w=4, h=4), 4).size == (8, 8)  # nothing beyond the edge
    assert crop(Box(x=50, y=30, w=100, h=100), 0).size == (10, 10)
    assert evidence.crop(shot, Box(x=200, y=0, w=5, h=5)) is None


def test_retention_deletes_by_age_but_never_what_an_open_question_shows(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    names = [evidence.keep_png(_png((i, i, i))) for i in range(4)]
    for name, days in zip(names, (100, 90, 5, 100), strict=True):
        _aged(tmp_path, name, days)
    evidence.keep_png(_png((3, 3, 3)))  # seen again just now: the clock of the file system
    cleaned = evidence.retention(max_age_days=30, max_bytes=None, now=NOW, keep={names[0]})
    assert [evidence.png(n) is not None for n in names] == [True, False, True, True]
    assert (cleaned.deleted, cleaned.left) == (1, 3)
    assert cleaned.freed == len(_png((1, 1, 1)))


def test_retention_deletes_the_oldest_until_the_rest_fits(tmp_path: Path) -> None:
    evidence = FolderEvidence(tmp_path)
    names = [evidence.keep_png(_png((i, 0, 0))) for i in range(5)]
    for i, name in enumerate(names):
        _aged(tmp_path, name, 10 - i)
    size = sum(p.stat().st_size for p in tmp_path.rglob("*.png"))
    each = size // 5
    cleaned = evidence.retention(max_age_days=None, max_bytes=size - 2 * each, now=NOW, keep={names[0]})
    assert [evidence.png(n) is not None for n in names] == [True, False, False, True, True]
    assert cleaned.left_bytes <= size - 2 * each
    assert evidence.retention(max_age_days=None, max_bytes=None, now=NOW, keep=set()).deleted == 0


def test_retention_sweeps_what_a_kill_left_half_written(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    old, young = tmp_path / "ab" / "x.part", tmp_path / "ab" / "y.part"
    for path, days in ((old, 2), (young, 0)):
        path.touch()
        os.utime(path, ((NOW - timedelta(days=days)).timestamp(),) * 2)
    FolderEvidence(tmp_path).retention(max_age_days=1, max_bytes=None, now=NOW, keep=set())
    assert (old.exists(), young.exists()) == (False, True)


def test_a_write_that_fails_leaves_nothing_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    evidence = FolderEvidence(tmp_path)
    with pytest.raises(StoreUnavailable, match="no room left") as e:
        evidence.keep_png(_png())
    assert e.value.retryable
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    monkeypatch.undo()
    assert evidence.png(evidence.keep_png(_png())) == _png()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a disk: {mounted.stderr.strip()}")
    try:
        evidence = FolderEvidence(disk)
        kept = evidence.keep_png(_png())
        with pytest.raises(StoreUnavailable, match="no room left"):
            evidence.keep_png(os.urandom(1_000_000))
        assert evidence.png(kept) == _png()
        assert sum(1 for p in disk.rglob("*") if p.is_file()) == 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        FolderEvidence(tmp_path / "file").keep_png(_png())


def test_decoded_shots_are_kept_until_they_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[io.BytesIO] = []
    really = Image.open

    def counted(file: io.BytesIO) -> Image.Image:
        decoded.append(file)
        return really(file)

    monkeypatch.setattr(Image, "open", counted)
    evidence = FolderEvidence(tmp_path)
    name = evidence.keep_png(_png())
    first = [evidence.crop(name, Box(x=0, y=0, w=9, h=9)) for _ in range(2)]
    assert len(decoded) == 1
    evidence.let_go()
    assert evidence.crop(name, Box(x=0, y=0, w=9, h=9)) == first[0]
    assert len(decoded) == 2
