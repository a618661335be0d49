"""What the browser's pages are doing with the network: what is still loading, and what went wrong."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Request, Response

from bridge.erp.faults import net_error, network_fault
from bridge.errors import SourceError, SourceUnavailable

DRAWN_AFTER_S = 0.06
"""A page's script has drawn what it fetched by then, as a rule."""


class Traffic:
    """Watches the documents (windows and frames) of one context."""

    def __init__(self, context: BrowserContext) -> None:
        self._loading: dict[Request, str] = {}
        self._fetching: dict[Request, str] = {}
        self._came: dict[str, float] = {}
        self._faults: list[SourceError] = []
        self.server_said: tuple[datetime, float] | None = None
        """The time in the last document's Date header, and our ``time.monotonic()`` when it came."""
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfinished", self._on_finished)
        context.on("requestfailed", self._on_failed)

    @property
    def quiet(self) -> bool:
        """No document is being loaded."""
        return not self._loading

    def fetching(self) -> frozenset[str]:
        """The paths of documents, scripts and the pages' own requests that are on their way or have just come."""
        now = time.monotonic()
        self._came = {path: at for path, at in self._came.items() if now - at < DRAWN_AFTER_S}
        return frozenset({*self._fetching.values(), *self._came})

    def forget(self) -> None:
        """What went wrong before does not count any more."""
        self._faults.clear()

    @property
    def faults(self) -> int:
        """How many things went wrong since ``forget``."""
        return len(self._faults)

    def fault(self, what: str, *, since: int = 0, waited_s: float | None = None) -> SourceError | None:
        """The last thing that went wrong with a document since there were ``since`` ``faults``; after waiting
        ``waited_s`` in vain also that one is still loading."""
        if self._faults[since:]:
            last = self._faults[-1]
            return type(last)(f"{what}: {last.message}", hint=last.hint, **last.where)
        if waited_s is not None and self._loading:
            path = next(iter(self._loading.values()))
            return SourceUnavailable(f"{what}: {path} has not arrived within {waited_s:g} s")
        return None

    def _on_request(self, request: Request) -> None:
        if request.is_navigation_request():
            self._loading[request] = urlsplit(request.url).path
            if request.redirected_from is not None:
                self._loading.pop(request.redirected_from, None)
        if request.resource_type in ("document", "script", "xhr", "fetch"):
            if request.redirected_from is not None:
                self._fetching.pop(request.redirected_from, None)
            self._fetching[request] = urlsplit(request.url).path

    def _on_response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._loading.pop(response.request, None)
            self._note_time(response.headers.get("date", ""))
            if response.status >= 500:
                path = urlsplit(response.url).path
                self._faults.append(
                    SourceUnavailable(f"{path} answered HTTP {response.status}", status=response.status)
                )

    def _note_time(self, header: str) -> None:
        try:
            said = parsedate_to_datetime(header)
        except ValueError:
            return
        if said.tzinfo is not None:
            self.server_said = said, time.monotonic()

    def server_time(self) -> datetime | None:
        """What the ERP's clock shows now, to a second or two; None if it never said."""
        if self.server_said is None:
            return None
        said, at = self.server_said
        return said + timedelta(seconds=time.monotonic() - at)

    def _on_finished(self, request: Request) -> None:
        self._loading.pop(request, None)
        self._has_come(request)

    def _has_come(self, request: Request) -> None:
        if (path := self._fetching.pop(request, None)) is not None:
            self._came[path] = time.monotonic()

    def _on_failed(self, request: Request) -> None:
        self._has_come(request)
        self._loading.pop(request, None)  # gone already where the answer began and then broke off
        code = net_error(request.failure or "") or (request.failure or "")
        # Aborted ones were overtaken by the next page, or stopped by the guard, which reports them itself; an
        # error status without a page of its own has been noted by its answer.
        if (
            request.is_navigation_request()
            and code.startswith("ERR_")
            and code not in ("ERR_ABORTED", "ERR_BLOCKED_BY_CLIENT", "ERR_HTTP_RESPONSE_CODE_FAILURE")
        ):
            self._faults.append(network_fault(code, urlsplit(request.url).path))
