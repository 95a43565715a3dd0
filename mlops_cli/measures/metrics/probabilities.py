"""Metrics of probabilities: how near they are to the truth, and whether they mean what they say."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.metrics.base import Parts, columns, mean, ratio
from mlops_cli.measures.predictions import Array, Floats, Predictions

BINS = 10


def chance(rows: Predictions) -> tuple[Floats, Array]:
    """What is said to be how likely, and whether it came true, each (n,): the positive class, of many the top one."""
    assert rows.scores is not None
    if rows.task == "binary":
        return rows.scores[:, rows.positive], rows.truth == rows.positive
    return rows.scores.max(axis=1), rows.scores.argmax(axis=1) == rows.truth


def given(rows: Predictions) -> Floats:
    """The probability that was given to the true class, (n,)."""
    assert rows.scores is not None
    if rows.scores.shape[1] == 2:
        return np.where(rows.truth == 1, rows.scores[:, 1], rows.scores[:, 0])
    return np.take_along_axis(rows.scores, rows.truth[:, None], axis=1)[:, 0]


def surprises(rows: Predictions) -> Parts:
    """(minus the logarithm of the true class's probability, 1) of each row."""
    tiny = np.finfo(np.float64).eps
    return columns(-np.log(np.clip(given(rows), tiny, 1 - tiny)), np.ones(len(rows)))


log_loss = mean
"""Mean of minus the logarithm of the probability that the true class was given, kept off 0 and 1 as in scikit-learn."""


def squares(rows: Predictions) -> Parts:
    """(squared distance of the probabilities from the truth, 1) of each row: of the positive class alone, for two."""
    assert rows.scores is not None
    if rows.task == "binary":
        said, so = chance(rows)
        return columns((said - so) ** 2, np.ones(len(rows)))
    return columns(np.einsum("ij,ij->i", rows.scores, rows.scores) + 1 - 2 * given(rows), np.ones(len(rows)))


brier = mean
"""Mean squared distance of the probabilities from the truth (Brier 1950), in [0, 1], for many classes in [0, 2]."""


def misses(rows: Predictions) -> Parts:
    """(probability minus outcome, 1) of each row, in ten bins of the probability: (0, 0.1], (0.1, 0.2], ... and 0 in
    the first."""
    said, so = chance(rows)
    bins = np.clip(np.ceil(said * BINS) - 1, 0, BINS - 1).astype(np.intp)
    return Parts(2 * BINS, columns=columns(said - so, np.ones(len(rows))).columns, bins=bins)


def ece(sums: Floats) -> Floats:
    """Expected calibration error (Naeini 2015, Guo 2017): over ten bins of equal width, the mean distance between the
    mean probability and the share that came true, weighted by rows."""
    bins = sums.reshape(*sums.shape[:-1], BINS, 2)
    return ratio(np.abs(bins[..., 0]).sum(axis=-1), bins[..., 1].sum(axis=-1))


def excesses(rows: Predictions) -> Parts:
    """(probability of the positive class minus 1 where it came true, 1) of each row."""
    said, so = chance(rows)
    return columns(said - so, np.ones(len(rows)))


calibration_bias = mean
"""Mean probability of the positive class minus its share: above 0, too much is promised."""
