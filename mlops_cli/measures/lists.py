"""Rows that are ranked among themselves: the list of each query, cut into groups of rows that score the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[Any]"
Floats: TypeAlias = "npt.NDArray[np.float64]"


@dataclass(frozen=True)
class Lists:
    """All lists one after the other, each with falling scores. Rows of one score have no order: they are a group, and
    whatever is measured is the mean over their orders, so that the order of the file never counts."""

    first: Array
    """A row of each list, (lists,): its number in the predictions."""
    relevance: Floats
    """Of each row, list by list, (n,)."""
    starts: Array
    """The place of each list's first row, (lists,)."""
    groups: Array
    """The place of each group's first row, (groups,)."""
    sizes: Array
    """Rows of each group, (groups,)."""
    relevant: Array
    """Rows of each group with a relevance above 0, (groups,)."""
    above: Array
    """How many rows of its list score above each group, (groups,)."""
    opens: Array
    """The number of each list's first group, (lists,)."""

    def per_list(self, values: Array) -> Array:
        """The sums over the groups of each list, (lists,), from values of the groups, (groups,)."""
        return np.asarray(np.add.reduceat(values, self.opens))


def lists(relevance: Floats, score: Floats, queries: Array) -> Lists:
    """The lists of at least one row; all three have shape (n,), `queries` are whole numbers."""
    order = np.lexsort((-score, queries))
    query, falling, ordered = queries[order], score[order], relevance[order]
    opened = np.append(True, query[1:] != query[:-1])
    grouped = opened | np.append(True, falling[1:] != falling[:-1])
    starts, groups = np.flatnonzero(opened), np.flatnonzero(grouped)
    opens = np.searchsorted(groups, starts)
    lengths = np.diff(opens, append=len(groups))
    return Lists(
        order[starts],
        ordered,
        starts,
        groups,
        np.diff(groups, append=len(order)),
        np.add.reduceat(ordered > 0, groups, dtype=np.int64),
        groups - np.repeat(starts, lengths),
        opens,
    )


def ideal(relevance: Floats, queries: Array) -> tuple[Floats, Array]:
    """The relevance of the rows in the best order of each list, and the rank of each from 0; both (n,)."""
    order = np.lexsort((-relevance, queries))
    query = queries[order]
    starts = np.flatnonzero(np.append(True, query[1:] != query[:-1]))
    lengths = np.diff(starts, append=len(order))
    return relevance[order], np.arange(len(order)) - np.repeat(starts, lengths)
