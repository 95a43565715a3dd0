"""Metrics of two classes as shares of rows: (hits, rows), from which Wilson's interval follows."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.metrics.confusion import positives
from mlops_cli.measures.predictions import Array, Predictions


def among(hits: Array, rows: Array) -> tuple[int, int]:
    """How many of the rows of one mask are in another, and how many rows these are."""
    return int(np.count_nonzero(hits & rows)), int(np.count_nonzero(rows))


def right(rows: Predictions) -> tuple[int, int]:
    """(rows with the right class, rows)."""
    return int(np.count_nonzero(rows.truth == rows.label)), len(rows)


def called(rows: Predictions) -> tuple[int, int]:
    """(positive among those called positive, rows called positive)."""
    return among(*positives(rows))


def found(rows: Predictions) -> tuple[int, int]:
    """(found among the positive, positive rows)."""
    truth, label = positives(rows)
    return among(label, truth)


def missed(rows: Predictions) -> tuple[int, int]:
    """(called negative among the positive, positive rows)."""
    truth, label = positives(rows)
    return among(~label, truth)


def spared(rows: Predictions) -> tuple[int, int]:
    """(called negative among the negative, negative rows)."""
    truth, label = positives(rows)
    return among(~label, ~truth)


def alarmed(rows: Predictions) -> tuple[int, int]:
    """(called positive among the negative, negative rows)."""
    truth, label = positives(rows)
    return among(label, ~truth)


def selected(rows: Predictions) -> tuple[int, int]:
    """(rows called positive, rows)."""
    return int(np.count_nonzero(positives(rows)[1])), len(rows)


def held(rows: Predictions) -> tuple[int, int]:
    """(truths within their prediction interval, rows)."""
    assert rows.low is not None
    assert rows.high is not None
    return int(np.count_nonzero((rows.low <= rows.truth) & (rows.truth <= rows.high))), len(rows)
