"""How sure a metric is: Wilson's interval for shares of rows, the percentile bootstrap for everything else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from mlops_cli.measures.metrics import METRICS
from mlops_cli.measures.predictions import Array, Floats, Predictions

RESAMPLES = 400
SEED = 20_260_301
CELLS = 1 << 20  # weights held in memory at once: about what a processor's cache holds


def wilson(hits: int, rows: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a proportion; all of [0, 1] for no rows."""
    if rows == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, centre - half), min(1.0, centre + half)


def resamples(rows: int, stream: int = 0) -> Iterator[Floats]:
    """Bootstrap weights in blocks of shape (some, rows), 400 in all: how often each row is drawn. Always the same."""
    source = np.random.default_rng([SEED, stream])
    block = max(1, min(RESAMPLES, CELLS // max(rows, 1)))
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        weights = np.empty((size, rows))
        for index in range(size):
            weights[index] = np.bincount(source.integers(0, rows, rows), minlength=rows)
        yield weights


def draws(name: str, rows: Predictions, stream: int = 0) -> Floats:
    """A metric of each of the 400 resamples, shape (400,)."""
    return np.concatenate([METRICS[name].formula(rows, weights) for weights in resamples(len(rows), stream)])


def percentiles(values: Array, confidence: float) -> tuple[float, float] | None:
    """The middle `confidence` of the values; None where fewer than half of them are defined."""
    defined = values[np.isfinite(values)]
    if len(defined) * 2 < len(values):
        return None
    low, high = np.quantile(defined, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def interval(name: str, rows: Predictions, confidence: float) -> tuple[float, float] | None:
    """The interval of a metric; None where it is not defined on these rows."""
    count = METRICS[name].proportion
    if count is not None and (rows.task == "binary" or name == "accuracy"):
        return wilson(*count(rows), confidence)
    return percentiles(draws(name, rows), confidence)


def paired_interval(name: str, new: Predictions, old: Predictions, confidence: float) -> tuple[float, float] | None:
    """The interval of how much better `new` is than `old`, both drawn on the same rows together."""
    metric = METRICS[name]
    both = [metric.formula(new, weights) - metric.formula(old, weights) for weights in resamples(len(new))]
    return percentiles(metric.better * np.concatenate(both), confidence)
