"""Values that probably stand for "no value": the usual suspects, where they stick out."""

from __future__ import annotations

from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, number_text

ABSENT = ("na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null", "(null)", "none", "nil", "?", "??", "-", "--", ".", "\\n")
UNKNOWN = ("missing", "unknown", "undefined", "unspecified", "tbd")
TEXTS = frozenset((*ABSENT, *UNKNOWN))
"""In lower case, without blanks around them."""
NUMBERS = frozenset(
    [-1.0, -9.0, 99.0, -2147483648.0, 2147483647.0, -32768.0, 32767.0, 65535.0]
    + [sign * float("9" * digits) for sign in (1, -1) for digits in range(2, 11)]
    + [sign * (float("9" * digits) + 0.9) for sign in (1, -1) for digits in range(2, 6)]
)
MOMENTS = frozenset([-2208988800.0, -62135596800.0, 0.0, 253402214400.0, 253402300799.0, 4102444800.0])
"""The days 1900-01-01, 0001-01-01, 1970-01-01, 9999-12-31 and 2100-01-01."""
ROWS = 3
"""A value that comes less often than this is no habit."""
APART = 0.2
"""A sentinel is this part of the width of all other numbers away from the nearest of them."""


def sentinels(column: ColumnSummary) -> tuple[tuple[str, int], ...]:
    """(value, rows) of every candidate in a column, the most frequent first; texts are as they stand there."""
    found: list[tuple[str, int]] = []
    if column.words is not None:
        found += [(text, rows) for text, rows in column.words.top if text.strip().lower() in TEXTS]
    elif column.numbers is not None and column.kind != "time":
        suspects = MOMENTS if column.kind in ("date", "timestamp") else NUMBERS
        steps = column.numbers.steps
        found += [at for at in (_end(steps, 0, 1, suspects), _end(steps, -1, -2, suspects)) if at is not None]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def without_ends(steps: Steps) -> tuple[float, float]:
    """The least and the greatest of some numbers (one at least), candidates at the ends left out."""
    low, high = (_end(steps, end, inner, NUMBERS) for end, inner in ((0, 1), (-1, -2)))
    return float(steps.values[1 if low else 0]), float(steps.values[-2 if high else -1])


def _end(steps: Steps, end: int, inner: int, suspects: frozenset[float]) -> tuple[str, int] | None:
    """The value at one end of the numbers, where it is a suspect, frequent, and away from all others."""
    if len(steps.values) < 3:
        return None
    value, rows = float(steps.values[end]), int(steps.masses[end])
    if value not in suspects or rows < ROWS:
        return None
    others = steps.values[1:] if end == 0 else steps.values[:-1]
    width = float(others[-1]) - float(others[0])
    return (number_text(value), rows) if abs(float(steps.values[inner]) - value) > APART * width else None
