"""Exact p-values of small samples: the two-sample Kolmogorov-Smirnov test, and Fisher's test of two shares."""

from __future__ import annotations

import math

import numpy as np

from mlops_cli.measures.special import special
from mlops_cli.measures.steps import Floats


def ks_exact(distance: float, n: int, m: int) -> float:
    """P(D >= distance) of two samples of one continuous distribution, n and m at least 1.

    Of all paths on the grid from (0, 0) to (n, m) it counts those that stay nearer to the diagonal than the distance
    (Hodges, "The significance probability of the Smirnov two-sample test", 1958). Costs n m steps.
    """
    n, m = min(n, m), max(n, m)
    steps = np.arange(m + 1)
    # D has the form k / (n m): rounding keeps `distance` itself out of the band.
    least = round(distance * n * m)
    if least <= 0:
        return 1.0
    inside = np.abs(0 * m - steps * n) < least
    paths = np.cumprod(inside).astype(np.float64)
    scale = 0.0
    for row in range(1, n + 1):
        inside = np.abs(row * m - steps * n) < least
        first, end = int(np.argmax(inside)), len(inside) - int(np.argmax(inside[::-1]))
        if not inside[first]:
            return 1.0
        kept = np.zeros(m + 1)
        kept[first:end] = np.cumsum(paths[first:end])
        top = float(kept.max())
        if top <= 0:
            return 1.0
        paths = kept / top
        scale += math.log(top)
    if paths[m] <= 0:
        return 1.0
    every = float(special().gammaln(n + m + 1) - special().gammaln(n + 1) - special().gammaln(m + 1))
    return min(1.0, max(0.0, -math.expm1(min(0.0, scale + math.log(paths[m]) - every))))


def fisher(hits: int, n: int, old_hits: int, m: int) -> float:
    """The two-sided p-value of `hits` of n rows beside `old_hits` of m: all tables that are no likelier."""
    total = hits + old_hits
    low, high = max(0, total - m), min(total, n)
    if low >= high:
        return 1.0
    counts = np.arange(low, high + 1, dtype=np.float64)
    logs = _choose(n, counts) + _choose(m, total - counts)
    logs -= logs.max()
    chances = np.exp(logs)
    here = min(max(hits, low), high) - low
    return min(1.0, float(chances[chances <= chances[here] * (1 + 1e-7)].sum() / chances.sum()))


def _choose(n: int, counts: Floats) -> Floats:
    """ln of the binomial coefficients."""
    result: Floats = special().gammaln(n + 1) - special().gammaln(counts + 1) - special().gammaln(n - counts + 1)
    return result
