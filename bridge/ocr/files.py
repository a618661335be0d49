"""A picture file as a shot, for pictures that no browser of ours took."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from bridge.errors import UnreadableImage
from bridge.records import DrawnBy, PageShot

MAX_BYTES = 200_000_000


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
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise UnreadableImage(
            f"{path} is {'empty' if not data else 'no picture that can be read'}",
            hint="Take the screenshot anew as PNG; the file may be broken or only named like a picture.",
        )
    return PageShot(
        number=1,
        image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False),
        scale=scale,
        sha256=hashlib.sha256(data).hexdigest(),
        drawn_by=DrawnBy.FOREIGN,
    )
