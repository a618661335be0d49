"""When to tell people: at the first failure, at another kind of failure, at the recovery, and in between only a
digest every few hours.

What was told is kept in a file, so that neither a restart nor a killed process tells anything twice or forgets a
recovery.  What no channel took is tried again at the next occasion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from bridge import log
from bridge.interfaces import Clock, NoticeLevel, Notifier
from bridge.whole_files import write_whole

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "failed": "{subject}：失败",
        "again": "{subject}：仍未恢复，已失败 {times} 次",
        "works": "{subject}：已恢复",
        "since": "自 {since} 起，共失败 {times} 次。",
        "next": "下一步：{hint}",
    },
    "en": {
        "failed": "{subject}: failed",
        "again": "{subject}: still failing, {times} times by now",
        "works": "{subject}: works again",
        "since": "It had failed {times} times since {since}.",
        "next": "Next: {hint}",
    },
}


@dataclass(kw_only=True, slots=True)
class _Trouble:
    """One subject's failures since it last worked; times as ISO text."""

    since: str
    times: int = 0
    told_at: str = ""  # of the last notice that a channel took; '' = nobody knows of it yet
    codes: list[str] = field(default_factory=list)  # kinds of failure that were told


class Alarms:
    """file: where what was told is kept.  repeat: least time between two notices of one trouble.  Used by one
    process; its methods may be called from any thread but not from two at once for one subject."""

    def __init__(
        self,
        notifier: Notifier,
        file: Path,
        *,
        clock: Clock,
        repeat: timedelta = timedelta(hours=6),
        language: Literal["zh", "en"] = "zh",
    ) -> None:
        self._notifier = notifier
        self._file = file
        self._clock = clock
        self._repeat = repeat
        self._words = WORDS[language]
        self._troubles = self._load()

    def failed(self, subject: str, *, code: str, message: str, hint: str = "") -> None:
        """``subject`` (a source, the configuration) has failed once more; ``code``: the kind of failure."""
        now = self._clock()
        trouble = self._troubles.setdefault(subject, _Trouble(since=now.isoformat()))
        trouble.times += 1
        new_kind = code not in trouble.codes
        if new_kind or not trouble.told_at or now - datetime.fromisoformat(trouble.told_at) >= self._repeat:
            words = self._words["failed" if not trouble.told_at else "again"]
            lines = [message, *([self._words["next"].format(hint=hint)] if hint else [])]
            if self._tell(
                words.format(subject=subject, times=trouble.times), "\n".join(lines), NoticeLevel.FAILURE
            ):
                trouble.told_at = now.isoformat()
                trouble.codes += [code] if new_kind else []
        self._save()

    def works(self, subject: str) -> None:
        """It did what it should; tells so if people know of its trouble."""
        trouble = self._troubles.get(subject)
        if trouble is None:
            return
        since = datetime.fromisoformat(trouble.since).astimezone()
        text = self._words["since"].format(since=f"{since:%Y-%m-%d %H:%M}", times=trouble.times)
        title = self._words["works"].format(subject=subject)
        if trouble.told_at and not self._tell(title, text, NoticeLevel.GOOD):
            return  # told with the next good run
        del self._troubles[subject]
        self._save()

    def _tell(self, title: str, text: str, level: NoticeLevel) -> bool:
        """True if at least one channel took it, or there is none that could."""
        failed = self._notifier.send(title, text, level=level)
        return not self._notifier.names or len(failed) < len(self._notifier.names)

    def _load(self) -> dict[str, _Trouble]:
        try:
            return {k: _Trouble(**v) for k, v in json.loads(self._file.read_text(encoding="utf-8")).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as e:
            log.event("alarms.unreadable", f"{self._file}: {e}; begun anew", level="WARNING")
            return {}

    def _save(self) -> None:
        try:
            text = json.dumps({k: asdict(v) for k, v in self._troubles.items()}, ensure_ascii=False)
            write_whole(self._file, text.encode())
        except OSError as e:  # telling matters more than remembering that it was told
            log.event("alarms.not_kept", f"{self._file}: {e}", level="WARNING")
