"""The read-only guard: what the profile does not name does not leave the browser.

Requests are stopped by the browser itself, over DevTools ``Fetch`` on the browser's own target.  That is the last
station before the network: it sees every frame, popup (from its first request on), worker, beacon, ping,
``keepalive``, prefetch, report, service worker and each hop of a redirect, none of which ``page.route`` sees all
of.  What even this does not see (web sockets, speculative loading, other hosts) is walled off when the browser is
opened, see ``bridge.erp.browser``.  If this program stops answering, requests wait: it fails closed.

Clicks, windows, dialogs and downloads are the other half: only places that stand in the profile are clicked, and
only if they still say what the profile says they say.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Dialog, Download, Locator, Page
from playwright.sync_api import Error as PlaywrightError
from pydantic import BaseModel

from bridge.erp.allowlist import Asked, Origin, path_matches, plain_path, why_not
from bridge.erp.faults import mapped
from bridge.errors import GuardViolation
from bridge.profile_steps import At, Captcha, Fill, Select, Totp
from bridge.profiles import Profile

# A page that polls a forbidden address for hours must not fill the memory; the count goes on.
KEPT = 500

# Said by buttons that change data.  A place that is given by CSS alone may hit one of them after a redesign.
CHANGING_WORDS = re.compile(
    r"删除|作废|审核|弃审|反审|提交|保存|过账|记账|结账|核销|驳回|批准|撤回|红冲|下推|终止"
    r"|\b(delete|remove|void|save|post|approve|reject|submit|confirm|cancel)\b",
    re.IGNORECASE,
)
_BUTTON_TEXT_LIMIT = 40  # characters; what is longer is no button's caption

_CAPTIONS = """el => {
  const caption = e => {
    if (e.tagName === 'INPUT' && !/^(submit|button|reset|image)$/i.test(e.type)) return '';
    return (e.innerText || e.value || e.alt || e.title || e.getAttribute('aria-label') || '') + '';
  };
  const r = el.getBoundingClientRect();
  const hit = el.ownerDocument.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
  const button = hit && hit.closest('a, button, input, area, [onclick], [role=button], [role=menuitem]');
  return [caption(el), button && el.contains(button) ? caption(button) : ''];
}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    """Something that was stopped.  Never holds a query, a body or what was typed."""

    kind: Literal["request", "window", "dialog", "download", "click"]
    method: str  # of a request; else ""
    path: str
    reason: str
    document: bool = False  # it would have been shown as a page

    def __str__(self) -> str:
        return f"{self.method or self.kind} {self.path} ({self.reason})"


class Guard:
    """One for each browser.  ``off`` lets everything through; only the test that shows the guard's worth uses it.

    blocked: what was stopped, at most the first KEPT of it; count: all of it.
    dialogs: (kind, message) of every dialog that came up, newest last.
    """

    def __init__(self, profile: Profile, url: str, *, off: bool = False) -> None:
        self.blocked: list[Blocked] = []
        self.count = 0
        self.dialogs: list[tuple[str, str]] = []
        self.http_refused = False
        self._profile = profile
        self._home = Origin.of(url)
        self._off = off
        self._sign_in_pages: set[str] | None = None
        self._credentials: tuple[str, str] | None = None
        self._credentials_given = False
        self._credentials_good = False
        self._answered: set[str] = set()
        self._cdp: CDPSession | None = None

    def attach(self, browser: Browser, page: Page) -> None:
        """From now on nothing passes unseen.  To be called before the first address is opened."""
        cdp = browser.new_browser_cdp_session()
        cdp.on("Fetch.requestPaused", self._on_request)
        cdp.on("Fetch.authRequired", self._on_challenge)
        cdp.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}], "handleAuthRequests": True})
        self._cdp = cdp
        self._watch(page)
        self._follow(page.context)

    # --- phases -------------------------------------------------------------------------------------------

    def begin_sign_in(self, url: str) -> None:
        """See ``allowlist.why_not`` for what passes besides the allow-list until ``end_sign_in``."""
        self._sign_in_pages = set()
        self.on_sign_in_page(url)

    def on_sign_in_page(self, *urls: str) -> None:
        """The sign-in stands on these pages now; their own address may be posted to."""
        if self._sign_in_pages is not None:
            self._sign_in_pages |= {p for u in urls if Origin.of(u) == self._home and (p := plain_path(u))}

    def end_sign_in(self) -> None:
        self._sign_in_pages = None

    def use_http_credentials(self, user: str, password: str) -> None:
        """For HTTP basic and digest.  They are given once; a second challenge means that they are wrong."""
        self._credentials = (user, password)

    def http_credentials_were_good(self) -> None:
        """The server answered with something else than 401."""
        self._credentials_good = self._credentials_given

    # --- requests -----------------------------------------------------------------------------------------

    def _on_request(self, event: dict[str, Any]) -> None:
        asked = _asked(event["request"])
        pages = None if self._sign_in_pages is None else frozenset(self._sign_in_pages)
        reason = why_not(asked, self._profile.allow, self._home, sign_in_pages=pages)
        if reason is not None:
            parts = urlsplit(asked.url)
            where = parts.path if Origin.of(asked.url) == self._home else f"{parts.scheme}://{parts.netloc}"
            document = event.get("resourceType") == "Document"
            self._note("request", reason, path=where or "/", method=asked.method, document=document)
        if reason is None or self._off:
            self._answer("Fetch.continueRequest", {"requestId": event["requestId"]})
        else:
            # "Aborted" leaves the page that asked on the screen; other reasons put an error page in its place.
            self._answer("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "Aborted"})

    def _on_challenge(self, event: dict[str, Any]) -> None:
        request, challenge = event["requestId"], event["authChallenge"]
        ours = challenge.get("source") == "Server" and Origin.of(event["request"]["url"]) == self._home
        again = self._credentials_given and (not self._credentials_good or request in self._answered)
        answer: dict[str, str] = {"response": "CancelAuth"}
        if ours and self._credentials is not None and not again and not self.http_refused:
            self._credentials_given = True
            self._answered.add(request)
            user, password = self._credentials
            answer = {"response": "ProvideCredentials", "username": user, "password": password}
        elif ours and again:
            self.http_refused = True
        self._answer("Fetch.continueWithAuth", {"requestId": request, "authChallengeResponse": answer})

    def _answer(self, method: str, params: dict[str, Any]) -> None:
        if self._cdp is None:
            return
        try:
            self._cdp.send(method, params)
        except PlaywrightError:
            return  # the page took the request back, or the browser is closing: nobody waits for the answer

    # --- windows, dialogs, downloads ------------------------------------------------------------------------

    def _follow(self, context: BrowserContext) -> None:
        context.on("page", self._on_window)

    def _watch(self, page: Page) -> None:
        page.on("dialog", self._on_dialog)
        page.on("download", self._on_download)

    def _on_window(self, page: Page) -> None:
        self._watch(page)
        path = plain_path(page.url) if Origin.of(page.url) == self._home else None
        if self._off or any(path is not None and path_matches(p, path) for p in self._profile.allow.windows):
            return
        self._note("window", "not in allow.windows", path=path or page.url.partition("?")[0])
        try:
            page.close()
        except PlaywrightError:
            return  # it closed itself

    def _on_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append((dialog.type, dialog.message))
        yes = dialog.type == "beforeunload" or (dialog.type == "alert" and self._profile.allow.dialogs == "accept")
        if self._off:
            yes = True
        elif dialog.type in ("confirm", "prompt"):
            self._note("dialog", f"{dialog.type} dismissed", path=dialog.message[:80])
        try:
            if yes:
                dialog.accept()
            else:
                dialog.dismiss()
        except PlaywrightError:
            return  # the page went away with its dialog

    def _on_download(self, download: Download) -> None:
        parts = urlsplit(download.url)
        self._note("download", "downloads are not allowed", path=parts.path if parts.netloc else parts.scheme)
        try:
            download.cancel()
        except PlaywrightError:
            return  # the browser was faster in refusing it

    # --- clicks -------------------------------------------------------------------------------------------

    def guarded_click(self, locator: Locator, path: str, *, timeout_s: float = 20.0) -> None:
        """Clicks a place of the profile, named by its dotted YAML path, e.g. ``list.paging.next``.

        Raises GuardViolation if the path is no place, or the element does not say what the profile says.
        Raises SourceError kinds if the click itself fails.
        """
        self.vet(locator, path)
        fault = None
        try:
            locator.click(timeout=timeout_s * 1000)
        except PlaywrightError as e:
            fault = mapped(e, path)
        if fault:
            raise fault

    def vet(self, locator: Locator, path: str) -> None:
        """Checks an element before it is clicked, ticked or hovered over; raises GuardViolation."""
        place = place_at(self._profile, path)
        if self._off:
            return
        fault = None
        try:
            own, hit = locator.evaluate(_CAPTIONS)
        except PlaywrightError as e:
            fault = mapped(e, path)
        if fault:
            raise fault
        own, hit = " ".join(own.split()), " ".join(hit.split())
        if isinstance(place, str):
            return  # allow.clicks names it as it is
        if place.text is not None:
            wanted = " ".join(place.text.split())
            if own == wanted if place.exact else wanted.lower() in own.lower():
                return
            self._refuse_click(path, f"it says {own[:40]!r}, not {wanted!r}")
        # Before the sign-in is done, a submit button is just what is to be pressed.
        if path.startswith("sign_in.steps.") or path.startswith("sign_in.seat_taken."):
            return
        for caption in (own, hit):
            word = CHANGING_WORDS.search(caption) if len(caption) <= _BUTTON_TEXT_LIMIT else None
            if word:
                self._refuse_click(
                    path, f"it says {caption!r}", hint=f"If that is right, add `text: {word[0]}` there."
                )

    def _refuse_click(self, path: str, reason: str, hint: str = "Compare this place with the page.") -> None:
        self._note("click", reason, path=path)
        raise GuardViolation(f"{path}: the read-only guard does not click this: {reason}", hint=hint)

    def _note(
        self,
        kind: Literal["request", "window", "dialog", "download", "click"],
        reason: str,
        *,
        path: str,
        method: str = "",
        document: bool = False,
    ) -> None:
        self.count += 1
        if len(self.blocked) < KEPT:
            self.blocked.append(
                Blocked(kind=kind, method=method, path=path[:200], reason=reason, document=document)
            )


def place_at(profile: Profile, path: str) -> At | str:
    """The place that stands in the profile at a dotted YAML path; raises GuardViolation if there is none."""
    part: Any = profile
    for step in path.split("."):
        if isinstance(part, list | tuple):
            part = part[int(step)] if step.isdigit() and int(step) < len(part) else None
        elif isinstance(part, BaseModel):
            names = {f.alias or name: name for name, f in type(part).model_fields.items()}
            part = getattr(part, names[step]) if step in names else None
        else:
            part = None
    if isinstance(part, Fill | Select):
        part = part.at
    elif isinstance(part, Captcha | Totp):
        part = part.into
    in_clicks = path.startswith("allow.clicks.") and isinstance(part, str)
    if isinstance(part, At) or in_clicks:
        return part  # type: ignore[no-any-return]
    raise GuardViolation(f"{path} is no place of this profile, so nothing is clicked there")


def _asked(request: dict[str, Any]) -> Asked:
    """From CDP ``Network.Request``."""
    entries = request.get("postDataEntries") or []
    body: bytes | None = b""
    if entries:
        whole = all("bytes" in entry for entry in entries)
        body = b"".join(base64.b64decode(entry["bytes"]) for entry in entries) if whole else None
    elif "postData" in request:
        body = str(request["postData"]).encode("utf-8", "surrogateescape")
    elif request.get("hasPostData"):
        body = None
    return Asked(method=request["method"], url=request["url"], headers=request.get("headers", {}), body=body)
