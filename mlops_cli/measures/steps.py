"""The distribution of numbers as a step function with at most 1,024 steps: exact where there are no more values.

Each part of a data set keeps, at 1,024 of its own values (equal mass between them), how many of its numbers lie below
and how many up to the value. Between two of them the rank is off by less than n / 1,023. Merging adds ranks, so that
the errors of the parts add up to no more than n / 1,023 of the whole, however many parts there are; the merged function
is cut to 1,024 steps again, which costs about as much once more, and once more where summaries of many parts are merged
in two stages. By this reckoning a distance between two such functions is off by less than 0.6 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import zstandard

Floats: TypeAlias = npt.NDArray[np.float64]

STEPS = 1024


@dataclass(frozen=True, eq=False)
class Steps:
    """`below[i]` numbers are less than `values[i]`, `upto[i]` are at most that; all of shape (steps,), values
    ascending.

    `exact`: every number is one of the values. The last `upto` is how many numbers there are.
    """

    values: Floats
    below: Floats
    upto: Floats
    exact: bool

    @property
    def count(self) -> float:
        """How many numbers."""
        return float(self.upto[-1]) if len(self.upto) else 0.0

    @property
    def masses(self) -> Floats:
        """How many numbers equal each of the values, shape (steps,)."""
        return self.upto - self.below

    def ranks(self, points: Floats) -> tuple[Floats, Floats]:
        """How many numbers lie below each of the points, and how many up to it; linear between steps."""
        if not len(self.values):
            return np.zeros(len(points)), np.zeros(len(points))
        at = np.searchsorted(self.values, points, "right") - 1
        here = np.clip(at, 0, len(self.values) - 1)
        then = np.minimum(here + 1, len(self.values) - 1)
        equal = (at >= 0) & (self.values[here] == points)
        start = self.upto[here]
        with np.errstate(invalid="ignore", over="ignore"):
            width = self.values[then] - self.values[here]
            part = np.where(width > 0, (points - self.values[here]) / np.where(width > 0, width, 1.0), 0.0)
        between = start + (self.below[then] - start) * np.clip(np.nan_to_num(part), 0.0, 1.0)
        between = np.where(at < 0, 0.0, np.where(here == then, start, between))
        return np.where(equal, self.below[here], between), np.where(equal, self.upto[here], between)

    def quantiles(self, shares: Sequence[float]) -> Floats:
        """The values below which these shares of the numbers lie, as numpy's `inverted_cdf` where the steps are
        exact."""
        if not len(self.values):
            return np.full(len(shares), np.nan)
        wanted = np.ceil(np.asarray(shares, dtype=np.float64) * self.count - 1e-9)
        at = np.searchsorted(self.upto, np.maximum(wanted, 1.0), "left")
        result: Floats = self.values[np.clip(at, 0, len(self.values) - 1)]
        return result

    def histogram(self, edges: Floats) -> Floats:
        """How many numbers lie in each bin `[edge, next)`, the last one closed; shape (edges - 1,)."""
        below, upto = self.ranks(edges)
        below[-1] = upto[-1]
        return np.diff(below)

    def packed(self) -> bytes:
        """As bytes: the three arrays in little-endian doubles, compressed."""
        plain = np.concatenate([self.values, self.below, self.upto]).astype("<f8").tobytes()
        return zstandard.ZstdCompressor(level=3).compress(plain)


NO_STEPS = Steps(np.empty(0), np.empty(0), np.empty(0), True)


def unpacked(data: bytes, exact: bool) -> Steps:
    """The steps in bytes that `packed` made."""
    if not data:
        return NO_STEPS
    flat = np.frombuffer(zstandard.ZstdDecompressor().decompress(data), dtype="<f8")
    values, below, upto = flat.reshape(3, -1)
    return Steps(values, below, upto, exact)


def steps_of(ordered: Floats) -> Steps:
    """The steps of sorted finite numbers, shape (n,)."""
    if not len(ordered):
        return NO_STEPS
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    if len(starts) <= STEPS:
        ends = np.append(starts[1:], len(ordered)).astype(np.float64)
        return Steps(ordered[starts] + 0.0, starts.astype(np.float64), ends, True)
    spots = np.round(np.linspace(0, len(ordered) - 1, STEPS)).astype(np.int64)
    values = np.unique(ordered[spots] + 0.0)
    below = np.searchsorted(ordered, values, "left").astype(np.float64)
    upto = np.searchsorted(ordered, values, "right").astype(np.float64)
    return Steps(values, below, upto, False)


def merged(parts: Sequence[Steps]) -> Steps:
    """The steps of all numbers together. The order of the parts must be fixed by the caller: floats are added."""
    parts = [part for part in parts if len(part.values)]
    if len(parts) <= 1:
        return parts[0] if parts else NO_STEPS
    values = np.unique(np.concatenate([part.values for part in parts]))
    below, upto = np.zeros(len(values)), np.zeros(len(values))
    for part in parts:
        lower, upper = part.ranks(values)
        below += lower
        upto += upper
    whole = Steps(values, below, upto, all(part.exact for part in parts))
    return whole if len(values) <= STEPS else thinned(whole)


def thinned(steps: Steps) -> Steps:
    """At most 1,024 steps with equal mass between them; the first and the last stay."""
    wanted = np.linspace(0.0, steps.count, STEPS)
    chosen = np.unique(np.clip(np.searchsorted(steps.upto, wanted, "left"), 0, len(steps.values) - 1))
    return Steps(steps.values[chosen], steps.below[chosen], steps.upto[chosen], False)
