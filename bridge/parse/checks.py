"""Stage *check*: does the list hold together?

Row findings become doubts on the row, so that it waits for a person while the others go on.  Findings about the
list as a whole make it incomplete: then nothing counts as missing, let alone as gone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from bridge.parse.arithmetic import check_products, check_sums
from bridge.parse.orders import SAME_PLACE
from bridge.parse.text import free_text
from bridge.parse.totals import Count, counts, total_rule
from bridge.profiles import NotOrders, Profile
from bridge.records import KEY_SEP, Doubt, Finding, Grid, GridRow, ObservedList, OrderLine, RowKind

# These concern single rows; every other finding says that rows may be missing or twice in the list.
_ROW_FINDINGS = frozenset({"arithmetic", "duplicate_key"})


def check(
    *,
    source: str,
    profile: Profile,
    capture_complete: bool,
    why_incomplete: Sequence[Finding] = (),
    grids: Sequence[Grid],
    lines: Sequence[OrderLine],
) -> ObservedList:
    """The lines with what the list's own arithmetic and counts say about them.

    grids: as read, for their totals; lines: of ``parse_grids``.  Raises ProfileError if ``checks`` or ``sums``
    name columns that hold no numbers.
    """
    findings = list(why_incomplete)
    if not capture_complete and not findings:
        findings.append(Finding(code="capture"))

    checked, broken = check_products(profile, lines)
    checked, sums = check_sums(profile, grids, checked, whole_list=capture_complete)
    # A sum may have proven an amount, which in turn proves a quantity or a price.
    checked, again = check_products(profile, checked)
    checked, duplicates = _duplicates(profile, checked)
    findings += [*broken, *(f for f in again if f not in broken), *sums, *duplicates]

    declared, uncounted = _row_counts(profile, grids, checked)
    findings += uncounted
    if not checked and declared != 0:
        findings.append(Finding(code="empty_list"))
    if declared is None:
        findings += [*_unknown_rows(profile, grids), *_gaps(grids)]
    return ObservedList(
        source=source,
        lines=tuple(checked),
        complete=capture_complete and all(f.code in _ROW_FINDINGS for f in findings),
        findings=tuple(findings),
        declared_total=declared,
    )


def _duplicates(profile: Profile, lines: Sequence[OrderLine]) -> tuple[list[OrderLine], list[Finding]]:
    """A key that two rows show names neither of them; all of them wait."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        if line.key_ok:
            groups[line.key].append(i)
    out = list(lines)
    findings = []
    for key, at in groups.items():
        if len(at) == 1:
            continue
        places = ", ".join(f"{lines[i].page}/{lines[i].row + 1}" for i in at)
        across = len({lines[i].page for i in at}) > 1
        findings.append(
            Finding(
                code="page_overlap" if across else "duplicate_key",
                params={"key": key.replace(KEY_SEP, " / "), "n": len(at), "places": places},
                page=lines[at[0]].page,
                row=lines[at[0]].row,
                fields=tuple(profile.key),
            )
        )
        for i in at:
            value = out[i].fields[profile.key[0]]
            doubted = replace(value, doubts=(*value.doubts, Doubt.DUPLICATE_KEY))
            out[i] = replace(out[i], key_ok=False, fields={**out[i].fields, value.field: doubted})
    return out, findings


# --- counts -------------------------------------------------------------------------------------------------


def _row_counts(
    profile: Profile, grids: Sequence[Grid], lines: Sequence[OrderLine]
) -> tuple[int | None, list[Finding]]:
    """(the total that the list declares, None where it is doubtful; findings).

    A count that the net alone read is proven by the rows themselves if they are as many: two that cannot know
    of each other agree.  An unproven count that differs proves nothing, but then nothing proves the list whole.
    """
    rule = profile.order_list.total
    if rule is None:
        return None, []
    shown = counts(profile, grids)
    if rule.per == "page":
        by_page = Counter(line.page for line in lines)
        return _page_counts(shown, by_page, [g.page for g in grids])
    rows = len(lines)
    findings = _disagreements(shown, {c.page: rows for c in shown})
    if not any(_agrees(c, rows) for c in shown) and not findings:
        findings.append(_unproven_count("total_unread", rows, None))
    proven = {c.rows for c in shown if c.proven and c.rows is not None}
    if len(proven) == 1:
        return next(iter(proven)), findings
    return (rows if not proven and not findings else None), findings


def _page_counts(
    shown: Sequence[Count], by_page: Counter[int], pages: Sequence[int]
) -> tuple[int | None, list[Finding]]:
    findings = _disagreements(shown, by_page)
    counted = {c.page for c in shown if c.rows is not None}
    for page in pages:
        if page not in counted:
            findings.append(_unproven_count("page_total_unread", by_page[page], page))
    total = sum(c.rows for c in shown if c.rows is not None)
    return (total if shown and not findings else None), findings


def _disagreements(shown: Sequence[Count], rows: dict[int, int]) -> list[Finding]:
    findings = []
    for count in shown:
        have = rows.get(count.page, 0)
        if count.rows is None or _agrees(count, have):
            continue
        if count.proven:
            facts = {"page": count.page, "count": count.rows, "rows": have}
            findings.append(Finding(code="row_count", params=facts, page=count.page))
        else:
            findings.append(_unproven_count("row_count_doubtful", have, count.page, count.rows))
    return findings


def _agrees(count: Count, rows: int) -> bool:
    """An empty list is too weighty to be confirmed by an unproven 0."""
    if count.proven:
        return count.rows == rows
    return rows > 0 and rows in count.proposed


def _unproven_count(wording: str, rows: int, page: int | None, count: int | None = None) -> Finding:
    facts: dict[str, str | int] = {"wording": wording, "rows": rows}
    facts |= {name: n for name, n in (("page", page), ("count", count)) if n is not None}
    return Finding(code="count_unproven", params=facts, page=page)


def _unknown_rows(profile: Profile, grids: Sequence[Grid]) -> list[Finding]:
    """Rows set aside as no orders that no rule of the profile explains, or only by a word outside the key although
    the key is filled (an order whose remark says 合计): each may be an order after all."""
    return [
        Finding(
            code="unknown_row",
            params={**why, "page": grid.page, "row": " | ".join(c.text for c in row.cells if c.text)},
            page=grid.page,
        )
        for grid in grids
        for row in grid.rows
        if row.kind is RowKind.OTHER and (why := _why_unknown(profile, grid, row))
    ]


def _why_unknown(profile: Profile, grid: Grid, row: GridRow) -> dict[str, str]:
    """The facts of its sentence; {} for a row that a rule explains."""
    rule = total_rule(profile, grid, row)
    if rule is None:
        return {"wording": "unknown_row"}
    key = [row.cells[grid.columns.index(f)].text for f in profile.key if f in grid.columns]
    if isinstance(rule, NotOrders) and all(key) and not any(re.search(rule.text, free_text(t)) for t in key):
        return {"wording": "filled_key", "rule": rule.text}
    return {}


def _gaps(grids: Sequence[Grid]) -> list[Finding]:
    """Views of a scrolling box that share no row: a row higher than their overlap stands whole in neither.

    The next page of a paged list starts at the same height again, so it is no such view.
    """
    return [
        Finding(
            code="view_gap",
            params={"above": above.page, "below": below.page},
            page=below.page,
        )
        for above, below in pairwise(g for g in grids if g.rows)
        if below.rows[0].y_offset > above.rows[-1].y_offset + SAME_PLACE
    ]
