"""The command line: flags → one use case → exit code; no logic.

Whatever is slow to import is imported inside the command that needs it, so that ``bridge --help`` is quick.
"""

from __future__ import annotations

from bridge.cli.boundary import main

__all__ = ["main"]
