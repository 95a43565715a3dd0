"""What a distribution looks like: shares of the numbers in bins that two versions have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlops_cli.measures.sentinels import without_ends
from mlops_cli.measures.steps import Floats, Steps
from mlops_cli.measures.summary import Kind, Numbers, Times

TAIL = 0.5
"""A side is cut at its outer 1 % where these lie over more than this part of the width of the other 98 %."""
DAY = 86400.0
FINE = 20
"""With this many whole units a bin, it no longer shows where they end."""


@dataclass(frozen=True)
class Shape:
    """Shares of all numbers in each bin, shape (bins,), and beyond the two ends of what is shown."""

    edges: tuple[float, ...]
    """Shape (bins + 1,), ascending."""
    shares: tuple[float, ...]
    below: float = 0.0
    above: float = 0.0


def shapes(versions: Sequence[Numbers | None], kind: Kind, bins: int) -> tuple[Shape, ...]:
    """One shape for each version that has numbers, all over the same at most `bins` bins."""
    found = [numbers.steps for numbers in versions if numbers is not None and numbers.count]
    if not found:
        return ()
    unit = {"integer": 1.0, "date": DAY}.get(kind)
    edges = _edges(found, unit, bins)
    return tuple(_shape(steps, edges) for steps in found)


def _edges(versions: Sequence[Steps], unit: float | None, bins: int) -> Floats:
    ends = [drawn(steps) for steps in versions]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if unit is not None and (high - low) / unit < FINE * bins:
        number, wide = _whole(round((high - low) / unit) + 1, bins)
        return np.asarray(low + unit * (wide * np.arange(number + 1) - 0.5), dtype=np.float64)
    if unit is not None and high - low < unit * 2**40:
        low, high = low - unit / 2, high + unit / 2
    if low == high:
        away = max(abs(low) * 1e-6, 0.5)
        return np.array([low - away, low + away])
    with np.errstate(over="ignore"):
        part = np.linspace(0.0, 1.0, bins + 1)
        return np.unique(low * (1 - part) + high * part)


def _whole(span: int, bins: int) -> tuple[int, int]:
    """How many bins of how many whole units: bins of now three, now four of them would look like a comb, and a last
    bin that reaches far beyond the end like a drop."""
    least = math.ceil(span / bins)
    wide = min(range(least, 2 * least), key=lambda width: (-span % width / width > 0.1, width))
    return math.ceil(span / wide), wide


def drawn(steps: Steps) -> tuple[float, float]:
    """The ends of what is shown: without values that may mean "no value" and stand far away, and without the outer 1 %
    of a side with a long tail."""
    low, high = without_ends(steps)
    inner, outer = (min(max(float(value), low), high) for value in steps.quantiles([0.01, 0.99]))
    width = outer / 2 - inner / 2  # halves, since a difference of two doubles may be none
    if width <= 0:
        return low, high
    return (
        inner if inner / 2 - low / 2 > TAIL * width else low,
        outer if high / 2 - outer / 2 > TAIL * width else high,
    )


def _shape(steps: Steps, edges: Floats) -> Shape:
    below, upto = steps.ranks(edges)
    inside = np.clip(steps.histogram(edges), 0.0, None) / steps.count
    return Shape(
        tuple(edges.tolist()),
        tuple(inside.tolist()),
        float(below[0]) / steps.count,
        1.0 - float(upto[-1]) / steps.count,
    )


def day_shapes(versions: Sequence[Times | None], bins: int) -> tuple[Shape, ...]:
    """Rows a day (edges in days since 1970) for each version that knows them, over the same bins of whole days."""
    found = [dict(times.days) for times in versions if times is not None and times.days]
    if not found:
        return ()
    first, last = min(min(days) for days in found), max(max(days) for days in found)
    number, wide = _whole(last - first + 1, bins)
    result = []
    for days in found:
        rows = [0] * number
        for day, count in days.items():
            rows[(day - first) // wide] += count
        total = sum(rows)
        edges = tuple(float(first + wide * at) for at in range(number + 1))
        result.append(Shape(edges, tuple(count / total for count in rows)))
    return tuple(result)


def counted(rows: Sequence[int]) -> Shape | None:
    """Counts (of hours, of days of the week) as shares; None without any."""
    total = sum(rows)
    if not total:
        return None
    return Shape(tuple(float(at) for at in range(len(rows) + 1)), tuple(row / total for row in rows))


def gaps(times: Times) -> list[tuple[int, int]]:
    """The stretches of days without a row between the first and the last day that has any: (first, last) day."""
    days = [day for day, _ in times.days]
    return [(one + 1, other - 1) for one, other in pairwise(days) if other - one > 1]
