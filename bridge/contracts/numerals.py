"""Chinese and Arabic numbers as contracts write them: 15, 十五, 拾伍, 二〇二六."""

from __future__ import annotations

_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")}
_DIGITS |= {
    "零": 0,
    "O": 0,
    "o": 0,
    "两": 2,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100}

HAN = "〇零一二三四五六七八九十百两壹贰叁肆伍陆柒捌玖拾佰廿卅"
NUMBER = rf"(?:[0-9]{{1,3}}|[{HAN}]{{1,5}})"
"""Matches a small number in either script."""


def number(text: str) -> int | None:
    """0..999, or None if it is no number."""
    text = text.replace("廿", "二十").replace("卅", "三十")
    if text.isascii() and text.isdigit():
        return int(text)
    if not any(c in _UNITS for c in text):
        digits = [_DIGITS.get(c) for c in text]
        return None if None in digits or len(digits) != 1 else digits[0]
    total, current = 0, None
    for c in text:
        if c in _DIGITS:
            if current not in (None, 0):
                return None
            current = _DIGITS[c]
        elif c in _UNITS:
            total += (1 if current is None else current) * _UNITS[c]
            current = None
        else:
            return None
    return total + (current or 0)


def year(text: str) -> int | None:
    """2026, 二〇二六, 26 (as in 26年); None if it is no year between 1900 and 2199."""
    digits = "".join(str(_DIGITS[c]) if c in _DIGITS else c for c in text)
    if not (digits.isascii() and digits.isdigit()):
        return None
    value = int(digits)
    if len(digits) == 2:
        value += 2000
    elif len(digits) != 4:
        return None
    return value if 1900 <= value < 2200 else None
