"""Drawing back: candidate texts drawn by the same browser that drew the page.

The page it draws in is its own: offline, no script and no style of the ERP, installed fonts only.  So a picture
that equals the ERP's says that this text in an installed font gives these pixels; in a font that the ERP's page
supplied itself it cannot come out equal by accident of that font.
"""

from __future__ import annotations

import base64
import html
import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

from bridge.errors import SourceUnavailable
from bridge.interfaces import DrawSpec, TextExtent
from bridge.png import decode_png
from bridge.records import Box, Fragment, Image

WAITS_FOR_A_FRAME_S = (0.1, 0.3, 1.0)

SHEET_W, SHEET_H = 1600, 2400
"""css pixels of one sheet; at scale 4 a sheet is 6400 × 9600 device pixels, below Chromium's texture limit."""

_SAFE_CSS = re.compile(r"^[\w\s,.%'\"()#+\-]*$")
_SHELL = (
    "<!doctype html><meta charset=utf-8><style>html,body{margin:0;background:#fff}"
    "#s,#s div{position:absolute;overflow:visible}#s div.t{white-space:pre;width:max-content}</style>"
    "<div id=s></div><canvas id=c style='position:absolute;left:0;top:0'></canvas>"
)


@dataclass(frozen=True, slots=True)
class _Placed:
    index: int
    x: int  # css pixels on the sheet, whole device pixels at this scale
    y: int
    w: int
    h: int


class BrowserRedrawer:
    """Satisfies ``interfaces.Redrawer``.  Opens its page lazily, one per scale, in contexts without network.

    Raises SourceUnavailable if the browser has died; the run is over then anyway.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: dict[float, tuple[BrowserContext, Page, CDPSession]] = {}

    def draw(self, specs: Sequence[DrawSpec], *, scale: float) -> list[Image]:
        """Pictures of the whole device pixels inside each spec's box, H × W × 3 RGB, in order."""
        pictures: list[Image | None] = [None] * len(specs)
        try:
            for enlarged in (False, True):
                chosen = [(i, s) for i, s in enumerate(specs) if s.enlarged == enlarged]
                for sheet in _sheets(chosen, _unit(scale)):
                    shot = self._draw_sheet(specs, sheet, scale, 1.0 if enlarged else scale)
                    for p in sheet:
                        pictures[p.index] = _cut(shot, specs[p.index], p, scale)
        except PlaywrightError as e:
            raise SourceUnavailable(f"the browser died while drawing back: {e.message.splitlines()[0]}") from e
        return [p for p in pictures if p is not None]

    def installed(self, families: Sequence[str]) -> list[str]:
        """Those families whose glyphs differ from both fallbacks, so they exist on this machine."""
        _, page, _ = self._page(1.0)
        found = page.evaluate(
            """families => {
              const c = document.createElement('canvas').getContext('2d'), probe = 'mwWiIl1@中国審8';
              const width = font => { c.font = '72px ' + font; return c.measureText(probe).width; };
              const mono = width('monospace'), serif = width('serif');
              return families.filter(f => width(`"${f}", monospace`) !== mono || width(`"${f}", serif`) !== serif);
            }""",
            list(families),
        )
        return list(found)

    def measure(self, texts: Sequence[str], fonts: Sequence[str], *, lang: str = "") -> list[list[TextExtent]]:
        _, page, _ = self._page(2.0)
        # As one string: the driver's own serialisation takes longer than the measuring.
        found = json.loads(
            page.evaluate(
                """given => {
                  const [texts, fonts, lang] = JSON.parse(given), e = document.getElementById('c');
                  e.lang = lang;
                  const c = e.getContext('2d');
                  return JSON.stringify(fonts.map(f => { c.font = f; return texts.map(t => {
                    const m = c.measureText(t);
                    return [m.width, m.actualBoundingBoxLeft + m.actualBoundingBoxRight,
                            m.actualBoundingBoxAscent + m.actualBoundingBoxDescent];
                  }); }));
                }""",
                json.dumps([list(texts), list(fonts), lang]),
            )
        )
        return [[TextExtent(*e) for e in row] for row in found]

    def close(self) -> None:
        for context, _, _ in self._pages.values():
            context.close()
        self._pages.clear()

    def _page(self, scale: float) -> tuple[BrowserContext, Page, CDPSession]:
        if scale not in self._pages:
            context = self._browser.new_context(
                viewport={"width": SHEET_W, "height": SHEET_H},
                device_scale_factor=scale,
                offline=True,
                accept_downloads=False,
                service_workers="block",
            )
            context.route("**/*", lambda route: route.abort())
            page = context.new_page()
            page.set_content(_SHELL)
            cdp = context.new_cdp_session(page)
            match_metrics(cdp, SHEET_W, SHEET_H, scale)
            self._pages[scale] = context, page, cdp
        return self._pages[scale]

    def _draw_sheet(self, specs: Sequence[DrawSpec], sheet: list[_Placed], scale: float, backing: float) -> Image:
        """backing: canvas pixels per css pixel."""
        _, page, cdp = self._page(scale)
        height = max(p.y + p.h for p in sheet)
        dom = "".join(_dom(specs[p.index], p, scale) for p in sheet if not specs[p.index].canvas)
        fills = [_fills(specs[p.index], p, scale) for p in sheet if specs[p.index].canvas]
        page.evaluate(
            """([dom, given, scale, w, h]) => {
              const cells = JSON.parse(given);
              document.getElementById('s').innerHTML = dom;
              const c = document.getElementById('c');
              c.style.display = cells.length ? 'block' : 'none';
              if (!cells.length) return;
              c.width = w * scale; c.height = h * scale; c.style.width = w + 'px'; c.style.height = h + 'px';
              const g = c.getContext('2d');
              g.scale(scale, scale);
              for (const cell of cells) {
                g.save();
                g.beginPath(); g.rect(cell.x, cell.y, cell.w, cell.h); g.clip();
                g.fillStyle = cell.background; g.fillRect(cell.x, cell.y, cell.w, cell.h);
                for (const t of cell.texts) {
                  c.lang = t.lang;  // the same font has other figures for other languages
                  g.font = t.font; g.fillStyle = t.color; g.textAlign = t.align; g.fillText(t.text, t.x, t.y);
                }
                g.restore();
              }
            }""",
            [dom, json.dumps(fills), backing, SHEET_W, height],
        )
        return decode_png(base64.b64decode(screenshot(cdp, Box(x=0, y=0, w=SHEET_W, h=height))))


def match_metrics(cdp: CDPSession, width: int, height: int, scale: float) -> None:
    """Tells a protocol session the window's measures.

    Emulated measures belong to a session; one that does not know them takes its pictures at another raster scale,
    and then the same text comes out in other pixels than on the page (seen with Chromium 156).
    """
    cdp.send(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
    )


def screenshot(cdp: CDPSession, region: Box) -> str:
    """PNG in base64 of a region of the window (css pixels).

    On a busy machine Chromium now and then has no frame at hand and says "Unable to capture screenshot" (seen with
    Chromium 156): it is asked again, the last time after a second.
    """
    clip = {"x": region.x, "y": region.y, "width": region.w, "height": region.h, "scale": 1}
    for wait_s in WAITS_FOR_A_FRAME_S:
        try:
            return str(_screenshot(cdp, clip))
        except PlaywrightError as e:
            if "Unable to capture screenshot" not in e.message:
                raise
            time.sleep(wait_s)
    return str(_screenshot(cdp, clip))


def _screenshot(cdp: CDPSession, clip: dict[str, float]) -> object:
    options = {"format": "png", "optimizeForSpeed": True, "clip": clip}
    return cdp.send("Page.captureScreenshot", options)["data"]


def _unit(scale: float) -> int:
    """The smallest number of css pixels that is a whole number of device pixels."""
    return Fraction(scale).limit_denominator(100).denominator


def _origin(value: float, unit: int) -> int:
    return math.floor(value / unit) * unit


def _sheets(specs: Sequence[tuple[int, DrawSpec]], unit: int) -> Iterator[list[_Placed]]:
    """Shelf packing: cells of a row side by side, sheets of at most SHEET_W × SHEET_H."""
    sheet: list[_Placed] = []
    x = y = shelf = 0
    for i, s in specs:
        w = min(_up(s.box.x2 - _origin(s.box.x, unit) + 2, unit), SHEET_W)
        h = min(_up(s.box.y2 - _origin(s.box.y, unit) + 2, unit), SHEET_H)
        if x + w > SHEET_W:
            x, y, shelf = 0, y + shelf, 0
        if y + h > SHEET_H:
            yield sheet
            sheet, x, y, shelf = [], 0, 0, 0
        sheet.append(_Placed(i, x, y, w, h))
        x, shelf = x + w, max(shelf, h)
    if sheet:
        yield sheet


def _up(value: float, unit: int) -> int:
    return math.ceil(value / unit) * unit


def _cut(shot: Image, spec: DrawSpec, placed: _Placed, scale: float) -> Image:
    unit = _unit(scale)
    dx = round((placed.x - _origin(spec.box.x, unit)) * scale)
    dy = round((placed.y - _origin(spec.box.y, unit)) * scale)
    x0, y0, x1, y1 = spec.box.inner(scale)
    return shot[y0 + dy : y1 + dy, x0 + dx : x1 + dx]


def _dom(spec: DrawSpec, placed: _Placed, scale: float) -> str:
    unit = _unit(scale)
    ox, oy = _origin(spec.box.x, unit), _origin(spec.box.y, unit)
    inner = "".join(_text(f, spec, ox, oy) for f in spec.fragments)
    return (
        f'<div style="left:{placed.x}px;top:{placed.y}px;width:{placed.w}px;height:{placed.h}px;'
        f'overflow:hidden;background:{_css(spec.background)}">{inner}</div>'
    )


def _text(f: Fragment, spec: DrawSpec, ox: float, oy: float) -> str:
    s = f.style
    # A line as high as the glyph box has no leading: the baseline is where the page had it, whatever fallback
    # fonts take part.
    style = (
        f"font:{_css(s.style)} {_css(s.weight)} {s.size_px}px/{f.box.h}px {_css(s.family)};color:{_css(s.color)};"
        f"letter-spacing:{_css(s.letter_spacing)};word-spacing:{_css(s.word_spacing)};"
        f"text-decoration:{_css(s.decoration)}"
    )
    lang = f' lang="{html.escape(s.lang)}"' if s.lang else ""
    body = html.escape(f.text)
    if spec.clip is None:
        left, width = f.box.x - ox, ""
        if spec.align != "start":
            left -= f.box.w if spec.align == "end" else f.box.w / 2
            width = f"width:{f.box.w}px;text-align:{spec.align};"
        return (
            f'<div class=t{lang} style="left:{left}px;top:{f.box.y - oy}px;{width}height:{f.box.h}px;'
            f'{html.escape(style)}">{body}</div>'
        )
    cut = "text-overflow:ellipsis;" if spec.ellipsis else ""
    left = f.box.x - spec.clip.x
    padding = max(0.0, left)  # so that ink may reach out to the left of its own box, as on the page
    return (
        f'<div class=t{lang} style="left:{spec.clip.x - ox}px;top:{spec.clip.y - oy}px;width:{spec.clip.w}px;'
        f'height:{spec.clip.h}px;overflow:hidden;{cut}">'
        f'<div class=t style="left:{left - padding}px;padding-left:{padding}px;'
        f"top:{f.box.y - spec.clip.y}px;width:{spec.clip.x2 - f.box.x}px;height:{f.box.h}px;overflow:hidden;{cut}"
        f'{html.escape(style)}">{body}</div></div>'
    )


def _fills(spec: DrawSpec, placed: _Placed, scale: float) -> dict[str, object]:
    unit = _unit(scale)
    dx, dy = placed.x - _origin(spec.box.x, unit), placed.y - _origin(spec.box.y, unit)
    return {
        "x": placed.x,
        "y": placed.y,
        "w": placed.w,
        "h": placed.h,
        "background": spec.background,
        "texts": [
            {
                "text": f.text,
                "x": f.box.x + dx,
                "y": f.box.y + dy,
                "font": f"{f.style.style} {f.style.weight} {f.style.size_px}px {f.style.family}",
                "color": f.style.color,
                "lang": f.style.lang,
                "align": spec.align,
            }
            for f in spec.fragments
        ],
    }


def _css(value: str) -> str:
    """A value as the page computed it, or nothing if it could be more than a value."""
    return value if _SAFE_CSS.match(value) else ""
