"""The page of a run that stopped because the list looks otherwise: what is meant, and the list now and before."""

from __future__ import annotations

import base64
from datetime import tzinfo

from bridge.records import RunSummary
from bridge.reports.phrases import phrases
from bridge.reports.show import visible
from bridge.reports.templating import asset, templates
from bridge.reports.words import Language


def drift_page(
    summary: RunSummary, now: bytes | None, before: bytes | None, *, language: Language, zone: tzinfo
) -> bytes:
    """A self-contained page as UTF-8.  now, before: PNG of the list, None where there is no picture (any more)."""
    environment = templates()
    t = phrases(language)
    moment = summary.started_at
    html = environment.get_template("drift.html").render(
        lang="zh-CN" if language == "zh" else "en",
        css=asset(environment, "report.css"),
        t=t,
        source=visible(summary.source),
        run=visible(summary.run_id),
        moment=f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else "",
        message=visible(summary.error or ""),
        hint=visible(summary.hint or ""),
        pictures=[(t("drift_now"), _uri(now)), (t("drift_before"), _uri(before))],
    )
    return html.encode("utf-8")


def _uri(png: bytes | None) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii") if png else ""
