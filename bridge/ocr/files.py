"""A picture file as a shot, for pictures that no browser of ours took."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from bridge.errors import UnreadableImage
from bridge.records import DrawnBy, PageShot

MAX_BYTES = 200_000_000
MAX_PIXELS = 80_000_000
"""Twice the largest capture; a few bytes can claim to be gigabytes once they are unpacked."""


def shot_of(path: Path, scale: float) -> PageShot:
    """Reads PNG, JPEG, BMP, WebP or TIFF.  scale: device pixels per css pixel at which it was taken.

    Raises UnreadableImage if the file is missing, empty, too large or no picture.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UnreadableImage(f"{path} has {size:,} bytes, more than any screenshot")
        data = path.read_bytes()
    except OSError as e:
        raise UnreadableImage(
            f"{path} cannot be read: {e.strerror}", hint="Give the path of a picture file."
        ) from e
    _check_size(path, data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:  # its own limits, in formats whose header we cannot read
        image = None
    if image is None:
        raise UnreadableImage(
            f"{path} is {'empty' if not data else 'no picture that can be read'}",
            hint="Take the screenshot anew as PNG; the file may be broken or only named like a picture.",
        )
    return PageShot(
        number=1,
        picture=cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False),
        scale=scale,
        sha256=hashlib.sha256(data).hexdigest(),
        drawn_by=DrawnBy.FOREIGN,
    )


def _check_size(path: Path, data: bytes) -> None:
    """Raises UnreadableImage for more than MAX_PIXELS, told by the file's header alone."""
    size: tuple[int, int] | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as header:
                size = header.size
        too_large = size[0] * size[1] > MAX_PIXELS
    except Image.DecompressionBombError:
        too_large = True
    except (UnidentifiedImageError, OSError, ValueError):
        return  # OpenCV knows more formats; what is no picture at all is found out by decoding
    if too_large:
        what = f"is {size[0]:,} × {size[1]:,} pixels" if size else "has far too many pixels"
        raise UnreadableImage(
            f"{path} {what}, more than any screenshot of a list",
            hint="Take the picture of the list alone, one page at a time.",
        )
