"""The interval of a calibration error, a sum of sizes: |mean probability - share| of each bin, weighted by rows.

By chance alone every bin is off, and being off never cancels: on a few hundred rows a perfectly calibrated model has an
error of some percent, and the bootstrap adds as much again. What chance adds to each bin is the mean of a folded normal
distribution less its centre (Leone, Nelson and Nottingham, Technometrics 3 (1961) 543-550); it is taken off the lower
end. The upper end stays, on the safe side.
"""

from __future__ import annotations

import math

import numpy as np

from mlops_cli.measures.bca import evaluated, wider
from mlops_cli.measures.metrics.base import Metric
from mlops_cli.measures.predictions import Floats, Predictions
from mlops_cli.measures.resampling import ByUnit, sums, units_of
from mlops_cli.measures.special import normal, normal_quantile

SAFE = 1.5
"""A bin is taken to be off by so many standard errors less than it seems: the less it is off, the more chance adds."""


def calibration_interval(metric: Metric, rows: Predictions, value: float, confidence: float) -> tuple[float, float]:
    """The interval of an expected calibration error whose sums are (probability - outcome, 1) of each bin in turn."""
    assert metric.parts is not None
    assert metric.value is not None
    formula, units = metric.value, units_of(rows)
    each = sums(metric.parts(rows), units)
    draws = evaluated(lambda blocks: formula(blocks[0]), ByUnit((each,)).draws())
    half = wider(normal_quantile(0.5 + confidence / 2), units.count) * float(np.std(draws))
    return max(0.0, value - by_chance(each) - half), value + half


def by_chance(each: Floats) -> float:
    """What chance adds to the error, from the sums of each unit, shape (units, 2 x bins)."""
    off, rows = each[:, ::2], float(each[:, 1::2].sum())
    error = np.sqrt(off.var(axis=0) * len(off))
    away = np.abs(off.sum(axis=0))
    found = [
        folded_excess(max(0.0, size - SAFE * sd), sd) for size, sd in zip(away.tolist(), error.tolist(), strict=True)
    ]
    return math.fsum(found) / rows


def folded_excess(centre: float, sd: float) -> float:
    """By how much the mean size of a normal number is above the size of its mean."""
    if sd == 0:
        return 0.0
    z = centre / sd
    return sd * (math.sqrt(2 / math.pi) * math.exp(-z * z / 2) - 2 * z * normal(-z))
