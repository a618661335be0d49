"""How the nets are run: nothing of it leaves this machine, and nothing piles up."""

from __future__ import annotations

import os


def stay_home() -> None:
    """Call before PaddleOCR or ONNX Runtime is first imported.

    ONNX Runtime (seen with 1.31.1) else keeps a database of events with the program's path and a device id in the
    user's cache and a thread that sends them to its maker; PaddleX asks its model hubs which of them is nearest.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")


def options(threads: int) -> dict[str, object]:
    """For PaddleOCR's ``engine_config``.

    Without ``enable_mem_pattern`` off, a plan of the memory is kept for every width and number of lines ever read
    (measured: 65 MB more after 240 reads of a few cells, at no gain of speed).
    """
    return {"intra_op_num_threads": threads, "enable_mem_pattern": False}
