"""The picture that ``bridge check`` shows: one page of the list with the cells found and what was read in them.

Under each row of the list a strip is put in with the readings, each below its cell: nothing of the page is
covered, so a person compares the two lines at a glance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from bridge.errors import SetupError
from bridge.records import Grid, GridRow, Image, Reading, RowKind
from bridge.reports.show import visible
from bridge.reports.words import Language, say

# The first that the machine has is taken; Pillow looks in the folders where each system keeps its fonts.
# The number is the face within a collection; Noto's are JP, KR, SC, TC, HK.
FONTS: Sequence[tuple[str, int]] = (
    ("NotoSansCJK-Regular.ttc", 2),
    ("NotoSansCJKsc-Regular.otf", 0),
    ("NotoSansSC-Regular.otf", 0),
    ("SourceHanSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("wqy-zenhei.ttc", 0),
    ("msyh.ttc", 0),
    ("simhei.ttf", 0),
    ("simsun.ttc", 0),
    ("PingFang.ttc", 0),
    ("Hiragino Sans GB.ttc", 0),
    ("STHeiti Light.ttc", 0),
    ("DroidSansFallbackFull.ttf", 0),
    ("uming.ttc", 0),
)

Colour = tuple[int, int, int]
GREEN: Colour = (26, 127, 75)
AMBER: Colour = (201, 120, 0)
GREY: Colour = (125, 136, 146)
# Letters need more contrast with their tint than a box needs with the page.
_INK: dict[Colour, Colour] = {GREEN: (18, 84, 52), AMBER: (128, 72, 0), GREY: (92, 102, 112)}
_PAPER: Colour = (250, 251, 252)
_TINT: dict[Colour, Colour] = {GREEN: (233, 246, 239), AMBER: (255, 240, 208), GREY: (240, 242, 244)}
_LINES = 3  # of a reading under its cell; what is longer ends in …

_LEGEND = {
    "zh": ("已证实", "待人工确认", "表头、合计或不取的列"),
    "en": ("proven", "doubtful", "heading, total or unused column"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Strip:
    """A row of the list and what stands under it."""

    top: int  # pixels of the shot
    bottom: int
    labels: tuple[tuple[Reading, Colour, tuple[str, ...]], ...]

    @property
    def lines(self) -> int:
        return max((len(text) for _, _, text in self.labels), default=0)


def annotate(image: Image, grid: Grid, *, scale: float = 2.0, language: Language = "zh") -> bytes:
    """PNG of the shot with boxes (green proven, amber doubtful, grey no order) and the readings beneath each row.

    image: the shot that ``grid`` was read from.  scale: its device pixels per css pixel; decides text size.
    Raises SetupError if the machine has no font with Chinese characters.
    """
    font = chinese_font(round(11 * scale))
    line_height = round(15 * scale)
    strips = list(_strips(image, grid, font, scale, language))
    pad = round(3 * scale)
    legend = line_height + 2 * pad
    height = legend + image.shape[0] + sum(s.lines * line_height + pad for s in strips if s.lines)
    sheet = Pillow.new("RGB", (image.shape[1], height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    shot = Pillow.fromarray(image)
    _legend(draw, grid, font, language, pad)

    done, y = 0, legend  # rows of the shot copied so far; where the next go
    for strip in strips:
        sheet.paste(shot.crop((0, done, shot.width, strip.bottom)), (0, y))
        shift = y - done
        for reading, colour, _ in strip.labels:
            b = reading.box
            corners = (round(b.x), round(b.y) + shift, round(b.x2) - 1, round(b.y2) - 1 + shift)
            draw.rectangle(corners, outline=colour, width=max(1, round(scale)) + (colour == AMBER))
        y += strip.bottom - done
        done = strip.bottom
        if strip.lines:
            deep = strip.lines * line_height + pad
            for reading, colour, text in strip.labels:
                b = reading.box
                draw.rectangle((round(b.x), y, round(b.x2) - 1, y + deep - 1), fill=_TINT[colour])
                for i, line in enumerate(text):
                    draw.text((round(b.x) + pad, y + i * line_height), line, fill=_INK[colour], font=font)
            y += deep
    sheet.paste(shot.crop((0, done, shot.width, shot.height)), (0, y))
    out = BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    """The machine's first font of FONTS; ``size`` in pixels.  Raises SetupError if there is none."""
    for name, face in FONTS:
        try:
            return ImageFont.truetype(name, size, index=face)
        except OSError:
            continue
    raise SetupError(
        "this machine has no font with Chinese characters, so the annotated picture cannot be labelled",
        hint="Install one: on Debian and Ubuntu `apt-get install fonts-noto-cjk`.",
        part="fonts",
    )


def _strips(
    image: Image, grid: Grid, font: ImageFont.FreeTypeFont, scale: float, language: Language
) -> Iterator[_Strip]:
    """From top to bottom, not overlapping: a row that reaches into the one above starts where that one ends."""
    heading = GridRow(kind=RowKind.HEADING, cells=grid.headings)
    rows = [r for r in (heading, *grid.rows) if any(c.box.w > 0 and c.box.h > 0 for c in r.cells)]
    rows.sort(key=lambda r: min(c.box.y for c in r.cells))
    reached = 0
    for row in rows:
        bottom = max(reached, min(image.shape[0], round(max(c.box.y2 for c in row.cells))))
        labels = []
        for i, cell in enumerate(row.cells):
            used = i < len(grid.columns) and grid.columns[i] is not None
            colour = GREY if row.kind is not RowKind.DATA or not used else GREEN if cell.proven else AMBER
            doubts = " ".join(say(d, language) for d in cell.doubts[:1]) if colour == AMBER else ""
            text = visible(cell.text) + (f" ？{doubts}" if doubts else "")
            labels.append((cell, colour, _wrapped(text, font, cell.box.w - 6 * scale) if used else ()))
        yield _Strip(top=reached, bottom=bottom, labels=tuple(labels))
        reached = bottom


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> tuple[str, ...]:
    """At most _LINES lines that fit the width; broken at any character, as Chinese is."""
    lines: list[str] = []
    line = ""
    for char in text[:400]:
        if line and font.getlength(line + char) > width:
            lines.append(line)
            line = ""
            if len(lines) == _LINES:
                lines[-1] = lines[-1][:-1] + "…"
                return tuple(lines)
        line += char
    return (*lines, line) if line else tuple(lines)


def _legend(
    draw: ImageDraw.ImageDraw, grid: Grid, font: ImageFont.FreeTypeFont, language: Language, pad: int
) -> None:
    data = [
        cell
        for row in grid.rows
        if row.kind is RowKind.DATA
        for cell, field in zip(row.cells, grid.columns, strict=False)
        if field is not None
    ]
    proven = sum(cell.proven for cell in data)
    counts = (f" {proven}", f" {len(data) - proven}", "")
    x: float = 2 * pad
    for colour, name, count in zip((GREEN, AMBER, GREY), _LEGEND[language], counts, strict=True):
        side = font.size * 0.8
        draw.rectangle((x, 2 * pad, x + side, 2 * pad + side), fill=colour)
        draw.text((x + side * 1.5, pad), name + count, fill=(40, 52, 62), font=font)
        x += side * 3.5 + font.getlength(name + count)
