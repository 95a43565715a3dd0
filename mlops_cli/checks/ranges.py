"""How far numbers may go: what was seen, widened by what a sample of the same size may show beyond it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlops_cli.measures.steps import Floats, Steps

BEYOND = 0.01
"""Values beyond the bound that a sample of the same size has on average."""
SHAPES = (0.0, 0.3)
"""The shapes of a tail that are believed: few values tell no bounded tail from an exponential one, and heavier ones
would allow anything."""
WIDEST = 3.0
"""A bound lies at most so many widths of all numbers beyond the last of them."""
ENOUGH = 20
"""Numbers below which a tail cannot be read off them."""
FEW = 20
"""Different numbers up to which a bound lies at most one width beyond them: they are codes or small counts."""
NEAR = 0.02
"""Bounds that are closer to zero than this part of the width become zero."""
PILE = 5
"""Numbers at the very end that mean a limit, where the next value has a third of them at most."""


@dataclass(frozen=True)
class Range:
    """The least and the greatest number to expect."""

    low: float
    high: float
    heavy: bool = False
    """Whether some few numbers lie so far out that others may lie anywhere."""


def expected_range(steps: Steps) -> Range | None:
    """The range of numbers with this distribution; None for no numbers. Signs are kept: where nothing was below zero,
    nothing is expected there, and so above it. Bounds are round numbers."""
    if not len(steps.values):
        return None
    low, high = float(steps.values[0]), float(steps.values[-1])
    width = high - low
    if not math.isfinite(width):
        return Range(low, high)
    if width == 0:
        return Range(min(low, 0.0), max(high, 0.0))
    values, masses = spread(steps)
    up, down = Tail(values, masses), Tail(-values[::-1], masses[::-1])
    above = 0.0 if is_limit(values, masses) else up.reach(width)
    below = 0.0 if is_limit(values[::-1], masses[::-1]) else down.reach(width)
    if len(values) <= FEW:
        above, below = min(above, width), min(below, width)
    bottom, top = outwards(low - below, below, up=False), outwards(high + above, above, up=True)
    near = NEAR * width
    heavy = max(up.shape, down.shape) > SHAPES[1]
    return Range(0.0 if low >= 0 and bottom < near else bottom, 0.0 if high <= 0 and top > -near else top, heavy)


def spread(steps: Steps) -> tuple[Floats, Floats]:
    """The numbers as points with masses; what lies between two steps stands in the middle."""
    if steps.exact:
        return steps.values, steps.masses
    between = steps.below[1:] - steps.upto[:-1]
    values = np.concatenate([steps.values, (steps.values[1:] + steps.values[:-1]) / 2])
    masses = np.concatenate([steps.masses, between])
    order = np.argsort(values, kind="stable")
    kept = masses[order] > 0
    return values[order][kept], masses[order][kept]


def is_limit(values: Floats, masses: Floats) -> bool:
    """Whether numbers end, with the last of them, at a limit: they pile up there."""
    if len(values) < 3 or float(masses.sum()) < ENOUGH:
        return False
    last, count = float(values[-1]), float(masses[-1])
    of_shares = last == 1 and count > 1 and 0 <= float(values[0]) < 1
    return of_shares or (count >= PILE and count >= 3 * float(masses[-2]))


@dataclass(frozen=True, eq=False)
class Tail:
    """The upper end of numbers: ascending values of shape (n,), and how often each was seen.

    What lies above a threshold has a generalised Pareto distribution, by the method of moments: shape (1 - m²/v) / 2,
    scale m (1 - shape), with m and v the mean and the variance above it (Hosking and Wallis, Technometrics 29, 1987).
    """

    values: Floats
    masses: Floats

    @cached_property
    def first(self) -> int:
        """The first of the values above the threshold: about the root of n of them, 10 at least, 200 at most."""
        wanted = min(max(math.sqrt(float(self.masses.sum())), 10.0), 200.0)
        above = np.flatnonzero(np.cumsum(self.masses[::-1])[::-1] <= max(wanted, float(self.masses[-1])))
        first = int(above[0]) if len(above) else len(self.values) - 1
        return min(first, len(self.values) - 3) if len(self.values) > 3 else 1

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """How many values lie above the threshold, and the mean and the variance of how far."""
        over, weights = self.values[self.first :] - self.threshold, self.masses[self.first :]
        total = float(weights.sum())
        mean = float(np.dot(over, weights)) / total
        return total, mean, float(np.dot((over - mean) ** 2, weights)) / total

    @property
    def threshold(self) -> float:
        """The last value that is no part of the tail."""
        return float(self.values[max(self.first - 1, 0)])

    @property
    def shape(self) -> float:
        """0 for an exponential tail, above it for a heavier one; -1 for an even one."""
        _, mean, variance = self.moments
        return (1 - mean * mean / variance) / 2 if variance > 0 else -1.0

    def reach(self, width: float) -> float:
        """How far beyond the greatest value a sample of the same size may go."""
        count = float(self.masses.sum())
        if count < ENOUGH:
            return width
        total, mean, _ = self.moments
        shape = min(max(self.shape, SHAPES[0]), SHAPES[1])
        scale, ratio = mean * (1 - shape), total / BEYOND
        level = self.threshold + (scale * math.log(ratio) if shape < 1e-6 else scale * (ratio**shape - 1) / shape)
        return min(max(level - float(self.values[-1]), width / count), WIDEST * width)


def outwards(value: float, room: float, *, up: bool) -> float:
    """A round number at or beyond `value`, by at most a fifth of `room`."""
    if room <= 0 or not math.isfinite(value):
        return value
    digits = -math.floor(math.log10(room / 2))
    return round_out(value, digits, up=up)


def round_out(value: float, digits: int, *, up: bool) -> float:
    """`value` rounded up (or down) to so many decimal places, which may be negative."""
    scaled = value * 10.0**digits if digits >= 0 else value / 10.0**-digits
    whole = math.ceil(scaled - 1e-9) if up else math.floor(scaled + 1e-9)
    found = whole / 10.0**digits if digits >= 0 else whole * 10.0**-digits
    beyond = found >= value if up else found <= value
    return round(found, max(digits, 0)) if beyond else value


def share_text(share: float) -> str | None:
    """A share rounded up to two digits, as a percentage; None where it is everything."""
    if share <= 0:
        return "0%"
    percent = share * 100
    digits = 1 - math.floor(math.log10(percent))
    rounded = round_out(percent, digits, up=True)
    if rounded >= 100:
        return None
    return f"{rounded:.{max(digits, 0)}f}".rstrip("0").rstrip(".") + "%" if digits > 0 else f"{rounded:.0f}%"
