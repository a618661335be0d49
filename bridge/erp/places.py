"""A profile's places and marks → elements on the screen.

Nothing here waits.  Only what is visible counts, for clicking and for counting ``nth`` alike: a person who
writes a profile counts what can be seen, and legacy menus keep whole folded branches in the page.  Frames are
looked up by name anew each time, because old programs replace them all the time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page

from bridge.errors import NavigationFailed
from bridge.profile_steps import At, Mark


def popups(page: Page) -> list[Page]:
    """The other windows, oldest first."""
    return [p for p in page.context.pages if p is not page and not p.is_closed()]


def frame_named(page: Page, name: str | list[str] | None) -> Frame | None:
    """None = the window's own document.  One name is looked for at any depth; a list leads down step by step."""
    if name is None:
        return page.main_frame
    if isinstance(name, str):
        return next((f for f in page.frames if f.name == name and not f.is_detached()), None)
    frame: Frame | None = page.main_frame
    for step in name:
        frame = (
            next((f for f in frame.child_frames if f.name == step and not f.is_detached()), None)
            if frame
            else None
        )
    return frame


def locator(page: Page, at: At) -> Locator | None:
    """The place, or None if its window or frame is not there.  The element itself may be missing."""
    window = page
    if at.window == "popup":
        others = popups(page)
        if not others:
            return None
        window = others[-1]
    frame = frame_named(window, at.frame)
    return None if frame is None else _matches(frame, at.css, at.text, exact=at.exact).nth(at.nth)


def find(page: Page, at: At) -> Locator | None:
    """The place if it is visible right now, else None."""
    found = locator(page, at)
    try:
        return found if found is not None and found.is_visible() else None
    except PlaywrightError as e:
        if "selector" in str(e):
            raise NavigationFailed(f"{describe(at)} is not a valid selector") from None
        return None  # the frame is just being replaced


def visible(page: Page, *marks: Mark) -> bool:
    """Is one of them on the screen now?  In any window and frame, unless the mark names a frame."""
    for window in (page, *popups(page)):
        asked: dict[Frame, list[Mark]] = {}
        for mark in marks:
            named = frame_named(window, mark.frame) if mark.frame is not None else None
            for frame in [named] if named else [] if mark.frame is not None else window.frames:
                asked.setdefault(frame, []).append(mark)
        if any(_shown(frame, those) for frame, those in asked.items()):
            return True
    return False


def _shown(frame: Frame, marks: Sequence[Mark]) -> bool:
    """One question for all of them: each is a journey to the browser and back."""
    found = reduce(Locator.or_, [_matches(frame, m.css, m.text, exact=False) for m in marks])
    try:
        return found.first.is_visible()
    except PlaywrightError:
        # The frame is just being replaced; or one of them is no valid selector, which says nothing of the others.
        return len(marks) > 1 and any(_shown(frame, [m]) for m in marks)


def _matches(frame: Frame, css: str | None, text: str | None, *, exact: bool) -> Locator:
    if css is None:
        found = frame.get_by_text(text or "", exact=exact)
    elif text is None:
        found = frame.locator(f"css={css}")
    elif exact:
        words = r"\s+".join(re.escape(word) for word in text.split())
        found = frame.locator(f"css={css}").filter(has_text=re.compile(rf"^\s*{words}\s*$"))
    else:
        found = frame.locator(f"css={css}").filter(has_text=text)
    return found.filter(visible=True)


def describe(at: At | Mark) -> str:
    """For messages: ``'input[type=submit]' in frame 'main'``."""
    parts = [repr(at.css)] if at.css else []
    if at.text:
        parts.append(f"text {at.text!r}")
    words = " with ".join(parts)
    if isinstance(at, At) and at.nth:
        words += f" (no. {at.nth + 1})"
    if at.frame:
        frame = at.frame if isinstance(at.frame, str) else " > ".join(at.frame)
        words += f" in frame {frame!r}"
    return words + (" in the popup window" if isinstance(at, At) and at.window == "popup" else "")
