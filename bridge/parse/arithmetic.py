"""quantity × price = amount, and sums: the list's own arithmetic as a witness.

Arithmetic is independent of how a cell was read.  So it may prove one unproven cell, but only a value that the net
itself proposed, only if everything else in the equation is proven, and only if the equation leaves no other value
with the same digits.  Where it fails, something was misread or the ERP's own figures are off: a person looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from bridge.errors import ProfileError
from bridge.parse.totals import Total, totals
from bridge.parse.values import NUMBERS, parse_value
from bridge.profiles import Column, ColumnType, Product, Profile
from bridge.records import Doubt, FieldValue, Finding, Grid, OrderLine, Scalar, Witness

# Doubts that only say "not proven yet".  The others say that something is wrong with the picture or the page,
# which no equation explains away.
_CLEARABLE = frozenset({Doubt.UNPROVEN, Doubt.LOOKALIKE, Doubt.ILLEGAL})

_EXACT = Context(prec=80)  # products of 28-digit numbers, sums of many


def check_products(profile: Profile, lines: Sequence[OrderLine]) -> tuple[list[OrderLine], list[Finding]]:
    """Every line tried against ``checks.product``: proven where it proves, doubtful where it fails."""
    product = profile.checks.product
    if product is None:
        return list(lines), []
    rule = _Rule.of(product, profile)
    out: list[OrderLine] = []
    findings: list[Finding] = []
    for line in lines:
        checked, finding = rule.apply(line)
        out.append(checked)
        if finding is not None:
            findings.append(finding)
    return out, findings


def check_sums(
    profile: Profile, grids: Sequence[Grid], lines: Sequence[OrderLine], *, whole_list: bool
) -> tuple[list[OrderLine], list[Finding]]:
    """The sums that total rows show against the rows.  whole_list: the capture has every page; without it only
    the sums of single pages mean anything."""
    out = list(lines)
    findings: list[Finding] = []
    shown: dict[tuple[str, int | None], list[Total]] = defaultdict(list)
    for total in totals(profile, grids):
        if total.page is not None or whole_list:
            shown[total.field, total.page].append(total)
    by_page: dict[int | None, list[int]] = defaultdict(list)
    for i, line in enumerate(out):
        by_page[line.page].append(i)
    by_page[None] = list(range(len(out)))
    for (field, page), all_shown in shown.items():
        if finding := _check_sum(out, by_page[page], profile.column(field), page, all_shown):
            findings.append(finding)
    return out, findings


# --- product ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    names: tuple[str, str, str]  # quantity, price, amount
    columns: dict[str, Column]
    decimals: int
    tolerance: Decimal

    @classmethod
    def of(cls, product: Product, profile: Profile) -> _Rule:
        names = (product.quantity, product.price, product.amount)
        try:
            tolerance = Decimal(product.tolerance)
        except InvalidOperation:
            raise ProfileError(
                f"checks.product.tolerance: {product.tolerance!r} is no number", hint="Write e.g. '0.01'."
            ) from None
        columns = {name: profile.column(name) for name in names}
        for name, column in columns.items():
            if column.type not in NUMBERS:
                raise ProfileError(
                    f"checks.product: the column of {name!r} has type {column.type}, which is no number",
                    hint="Make it integer, decimal or money.",
                )
        return cls(names=names, columns=columns, decimals=product.decimals, tolerance=tolerance)

    def fits(self, quantity: Decimal, price: Decimal, amount: Decimal) -> bool:
        exact = _EXACT.multiply(quantity, price)
        rounded = exact.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP, _EXACT)
        return abs(_EXACT.subtract(rounded, amount)) <= self.tolerance

    def apply(self, line: OrderLine) -> tuple[OrderLine, Finding | None]:
        values = [line.fields[name] for name in self.names]
        open_ = [i for i, v in enumerate(values) if not v.ok]
        if len(open_) > 1 or any(v.ok and v.value is None for v in values):
            return line, None
        numbers = [_number(v.value) for v in values]
        if not open_:
            q, p, a = (n for n in numbers if n is not None)
            if self.fits(q, p, a):
                return line, None
            return self._failed(line, (q, p, a))
        at = open_[0]
        guess = numbers[at]

        def fits(candidate: Decimal) -> bool:
            q, p, a = (n if n is not None and i != at else candidate for i, n in enumerate(numbers))
            return self.fits(q, p, a)

        proven = _prove(values[at], self.columns[self.names[at]], fits, least_digits=self.decimals)
        if proven is not None:
            return _with(line, proven), None
        if guess is not None and not fits(guess):
            return _with(line, _doubted(values[at])), None
        return line, None

    def _failed(self, line: OrderLine, numbers: tuple[Decimal, Decimal, Decimal]) -> tuple[OrderLine, Finding]:
        values = [line.fields[name] for name in self.names]
        suspects = [v for v in values if not _pinned(v)]
        # All three pinned: the ERP's own figures disagree, or a picture fooled us thrice.  A person decides, once.
        suspects = suspects or [v for v in values if Witness.PERSON not in v.reading.witnesses]
        for value in suspects:
            line = _with(line, _doubted(value))
        q, p, a = numbers
        return line, Finding(
            code="arithmetic",
            params={
                "page": line.page,
                "row": line.row + 1,
                "quantity": str(q),
                "price": str(p),
                "amount": str(a),
            },
            page=line.page,
            row=line.row,
            fields=self.names,
        )


def _pinned(value: FieldValue) -> bool:
    """Does its proof rest on this very picture and page, so that a misreading is the least likely cause?"""
    witnesses = set(value.reading.witnesses)
    return bool(witnesses & {Witness.PERSON, Witness.REDRAW}) or {Witness.NET, Witness.PAGE_TEXT} <= witnesses


def _doubted(value: FieldValue) -> FieldValue:
    return value if Doubt.ARITHMETIC in value.doubts else replace(value, doubts=(*value.doubts, Doubt.ARITHMETIC))


# --- sums ---------------------------------------------------------------------------------------------------


def _check_sum(
    lines: list[OrderLine], at: list[int], column: Column, page: int | None, all_shown: list[Total]
) -> Finding | None:
    """Proves the one open summand in place, or reports that the sum is off."""
    field = column.field or ""
    values = [lines[i].fields[field] for i in at]
    open_ = [i for i, v in zip(at, values, strict=True) if not v.ok]
    sure = Decimal(0)
    for value in values:
        if value.ok:
            sure = _EXACT.add(sure, _number(value.value) or Decimal(0))
    shown = {t.value for t in all_shown if t.proven}
    slack = max(t.rounding for t in all_shown) * (len(at) + 1)  # the sum itself is shown rounded, too
    if not shown or len(open_) > 1:
        return None
    if open_ and slack:
        return None  # there is room for a wrong digit: such a sum proves no summand
    if not open_:
        if len(shown) == 1 and abs(_EXACT.subtract(next(iter(shown)), sure)) <= slack:
            return None
    elif len(shown) == 1:
        line = lines[open_[0]]
        needed = _EXACT.subtract(next(iter(shown)), sure)
        proven = _prove(line.fields[field], column, lambda v: v == needed, least_digits=0)
        if proven is not None:
            lines[open_[0]] = _with(line, proven)
        return None
    facts: dict[str, str | int] = {
        "column": column.name,
        "shown": " / ".join(str(v) for v in sorted(shown)),
        "rows": len(at),
        "sum": str(sure),
    }
    if page is not None:
        facts |= {"wording": "page_sum", "page": page}
    return Finding(
        code="list_sum",
        params=facts,
        page=page,
        fields=(field,),
    )


# --- proving ------------------------------------------------------------------------------------------------


def _prove(
    value: FieldValue, column: Column, fits: Callable[[Decimal], bool], *, least_digits: int
) -> FieldValue | None:
    """The field with the one proposed value that the equation allows, or None if it is no proof."""
    if not set(value.doubts) <= _CLEARABLE:
        return None
    fitting: dict[Decimal, str] = {}
    for text in _proposals(value):
        candidate, doubts = parse_value(text, column)
        number = _number(candidate)
        if number is not None and not doubts and fits(number):
            fitting.setdefault(number, text)
    if len(fitting) != 1:
        return None
    number, text = next(iter(fitting.items()))
    if column.type is ColumnType.INTEGER:
        step = Decimal(1)
    else:
        digits = max(-int(number.as_tuple().exponent), column.decimals or 0, least_digits)
        step = Decimal(1).scaleb(-digits)
    # With a factor 0, a small factor or a tolerance, neighbours fit as well: then fitting says nothing.
    if fits(number + step) or fits(number - step):
        return None
    reading = value.reading
    others = tuple(t for t in dict.fromkeys((reading.text, *reading.alternatives)) if t != text)
    return FieldValue(
        field=value.field,
        value=parse_value(text, column)[0],
        reading=replace(
            reading,
            text=text,
            proven=True,
            confidence=1.0,
            witnesses=tuple(dict.fromkeys((*reading.witnesses, Witness.NET, Witness.ARITHMETIC))),
            doubts=(),
            alternatives=others,
        ),
    )


def _proposals(value: FieldValue) -> list[str]:
    """What the net itself proposed; the page's text alone is no second eye on the picture."""
    own = [value.reading.text] if Witness.NET in value.reading.witnesses else []
    return [*own, *value.reading.alternatives]


def _number(value: Scalar) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _with(line: OrderLine, value: FieldValue) -> OrderLine:
    return replace(line, fields={**line.fields, value.field: value})
