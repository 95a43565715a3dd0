"""What a metric is: sums over rows and what follows from them, or an order of the rows and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.measures.predictions import Array, Floats, Predictions

Task: TypeAlias = Literal["binary", "multiclass", "regression", "ranking", "forecast"]
Needs: TypeAlias = Literal["labels", "scores", "probabilities", "costs", "scale", "bounds", "queries"]
"""Which part of the predictions a metric reads besides the truth."""


@dataclass(frozen=True)
class Parts:
    """What every row adds to the sums that a metric is made of: k numbers (`columns`), or 1 in one of k cells (`cells`:
    a confusion matrix has a cell for each pair of classes). Sums over any set of rows follow, so that resampling never
    touches the rows again."""

    size: int
    """k: how many sums there are."""
    columns: Floats | None = None
    """Shape (n, k)."""
    cells: Array | None = None
    """Shape (n,), numbers of cells in [0, k)."""

    def total(self) -> Floats:
        """The sums over all rows, shape (k,)."""
        if self.cells is not None:
            return np.bincount(self.cells, minlength=self.size).astype(np.float64)
        assert self.columns is not None
        return np.asarray(self.columns.sum(axis=0))

    def by(self, units: Array, count: int) -> Floats:
        """The sums over the rows of each unit, shape (count, k); `units` (n,) are numbers in [0, count)."""
        if self.cells is not None:
            flat = np.bincount(units * self.size + self.cells, minlength=count * self.size)
            return flat.reshape(count, self.size).astype(np.float64)
        assert self.columns is not None
        each = [np.bincount(units, weights=self.columns[:, at], minlength=count) for at in range(self.size)]
        return np.stack(each, axis=1)


@dataclass(frozen=True)
class Metric:
    """One metric. It is either made of sums (`parts`, `value`) or of an order of the rows (`ranked`)."""

    name: str
    tasks: tuple[Task, ...]
    better: Literal[1, -1, 0]
    """1: more is better; -1: less is; 0: neither."""
    least: float = 0.0
    most: float = 1.0
    """The range of its values."""
    needs: Needs = "labels"
    parts: Callable[[Predictions], Parts] | None = None
    value: Callable[[Floats], Floats] | None = None
    """From sums, shape (..., k), to the metric, shape (...); NaN where it is not defined."""
    share: Callable[[Predictions], tuple[int, int]] | None = None
    """For a share of rows (accuracy, recall, ...): (hits, rows), from which Wilson's interval follows."""
    ranked: Literal["roc_auc", "average_precision"] | None = None
