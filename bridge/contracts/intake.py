"""USE CASE: contract files → contracts in the store, with the pictures of their clauses; and the watched folder.

A file is known by its content.  It is moved only after what was read of it is committed, so a program that is
killed at any moment finds it again: read and kept already, it is only moved then.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from PIL import Image as Pil

from bridge import log
from bridge.contracts.file_faults import FILE_FAULTS
from bridge.contracts.kept import StoredContract
from bridge.contracts.result import ContractResult
from bridge.errors import ContractFileError, ReadError, StoreUnavailable
from bridge.interfaces import Clock, Evidence, Progress
from bridge.records import Image
from bridge.whole_files import write_whole

DONE, FAILED = "done", "failed"
ERROR_TEXT = ".error.txt"
NOT_READ = "这个文件没有读取。 This file was not read."
MOST_TRIES = 3  # a file that ended the program so often while it was read is given up
ANOTHER_WAY = "Scan it anew, or save it from a viewer."
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", ".swp")
MOST_READ = 1 << 20  # bytes at a time
LONG_SIDE = 1500  # of kept pictures, pixels
CLAUSE_COLOURS = 128  # a photo's noise in full colour would be a megabyte a clause
PAGE_COLOURS = 64  # a page is kept for a look around the clause


class Reads(Protocol):
    def read(self, path: Path, progress: Progress | None = None) -> ContractResult: ...


class Keeps(Protocol):
    """The store's side."""

    def contract_of(self, content: str) -> StoredContract | None: ...

    def keep_contract(
        self,
        *,
        content: str,
        file: str,
        as_read: Mapping[str, Any],
        picture: str,
        page_picture: str,
        now: datetime,
    ) -> tuple[StoredContract, bool]: ...


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of one file.  contract: None if it could not be read; then ``result.error`` says why.
    fresh: False for a file that was there before.  waits: it is still being copied; nothing was done."""

    path: Path
    result: ContractResult | None = None
    contract: StoredContract | None = None
    fresh: bool = False
    waits: bool = False
    moved_to: Path | None = None

    @property
    def outcome(self) -> str:
        if self.waits:
            return "waits"
        if self.contract is None:
            return "failed"
        return "kept" if self.fresh else "known"

    def as_json(self) -> dict[str, Any]:
        error = self.result.error if self.result is not None else None
        return {
            "file": str(self.path),
            "outcome": self.outcome,
            "contract": self.contract.id if self.contract else None,
            "moved_to": str(self.moved_to) if self.moved_to else None,
            "error": error,
            "read": self.result.as_json() if self.result is not None else None,
        }


class Intake:
    """One file → one contract.  tries: a small file that remembers what was being read when the program died."""

    def __init__(self, reader: Reads, store: Keeps, evidence: Evidence, clock: Clock, tries: Path) -> None:
        self._reader, self._store, self._evidence, self._clock = reader, store, evidence, clock
        self._tries = tries

    def take(self, path: Path, progress: Progress | None = None) -> Taken:
        """Reads and keeps it.  Raises StoreError, SetupError, ReadError; what is wrong with the file itself stands
        in the result."""
        try:
            content = content_of(path)
        except FileNotFoundError:
            return Taken(path=path, waits=True)  # someone has taken it away
        except OSError as e:
            words = f"{path.name} cannot be read: {e.strerror or e}"
            return Taken(path=path, result=_failed(path, words, "Look at who may read it.", "not_readable"))
        if (known := self._store.contract_of(content)) is not None:
            return Taken(path=path, contract=known)
        with self._counted(content) as tries:
            if tries > MOST_TRIES:
                words = f"{path.name} ended the program {MOST_TRIES} times while it was read"
                return Taken(path=path, result=_failed(path, words, ANOTHER_WAY, "kills"))
            result = self._reader.read(path, progress)
        if _changed(path, content):
            return Taken(path=path, waits=True)
        if result.error is not None:
            return Taken(path=path, result=result)
        kept, fresh = self._store.keep_contract(
            content=content,
            file=path.name,
            as_read=result.as_json(),
            picture=self._kept_picture(result.clause_picture, CLAUSE_COLOURS),
            page_picture=self._kept_picture(result.page_picture, PAGE_COLOURS),
            now=self._clock(),
        )
        return Taken(path=path, result=result, contract=kept, fresh=fresh)

    def _kept_picture(self, image: Image | None, colours: int) -> str:
        if image is None or not image.size:
            return ""
        picture = Pil.fromarray(image)
        picture.thumbnail((LONG_SIDE, LONG_SIDE), Pil.Resampling.LANCZOS)
        memory = io.BytesIO()
        picture.quantize(colours, dither=Pil.Dither.NONE).save(memory, "PNG")
        return self._evidence.keep_png(memory.getvalue())

    def _counted(self, content: str) -> _Try:
        return _Try(self._tries, content)


class _Try:
    """Counts a reading as begun; it counts no longer once it has ended, unless the reader itself failed on it."""

    def __init__(self, file: Path, content: str) -> None:
        self._file, self._content = file, content

    def __enter__(self) -> int:
        tries = self._load()
        tries[self._content] = tries.get(self._content, 0) + 1
        self._save(tries)
        return tries[self._content]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, ReadError):
            return
        tries = self._load()
        tries.pop(self._content, None)
        self._save(tries)

    def _load(self) -> dict[str, int]:
        try:
            data = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {k: n for k, n in data.items() if isinstance(n, int)} if isinstance(data, dict) else {}

    def _save(self, tries: Mapping[str, int]) -> None:
        try:
            write_whole(self._file, json.dumps(dict(tries)).encode())
        except OSError as e:
            raise _unusable(self._file, e) from e


class Inbox:
    """The watched folder.  What was read goes to ``done``, what cannot be read to ``failed`` with a text beside
    it; what is still being copied, or is no file of its own, stays."""

    def __init__(
        self,
        folder: Path,
        intake: Intake,
        *,
        settle_s: float,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._intake, self._settle_s, self._clock = folder, intake, settle_s, clock
        self._monotonic, self._sleep = monotonic, sleep

    def empty(self, *, limit_s: float, progress: Progress | None = None) -> Iterator[Taken]:
        """Takes in what has settled, in order of name; begins no further file after ``limit_s``.

        Raises StoreUnavailable if the folder cannot be used, and what ``Intake.take`` raises: then the file that
        was at hand, and those after it, stay where they are.  A file that cannot be moved, because another
        program holds it, does not stop the others; it is raised at the end.
        """
        begun = self._monotonic()
        before = stamps(self._folder)
        if before:
            self._sleep(self._settle_s)
        now = stamps(self._folder)
        held: StoreUnavailable | None = None
        for path in sorted(now):
            if before.get(path) != now[path]:
                yield Taken(path=path, waits=True)
                continue
            if self._monotonic() - begun > limit_s:
                break
            taken = self._intake.take(path, progress)
            if not taken.waits:
                try:
                    taken = replace(taken, moved_to=self._move(taken))
                except PermissionError as e:
                    held = _unusable(path, e)
                _tell(taken)
            yield taken
        if held is not None:
            raise held

    def _move(self, taken: Taken) -> Path | None:
        """Where it went; None if someone else has taken it away meanwhile.  Raises PermissionError,
        StoreUnavailable."""
        folder = self._folder / (FAILED if taken.contract is None else DONE)
        said: Path | None = None
        try:
            folder.mkdir(exist_ok=True)
            target = _free_name(folder, taken.path)
            if taken.contract is None and taken.result is not None:
                said = target.with_name(target.name + ERROR_TEXT)
                said.write_text(_words(taken.result, self._clock()), encoding="utf-8")
            taken.path.rename(target)
        except OSError as e:
            if said is not None:
                said.unlink(missing_ok=True)
            if isinstance(e, FileNotFoundError):
                return None
            if isinstance(e, PermissionError):
                raise
            raise _unusable(folder, e) from e
        return target


def stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    """The files that could be taken in → size and time of change.  Links and folders are none.

    Raises StoreUnavailable if the folder is not there or cannot be read: a share that is not mounted."""
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith((".", "~$")) or entry.name.lower().endswith(UNFINISHED):
                    continue
                try:
                    if entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        found[Path(entry.path)] = (stat.st_size, stat.st_mtime_ns)
                except FileNotFoundError:
                    continue  # gone again
    except OSError as e:
        raise _unusable(folder, e) from e
    return found


class Settled:
    """Has something in the folder stopped changing?  Asked again and again, without waiting."""

    def __init__(self, folder: Path, settle_s: float, monotonic: Callable[[], float], again_s: float) -> None:
        self._folder, self._settle_s, self._monotonic, self._again_s = folder, settle_s, monotonic, again_s
        self._since: dict[tuple[Path, tuple[int, int]], float] = {}
        self._tried: dict[tuple[Path, tuple[int, int]], float] = {}

    def __call__(self) -> bool:
        """True once for a file that has settled; again only if it is still there after ``again_s``."""
        try:
            found = set(stamps(self._folder).items())
        except StoreUnavailable:
            return self._due({(self._folder, (0, 0))})  # the run that follows says what is wrong
        now = self._monotonic()
        self._since = {f: self._since.get(f, now) for f in found}
        return self._due({f for f, since in self._since.items() if now - since >= self._settle_s})

    def _due(self, settled: set[tuple[Path, tuple[int, int]]]) -> bool:
        now = self._monotonic()
        self._tried = {f: at for f, at in self._tried.items() if f in settled}
        fresh = [f for f in settled if f not in self._tried or now - self._tried[f] >= self._again_s]
        self._tried.update(dict.fromkeys(fresh, now))
        return bool(fresh)


def content_of(path: Path) -> str:
    """sha256 of the file's bytes.  Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while part := f.read(MOST_READ):
            digest.update(part)
    return digest.hexdigest()


def _changed(path: Path, content: str) -> bool:
    try:
        return content_of(path) != content
    except OSError:
        return True


def _free_name(folder: Path, path: Path) -> Path:
    """A name in the folder that nothing has: nothing is ever overwritten."""
    for n in range(1, 100_000):
        name = path.name if n == 1 else f"{path.stem} ({n}){path.suffix}"
        target = folder / name
        if not os.path.lexists(target) and _is_ours_or_free(target.with_name(target.name + ERROR_TEXT)):
            return target
    raise FileExistsError(17, "too many files of the same name", str(folder))


def _is_ours_or_free(text: Path) -> bool:
    """Nothing, or what a program that was killed wrote there before it could move the file."""
    if not os.path.lexists(text):
        return True
    try:
        with text.open(encoding="utf-8") as f:
            return f.readline() == NOT_READ + "\n"
    except (OSError, UnicodeDecodeError):
        return False


def _failed(path: Path, words: str, hint: str, why: str) -> ContractResult:
    error = {"code": ContractFileError.code, "why": why, "message": words, "hint": hint}
    return ContractResult(file=str(path), reason=words, error=error)


def _words(result: ContractResult, now: datetime) -> str:
    error: Mapping[str, str] = result.error or {}
    lines: Sequence[str] = (
        NOT_READ,
        "",
        FILE_FAULTS.get(error.get("why", ""), ""),
        error.get("message", ""),
        error.get("hint", ""),
        "",
        "处理后请重新放入收件夹。 Put it into the inbox again once that is done.",
        f"{error.get('code', '')}  {now:%Y-%m-%d %H:%M} UTC",
    )
    return "\n".join(lines).encode("utf-8", "replace").decode("utf-8") + "\n"


def _tell(taken: Taken) -> None:
    name = taken.path.name.encode("utf-8", "replace").decode("utf-8")
    if taken.contract is None:
        words = (taken.result.reason if taken.result else "").encode("utf-8", "replace").decode("utf-8")
        log.event("contract.failed", f"{name}: {words}", level="WARNING")
    else:
        log.event(f"contract.{taken.outcome}", name, contract=taken.contract.id)


def _unusable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} cannot be used: {error.strerror or error}",
        hint="Check that the folder is there and has room, and that the user that runs the bridge may write.",
        path=str(path),
    )
