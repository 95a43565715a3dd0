"""Metrics of the order of the rows by score: they are no sums, as every row is compared with every other."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.metrics.base import Metric
from mlops_cli.measures.predictions import Array, Floats, Predictions


def ranked_value(metric: Metric, rows: Predictions) -> float:
    """The value of a metric of order on all rows; NaN where it is not defined.

    Of more than two classes, one is held against the rest, and the mean over the classes is taken.
    """
    assert rows.scores is not None
    formula = roc_auc if metric.ranked == "roc_auc" else average_precision
    if rows.task == "binary":
        return formula(rows.scores[:, rows.positive], rows.truth == rows.positive)
    many = range(rows.scores.shape[1])
    return float(np.mean([formula(rows.scores[:, number], rows.truth == number) for number in many]))


def passed(score: Floats, hit: Array) -> tuple[Array, Array]:
    """At each distinct score, from the highest down: how many hits, and how many rows, score at least that much."""
    order = np.argsort(score)[::-1]  # rows of one score may come in any order: only the last of them counts
    falling = score[order]
    ends = np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)
    return np.cumsum(hit[order])[ends], ends + 1


def roc_auc(score: Floats, hit: Array) -> float:
    """Chance that a hit scores above another row, ties count half (the area under the ROC curve, trapezoids); NaN
    where there are only hits, or none. `score` and `hit` have shape (n,)."""
    hits, rows = passed(score, hit)
    misses = rows - hits
    pairs = float(hits[-1]) * float(misses[-1])
    if pairs == 0:
        return float("nan")
    more = np.diff(misses, prepend=0).astype(np.float64)
    return float(more @ (hits - np.diff(hits, prepend=0) / 2)) / pairs


def average_precision(score: Floats, hit: Array) -> float:
    """Mean precision over the hits, each at its own score (scikit-learn's: no interpolation); NaN without hits."""
    hits, rows = passed(score, hit)
    if hits[-1] == 0:
        return float("nan")
    return float((np.diff(hits, prepend=0) / hits[-1]) @ (hits / rows))
