"""What a metric is: sums over rows and what follows from them, or an order of the rows and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_cli.measures.predictions import Array, Floats, Predictions
from mlops_cli.spec.metrics import Needs
from mlops_cli.spec.validation import Task

quiet = np.errstate(over="ignore", invalid="ignore")
"""Numbers that are too large become infinite, and a metric of them has no value: nothing to warn of."""


@dataclass(frozen=True)
class Parts:
    """What every row adds to the sums that a metric is made of: k numbers (`columns`), or 1 in one of k cells (`cells`:
    a confusion matrix has a cell for each pair of classes) or in several of them (`marks`), or m numbers to the m sums
    of one of k / m bins (`bins` beside `columns`). Sums over any set of rows follow, so that resampling never touches
    the rows again.

    What kind of parts these are is nobody's business but `total` and `by`; only `cells` mean more: counts of rows.
    """

    size: int
    """k: how many sums there are."""
    columns: Floats | None = None
    """Shape (n, k); with bins (n, m)."""
    cells: Array | None = None
    """Shape (n,), numbers of cells in [0, k)."""
    bins: Array | None = None
    """Shape (n,), numbers of bins in [0, k / m)."""
    marks: tuple[Array, ...] = ()
    """Each of shape (n,), numbers of cells in [0, k)."""

    @quiet
    def total(self) -> Floats:
        """The sums over all rows, shape (k,)."""
        if self.cells is not None:
            return np.asarray(np.bincount(self.cells, minlength=self.size), np.float64)
        if self.marks:
            return np.asarray(sum(np.bincount(cells, minlength=self.size) for cells in self.marks), np.float64)
        assert self.columns is not None
        if self.bins is not None:
            return np.asarray(self.binned(self.bins, 1)[0])
        return np.asarray(self.columns.sum(axis=0))

    def by(self, units: Array, count: int) -> Floats:
        """The sums over the rows of each unit, shape (count, k); `units` (n,) are numbers in [0, count)."""
        if self.cells is not None or self.marks:
            cells = self.marks if self.cells is None else (self.cells,)
            flat = sum(np.bincount(units * self.size + each, minlength=count * self.size) for each in cells)
            return np.asarray(flat, np.float64).reshape(count, self.size)
        assert self.columns is not None
        if self.bins is not None:
            return self.binned(units * (self.size // self.columns.shape[1]) + self.bins, count)
        each = [np.bincount(units, weights=self.columns[:, at], minlength=count) for at in range(self.size)]
        return np.stack(each, axis=1)

    def binned(self, places: Array, count: int) -> Floats:
        """The sums over the rows of each unit and bin, shape (count, k); `places` (n,) number both."""
        assert self.columns is not None
        many = count * self.size // self.columns.shape[1]
        each = [np.bincount(places, weights=column, minlength=many) for column in self.columns.T]
        return np.asarray(np.stack(each, axis=1).reshape(count, self.size), np.float64)


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
    shared: tuple[Task, ...] = ("binary",)
    """The tasks in which the metric is the share: a macro average over classes is none."""

    def hits(self, rows: Predictions) -> tuple[int, int] | None:
        """(hits, rows) where the metric is a share of these rows, else None; `rows` may be 0."""
        return None if self.share is None or rows.task not in self.shared else self.share(rows)


def columns(*each: Floats) -> Parts:
    """Parts of plain columns, each of shape (n,); they lie one after the other in memory, as sums like it."""
    return Parts(len(each), columns=np.stack(each).T)


def ratio(part: Floats, whole: Floats, empty: float = float("nan")) -> Floats:
    """part / whole, `empty` where the whole is zero."""
    result: Floats = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, empty), where=whole != 0)
    return result


def mean(sums: Floats) -> Floats:
    """The mean of a value from (its sum, the number of rows)."""
    return ratio(sums[..., 0], sums[..., 1])
