"""What is kept of a list's fonts from run to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.ocr.fonts import Font, Style
from bridge.ocr.found_fonts import FoundFonts
from bridge.store import SqlStore

NOW = datetime(2026, 2, 10, tzinfo=UTC)
STYLES = {2: [Style(Font("serif", 13.0, "700"), 3, "end"), Style(Font("serif", 13.0))]}


def test_styles_and_vain_searches_are_kept_and_the_searches_tried_again(tmp_path: Path) -> None:
    now = [NOW]
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}", clock=lambda: now[0])
    store.upgrade()

    def found(canvas: bool = True) -> FoundFonts:
        return FoundFonts("erp", 2.0, canvas=canvas, reads=store)

    first = found()
    assert (first.load(), first.in_vain(2, "合计", 1)) == ({}, False)
    first.save(STYLES)
    first.save_in_vain(2, ["合计"], 1)
    second = found()
    assert second.load() == STYLES
    assert second.in_vain(2, "合计", 1)
    assert not second.in_vain(2, "合计", 2)  # another font is known
    assert not second.in_vain(4, "合计", 1)
    assert not found(canvas=False).in_vain(2, "合计", 1)
    now[0] += timedelta(hours=1)
    assert not found().in_vain(2, "合计", 1)  # fonts may have been installed meanwhile
    assert found().load() == STYLES
    store.close()
