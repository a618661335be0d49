"""The mismatch report: one folder per run with report.html, report.xlsx, report.csv and report.json."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path

from bridge.errors import StoreUnavailable
from bridge.interfaces import Evidence
from bridge.records import ChangeSet, ObservedList, RunSummary
from bridge.reports.drift import drift_page
from bridge.reports.excel import xlsx_bytes
from bridge.reports.full_json import json_bytes
from bridge.reports.page import render
from bridge.reports.pictures import Pictures
from bridge.reports.table import csv_bytes
from bridge.reports.view import PICTURED, build
from bridge.reports.words import Language, say_field

UNFINISHED = ".unfinished-"
"""How the folder of a report begins while it is being written; a killed run may leave one behind."""


class MismatchReporter:
    """Implements ``interfaces.Reporter``.

    reports:  folder of all reports; made if it is not there.
    labels:   field → the heading the operator knows from the ERP; other fields get our own words.
    zone:     time zone of the times shown and of the folder's name.
    pictured: doubtful rows, and changed orders, that get pictures.
    """

    def __init__(
        self,
        reports: Path,
        evidence: Evidence,
        *,
        zone: tzinfo,
        language: Language = "zh",
        labels: Mapping[str, str] | None = None,
        pictured: int = PICTURED,
    ) -> None:
        self._reports = reports
        self._evidence = evidence
        self._zone = zone
        self._language: Language = language
        self._labels = dict(labels or {})
        self._pictured = pictured

    def write(self, summary: RunSummary, observed: ObservedList, changes: ChangeSet) -> Path:
        """Writes the run's folder, all of it or nothing, and returns the path of its report.html.

        A second report of the same run replaces the first.  Raises StoreUnavailable if the folder cannot be
        written (rights, full disk).
        """
        view = build(summary, observed, changes, Pictures(self._evidence), pictured=self._pictured)
        files = {
            "report.json": json_bytes(view, changes.reviews),
            "report.csv": csv_bytes(view, self._language, self._name),
            "report.xlsx": xlsx_bytes(view, language=self._language, name_of=self._name, zone=self._zone),
            "report.html": render(view, language=self._language, name_of=self._name, zone=self._zone),
        }
        return self._write(summary, files) / "report.html"

    def _write(self, summary: RunSummary, files: Mapping[str, bytes]) -> Path:
        folder = self._reports / _safe(summary.source) / self._folder_name(summary)
        try:
            _write_folder(folder, files)
        except OSError as e:
            raise StoreUnavailable(
                f"the report of run {summary.run_id} cannot be written to {folder}: {e.strerror or e}",
                hint="Make room on the disk and let this program's account write there, or set another "
                "`reports.folder` in bridge.toml; the run's data is in the database.",
                source=summary.source,
                run=summary.run_id,
            ) from e
        return folder

    def write_drift(self, summary: RunSummary, *, now: str, before: str | None) -> Path:
        """Writes the run's folder with layout-changed.html and returns its path.  Raises as ``write``."""
        pictures = [self._evidence.png(sha) if sha else None for sha in (now, before)]
        page = drift_page(summary, *pictures, language=self._language, zone=self._zone)
        return self._write(summary, {"layout-changed.html": page}) / "layout-changed.html"

    def _folder_name(self, summary: RunSummary) -> str:
        moment = summary.started_at or summary.finished_at
        stamp = f"{moment.astimezone(self._zone):%Y%m%d-%H%M%S}" if moment else "undated"
        return f"{stamp}-{_safe(summary.run_id)}"

    def _name(self, field: str) -> str:
        return self._labels.get(field) or say_field(field, self._language)


def _safe(name: str) -> str:
    """A name as one harmless path component on Linux and Windows."""
    return re.sub(r"[^\w-]+", "_", name)[:80].strip("_") or "unnamed"


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    parent = folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    for left_behind in parent.glob(f"{UNFINISHED}*"):  # one run per source at a time: nobody writes them now
        shutil.rmtree(left_behind, ignore_errors=True)
    unfinished = parent / f"{UNFINISHED}{folder.name}"
    try:
        unfinished.mkdir()
        for name, content in files.items():
            (unfinished / name).write_bytes(content)
        if folder.exists():
            replaced = parent / f"{UNFINISHED}old-{folder.name}"
            os.replace(folder, replaced)
            os.replace(unfinished, folder)
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            os.replace(unfinished, folder)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)  # half a report must not eat the last of a full disk
        raise
