"""Metrics of predicted numbers: how far they are from the truth, in its units, as a share of it, or by a yardstick."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.metrics.base import Parts, columns, mean, quiet, ratio
from mlops_cli.measures.predictions import Floats, Predictions


def errors(rows: Predictions) -> Floats:
    """Prediction minus truth, (n,)."""
    return np.asarray(rows.label - rows.truth)


@quiet
def distances(rows: Predictions) -> Parts:
    """(absolute error, 1) of each row."""
    return columns(np.abs(errors(rows)), np.ones(len(rows)))


mae = mean
"""Mean absolute error."""


@quiet
def squares(rows: Predictions) -> Parts:
    """(squared error, 1) of each row."""
    return columns(errors(rows) ** 2, np.ones(len(rows)))


def rmse(sums: Floats) -> Floats:
    """Root of the mean squared error."""
    return np.sqrt(mean(sums))


@quiet
def spreads(rows: Predictions) -> Parts:
    """(squared error, squared truth, truth, 1) of each row; the truth from its mean, so that no digits are lost."""
    from_first = rows.truth - rows.truth[:1].sum()  # of a constant truth nothing is left, not even rounding
    centred = from_first - from_first.sum() / max(len(rows), 1)
    return columns(errors(rows) ** 2, centred**2, centred, np.ones(len(rows)))


@quiet
def r2(sums: Floats) -> Floats:
    """Share of the truth's variance that the predictions explain; undefined for a constant truth."""
    total = sums[..., 1] - ratio(sums[..., 2] ** 2, sums[..., 3])
    rounding = 1e-14 * sums[..., 1]
    return 1.0 - ratio(sums[..., 0], np.where(total > rounding, total, 0.0))


@quiet
def biases(rows: Predictions) -> Parts:
    """(error, 1) of each row."""
    return columns(errors(rows), np.ones(len(rows)))


bias = mean
"""Mean error: above 0, the predictions are too high."""


@quiet
def percentages(rows: Predictions) -> Parts:
    """(absolute error as a share of the truth, 1, whether the truth is 0) of each row."""
    zero = rows.truth == 0
    return columns(ratio(np.abs(errors(rows)), np.abs(rows.truth), 0.0), np.ones(len(rows)), zero.astype(np.float64))


def mape(sums: Floats) -> Floats:
    """Mean absolute error as a share of the truth; undefined where a truth is 0."""
    return np.where(sums[..., 2] > 0, np.nan, mean(sums))


@quiet
def symmetric(rows: Predictions) -> Parts:
    """(absolute error as a share of the mean size of truth and prediction, 1) of each row; 0 where both are 0."""
    size = (np.abs(rows.truth) + np.abs(rows.label)) / 2
    return columns(ratio(np.abs(errors(rows)), size, 0.0), np.ones(len(rows)))


smape = mean
"""Mean absolute error as a share of the mean size of truth and prediction, in [0, 2] (Makridakis 1993)."""


@quiet
def weights(rows: Predictions) -> Parts:
    """(absolute error, size of the truth) of each row."""
    return columns(np.abs(errors(rows)), np.abs(rows.truth))


wape = mean
"""Sum of the absolute errors as a share of the sum of the truths' sizes."""


@quiet
def scaled(rows: Predictions) -> Parts:
    """(absolute error in units of the naive forecast's, 1) of each row; (0, 0) where the series has no scale."""
    assert rows.scale is not None
    known = np.isfinite(rows.scale) & (rows.scale > 0)
    scale = np.where(known, rows.scale, 1.0)
    return columns(np.where(known, np.abs(errors(rows)) / scale, 0.0), known.astype(np.float64))


mase = mean
"""Mean absolute scaled error (Hyndman and Koehler 2006): below 1, better than the seasonal naive forecast was in the
training data. Rows of series that the training data does not have, or where they never change, are left out."""


@quiet
def kept(rows: Predictions) -> Parts:
    """Two cells: truths outside and within their prediction interval."""
    assert rows.low is not None
    assert rows.high is not None
    return Parts(2, cells=((rows.low <= rows.truth) & (rows.truth <= rows.high)).view(np.int8))


def coverage(sums: Floats) -> Floats:
    """Share of the truths within their prediction interval, ends included."""
    return ratio(sums[..., 1], sums.sum(axis=-1))


@quiet
def penalties(rows: Predictions) -> Parts:
    """(width of the prediction interval, and 2 / alpha for each unit that the truth lies outside, 1) of each row."""
    assert rows.low is not None
    assert rows.high is not None
    outside = np.maximum(rows.low - rows.truth, 0) + np.maximum(rows.truth - rows.high, 0)
    return columns(rows.high - rows.low + 2 / (1 - rows.level) * outside, np.ones(len(rows)))


interval_score = mean
"""Winkler's (1972) score of prediction intervals (Gneiting and Raftery 2007, equation 43): narrow and rarely wrong."""
