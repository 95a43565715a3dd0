"""How far one number of a column has moved: a share, the mean, the standard deviation, the median, different values."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_cli.checks.comparators.base import limit_of
from mlops_cli.checks.compared import moments
from mlops_cli.measures import distances
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.summary import ColumnSummary, Numbers
from mlops_cli.spec.validation import Check

SHARES = frozenset({"nulls", "empties", "zeros", "sentinels"})
"""Measures that are a share of all rows."""


@dataclass(frozen=True)
class Change:
    """How far a number moved, relative to the old one where the bound is; `p` is None where no test is known."""

    effect: float
    p: float | None
    method: str
    n: float
    m: float


def count_of(measure: str, column: ColumnSummary, sentinels: int = 0) -> int:
    """The rows that a share counts."""
    if measure == "nulls":
        return column.missing
    if measure == "empties":
        return column.empty
    return sentinels if measure == "sentinels" else column.zeros


def value_of(measure: str, column: ColumnSummary, sentinels: int = 0) -> Measured:
    """The number that a `change` check looks at, as it is measured from the rows."""
    if measure in SHARES:
        count = count_of(measure, column, sentinels)
        return Measured(
            column.share(count), column.rows, count, column.rows, nan=column.nan if measure == "nulls" else 0
        )
    if measure == "distinct":
        return Measured(rounded(column.distinct), column.rows)
    bad = column.infinite if measure in ("mean", "std") else 0
    return Measured(statistic(measure, column.numbers), column.rows, bad, column.filled)


def statistic(measure: str, numbers: Numbers | None) -> float | None:
    """The mean, standard deviation or median of the finite numbers."""
    if numbers is None or not numbers.count:
        return None
    if measure == "mean":
        return rounded(numbers.mean)
    return numbers.std if measure == "std" else rounded(float(numbers.steps.quantiles([0.5])[0]))


def changed(check: Check, new: ColumnSummary, old: ColumnSummary, sentinels: tuple[int, int] = (0, 0)) -> Change | None:
    """The move of the number and its significance; None where one of the two has none."""
    measure = check.measure
    now, before = value_of(measure, new, sentinels[0]).value, value_of(measure, old, sentinels[1]).value
    if not isinstance(now, int | float) or not isinstance(before, int | float):
        return None
    moved = abs(now - before)
    if limit_of(check).unit in ("percent", "share") and before:
        moved /= abs(before)
    if measure in SHARES:
        hits, old_hits = count_of(measure, new, sentinels[0]), count_of(measure, old, sentinels[1])
        p = distances.shares_p(hits, new.rows, old_hits, old.rows)
        return Change(moved, p, "two shares", new.rows, old.rows)
    if measure == "distinct" or new.numbers is None or old.numbers is None:
        return Change(moved, None, "difference", new.rows, old.rows)
    first, second = new.numbers, old.numbers
    if measure == "mean":
        return Change(moved, distances.welch(moments(first), moments(second)).p, "welch", first.count, second.count)
    if measure == "std":
        p = distances.log_std_ratio(moments(first), moments(second)).p
        return Change(moved, p, "ratio of standard deviations", first.count, second.count)
    return Change(moved, median_p(first, second), "median test", first.count, second.count)


def median_p(new: Numbers, old: Numbers) -> float:
    """Mood's median test: the shares of both that lie up to the old median, and below it."""
    middle = old.steps.quantiles([0.5])
    below, upto = new.steps.ranks(middle)
    old_below, old_upto = old.steps.ranks(middle)
    return max(
        distances.shares_p(float(below[0]), new.count, float(old_below[0]), old.count),
        distances.shares_p(float(upto[0]), new.count, float(old_upto[0]), old.count),
    )
