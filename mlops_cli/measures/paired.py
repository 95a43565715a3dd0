"""Two models on the same rows, where a metric is a share of them: on which rows do they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mlops_cli.measures.predictions import Array, Predictions


@dataclass(frozen=True)
class Discordant:
    """How two models differ on the rows that a share is of."""

    wins: int
    """Rows that count as hits of the first alone."""
    losses: int
    """Rows that count as hits of the second alone."""
    rows: int


def discordant(name: str, new: Predictions, old: Predictions) -> Discordant | None:
    """The rows on which two models differ; None where the metric is no share whose rows the truth alone picks out."""
    counted = COUNTED.get(name)
    if counted is None or (new.task != "binary" and name != "accuracy"):
        return None
    among, hit = counted
    first, second = hit(new), hit(old)
    if among is not None:
        mask = among(new)
        first, second = first[mask], second[mask]
    return Discordant(int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first)), len(first))


def positive(rows: Predictions) -> Array:
    """Which rows are positive."""
    return np.asarray(rows.truth == rows.positive)


def negative(rows: Predictions) -> Array:
    """Which rows are not."""
    return np.asarray(rows.truth != rows.positive)


def right(rows: Predictions) -> Array:
    """Which rows have the right class."""
    return np.asarray(rows.truth == rows.label)


def wrong(rows: Predictions) -> Array:
    """Which rows have another class."""
    return np.asarray(rows.truth != rows.label)


def called(rows: Predictions) -> Array:
    """Which rows are called positive."""
    return np.asarray(rows.label == rows.positive)


Picks: TypeAlias = Callable[[Predictions], Array]
COUNTED: Mapping[str, tuple[Picks | None, Picks]] = {
    "accuracy": (None, right),
    "recall": (positive, right),
    "specificity": (negative, right),
    "false_positive_rate": (negative, wrong),
    "false_negative_rate": (positive, wrong),
    "selection_rate": (None, called),
}
"""Metric -> (which rows it is a share of, None for all; which of them are hits). Not precision: the answers pick its
rows."""
