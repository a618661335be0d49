"""How a list looks: table style, typeface, size, theme and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Table = Literal["bordered", "zebra", "rules", "borderless"]
Cut = Literal["none", "ellipsis", "clip"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """font: CSS family list.  size: css pixels.  scale: device pixels per css pixel.  date: strftime format.

    cut: what happens to a remark longer than its column.  wrap: long customers and products take two lines.
    raw_pixels: a canvas that does not know of the device's scale, so its pixels are enlarged.
    """

    name: str
    font: str
    size: int
    scale: int
    table: Table = "bordered"
    dark: bool = False
    date: str = "%Y-%m-%d"
    cut: Cut = "none"
    wrap: bool = False
    two_line_headings: bool = False
    icons: bool = False
    marked_rows: bool = False  # a selected and a hovered row
    coloured: bool = True  # status words in colour, order numbers as links
    raw_pixels: bool = False


SONG = '"AR PL UMing CN"'
HEI = '"WenQuanYi Zen Hei"'
SHARP = '"WenQuanYi Zen Hei Sharp"'
NOTO = '"Noto Sans CJK SC"'
NOTO_SERIF = '"Noto Serif CJK SC"'
DEJAVU = '"DejaVu Sans", "WenQuanYi Zen Hei"'
MONO = '"DejaVu Sans Mono", "Noto Sans CJK SC"'

DESIGNS = (
    Design(name="bordered-noto13", font=NOTO, size=13, scale=1),
    Design(name="zebra-hei12", font=HEI, size=12, scale=2, table="zebra", date="%Y/%-m/%-d", icons=True),
    Design(name="rules-song14", font=SONG, size=14, scale=1, table="rules", date="%Y年%-m月%-d日", wrap=True),
    Design(name="borderless-serif13", font=NOTO_SERIF, size=13, scale=2, table="borderless", date="%d.%m.%Y"),
    Design(name="dark-dejavu12", font=DEJAVU, size=12, scale=1, dark=True, marked_rows=True, table="rules"),
    Design(
        name="cut-noto16", font=NOTO, size=16, scale=2, cut="ellipsis", two_line_headings=True, marked_rows=True
    ),
    Design(name="clip-sharp12", font=SHARP, size=12, scale=1, table="zebra", cut="clip", icons=True),
    Design(name="small-mono11", font=MONO, size=11, scale=2, wrap=True, date="%Y/%-m/%-d", two_line_headings=True),
)
RAW_CANVAS = Design(name="raw-noto13", font=NOTO, size=13, scale=2, raw_pixels=True)
"""Only as a canvas."""
