"""What was measured: one number (or word), how many rows it comes from, and the rows that speak for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlops_cli.base.records import Json

MOST_ROWS = 10**12
"""Rows that nobody has."""
DIGITS = 12
"""Significant digits that a measure keeps: fewer than a double has, so that the order of summing never shows."""


@dataclass(frozen=True)
class Measured:
    """The value of one measure. Row-wise checks also know how many rows (`bad`) of how many (`of`) break them."""

    value: Json
    n: int
    bad: int = 0
    of: int = 0
    interval: tuple[float, float] | None = None
    examples: tuple[dict[str, Json], ...] = ()
    nan: int = 0
    """How many of the nulls were not-a-number."""

    @property
    def share(self) -> float | None:
        """Share of the rows that break the check; None where no row could be judged."""
        return rounded(self.bad / self.of) if self.of else None


def rounded(value: float, scale: float | None = None) -> float:
    """`value` to 12 significant digits, or to those of `scale`, where that is larger; never -0.0."""
    value = float(value)  # numpy's floats would stay what they are
    size = max(abs(value), abs(scale or 0.0))
    if size == 0 or size > 1e300 or not math.isfinite(value) or not math.isfinite(size):
        return value + 0.0
    places = DIGITS - 1 - math.floor(math.log10(size))
    result = round(value, min(places, 300))
    return result + 0.0


def rows_needed(rows: int, side: float, distance: float) -> int:
    """About how many rows would suffice to tell a value from a bound at this distance, if it stayed what it is and the
    interval reaches `side` towards the bound now: its width falls with the square root of the rows. At most 10^12,
    which also stands for any number; always more than there are."""
    if distance == 0:
        return MOST_ROWS
    times = max(side, 0.0) / distance
    wanted = rows * times * times * 1.05
    return max(rows + 1, math.ceil(wanted)) if wanted < MOST_ROWS else MOST_ROWS
