"""What is believed of single characters, as a sheet of pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw

from bridge.errors import UsageError
from bridge.memories import GlyphPicture
from bridge.ocr.coverage import as_picture
from bridge.ocr.glyph_keep import coverage_of
from bridge.records import Image
from bridge.sentences import in_language

KINDS = (".html", ".png")
Found = Sequence[tuple[str, str, GlyphPicture]]
"""(source, face, glyph)."""
WORDS = {
    "settled": ("已证实", "settled"),
    "disputed": ("有争议", "disputed"),
    "open": ("证据不足", "open"),
    "forgotten": ("已忘记", "forgotten"),
    "title": ("字形", "Glyphs"),
    "seen": ("见过", "seen"),
    "read as": ("读作", "read as"),
}
_ZOOM = 4
_TILE = 96
_ACROSS = 12
_CSS = (
    "body{font:14px system-ui,sans-serif;margin:24px;color:#222}h2{margin:28px 0 8px}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:10px}"
    "article{border:1px solid #ccc;border-radius:6px;padding:8px;overflow-wrap:anywhere}"
    "article.disputed{border-color:#c80;background:#fffaf0}article.forgotten{border-color:#b00;background:#fff4f4}"
    "article.open{color:#666}b{font-size:24px;margin-left:12px}img{image-rendering:pixelated;vertical-align:middle}"
    "small{display:block;margin-top:4px}code{color:#666}"
)


def facts(g: GlyphPicture) -> dict[str, Any]:
    """The glyph without its picture, for programs."""
    return {
        "id": g.id,
        "character": g.label,
        "state": g.state,
        "seen": g.seen,
        "proofs": list(g.proofs),
        "against": g.against,
        "votes": {net: dict(c) for net, c in g.votes.items()},
    }


def write(target: Path, found: Found, *, language: str) -> None:
    """Writes the sheet, as HTML with the proofs or as one PNG by ``target``'s ending.  Disputed ones come first.

    language: zh or en.  Raises UsageError if the file cannot be written."""
    ranked = sorted(found, key=lambda x: (x[0], x[1], x[2].state != "disputed", x[2].label, -x[2].seen))
    content = _png(ranked) if target.suffix == ".png" else _html(ranked, language).encode()
    try:
        target.write_bytes(content)
    except OSError as e:
        raise UsageError(f"{target} cannot be written: {e.strerror}", hint="Choose another place.") from e


def _word(key: str, language: str) -> str:
    return in_language(WORDS[key], language)


def _html(found: Found, language: str) -> str:
    parts = [
        f"<!doctype html><html lang={language}><meta charset=utf-8><title>{_word('title', language)}</title>",
        f"<style>{_CSS}</style><h1>{_word('title', language)}</h1>",
    ]
    section: tuple[str, str] | None = None
    for source, face, g in found:
        if (source, face) != section:
            parts.append(("</main>" if section else "") + f"<h2>{escape(source)} @{escape(face)}</h2><main>")
            section = source, face
        parts.append(_card(g, language))
    return "".join(parts) + ("</main>" if section else "") + "</html>\n"


def _card(g: GlyphPicture, language: str) -> str:
    image = base64.b64encode(_encoded(_picture(g))).decode()
    votes = "; ".join(
        f"{escape(net)}: " + " ".join(f"{escape(c)}×{n}" for c, n in sorted(v.items(), key=lambda x: -x[1])[:5])
        for net, v in g.votes.items()
    )
    why = escape(g.against) or "<br>".join(escape(p) for p in g.proofs)
    return (
        f"<article class={g.state}><img src='data:image/png;base64,{image}' alt=''><b>{escape(g.label) or '?'}</b>"
        f"<small>{_word(g.state, language)} · {_word('seen', language)} {g.seen} · <code>{g.id[:8]}</code></small>"
        f"<small>{why}</small><small>{_word('read as', language)} {votes}</small></article>"
    )


def _picture(g: GlyphPicture) -> Image:
    """The glyph's ink with a little ground, enlarged."""
    coverage = coverage_of(g)
    rows = np.flatnonzero(coverage.any(axis=1))
    part = coverage[rows[0] : rows[-1] + 1] if len(rows) else coverage
    framed = np.pad(part, 2)
    return as_picture(framed.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1))


def _encoded(picture: Image) -> bytes:
    out = io.BytesIO()
    Pictures.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def _png(found: Found) -> bytes:
    """Tiles in the order of the HTML sheet; the frame's colour tells the state: green settled, orange disputed,
    grey open, red forgotten."""
    colours = {"settled": "#3c963c", "disputed": "#cc8800", "open": "#aaaaaa", "forgotten": "#b40000"}
    down = max(1, -(-len(found) // _ACROSS))
    sheet = Pictures.new("RGB", (_ACROSS * _TILE, down * _TILE), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (_, _, g) in enumerate(found):
        x, y = i % _ACROSS * _TILE, i // _ACROSS * _TILE
        tile = Pictures.fromarray(_picture(g))
        tile.thumbnail((_TILE - 8, _TILE - 8))
        sheet.paste(tile, (x + (_TILE - tile.width) // 2, y + (_TILE - tile.height) // 2))
        draw.rectangle((x + 1, y + 1, x + _TILE - 2, y + _TILE - 2), outline=colours[g.state], width=2)
    return _encoded(np.asarray(sheet))
