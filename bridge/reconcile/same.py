"""When two values of one field are the same."""

from __future__ import annotations

from bridge.records import Scalar


def same(a: Scalar, b: Scalar) -> bool:
    """Typed: 1180.0 is 1180.00, "5" is not 5, and None and "" are both empty."""
    if type(a) is type(b):
        return a == b
    if not a and not b and {type(a), type(b)} == {str, type(None)}:
        return True
    return a == b and not isinstance(a, bool) and not isinstance(b, bool)
