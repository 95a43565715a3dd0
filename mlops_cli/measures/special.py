"""The special functions that p-values need. The common ones are here, to the last digits that a double has; scipy,
which takes as long to load as many a validation, is for the others.

Sources: Abramowitz and Stegun, Handbook of Mathematical Functions, 6.5.29 and 6.5.31 (the incomplete gamma function);
Marsaglia, Tsang and Wang, "Evaluating Kolmogorov's distribution", J. Stat. Softw. 8 (2003) for both series.
"""

from __future__ import annotations

import importlib
import math
from functools import cache
from statistics import NormalDist
from types import ModuleType

EDGE = 1.18
"""From here on Kolmogorov's series of alternating terms is the faster one."""
LEAST = 1e-300


@cache
def special() -> ModuleType:
    """`scipy.special`, loaded when it is first asked for."""
    return importlib.import_module("scipy.special")


def normal(z: float) -> float:
    """The share of a standard normal distribution below z."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def normal_quantile(share: float) -> float:
    """The z below which a share of a standard normal distribution lies; the share is in (0, 1)."""
    return NormalDist().inv_cdf(share)


def kolmogorov(x: float) -> float:
    """The chance that Kolmogorov's statistic is above x."""
    if x <= 0:
        return 1.0
    if x < EDGE:
        terms = (math.exp(-((2 * k - 1) ** 2) * math.pi**2 / (8 * x * x)) for k in range(1, 6))
        return max(0.0, min(1.0, 1 - math.sqrt(2 * math.pi) / x * math.fsum(terms)))
    return min(1.0, 2 * math.fsum((-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 8)))


def kolmogorov_quantile(chance: float) -> float:
    """The x above which Kolmogorov's statistic is with a chance in (0, 1)."""
    low, high = 0.0, 30.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if kolmogorov(middle) > chance else (low, middle)
    return high


def gamma_above(shape: float, x: float) -> float:
    """The regularised upper incomplete gamma function Q(shape, x), for shape > 0."""
    if x <= 0:
        return 1.0
    if math.isinf(x):
        return 0.0
    scale = math.exp(-x + shape * math.log(x) - math.lgamma(shape))
    if x < shape + 1:
        return max(0.0, 1 - scale * _series(shape, x))
    return scale * _fraction(shape, x)


def _series(shape: float, x: float) -> float:
    """The sum of x^n / (shape (shape + 1) ... (shape + n))."""
    term = total = 1 / shape
    step = shape
    while abs(term) > abs(total) * 1e-17:
        step += 1
        term *= x / step
        total += term
    return total


def _fraction(shape: float, x: float) -> float:
    """The continued fraction by the method of Lentz."""
    b = x + 1 - shape
    c, d = 1 / LEAST, 1 / b
    result = d
    for n in range(1, 100_000):
        a = -n * (n - shape)
        b += 2
        d = 1 / (a * d + b or LEAST)
        c = b + a / c or LEAST
        result *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return result
