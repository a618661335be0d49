"""Pictures kept by content hash: ``ab/abcdef….png`` below one folder.

The same picture is kept once, however often it is seen, and a name can never show another picture's content.
"""

from __future__ import annotations

import errno
import hashlib
import io
import math
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from loguru import logger
from PIL import Image, UnidentifiedImageError

from bridge.errors import StoreUnavailable
from bridge.records import Box
from bridge.whole_files import HALF, write_whole

_NAME = re.compile(r"[0-9a-f]{64}")
_DECODED = 3  # shots; one takes some 20 MB


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleaned:
    """What a clean-up did; sizes in bytes."""

    deleted: int
    freed: int
    left: int  # pictures
    left_bytes: int


class FolderEvidence:
    """Satisfies ``interfaces.Evidence``.  Processes and threads may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._decoded: OrderedDict[tuple[str, int], Image.Image] = OrderedDict()
        self._lock = threading.Lock()

    def keep_png(self, png: bytes) -> str:
        """Stores the bytes and returns their sha256.  A picture seen again counts as young.

        Raises StoreUnavailable if the folder cannot be written or the disk is full; then nothing of the picture
        is left behind.
        """
        name = hashlib.sha256(png).hexdigest()
        path = self._path(name)
        with self._mapped():
            try:
                os.utime(path)
            except FileNotFoundError:
                write_whole(path, png)
        return name

    def png(self, sha256: str) -> bytes | None:
        """The picture, or None if it was cleaned away or is damaged.  Anything that is no hash has no picture."""
        if _NAME.fullmatch(sha256) is None:
            return None
        try:
            with self._mapped():
                data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(data).hexdigest() != sha256:
            logger.warning("evidence.damaged", picture=sha256)
            return None
        return data

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        """PNG of a part of a kept shot with ``margin`` pixels around it; box in the shot's pixels.  None if the
        shot was cleaned away or the box lies outside of it."""
        try:
            image = self._image(shot)
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as e:
            logger.warning("evidence.unreadable", picture=shot, why=type(e).__name__)
            return None
        if image is None:
            return None
        part = (
            max(math.floor(box.x) - margin, 0),
            max(math.floor(box.y) - margin, 0),
            min(math.ceil(box.x2) + margin, image.width),
            min(math.ceil(box.y2) + margin, image.height),
        )
        if part[0] >= part[2] or part[1] >= part[3]:
            return None
        out = io.BytesIO()
        image.crop(part).save(out, format="PNG")
        return out.getvalue()

    def _image(self, shot: str) -> Image.Image | None:
        """The shot decoded.  The last ones are kept: reports and cards cut cell after cell out of the same."""
        if _NAME.fullmatch(shot) is None:
            return None
        try:
            changed = self._path(shot).stat().st_size
        except FileNotFoundError:
            return None
        with self._lock:
            if (found := self._decoded.get((shot, changed))) is not None:
                self._decoded.move_to_end((shot, changed))
                return found
        whole = self.png(shot)
        if whole is None:
            return None
        with Image.open(io.BytesIO(whole)) as image:
            image.load()
        with self._lock:
            self._decoded[shot, changed] = image
            while len(self._decoded) > _DECODED:
                self._decoded.popitem(last=False)
        return image

    def let_go(self) -> None:
        """Forgets the decoded shots: what cut cells out of them is done, and a shot is as large as its list."""
        with self._lock:
            self._decoded.clear()

    def retention(
        self, *, max_age_days: float | None, max_bytes: int | None, now: datetime, keep: AbstractSet[str]
    ) -> Cleaned:
        """Deletes pictures not seen for longer than ``max_age_days``, then the oldest until no more than
        ``max_bytes`` are left.  Never what ``keep`` names (what open reviews refer to), whatever the limits say.

        Raises StoreUnavailable if the folder cannot be read.
        """
        with self._mapped():
            files = sorted(_pictures(self._folder), key=lambda f: f[1])
        left, size = len(files), sum(f[2] for f in files)
        deleted = freed = 0
        oldest = (now - timedelta(days=max_age_days)).timestamp() if max_age_days is not None else -math.inf
        for path, seen, n in files:
            too_big = max_bytes is not None and size > max_bytes
            if path.stem in keep or (seen >= oldest and not too_big):
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as e:  # a viewer holds it open (Windows): the next clean-up tries again
                logger.warning("evidence.not_deleted", picture=path.stem, why=e.strerror)
                continue
            deleted, freed, left, size = deleted + 1, freed + n, left - 1, size - n
        self._sweep(now)
        return Cleaned(deleted=deleted, freed=freed, left=left, left_bytes=size)

    def _sweep(self, now: datetime) -> None:
        """What a killed process left half written."""
        with self._mapped():
            for path in self._folder.glob(f"??/*{HALF}"):
                try:
                    if path.stat().st_mtime < (now - timedelta(days=1)).timestamp():
                        path.unlink()
                except FileNotFoundError:
                    continue  # finished or swept by another process in between

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.png"

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as e:
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreUnavailable(
                    f"no room left for pictures in {self._folder}",
                    hint="Free some disk space, or lower the retention of the evidence in bridge.toml.",
                    folder=str(self._folder),
                ) from e
            raise StoreUnavailable(
                f"the folder for pictures {self._folder} cannot be used: {e.strerror}",
                hint="Check that the disk is there and that the user that runs the bridge may write.",
                folder=str(self._folder),
            ) from e


def _pictures(folder: Path) -> Iterator[tuple[Path, float, int]]:
    """Path, time last seen (seconds since 1970), size."""
    for path in folder.glob("??/*.png"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        yield path, stat.st_mtime, stat.st_size
