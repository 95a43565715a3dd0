"""Metrics of classes from the confusion matrix, as scikit-learn defines them; of many classes the macro average."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mlops_cli.measures.metrics.base import Parts, columns, mean, ratio
from mlops_cli.measures.predictions import Array, Floats, Predictions

NAN = float("nan")
SQUARE = 32
"""Classes up to which a whole confusion matrix is kept; of more it would not fit into memory for each unit."""


def positives(rows: Predictions) -> tuple[Array, Array]:
    """Whether truth and label are the positive class, each (n,)."""
    return rows.truth == rows.positive, rows.label == rows.positive


def matrix(rows: Predictions) -> Parts:
    """A cell for each pair of true and predicted class, row by row; of two classes the positive one is the second.

    Of more than 32 classes only what `counts` needs: cells for the rows of each true class, of each predicted one, for
    the hits of each, and one for all misses. Every label must be a class (`unusable` counts the others).
    """
    if rows.task == "binary":
        truth, label = positives(rows)
        return Parts(4, cells=truth.view(np.int8) << 1 | label.view(np.int8))
    top = max(rows.truth.max(initial=0), rows.label.max(initial=0)) + 1
    many = max(len(rows.classes), int(top), 3)  # four cells always mean two classes
    if many <= SQUARE:
        return Parts(many * many, cells=rows.truth * many + rows.label)
    size = 3 * many + 1
    size += math.isqrt(size) ** 2 == size  # a square number of sums is a matrix, any other is not
    hits = np.where(rows.truth == rows.label, 2 * many + rows.truth, 3 * many)
    return Parts(size, marks=(rows.truth, many + rows.label, hits))


def rightness(rows: Predictions) -> Parts:
    """Two cells: wrong and right answers."""
    return Parts(2, cells=(rows.truth == rows.label).view(np.int8))


def accuracy(sums: Floats) -> Floats:
    """Share of rows with the right class."""
    return ratio(sums[..., 1], sums.sum(axis=-1))


@dataclass(frozen=True)
class Counts:
    """What a confusion matrix says of each class, shape (..., classes): rows that are rightly called so, that are so,
    and that are called so."""

    hits: Floats
    truths: Floats
    labels: Floats


def counts(sums: Floats) -> Counts:
    """The counts of each class, from the sums of `matrix`."""
    many = math.isqrt(sums.shape[-1])
    if many * many != sums.shape[-1]:
        many = (sums.shape[-1] - 1) // 3
        return Counts(sums[..., 2 * many : 3 * many], sums[..., :many], sums[..., many : 2 * many])
    square = sums.reshape(*sums.shape[:-1], many, many)
    return Counts(np.diagonal(square, axis1=-2, axis2=-1), square.sum(axis=-1), square.sum(axis=-2))


def averaged(part: Floats, whole: Floats, seen: Counts, empty: float) -> Floats:
    """part / whole of the positive class (`empty` for nothing), or its mean over the classes that occur at all."""
    if part.shape[-1] == 2:
        return ratio(part[..., 1], whole[..., 1], empty)
    present = (seen.truths + seen.labels > 0).sum(axis=-1)
    return ratio(ratio(part, whole, 0.0).sum(axis=-1), present.astype(np.float64))


def precision(sums: Floats) -> Floats:
    """Of the rows called positive, how many are; 0 where none is called so."""
    seen = counts(sums)
    return averaged(seen.hits, seen.labels, seen, 0.0)


def recall(sums: Floats) -> Floats:
    """Of the positive rows, how many are found."""
    seen = counts(sums)
    return averaged(seen.hits, seen.truths, seen, NAN)


def f1(sums: Floats) -> Floats:
    """Harmonic mean of precision and recall."""
    seen = counts(sums)
    return averaged(2 * seen.hits, seen.truths + seen.labels, seen, NAN)


def specificity(sums: Floats) -> Floats:
    """Of the negative rows, how many are called so."""
    return ratio(sums[..., 0], sums[..., 0] + sums[..., 1])


def false_positive_rate(sums: Floats) -> Floats:
    """Of the negative rows, how many are called positive."""
    return ratio(sums[..., 1], sums[..., 0] + sums[..., 1])


def false_negative_rate(sums: Floats) -> Floats:
    """Of the positive rows, how many are missed."""
    return ratio(sums[..., 2], sums[..., 2] + sums[..., 3])


def selection_rate(sums: Floats) -> Floats:
    """Share of rows that are called positive."""
    return ratio(sums[..., 1] + sums[..., 3], sums.sum(axis=-1))


def balanced_accuracy(sums: Floats) -> Floats:
    """Mean recall of the classes that the truth has."""
    seen = counts(sums)
    present = (seen.truths > 0).sum(axis=-1).astype(np.float64)
    return ratio(ratio(seen.hits, seen.truths, 0.0).sum(axis=-1), present)


def mcc(sums: Floats) -> Floats:
    """Matthews' correlation of truth and label (for many classes: Gorodkin 2004); 0 where every label is the same,
    undefined where every truth is."""
    seen = counts(sums)
    rows = seen.truths.sum(axis=-1)
    shared = seen.hits.sum(axis=-1) * rows - (seen.truths * seen.labels).sum(axis=-1)
    truth, label = rows**2 - (seen.truths**2).sum(axis=-1), rows**2 - (seen.labels**2).sum(axis=-1)
    return np.where(truth > 0, ratio(shared, np.sqrt(truth * label), 0.0), NAN)


def kappa(sums: Floats) -> Floats:
    """Cohen's (1960): how far the agreement is above that of chance; undefined where every truth is the same."""
    seen = counts(sums)
    rows = seen.truths.sum(axis=-1)
    chance = ratio((seen.truths * seen.labels).sum(axis=-1), rows)
    return np.where(seen.truths.max(axis=-1) < rows, ratio(seen.hits.sum(axis=-1) - chance, rows - chance), NAN)


def costs(rows: Predictions) -> Parts:
    """(what the answer costs, 1) of each row."""
    assert rows.costs is not None
    return columns(rows.costs[rows.truth, rows.label], np.ones(len(rows)))


cost = mean
"""Mean cost of an answer (Elkan 2001)."""
