"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

HALF = ".part"
"""How the name of one ends that a kill left behind."""


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Under its name there is the whole file or the one before, also after a kill or a power cut.

    Its folder is made.  mode: who may read it, from the first byte on where that is its owner alone.
    Raises OSError; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=path.parent, suffix=HALF)
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        if mode != 0o600:
            os.chmod(half, mode)
        os.replace(half, path)
    except BaseException:  # a Ctrl-C, too
        Path(half).unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name itself must reach the disk; Windows cannot open folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
