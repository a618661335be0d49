"""What scanners, telephones and fax machines do to a page.  All pictures are H × W × 3, RGB, uint8."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def _u8(image: NDArray[np.generic]) -> Image:
    return np.clip(image, 0, 255).astype(np.uint8)


def clean(page: Image, rng: np.random.Generator) -> Image:
    return page


def scan(page: Image, rng: np.random.Generator) -> Image:
    """An office scanner: a little skew, soft, grey paper."""
    h, w = page.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), float(rng.uniform(-1.6, 1.6)), 1)
    out = cv2.warpAffine(page, turn, (w, h), borderValue=(250, 250, 248), flags=cv2.INTER_CUBIC)
    out = cv2.GaussianBlur(out, (0, 0), 0.7)
    return _u8(out * 0.95 + rng.normal(0, 4, out.shape))


def fax(page: Image, rng: np.random.Generator) -> Image:
    """204 dpi by 196 lines, black and white, with noise and lost lines."""
    h, w = page.shape[:2]
    small = cv2.resize(
        cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), (1728, round(1728 * h / w)), interpolation=cv2.INTER_AREA
    )
    noisy = small + rng.normal(0, 26, small.shape)
    black = _u8(np.where(noisy < 150, 0, 255))
    specks = rng.random(black.shape) < 0.0008
    black[specks] = 0
    for y in rng.integers(0, black.shape[0], 4):
        black[y] = 255
    out: Image = cv2.cvtColor(black, cv2.COLOR_GRAY2RGB)
    return out


def fold(page: Image, rng: np.random.Generator) -> Image:
    """Folded in three: soft dark bands across, each with a bright edge."""
    h = page.shape[0]
    light = np.ones((h, 1))
    rows = np.arange(h)[:, None]
    for at in (h / 3 + rng.uniform(-20, 20), 2 * h / 3 + rng.uniform(-20, 20)):
        light -= 0.38 * np.exp(-(((rows - at) / (h * 0.02)) ** 2)) - 0.10 * np.exp(-(((rows - at - 14) / 6) ** 2))
    return scan(_u8(page * light[:, :, None]), rng)


def seal(page: Image, rng: np.random.Generator, where: tuple[float, float]) -> Image:
    """A round red company seal, printed with gaps; where: its centre as fractions of width and height."""
    h, w = page.shape[:2]
    r = round(w * 0.1)
    stamp = np.zeros((h, w), np.float32)
    centre = (round(w * where[0]), round(h * where[1]))
    cv2.circle(stamp, centre, r, 1, max(3, r // 16), cv2.LINE_AA)
    star = [
        (centre[0] + k * r * math.sin(i * math.pi / 5), centre[1] - k * r * math.cos(i * math.pi / 5))
        for i in range(10)
        for k in (0.36 if i % 2 == 0 else 0.14,)
    ]
    cv2.fillPoly(stamp, [np.array(star, np.int32)], 1, cv2.LINE_AA)
    for i in range(14):
        angle = math.pi * (0.75 + 1.5 * i / 13)
        x, y = centre[0] + 0.78 * r * math.cos(angle), centre[1] + 0.78 * r * math.sin(angle)
        for _ in range(4):
            a, b = rng.integers(-r // 9, r // 9, 2), rng.integers(-r // 9, r // 9, 2)
            cv2.line(stamp, (int(x + a[0]), int(y + a[1])), (int(x + b[0]), int(y + b[1])), 1, 2, cv2.LINE_AA)
    wear = cv2.GaussianBlur(rng.random((h // 8 + 1, w // 8 + 1)).astype(np.float32), (0, 0), 1.2)
    stamp *= cv2.resize(wear, (w, h)) > 0.42
    stamp = (stamp * 0.8)[:, :, None]
    ink = np.array([205, 30, 42], np.float32)
    return _u8(page * (1 - stamp) + np.minimum(page, ink) * stamp)


def photo(page: Image, rng: np.random.Generator) -> Image:
    """By telephone from an angle, on a dark table, the light from one side."""
    h, w = page.shape[:2]
    out_h, out_w = round(h * 1.16), round(w * 1.2)
    j = lambda: float(rng.uniform(0.01, 0.06))  # noqa: E731
    corners = np.array(
        [(out_w * (0.03 + j()), out_h * (0.02 + j())), (out_w * (0.97 - j()), out_h * (0.03 + j())),
         (out_w * (0.985 - j() / 3), out_h * (0.98 - j() / 2)), (out_w * (0.015 + j() / 3), out_h * (0.97 - j() / 2))],
        np.float32,
    )  # fmt: skip
    flat = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    table = _u8(np.full((out_h, out_w, 3), (74, 60, 48)) + rng.normal(0, 9, (out_h, out_w, 3)))
    cover = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, (out_w, out_h))[:, :, None] / 255.0
    out = cv2.warpPerspective(page, matrix, (out_w, out_h), flags=cv2.INTER_AREA) * cover + table * (1 - cover)
    y, x = np.mgrid[0:out_h, 0:out_w]
    angle = rng.uniform(0, 2 * math.pi)
    slope = (x / out_w - 0.5) * math.cos(angle) + (y / out_h - 0.5) * math.sin(angle)
    light = 0.8 + 0.42 * slope - 0.25 * np.exp(-(((x / out_w - 0.3) / 0.25) ** 2 + ((y / out_h - 0.7) / 0.2) ** 2))
    lit = out * light[:, :, None] * np.array([1.0, 0.97, 0.9])
    return _u8(cv2.GaussianBlur(lit, (0, 0), 0.8) + rng.normal(0, 3, lit.shape))


def turned(quarter: int) -> Callable[[Image, np.random.Generator], Image]:
    """A scan put in the wrong way; quarter: quarter turns clockwise."""

    def turn(page: Image, rng: np.random.Generator) -> Image:
        return np.ascontiguousarray(np.rot90(scan(page, rng), -quarter))

    return turn


SPOILS: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "clean": clean,
    "scan": scan,
    "fax": fax,
    "fold": fold,
    "photo": photo,
    "turn90": turned(1),
    "turn180": turned(2),
    "turn270": turned(3),
}
