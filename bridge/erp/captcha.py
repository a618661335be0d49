"""Reading the picture with the characters at sign-in.

A wrong answer may count against the account, a new picture costs nothing.  So on doubt (a character below
SURE, or another length than the profile says) a new picture is asked for before anything is answered.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass

import cv2
import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator

from bridge.errors import CaptchaFailed
from bridge.interfaces import Proposal, TextReader
from bridge.profile_steps import Captcha
from bridge.records import Image

SURE = 0.9
"""Least probability of the worst character.  Measured on 300 pictures of three kinds: about 95 % reach it, and
0–2 % of those are read wrong."""
PICTURES_PER_ANSWER = 6

# The picture as the server sent it, if it is an <img> of the page's own host.
_PIXELS = """el => {
  if (!(el instanceof HTMLImageElement)) return null;
  if (!el.complete || !el.naturalWidth) return '';
  const c = document.createElement('canvas');
  c.width = el.naturalWidth; c.height = el.naturalHeight;
  try { c.getContext('2d').drawImage(el, 0, 0); return c.toDataURL('image/png'); } catch (e) { return null; }
}"""


@dataclass(kw_only=True)
class CaptchaTally:
    """For the measured solve rate: pictures looked at, answers sent, answers taken."""

    pictures: int = 0
    attempted: int = 0
    solved: int = 0


LOOK_FOR_ANSWER_MS = 500


class CaptchaReader:
    """reader: reads single lines.  tally: counts pictures here; who sends the answer counts the rest."""

    def __init__(self, reader: TextReader, tally: CaptchaTally) -> None:
        self._reader = reader
        self._tally = tally

    def read(self, picture: Image, captcha: Captcha) -> tuple[str, bool]:
        """What it says, and whether that is beyond doubt."""
        self._tally.pictures += 1
        proposal: Proposal = self._reader.read_lines([picture], alphabet=captcha.alphabet)[0]
        text = "".join(proposal.text.split())
        fits = bool(text) and (captcha.length is None or len(text) == captcha.length)
        return text, fits and proposal.confidence >= SURE


def picture_of(element: Locator, timeout_s: float) -> Image:
    """The picture once it has arrived, H × W × 3 RGB: in the server's own pixels where they can be had, else as
    displayed.  Raises CaptchaFailed if it does not arrive."""
    end = time.monotonic() + timeout_s
    while True:
        data = element.evaluate(_PIXELS)
        if data:
            return _decode(base64.b64decode(str(data).partition(",")[2]))
        if data is None:
            return _decode(element.screenshot(timeout=timeout_s * 1000))
        if time.monotonic() > end:
            raise CaptchaFailed("the captcha's picture did not arrive", hint="Is it allowed in allow.requests?")
        element.page.wait_for_timeout(50)


def wait_for_another(element: Locator, before: Image, timeout_s: float) -> Image | None:
    """The next picture, or None if it stays the same."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            now = picture_of(element, timeout_s)
        except PlaywrightError:
            return None  # the whole page was replaced; the next look finds the new element
        if now.shape != before.shape or not np.array_equal(now, before):
            return now
        element.page.wait_for_timeout(50)
    return None


def as_png(picture: Image) -> bytes:
    """H × W × 3 RGB → PNG."""
    return bytes(cv2.imencode(".png", np.ascontiguousarray(picture[:, :, ::-1]))[1])


def _decode(png: bytes) -> Image:
    """RGB on white: a transparent captcha is drawn for a light page."""
    raw = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise CaptchaFailed("the captcha's picture cannot be decoded")
    if raw.ndim == 2:
        raw = cv2.cvtColor(raw, cv2.COLOR_GRAY2BGR)
    if raw.shape[2] == 4:
        alpha = raw[:, :, 3:].astype(np.float32) / 255
        raw = (raw[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    image: Image = np.ascontiguousarray(raw[:, :, ::-1])
    return image
