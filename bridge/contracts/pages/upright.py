"""A scan or photo of a page → the page, flat, straight, evenly lit, without its seals.

All pictures are uint8; RGB is H × W × 3.  Every step keeps the matrix that leads back to the raw picture, so that
what was found can be shown where it stands in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bridge.records import Box, Image

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

LOOK_SIDE = 900  # long side of the copy on which skew and edges are looked for
MOST_SKEW = 6.0  # degrees; what is turned more was laid down so on purpose


@dataclass(frozen=True, kw_only=True, eq=False)
class CleanPage:
    """ink: the page as dark text on white, H × W × 3 for the readers.  colour: the same page as it was.
    back: 3 × 3, from this page's pixels to the raw picture's."""

    ink: Image
    colour: Image
    back: Matrix

    def in_raw(self, box: Box) -> Box:
        """The box's place in the raw picture: the upright box around its four corners."""
        corners = np.array([[(box.x, box.y), (box.x2, box.y), (box.x2, box.y2), (box.x, box.y2)]], np.float64)
        moved = cv2.perspectiveTransform(corners, self.back)[0]
        (x, y), (x2, y2) = moved.min(axis=0), moved.max(axis=0)
        return Box(x=float(x), y=float(y), w=float(x2 - x), h=float(y2 - y))

    def crop(self, box: Box, *, of_colour: bool = False) -> Image:
        """A line's picture with a little room around it."""
        image = self.colour if of_colour else self.ink
        pad = max(2.0, box.h * 0.08)
        x, y = max(0, int(box.x - pad)), max(0, int(box.y - pad))
        return image[y : max(y + 8, int(box.y2 + pad)), x : max(x + 8, int(box.x2 + pad))]

    def around(self, box: Box) -> Image:
        """The box in its colours, with about a line around it; of a narrow one, such as a cell of a table, with
        what stands to its left: the label that says what it is."""
        h, w = self.colour.shape[:2]
        room = max(40.0, w * 0.03)
        left = 2 * room if box.w > w / 2 else w * 0.35
        x, y = max(0, int(box.x - left)), max(0, int(box.y - room))
        return self.colour[y : min(h, int(box.y2 + room)), x : min(w, int(box.x2 + 2 * room))]

    def quarter_turned(self) -> CleanPage:
        """Counter-clockwise."""
        return CleanPage(
            ink=np.ascontiguousarray(np.rot90(self.ink, 1)),
            colour=np.ascontiguousarray(np.rot90(self.colour, 1)),
            back=self.back @ _quarter_back(self.ink.shape[1]),
        )

    def upside_down(self) -> CleanPage:
        h, w = self.ink.shape[:2]
        half = np.array([[-1, 0, w - 1], [0, -1, h - 1], [0, 0, 1]], np.float64)
        return CleanPage(
            ink=np.ascontiguousarray(self.ink[::-1, ::-1]),
            colour=np.ascontiguousarray(self.colour[::-1, ::-1]),
            back=self.back @ half,
        )


def clean(raw: Image) -> CleanPage:
    """Straight up to a half turn: whether it stands on its head only reading can tell."""
    image, back = _flat(raw)
    ink = even_light(without_seals(image))
    if _quarter(ink):
        w = ink.shape[1]
        image, ink = np.ascontiguousarray(np.rot90(image, 1)), np.ascontiguousarray(np.rot90(ink, 1))
        back = back @ _quarter_back(w)
    angle = _skew(ink)
    if abs(angle) > 0.1:
        h, w = ink.shape
        forth = np.vstack([cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0), [0, 0, 1]])
        image = cv2.warpAffine(image, forth[:2], (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        ink = cv2.warpAffine(ink, forth[:2], (w, h), flags=cv2.INTER_CUBIC, borderValue=255)
        back = back @ np.linalg.inv(forth)
    return CleanPage(ink=cv2.cvtColor(ink, cv2.COLOR_GRAY2RGB), colour=image, back=back)


def _quarter_back(width: int) -> Matrix:
    """After a quarter turn counter-clockwise (x, y) was (width - 1 - y, x)."""
    return np.array([[0, -1, width - 1], [1, 0, 0], [0, 0, 1]], np.float64)


def without_seals(image: Image) -> Grey:
    """Red ink taken off: red paper is as bright as white paper in the red channel, black and blue ink are not."""
    red = image[:, :, 0]
    grey: Grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    others = np.maximum(image[:, :, 1], image[:, :, 2])
    is_red = cv2.subtract(red, others) > 18
    if not is_red.any():
        return grey
    around = cv2.dilate(is_red.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    out: Grey = grey.copy()
    out[around] = np.maximum(red, grey)[around]
    return out


def even_light(grey: Grey) -> Grey:
    """Divided by the paper's own brightness, so that shadows, folds and lamps go and the ink stays."""
    h, w = grey.shape
    k = max(1, round(max(h, w) / 600))
    small = cv2.resize(grey, (max(1, w // k), max(1, h // k)), interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((9, 9), np.uint8)), 15)
    paper = cv2.resize(paper, (w, h), interpolation=cv2.INTER_LINEAR)
    lit = cv2.divide(grey, np.maximum(paper, 30), scale=245)
    # Thin ink is stretched to black, paper noise to white.
    dark = float(np.percentile(lit[::4, ::4], 1.0))
    spread = max(60.0, 235.0 - dark)
    out: Grey = np.clip((lit.astype(np.float32) - (235 - spread)) * (255 / spread), 0, 255).astype(np.uint8)
    return out


def _flat(raw: Image) -> tuple[Image, Matrix]:
    """The sheet cut out and drawn flat where it lies on a darker ground, else the picture as it is."""
    corners = _sheet(raw)
    if corners is None:
        return raw, np.eye(3)
    a, b, c, d = corners  # clockwise from the upper left
    w = round(max(np.linalg.norm(b - a), np.linalg.norm(c - d)))
    h = round(max(np.linalg.norm(d - a), np.linalg.norm(c - b)))
    flat = np.array([(0, 0), (w - 1, 0), (w - 1, h - 1), (0, h - 1)], np.float32)
    forth = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    image = cv2.warpPerspective(raw, forth, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return image, np.linalg.inv(forth)


def _sheet(raw: Image) -> NDArray[np.float64] | None:
    """The corners of a bright four-sided sheet that fills most of the picture but not all of it."""
    k = LOOK_SIDE / max(raw.shape[:2])
    small = cv2.resize(raw, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), 3)
    h, w = grey.shape
    border = np.concatenate([grey[:6].ravel(), grey[-6:].ravel(), grey[:, :6].ravel(), grey[:, -6:].ravel()])
    if np.median(border) > 0.72 * np.percentile(grey, 85):
        return None  # the paper goes to the picture's edge
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # A deep shadow on the sheet is still brighter than the table.
    level = min(level, (float(np.median(border)) + float(np.percentile(grey, 60))) / 2)
    mask = cv2.morphologyEx((grey > level).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    sheet = cv2.convexHull(max(contours, key=cv2.contourArea))
    if cv2.contourArea(sheet) < 0.35 * h * w:
        return None
    for share in (0.01, 0.015, 0.02, 0.03, 0.04, 0.05):
        corners = cv2.approxPolyDP(sheet, share * cv2.arcLength(sheet, True), True)[:, 0].astype(np.float64)
        if len(corners) == 4:
            break
    else:
        return None
    if cv2.contourArea(corners.astype(np.float32)) < 0.92 * cv2.contourArea(sheet):
        return None
    sums, differences = corners.sum(axis=1), np.diff(corners, axis=1)[:, 0]
    order = [sums.argmin(), differences.argmin(), sums.argmax(), differences.argmax()]
    return corners[order] / k if len(set(order)) == 4 else None


def _dark(ink: Grey) -> tuple[NDArray[np.uint8], float]:
    """Small copy: 1 for ink, without long ruled lines; and its scale."""
    k = LOOK_SIDE / max(ink.shape)
    small = cv2.resize(ink, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    dark = (small < 170).astype(np.uint8)
    for kernel in (np.ones((1, 60), np.uint8), np.ones((60, 1), np.uint8)):
        dark = cv2.subtract(
            dark, cv2.dilate(cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel), np.ones((3, 3), np.uint8))
        )
    return dark, k


def _quarter(ink: Grey) -> bool:
    """Do its lines run from top to bottom?  Characters stand closer to each other than lines do, so a little
    smearing along the lines makes long bands, and across them it does not."""
    dark, _ = _dark(ink)
    return _bands(np.ascontiguousarray(dark.T)) > _bands(dark)


def _bands(dark: NDArray[np.uint8]) -> float:
    """Total length of what is long and flat after smearing to the sides."""
    smeared = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((1, 7), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(smeared, connectivity=4)
    w, h = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    return float(w[(w > 4 * h) & (h > 3)].sum())


def _skew(ink: Grey) -> float:
    """Degrees by which to turn it counter-clockwise to lie straight: its rows of ink are sharpest then."""
    dark, _ = _dark(ink)
    h, w = dark.shape
    if not dark.any():
        return 0.0

    def sharp(angle: float) -> float:
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0)
        rows = cv2.warpAffine(dark * 255, turn, (w, h), flags=cv2.INTER_LINEAR).sum(axis=1, dtype=np.float64)
        return float(np.square(np.diff(rows)).sum())

    best = max((0.75 * i for i in range(-round(MOST_SKEW / 0.75), round(MOST_SKEW / 0.75) + 1)), key=sharp)
    for step in (0.25, 0.08):
        best = max((best + i * step for i in range(-3, 4)), key=sharp)
    return best if sharp(best) > 1.02 * sharp(0.0) else 0.0


def otherwise(crop: Image) -> Image:
    """The same line seen in an unlike way: smaller, and black and white only."""
    grey = cv2.GaussianBlur(crop[:, :, 0], (0, 0), 0.8)
    small = cv2.resize(grey, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    _, black = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    out: Image = cv2.cvtColor(cv2.GaussianBlur(black, (0, 0), 0.5), cv2.COLOR_GRAY2RGB)
    return out
