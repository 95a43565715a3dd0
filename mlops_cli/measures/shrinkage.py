"""What small slices would show with more rows: their values drawn towards the value of all rows.

Empirical Bayes: how much slices truly differ is learned from all of them, by moments. Sources: Efron and Morris, JASA
70 (1975) 311-319; the spread of true values as DerSimonian and Laird, Controlled Clinical Trials 7 (1986) 177-188; of
true shares as Kleinman, JASA 68 (1973) 46-54.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlops_cli.measures.estimated import Estimate
from mlops_cli.measures.predictions import Floats


def shrunken(slices: Sequence[Estimate], whole: Estimate) -> list[float]:
    """One metric of several slices, each drawn towards that of all rows, the more the less is known of it."""
    if all(item.method == "wilson" for item in slices):
        hits = [round(item.value * item.units) for item in slices]
        return drawn_shares(hits, [item.units for item in slices], whole.value)
    return drawn_values([item.value for item in slices], [item.error for item in slices], whole.value)


def drawn_values(values: Sequence[float], errors: Sequence[float], overall: float) -> list[float]:
    """Values with known standard errors, each drawn towards `overall` (normal-normal).

    A value without error stays what it is; one with an infinite error becomes `overall`.
    """
    found, variance = np.asarray(values, np.float64), np.asarray(errors, np.float64) ** 2
    known = (variance > 0) & np.isfinite(variance)
    between = spread_of(found[known], variance[known], overall)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.where(variance > 0, between / (between + variance), 1.0)
    return [float(value) for value in overall + kept * (found - overall)]


def spread_of(values: Floats, variance: Floats, overall: float) -> float:
    """The variance of the true values around `overall`: what is left of the spread when the errors are taken off."""
    if not len(values):
        return 0.0
    weights = 1.0 / variance
    excess = float((weights * (values - overall) ** 2).sum()) - len(values)
    return max(0.0, excess / float(weights.sum()))


def drawn_shares(hits: Sequence[int], rows: Sequence[int], overall: float) -> list[float]:
    """Shares of rows, each drawn towards `overall` (beta-binomial); `overall` where there are no rows.

    (hits + M overall) / (rows + M), where M, the number of rows that what is known beforehand is worth, comes from how
    much more the shares spread than rows drawn at random would.
    """
    count, right = np.asarray(rows, np.float64), np.asarray(hits, np.float64)
    worth = rows_of_belief(right[count > 0], count[count > 0], overall)
    if not np.isfinite(worth):
        return [overall] * len(count)
    whole = count + worth
    return [float(a / b) if b > 0 else overall for a, b in zip(right + worth * overall, whole, strict=True)]


def rows_of_belief(hits: Floats, rows: Floats, overall: float) -> float:
    """M of the prior Beta(M overall, M (1 - overall)); infinite where the shares spread no more than by chance.

    The expected value of sum n (p - overall)^2 is overall (1 - overall) (k + rho (sum n - k)), with rho = 1 / (M + 1).
    """
    chance = overall * (1 - overall)
    total, slices = float(rows.sum()), len(rows)
    if chance <= 0 or total <= slices:
        return float("inf")
    spread = float((rows * (hits / np.maximum(rows, 1) - overall) ** 2).sum())
    rho = (spread / chance - slices) / (total - slices)
    return float("inf") if rho <= 0 else max(0.0, 1 / rho - 1)
