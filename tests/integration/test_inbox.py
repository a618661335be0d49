"""The watched folder: what is read is kept and moved, what cannot be read says so, and nothing is ever lost."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from test_contract_files import ENCRYPTED, READER, Nothing, huge_png, jpeg, pdf

from bridge.contracts import intake as intake_module
from bridge.contracts.extract import ContractReader
from bridge.contracts.file_faults import FILE_FAULTS
from bridge.contracts.intake import NOT_READ, Inbox, Intake, Settled, Taken, stamps
from bridge.contracts.kept import StoredContract
from bridge.contracts.result import ContractResult
from bridge.doctor import configured
from bridge.errors import StoreBusy, StoreUnavailable
from bridge.evidence import FolderEvidence
from bridge.interfaces import Progress
from bridge.records import Box
from bridge.settings import load_settings
from bridge.store import SqlStore

NOW = datetime(2026, 5, 6, tzinfo=UTC)
GOOD = ContractResult(
    file="x", promised_date=date(2026, 5, 10), kind="absolute", contract_no="HT-1", pages=1, status="ok",
    clause_picture=np.full((40, 300, 3), 200, np.uint8), page_picture=np.full((900, 600, 3), 250, np.uint8),
)  # fmt: skip


@dataclass
class Told:
    """A reader that finds the same in every good file, and opens what is bad with the real one."""

    read_files: list[str] = field(default_factory=list)
    dies: bool = False

    def read(self, path: Path, progress: Progress | None = None) -> ContractResult:
        self.read_files.append(path.name)
        if self.dies:
            os._exit(9)
        if path.name.startswith("good"):
            return replace(GOOD, file=str(path))
        return READER.read(path, progress)


@dataclass
class World:
    folder: Path
    reader: Told
    store: SqlStore
    intake: Intake

    def inbox(self, sleep=lambda seconds: None) -> Inbox:  # type: ignore[no-untyped-def]
        return Inbox(self.folder, self.intake, settle_s=1.0, clock=lambda: NOW, sleep=sleep)

    def run(self, **how: object) -> list[tuple[str, str]]:
        return [(t.path.name, t.outcome) for t in self.inbox(**how).empty(limit_s=60)]  # type: ignore[arg-type]

    def names(self) -> list[str]:
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}", lambda: NOW, wait_s=1)
    store.upgrade()
    reader = Told()
    intake = Intake(reader, store, FolderEvidence(tmp_path / "evidence"), lambda: NOW, tmp_path / "tries.json")
    folder = tmp_path / "inbox"
    folder.mkdir()
    yield World(folder, reader, store, intake)
    store.close()


def test_what_is_read_is_kept_with_its_pictures_and_moved(world: World, tmp_path: Path) -> None:
    (world.folder / "good.jpg").write_bytes(jpeg())
    assert world.run() == [("good.jpg", "kept")]
    assert world.names() == ["done/good.jpg"]
    (kept,) = world.store.contracts()
    assert (kept.file, kept.due) == ("good.jpg", date(2026, 5, 10))
    evidence = FolderEvidence(tmp_path / "evidence")
    assert all((evidence.png(name) or b"").startswith(b"\x89PNG") for name in (kept.picture, kept.page_picture))
    assert world.store.contract_pictures() == {kept.picture, kept.page_picture}


def test_the_same_file_again_is_the_same_contract_and_overwrites_nothing(world: World) -> None:
    for name in ("good.jpg", "good again.jpg", "good.jpg"):
        (world.folder / name).write_bytes(jpeg())
        world.run()
    (world.folder / "good.jpg").write_bytes(jpeg((301, 400)))
    assert world.run() == [("good.jpg", "kept")]
    assert world.names() == ["done/good (2).jpg", "done/good (3).jpg", "done/good again.jpg", "done/good.jpg"]
    assert len(world.store.contracts()) == 2
    assert world.reader.read_files == ["good.jpg", "good.jpg"]


def bad_files(folder: Path) -> dict[str, str]:
    """Name → what the text beside it must say."""
    (folder / "a-broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "b-locked.pdf").write_bytes(ENCRYPTED)
    (folder / "c-empty.pdf").write_bytes(b"")
    (folder / "d-mislabelled.pdf").write_bytes(jpeg())
    (folder / "e-500-pages.pdf").write_bytes(pdf(500))
    (folder / "f-huge.png").write_bytes(huge_png(20_000))
    (folder / "g-words.txt").write_text("交货日期：2026年3月15日", encoding="utf-8")
    return {
        "a-broken.pdf": "broken PDF",
        "b-locked.pdf": "encrypted",
        "c-empty.pdf": "is empty",
        "d-mislabelled.pdf": "JPEG file with the name of another kind",
        "e-500-pages.pdf": "500 pages",
        "f-huge.png": "400,000,000 pixels",
        "g-words.txt": "text file",
    }


def test_each_bad_file_gets_its_own_error_beside_it_and_the_batch_goes_on(world: World) -> None:
    wanted = bad_files(world.folder)
    (world.folder / "good.jpg").write_bytes(jpeg((50, 60)))
    outcomes = dict(world.run())
    assert outcomes == {**dict.fromkeys(wanted, "failed"), "good.jpg": "kept"}
    whys = dict(
        zip(
            wanted,
            ("broken", "encrypted", "empty", "mislabelled", "too_many_pages", "too_large", "text"),
            strict=True,
        )
    )
    for name, words in wanted.items():
        said = (world.folder / "failed" / f"{name}.error.txt").read_text(encoding="utf-8")
        assert words in said
        assert FILE_FAULTS[whys[name]] in said
        assert "contract_file" in said
        assert (world.folder / "failed" / name).is_file()
    assert len(world.store.contracts()) == 1


def test_nobodys_text_is_overwritten_and_a_killed_programs_is_taken_up(world: World) -> None:
    failed = world.folder / "failed"
    failed.mkdir()
    (failed / "a.jpg.error.txt").write_text("mine", encoding="utf-8")
    (world.folder / "a.jpg").write_bytes(b"x")
    (failed / "b.jpg.error.txt").write_text(f"{NOT_READ}\nhalf", encoding="utf-8")
    (world.folder / "b.jpg").write_bytes(b"y")
    world.run()
    assert world.names() == [
        f"failed/{n}" for n in ("a (2).jpg", "a (2).jpg.error.txt", "a.jpg.error.txt", "b.jpg", "b.jpg.error.txt")
    ]
    assert (failed / "a.jpg.error.txt").read_text(encoding="utf-8") == "mine"
    assert "half" not in (failed / "b.jpg.error.txt").read_text(encoding="utf-8")


def test_a_file_that_is_still_being_copied_waits(world: World) -> None:
    slow = world.folder / "good.jpg"
    slow.write_bytes(jpeg()[:200])
    assert world.run(sleep=lambda s: slow.write_bytes(jpeg()[:300])) == [("good.jpg", "waits")]
    assert world.names() == ["good.jpg"]
    assert world.reader.read_files == []
    for name in (".hidden.jpg", "~$x.pdf", "y.pdf.crdownload", "z.PART"):
        (world.folder / name).write_bytes(b"x")
    (world.folder / "sub").mkdir()
    os.symlink(__file__, world.folder / "link.pdf")
    assert world.run() == [("good.jpg", "kept")]
    assert world.names() == [".hidden.jpg", "done/good.jpg", "link.pdf", "y.pdf.crdownload", "z.PART", "~$x.pdf"]


def test_a_file_that_changes_while_it_is_read_waits(world: World) -> None:
    path = world.folder / "a.pdf"
    path.write_bytes(b"%PDF-1.7 half of it")
    read = world.reader.read

    def growing(p: Path, progress: Progress | None = None) -> ContractResult:
        result = read(p, progress)
        path.write_bytes(b"%PDF-1.7 half of it and the rest")
        return result

    world.reader.read = growing  # type: ignore[method-assign]
    assert world.run() == [("a.pdf", "waits")]
    assert world.names() == ["a.pdf"]


def test_killed_between_keeping_and_moving_it_is_only_moved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.folder / "good.jpg").write_bytes(jpeg())
    with monkeypatch.context() as m:
        m.setattr(Inbox, "_move", lambda self, taken: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            world.run()
    assert world.names() == ["good.jpg"]
    assert world.run() == [("good.jpg", "known")]
    assert (world.names(), len(world.store.contracts())) == (["done/good.jpg"], 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_file_that_ends_the_program_three_times_is_given_up(world: World) -> None:
    path = world.folder / "good.jpg"
    path.write_bytes(jpeg())
    world.reader.dies = True
    for _ in range(3):
        if (child := os.fork()) == 0:
            world.run()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert world.names() == ["good.jpg"]
    assert world.run() == [("good.jpg", "failed")]
    assert "3 times" in (world.folder / "failed" / "good.jpg.error.txt").read_text(encoding="utf-8")


def test_a_store_that_does_not_answer_leaves_the_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.folder / "good.jpg").write_bytes(jpeg())

    def busy(**_: object) -> tuple[StoredContract, bool]:
        raise StoreBusy("busy")

    with monkeypatch.context() as m:
        m.setattr(world.store, "keep_contract", busy)
        with pytest.raises(StoreBusy):
            world.run()
    assert world.names() == ["good.jpg"]
    assert world.run() == [("good.jpg", "kept")]


def test_a_file_that_nobody_foresaw_does_not_stop_those_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.folder / "a.jpg").write_bytes(jpeg())
    (world.folder / "good.jpg").write_bytes(jpeg((50, 60)))
    read = world.reader.read

    class Odd(Nothing):
        def find_lines(self, image: object) -> list[Box]:
            raise ZeroDivisionError("secret words of the file")

    odd = ContractReader(finder=Odd(), quick=Nothing(), good=Nothing())
    monkeypatch.setattr(
        world.reader, "read", lambda p, progress=None: (odd.read if p.name == "a.jpg" else read)(p)
    )
    assert world.run() == [("a.jpg", "failed"), ("good.jpg", "kept")]
    said = (world.folder / "failed" / "a.jpg.error.txt").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in said
    assert "secret" not in said


def test_a_file_that_another_program_holds_stays_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i, name in enumerate(("a-broken.pdf", "good 1.jpg", "good 2.jpg")):
        (world.folder / name).write_bytes(jpeg((60 + i, 60)))
    rename = Path.rename

    def held(path: Path, target: Path) -> Path:
        if path.name in ("a-broken.pdf", "good 1.jpg"):
            raise PermissionError(13, "held", str(path))
        return rename(path, target)

    with monkeypatch.context() as m:
        m.setattr(Path, "rename", held)
        with pytest.raises(StoreUnavailable, match="held"):
            world.run()
    assert world.names() == ["a-broken.pdf", "done/good 2.jpg", "good 1.jpg"]
    assert world.run() == [("a-broken.pdf", "failed"), ("good 1.jpg", "known")]
    assert "done/good 1.jpg" in world.names()


def test_a_file_that_is_taken_away_leaves_no_text_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.folder / "a.pdf"
    path.write_bytes(jpeg())
    take = world.intake.take

    def gone(p: Path, progress: Progress | None = None) -> Taken:
        taken = take(p, progress)
        path.unlink()
        return taken

    monkeypatch.setattr(world.intake, "take", gone)
    assert world.run() == [("a.pdf", "failed")]
    assert world.names() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(world: World, tmp_path: Path) -> None:
    for i in range(12):
        (world.folder / f"{'good' if i % 3 else 'bad'} {i}.jpg").write_bytes(jpeg((60 + i, 60)) if i % 3 else b"x")
    (world.folder / "bad 0.jpg").write_bytes(b"y")
    world.store.close()
    rnd, kills = random.Random(5), 0
    while stamps(world.folder):
        if (child := os.fork()) == 0:
            store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}", lambda: NOW, wait_s=5)
            intake = Intake(
                Told(), store, FolderEvidence(tmp_path / "evidence"), lambda: NOW, tmp_path / "tries.json"
            )
            list(Inbox(world.folder, intake, settle_s=0, clock=lambda: NOW).empty(limit_s=60))
            os._exit(0)
        time.sleep(rnd.uniform(0.0, 0.12 + kills / 200))  # a slow machine needs longer to begin
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        assert kills < 400
    assert kills > 3
    assert len(world.store.contracts()) == 8
    moved = [n for n in world.names() if not n.endswith(".error.txt")]
    assert sorted(Path(n).name for n in moved if n.startswith("done/")) == sorted(
        f"good {i}.jpg" for i in range(12) if i % 3
    )
    failed = [Path(n).name for n in moved if n.startswith("failed/")]
    assert sorted(failed) == sorted(f"bad {i}.jpg" for i in range(0, 12, 3))
    assert all(f"failed/{n}.error.txt" in world.names() for n in failed)


def test_a_folder_that_is_not_there_is_an_error_and_not_an_empty_one(world: World) -> None:
    shutil.rmtree(world.folder)
    with pytest.raises(StoreUnavailable, match="inbox cannot be used"):
        world.run()


def test_every_fault_of_a_file_has_its_chinese_words() -> None:
    folder = Path(intake_module.__file__).parent
    source = "".join(p.read_text(encoding="utf-8") for p in (folder / "extract.py", folder / "pages" / "files.py"))
    named = set(re.findall(r'why="(\w+)"', source)) | set(re.findall(r'"(\w+)" if text else "\w+"', source))
    assert len(named) > 8
    assert named <= set(FILE_FAULTS)


def test_the_doctor_says_whether_the_inbox_can_be_used(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text("[sources]\n", encoding="utf-8")
    assert list(configured.inbox(load_settings(config, {}))) == []
    config.write_text('[contracts]\ninbox = "in"\n', encoding="utf-8")
    assert [f.level for f in configured.inbox(load_settings(config, {}))] == ["fail"]
    (tmp_path / "in").mkdir()
    assert [f.level for f in configured.inbox(load_settings(config, {}))] == ["ok"]


def test_names_of_every_kind(world: World) -> None:
    odd = os.fsdecode(b"good \xff\xfe.jpg")
    names = ["good 合同 №1.jpg", "good'; DROP TABLE contracts; --.jpg", odd]
    for i, name in enumerate(names):
        (world.folder / name).write_bytes(jpeg((60 + i, 60)))
    assert sorted(world.run()) == sorted((n, "kept") for n in names)
    assert {c.file for c in world.store.contracts()} == {names[0], names[1], "good ??.jpg"}


def test_the_watcher_waits_until_a_file_has_settled_and_asks_once(tmp_path: Path) -> None:
    clock = [0.0]
    settled = Settled(tmp_path, 10, lambda: clock[0], again_s=900)
    assert not settled()
    path = tmp_path / "a.pdf"
    path.write_bytes(b"1")
    assert not settled()
    clock[0] = 9
    path.write_bytes(b"12")
    assert not settled()
    clock[0] = 18
    assert not settled()
    clock[0] = 19
    assert [settled(), settled()] == [True, False]
    clock[0] = 19 + 900
    assert [settled(), settled()] == [True, False]
    path.unlink()
    assert not settled()
    assert stamps(tmp_path) == {}
    shutil.rmtree(tmp_path)
    assert [settled(), settled()] == [True, False]  # the run then says what is wrong
