"""The interval that follows from resamples: bias-corrected and accelerated (BCa).

Efron, JASA 82 (1987) 171-185; the acceleration by the jackknife as Efron and Tibshirani, An Introduction to the
Bootstrap (1993), 14.15; the correction for few units ("expanded" percentiles) as Hesterberg, The American Statistician
69 (2015) 371-386, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_cli.measures.predictions import Floats
from mlops_cli.measures.resampling import Drawn
from mlops_cli.measures.special import normal, normal_quantile

SAME = 1e-11
"""Draws that differ from a value by this share of it are equal to it: they differ by the order of adding."""


@dataclass(frozen=True)
class Interval:
    """The ends, and how they were found; `fixed`: all resamples give the same."""

    low: float
    high: float
    method: Literal["bca", "percentile", "fixed"]


def interval(
    value: float, source: Drawn, formula: Callable[[list[Floats]], Floats], units: int, confidence: float
) -> Interval | None:
    """The interval of a value of which `formula` makes one from sums, (..., size) each, to (...).

    None where the value is not defined for more than half of the resamples.
    """
    draws = evaluated(formula, source.draws())
    known = np.sort(draws[np.isfinite(draws)])
    if len(known) * 2 < len(draws):
        return None
    near = SAME * max(abs(value), abs(float(known[0])), abs(float(known[-1])))
    if known[-1] - known[0] <= near:
        return Interval(value, value, "fixed")
    z = wider(normal_quantile(0.5 + confidence / 2), units)
    bias = bias_of(value, known, near)
    bend = None if bias is None else acceleration(evaluated(formula, source.without()), source.often)
    if bias is None or bend is None:
        return Interval(*ends(known, normal(-z), normal(z)), "percentile")
    low, high = (shifted(bias, bend, at) for at in (-z, z))
    if low is None or high is None:
        return Interval(*ends(known, normal(-z), normal(z)), "percentile")
    return Interval(*ends(known, low, high), "bca")


def evaluated(formula: Callable[[list[Floats]], Floats], blocks: Iterator[list[Floats]]) -> Floats:
    """The formula of all blocks."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.concatenate([formula(block) for block in blocks])


def ends(known: Floats, low: float, high: float) -> tuple[float, float]:
    """The quantiles of sorted draws at two shares, the k-th of B at k / (B + 1)."""
    found = np.quantile(known, [low, high], method="weibull")
    return float(found[0]), float(found[1])


def bias_of(value: float, known: Floats, near: float) -> float | None:
    """z of the share of draws below the value, those equal to it counting half; None where that is all or none."""
    below = int(np.searchsorted(known, value - near, side="left"))
    not_above = int(np.searchsorted(known, value + near, side="right"))
    share = (below + not_above) / (2 * len(known))
    return normal_quantile(share) if 0 < share < 1 else None


def acceleration(left: Floats, often: Floats | None) -> float | None:
    """A sixth of the skewness of what leaving out each unit does; None where that is nothing or not defined."""
    weights = np.ones(len(left)) if often is None else often
    known = np.isfinite(left)
    if not known.all():
        left, weights = left[known], weights[known]
    if not len(left):
        return None
    away = float(weights @ left) / float(weights.sum()) - left
    size = float(np.abs(away).max())
    if not 0 < size < math.inf:
        return None
    away = away / size  # squares and cubes of what is very large or small would leave the range of numbers
    return float(weights @ away**3) / (6 * math.pow(float(weights @ away**2), 1.5))


def shifted(bias: float, bend: float, z: float) -> float | None:
    """The share of draws at which the end of the interval lies, instead of the one at z."""
    stretch = 1 - bend * (bias + z)
    return normal(bias + (bias + z) / stretch) if stretch > 0 else None


def wider(z: float, units: int) -> float:
    """z for so many units: Student's quantile in place of the normal one, times sqrt(n / (n - 1)), as the spread of a
    resample falls short by that. Student's by Abramowitz and Stegun 26.7.5."""
    if units < 2:
        return z
    free = units - 1
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return (z + first / free + second / free**2 + third / free**3) * math.sqrt(units / free)
