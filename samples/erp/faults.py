"""Things that go wrong on purpose: each has a name, its own parameters, and may wait or wear off."""

from dataclasses import dataclass
from typing import Any

# Every fault with its parameters and their defaults. `page` None means any page, `kind` None any list.
KNOWN: dict[str, dict[str, Any]] = {
    # the whole answer
    "http_500": {"where": "list", "status": 500, "page": None},
    "maintenance": {"where": "any"},
    "slow_page": {"where": "list", "seconds": 3.0, "page": None},
    "hang": {"where": "list", "page": None},
    "drop_connection": {"where": "list", "page": None},
    "redirect": {"where": "list", "page": None, "to": ""},  # "" = the same server under the name localhost
    "captcha_unreadable": {},
    # the session
    "session_loss": {"page": 3, "kind": None},
    "seat_lost": {"page": 3, "kind": None},
    # the list moves while it is read
    "insert_while_paging": {"page": 1, "kind": None},
    "delete_while_paging": {"page": 1, "kind": None},
    # the list is laid out differently
    "rename_column": {"column": "数量", "to": "订货数量", "kind": None},
    "move_column": {"column": "数量", "other": "单价", "kind": None},
    "extra_column": {"heading": "审批意见", "before": "状态", "text": "同意", "kind": None},
    # the list is wrong
    "empty_list": {"kind": None},
    "wrong_total": {"by": 1, "kind": None},
    "wrong_sum": {"by": "100.00", "kind": None},
    "duplicate_row_across_pages": {"page": 2, "kind": None},
    "missing_row": {"page": 2, "kind": None},
    "lying_text": {"column": "存货编码", "mode": "overlay", "every": 1, "kind": None},
    # something stands in the way
    "popup_in_midlist": {"page": 2, "kind": None},
    "dialog_in_midlist": {"page": 2, "dialog": "alert", "kind": None},
}
MATCHED = ("where", "page", "kind")  # parameters that say when a fault applies


@dataclass
class Fault:
    params: dict[str, Any]
    after: int  # occasions to let pass first
    times: int | None  # how often it fires then; None = until it is cleared
    occasions: int = 0
    fired: int = 0


class Faults:
    """What is switched on. An occasion is a request that matches the fault's where, page and kind."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def set(self, name: str, *, after: int = 0, times: int | None = None, **params: Any) -> None:
        """Switches a fault on, or on anew. Raises ValueError for a name or parameter that there is not."""
        if name not in KNOWN:
            raise ValueError(f"no fault {name!r}; there are: {', '.join(KNOWN)}")
        unknown = params.keys() - KNOWN[name].keys()
        if unknown:
            raise ValueError(f"fault {name!r} has no {', '.join(unknown)}; it has: {', '.join(KNOWN[name])}")
        self._faults[name] = Fault(params={**KNOWN[name], **params}, after=after, times=times)

    def clear(self, *names: str) -> None:
        """Switches these off, or all of them."""
        for name in names or list(self._faults):
            self._faults.pop(name, None)

    def peek(self, name: str, **facts: Any) -> dict[str, Any] | None:
        """The parameters if the fault would fire now; counts nothing."""
        fault = self._faults.get(name)
        if fault is None or not self._matches(fault.params, facts):
            return None
        spent = fault.times is not None and fault.fired >= fault.times
        return None if spent or fault.occasions < fault.after else fault.params

    def fires(self, name: str, **facts: Any) -> dict[str, Any] | None:
        """The parameters if the fault fires on this occasion, which is counted."""
        fault = self._faults.get(name)
        if fault is None or not self._matches(fault.params, facts):
            return None
        params = self.peek(name, **facts)
        fault.occasions += 1
        fault.fired += params is not None
        return params

    def active(self) -> dict[str, dict[str, Any]]:
        """For the control page: each fault that is set, its parameters, and how often it has fired."""
        return {
            name: {**f.params, "after": f.after, "times": f.times, "fired": f.fired}
            for name, f in self._faults.items()
        }

    @staticmethod
    def _matches(params: dict[str, Any], facts: dict[str, Any]) -> bool:
        for key in MATCHED:
            wanted = params.get(key)
            if key in facts and wanted not in (None, "any") and wanted != facts[key]:
                return False
        return True
