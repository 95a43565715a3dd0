"""Drawing rows again, without touching them again: what a metric is made of is summed by unit once, and the units, or
the cells of a table, are drawn 1,000 times. Equal input gives equal draws, whatever was drawn before.

The unit is the row, or what `Predictions.clusters` puts together. More than 4,000 units are first dealt into 2,000
groups of equal size (one more or less), and the groups are drawn. A group's sum has the variance of its rows' together,
so that the draws of a smooth function of sums have the same spread as if rows were drawn (docs/statistics.md). A table
of counts needs no rows at all: its cells are drawn from the multinomial distribution, which is what drawing rows means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mlops_cli.measures.metrics.base import Parts
from mlops_cli.measures.predictions import Array, Floats, Predictions

RESAMPLES = 1000
SEED = 20_260_301
MOST_UNITS = 4_000
GROUPS = 2_000
MOST_CELLS = 4_096
"""Filled cells that are drawn as such; of more, units are drawn, which costs less."""
FEW_CELLS = 64
BLOCK = 1 << 20
"""Sums that are held at once."""


@dataclass(frozen=True)
class Units:
    """The unit of each row, shape (n,) (None: each row is one), how many are drawn, and how many there were before they
    were dealt into groups."""

    of: Array | None
    drawn: int
    count: int


class Drawn(Protocol):
    """What can be drawn again: sums of each of some parts, (rows of the block, size of the part) each."""

    @property
    def often(self) -> Floats | None:
        """How many units each of `without` stands for; None: one."""

    def draws(self) -> Iterator[list[Floats]]:
        """The sums of the 1,000 resamples, in blocks."""

    def without(self) -> Iterator[list[Floats]]:
        """The sums without one unit, for each, in blocks."""


def units_of(rows: Predictions) -> Units:
    """What is drawn of these rows."""
    if rows.clusters is None:
        count = len(rows)
        return Units(None, count, count) if count <= MOST_UNITS else Units(group_of(count), GROUPS, count)
    count = int(rows.clusters.max()) + 1
    if count <= MOST_UNITS:
        return Units(rows.clusters, count, count)
    return Units(group_of(count)[rows.clusters], GROUPS, count)


def group_of(count: int) -> npt.NDArray[np.int64]:
    """The group of each of `count` units, shape (count,)."""
    return dealt(count).astype(np.int64)


@lru_cache(maxsize=64)
def dealt(count: int) -> npt.NDArray[np.int16]:
    """The group of each of `count` units, dealt at random, shape (count,). Small numbers, as those of many slices are
    kept: each metric asks for the slices anew, and dealing takes longer than most metrics."""
    groups = (np.arange(count) % GROUPS).astype(np.int16)
    np.random.default_rng([SEED, 0, count]).shuffle(groups)
    return groups


@lru_cache(maxsize=8)
def times(units: int) -> npt.NDArray[np.uint8]:
    """How often each resample has each unit, shape (1000, units). Of fewer than 256 draws none is counted 256 times,
    and of more it would take chances below 1e-300."""
    source = np.random.default_rng([SEED, 1, units])
    result = np.empty((RESAMPLES, units), dtype=np.uint8)
    for at in range(RESAMPLES):
        result[at] = np.bincount(source.integers(0, units, units, dtype=np.int32), minlength=units)
    return result


@lru_cache(maxsize=2)
def weights(units: int) -> Floats:
    """The same as doubles, as sums are multiplied by them; 16 MB for the groups."""
    return times(units).astype(np.float64)


@dataclass(frozen=True)
class ByUnit:
    """Units are drawn."""

    sums: tuple[Floats, ...]
    """For each of the parts: the sums of each unit, shape (units, size)."""

    @property
    def often(self) -> Floats | None:
        return None

    def draws(self) -> Iterator[list[Floats]]:
        counts = weights(len(self.sums[0]))
        for block in blocks(RESAMPLES, len(self.sums[0]) + self.sums[0].shape[1]):
            yield [counts[block] @ each for each in self.sums]

    def without(self) -> Iterator[list[Floats]]:
        totals = [each.sum(axis=0) for each in self.sums]
        for block in blocks(len(self.sums[0]), self.sums[0].shape[1]):
            yield [total - each[block] for total, each in zip(totals, self.sums, strict=True)]


@dataclass(frozen=True)
class ByCell:
    """Cells are drawn: `counts` (m,) rows are in a cell of the first part and one of the second, and so on."""

    counts: Array
    cells: tuple[Array, ...]
    """For each of the parts: the number of its cell, shape (m,)."""
    sizes: tuple[int, ...]

    @property
    def often(self) -> Floats | None:
        return self.counts.astype(np.float64)

    def draws(self) -> Iterator[list[Floats]]:
        drawn = self.drawn()
        for block in blocks(RESAMPLES, sum(self.sizes)):
            yield [gathered(drawn[block], at, size) for at, size in zip(self.cells, self.sizes, strict=True)]

    def drawn(self) -> Array:
        """The rows of each cell in each resample, shape (1000, m)."""
        rows = int(self.counts.sum())
        if len(self.counts) > FEW_CELLS and rows <= MOST_UNITS:  # as good, and faster
            return np.add.reduceat(times(rows), np.cumsum(self.counts) - self.counts, axis=1, dtype=np.int64)
        return np.random.default_rng([SEED, 2, rows]).multinomial(rows, self.counts / rows, size=RESAMPLES)

    def without(self) -> Iterator[list[Floats]]:
        totals = [
            np.bincount(at, weights=self.counts, minlength=size).astype(np.float64)
            for at, size in zip(self.cells, self.sizes, strict=True)
        ]
        for block in blocks(len(self.counts), sum(self.sizes)):
            yield [lessened(total, at[block]) for total, at in zip(totals, self.cells, strict=True)]


def gathered(drawn: Array, cells: Array, size: int) -> Floats:
    """Counts of a table's cells, added up by the cell of one part: (resamples, m) to (resamples, size)."""
    order = np.argsort(cells, kind="stable")
    numbers, starts = np.unique(cells[order], return_index=True)
    result = np.zeros((len(drawn), size))
    result[:, numbers] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return result


def lessened(total: Floats, cells: Array) -> Floats:
    """The totals with one less in each of some cells in turn, shape (cells, size)."""
    result = np.tile(total, (len(cells), 1))
    result[np.arange(len(cells)), cells] -= 1
    return result


def blocks(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows of which each has `width` numbers, so that a block is not larger than BLOCK."""
    size = max(1, BLOCK // max(width, 1))
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def drawable(parts: Sequence[Parts], units: Units, *, clustered: bool) -> Drawn:
    """What is drawn for one or several parts of the same rows: the same rows of each."""
    if not clustered and all(part.cells is not None for part in parts):
        table = crossed([part.cells for part in parts if part.cells is not None], [part.size for part in parts])
        if table is not None:
            return table
    return ByUnit(tuple(sums(part, units) for part in parts))


def crossed(cells: Sequence[Array], sizes: Sequence[int]) -> ByCell | None:
    """The table of the cells of several parts; None where more cells are filled than are worth it."""
    number = cells[0].astype(np.int64)
    for at, size in zip(cells[1:], sizes[1:], strict=True):
        number = number * size + at
    if np.prod(sizes, dtype=np.float64) <= BLOCK:
        counts = np.bincount(number)
        filled = np.flatnonzero(counts)
        counts = counts[filled]
    else:
        filled, counts = np.unique(number, return_counts=True)
    if len(filled) > MOST_CELLS:
        return None
    found: list[Array] = []
    for size in reversed(sizes):
        found.insert(0, filled % size)
        filled = filled // size
    return ByCell(counts, tuple(found), tuple(sizes))


def sums(part: Parts, units: Units) -> Floats:
    """The sums of each unit that is drawn, shape (units, size)."""
    if units.of is not None:
        return part.by(units.of, units.drawn)
    if part.columns is not None and part.bins is None:
        return part.columns
    return part.by(np.arange(units.drawn), units.drawn)
