"""Kills `bridge sync` with -9, hundreds of times, at random moments, and looks for damage.

    python3 scripts/torture.py --kills 300            seed printed; 11 s for each kill on two crowded cores
    python3 scripts/torture.py --kills 40 --seed 7    the same again
    python3 scripts/torture.py --broken mark_before_send   the same on a program that is wrong on purpose

Between the kills the ERP moves on.  The receiver does not deduplicate and remembers every effect.  Zero is allowed
of: lost changes, double effects (one change under two keys, one key with two bodies, wrong order in an order
number), values that the ERP never showed and that carry no flag, browsers left behind.  Afterwards two builds that
are broken on purpose must be caught by the same checks.  Exit code 1 if anything is off.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _rig import Rig

    from bridge.testing.nursery import Child

READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
WANTED = ("capture", "read", "commit", "send", "between send and mark")
ANNOUNCED_BY = {
    "capture": "capture.started",
    "read": "read.started",
    "commit": "commit.started",
    "send": "push.sending",
    "between send and mark": "push.answered",
}
IN_PUSH = ("send", "between send and mark")
SLOW_S = 0.1  # a receiver on a slow line, where a kill during the send is wanted
WITH_BROWSER = ("capture", "read")
SHARE = 12  # each wanted place gets at least one kill in SHARE: 25 of 300
MOST = 3  # times the kills that were asked for, until each wanted place has its share
LOOK_EVERY = 25  # kills between two full comparisons
CHILDREN_SHARE = 0.3  # of the kills in capture and read hit a process of the browser, not the program
FAMILY_SHARE = 0.15  # of the other kills hit the program and all its processes at once


@dataclass(slots=True)
class Tally:
    """What was done, and every damage found."""

    where: Counter[str] = field(default_factory=Counter)
    victims: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    runs: int = 0
    lost: list[str] = field(default_factory=list)
    double: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    leftover: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def kills(self) -> int:
        return sum(self.where.values())

    @property
    def damaged(self) -> bool:
        return bool(self.lost or self.double or self.wrong or self.leftover)


class Torture:
    """kills: at least so many, and more until each of ``aims`` has had its share."""

    def __init__(self, rig: Rig, *, kills: int, aims: tuple[str, ...] = WANTED, broken: str | None = None) -> None:
        self._rig = rig
        self._rng = rig.rng
        self._kills = kills
        self._aims = aims
        self._broken = broken
        self._lasts: dict[str, float] = {}  # seconds that a place lasts, from the newest whole run
        self.tally = Tally()

    def run(self, *, until_damage: bool = False) -> Tally:
        tally, looked = self.tally, 0
        self._learn()
        while (tally.kills < self._kills or self._may_go_on()) and not (until_damage and tally.damaged):
            self._one()
            if tally.kills >= looked + (1 if until_damage else LOOK_EVERY):
                looked = tally.kills
                self._look()
                print(f"  {tally.kills} kills: {_places(tally)}", flush=True)
        self._look()
        return tally

    # --- one kill -----------------------------------------------------------------------------------------

    def _one(self) -> None:
        rig = self._rig
        aim = self._aim()
        self.tally.changes += rig.change()
        rig.world.receiver.behave()
        child = rig.start(broken=self._broken)
        self.tally.runs += 1
        if not self._wait_for(child, aim):
            rig.wait(child)  # it ended first
            rig.world.time_passes()
            return
        victim = self._victim(aim)
        if not self._kill(child, victim):
            rig.wait(child)
            rig.world.time_passes()
            return
        where = place(rig.events())
        if victim == "browser process":
            rig.wait(child)  # the program says so and ends by itself
        self.tally.where[where] += 1
        self.tally.victims[victim] += 1
        self.tally.leftover += rig.leftover(child)
        rig.world.time_passes()  # the leases of the dead are over
        self.tally.double = rig.told_wrong()

    def _may_go_on(self) -> bool:
        """A kill lands where it lands: some places last milliseconds, and one that is aimed at may be missed."""
        return bool(self._short(self._kills // SHARE)) and self.tally.kills < MOST * self._kills

    def _short(self, share: int) -> list[str]:
        """The places that have had fewer kills."""
        return [a for a in self._aims if self.tally.where[a] < share]

    def _aim(self) -> str | None:
        """Where the next kill shall land; None: anywhere."""
        short = self._short(-(-self._kills // SHARE))
        left = self._kills - self.tally.kills
        wanting = sum(-(-self._kills // SHARE) - self.tally.where[a] for a in short)
        if short and (wanting >= left or self._rng.random() < 0.7):
            return min(short, key=lambda a: self.tally.where[a])
        return None

    def _wait_for(self, child: Child, aim: str | None) -> bool:
        """Until a random moment within the place; False if the run ended before."""
        if aim is None:
            end = time.monotonic() + self._rng.random() * self._lasts.get("run", 5.0)
            while time.monotonic() < end and child.alive():
                time.sleep(0.005)
            return child.alive()
        rig = self._rig
        if aim == "send":
            # A slow line: the message has arrived and is taken, or it never is; the program cannot know which.
            rig.world.receiver.misbehave(self._rng.choice(("slow", "hang")), times=None, seconds=SLOW_S)
        nth = self._rng.choice((1, 1, 2)) if aim in IN_PUSH else 1
        # What lasts milliseconds is not met by somebody who sleeps that long between two looks.
        pause = 0.002
        while rig.count(ANNOUNCED_BY[aim]) < nth:
            if not child.alive():
                return False
            if aim in IN_PUSH and rig.count("push.started"):
                pause = 0.0
            time.sleep(pause)
        lasts = (
            SLOW_S if aim == "send" else 0.3 * self._lasts.get(aim, 0.0) if aim in IN_PUSH else self._lasts[aim]
        )
        time.sleep(self._rng.random() * 0.9 * lasts)
        return True

    def _victim(self, aim: str | None) -> str:
        if aim in WITH_BROWSER and self._rng.random() < CHILDREN_SHARE:
            return "browser process"
        return "whole family" if self._rng.random() < FAMILY_SHARE else "program"

    def _kill(self, child: Child, victim: str) -> bool:
        """False if there was nothing left to kill."""
        from bridge.testing.nursery import offspring

        family = offspring(child) if victim != "program" else []
        if victim == "browser process":
            if not family or not child.alive():
                return False
            return _killed(self._rng.choice(family).pid)
        if not child.alive() or not _killed(child.pid):
            return False
        for process in family:
            _killed(process.pid)
        while child.alive():
            time.sleep(0.001)
        return child.exit_code() is None

    # --- what must hold -----------------------------------------------------------------------------------

    def _look(self) -> None:
        """Lets good runs follow, then compares everything."""
        rig, tally = self._rig, self.tally
        rig.world.receiver.behave()
        tally.wrong += rig.never_true()
        for _ in range(4):
            summary = rig.sync(broken=self._broken)
            tally.runs += 1
            rig.world.time_passes()
            if summary.get("error"):
                tally.lost.append(f"a run after the kills failed: {summary['error']}")
            elif summary["complete"] and not summary["missing"] and not summary["push_failed"]:
                break
        self._note_times()
        tally.wrong += rig.never_true()
        tally.lost += rig.lost()
        tally.double = rig.told_wrong()

    def _learn(self) -> None:
        """How long each place lasts: one whole run with changes."""
        self._rig.change()
        self._rig.sync()
        self._note_times()

    def _note_times(self) -> None:
        events = self._rig.events()
        spans = _spans(events)
        for aim in WANTED:
            if aim in spans:
                self._lasts[aim] = spans[aim]
        self._lasts["run"] = spans.get("run", 5.0)


def place(events: list[dict[str, Any]]) -> str:
    """Where a run was when its log ended."""
    stage = "before the first stage"
    for e in events:
        name = e["event"]
        if name.endswith(".started") and name != "run.started":
            stage = name.partition(".")[0]
        elif name.endswith(".ended"):
            stage = f"after {name.partition('.')[0]}"
        elif name == "push.sending":
            stage = "send"
        elif name == "push.answered":
            stage = "between send and mark"
        elif name in ("push.sent", "push.failed", "push.parked"):
            stage = "push"
        elif name == "run.finished":
            stage = "after the run"
    return stage


def _spans(events: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds from each place's announcement to what comes next."""
    from datetime import datetime

    times = [(e["event"], datetime.fromisoformat(e["time"]).timestamp()) for e in events]
    found = {}
    for aim, event in ANNOUNCED_BY.items():
        end = f"{aim}.ended" if event.endswith(".started") else None
        for i, (name, at) in enumerate(times[:-1]):
            if name == event:
                after = [t for n, t in times[i + 1 :] if end is None or n == end]
                if after:
                    found[aim] = after[0] - at
    if times:
        found["run"] = times[-1][1] - times[0][1] + 0.3
    return found


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _places(tally: Tally) -> str:
    return ", ".join(f"{where} {n}" for where, n in tally.where.most_common())


def _tell(name: str, seed: int, tally: Tally, ledger: dict[str, Any]) -> None:
    seconds = time.monotonic() - tally.began
    print(f"{name}: {tally.kills} kills in {seconds:.0f} s, seed {seed}, {tally.runs} runs started")
    print(f"  killed in             {_places(tally)}")
    print(f"  victims               {', '.join(f'{v} {n}' for v, n in tally.victims.most_common())}")
    print(f"  changes in the ERP    {tally.changes}")
    print(f"  effects at receiver   {ledger['effects']}, repeats under the same id {ledger['repeats']}")
    print(f"  lost changes          {len(tally.lost)}")
    print(f"  double effects        {len(tally.double)}")
    print(f"  wrong without a flag  {len(tally.wrong)}")
    print(f"  processes left behind {tally.leftover}")
    for what in (*tally.lost[:5], *tally.double[:5], *tally.wrong[:5]):
        print(f"    {what[:300]}")


def torture(kills: int, seed: int) -> bool:
    """True if nothing was damaged and every wanted place got its kills."""
    from _rig import rig

    with rig(seed) as made:
        tally = Torture(made, kills=kills).run()
        _tell("torture", seed, tally, made.world.receiver.ledger.summary())
        changing = made.world.erp.counters()["changing_total"]
    print(f"  changing requests     {changing}")
    few = [aim for aim in WANTED if tally.where[aim] < kills // SHARE]
    if few:
        print(f"  TOO FEW KILLS in {', '.join(few)}: wanted {kills // SHARE} in each")
    return not tally.damaged and not few and changing == 0


def control(broken: str, kills: int, seed: int) -> bool:
    """True if the checks find what is wrong with a build that is broken on purpose."""
    from _rig import rig

    aims = {"mark_before_send": ("send",), "new_key_per_attempt": ("between send and mark",)}[broken]
    with rig(seed) as made:
        tally = Torture(made, kills=kills, aims=aims, broken=broken).run(until_damage=True)
        caught = tally.lost + tally.double
    first = f": {caught[0][:200]}" if caught else ""
    print(f"control {broken}: {'caught' if caught else 'NOT CAUGHT'} after {tally.kills} kills{first}", flush=True)
    return bool(caught)


def main() -> int:
    from bridge.testing.broken import BREAKS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None, help="decides changes and moments; made up if not given")
    parser.add_argument("--broken", choices=BREAKS, help="only this: a build that must fail; exit code 1 is right")
    parser.add_argument("--no-controls", action="store_true", help="leave the two broken builds out")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    print(f"seed {seed}", flush=True)
    if given.broken:
        return 1 if control(given.broken, given.kills, seed) else 0
    good = torture(given.kills, seed)
    if not given.no_controls:
        for broken in BREAKS:
            good = control(broken, max(given.kills, 10), seed) and good
    print("passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    if os.environ.get(READY) != "1":
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
