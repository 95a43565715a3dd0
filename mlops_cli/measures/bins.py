"""Columns in a few bins, so that conditions on them are ranges of bins with a text."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from mlops_cli.measures.columns import Column, Kind
from mlops_cli.measures.predictions import Array, Floats
from mlops_cli.measures.slices import plain

BINS = 16
WORDS = 20
"""How many values of a column of words can be named in a condition."""
DIGITS = 17


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of a feature. Of numbers they ascend, cut at `edges`; of words each is one word. Two more bins follow:
    rare words (of numbers none), and no value."""

    name: str
    kind: Kind
    edges: Floats
    words: tuple[str, ...] = ()

    @property
    def named(self) -> int:
        """How many bins there are without the last two."""
        return len(self.words) if self.kind == "word" else len(self.edges) + 1

    @property
    def count(self) -> int:
        """How many bins there are."""
        return self.named + 2

    def codes(self, column: Column) -> Array:
        """The bin of each value of a column of the same kind, shape (n,)."""
        if self.kind == "word":
            place = {word: at for at, word in enumerate(self.words)}
            places = [place.get(word, self.named) for word in column.words]
            return np.asarray([*places, self.named + 1], dtype=np.int64)[column.codes]
        inside = np.searchsorted(self.edges, column.numbers, side="right")
        return np.where(column.missing, self.named + 1, inside)

    def ranges(self) -> list[tuple[int, int]]:
        """The conditions that there are, as (first bin, bin after the last): one word; numbers from or up to an edge;
        any number; no value."""
        none = (self.count - 1, self.count)
        if self.kind == "word":
            return [*((at, at + 1) for at in range(self.named)), none]
        cut = range(1, self.named)
        return [*((0, at) for at in cut), *((at, self.named) for at in cut), (0, self.named), none]

    def text(self, low: int, high: int) -> str:
        """A condition as a person reads it."""
        if low == self.count - 1:
            return f"{self.name} is null"
        if self.kind == "word":
            return f"{self.name} = {self.words[low]}"
        above = f"{self.name} >= {self.edge(low - 1)}" if low > 0 else ""
        below = f"{self.name} < {self.edge(high - 1)}" if high < self.named else ""
        return " and ".join(part for part in (above, below) if part) or f"{self.name} is not null"

    def edge(self, at: int) -> str:
        """The text of an edge: a number, or a date with its time where it has one."""
        value = float(self.edges[at])
        if self.kind == "number":
            return plain(value)
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(days=value)
        return moment.date().isoformat() if value.is_integer() else moment.isoformat(timespec="auto")


def bins_of(column: Column, least: int) -> Bins:
    """The bins that fit a column; a word has a bin of its own where at least so many rows have it."""
    if column.kind == "word":
        common = column.common(WORDS, max(least, 1))
        return Bins(column.name, "word", np.zeros(0), tuple(column.words[code] for code in common))
    known = column.numbers[~column.missing]
    distinct = np.unique(known)
    if len(distinct) <= BINS:
        return Bins(column.name, column.kind, distinct[1:])
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return Bins(column.name, column.kind, tidied(edges[edges > distinct[0]], column.kind))


def tidied(edges: Floats, kind: Kind) -> Floats:
    """Edges with as few digits as keep them apart, moments at midnight or a full second: the text of an edge is what
    is applied."""
    if kind == "moment":
        attempts = [np.unique(np.round(edges)), np.unique(np.round(edges * 86_400) / 86_400)]
    else:
        attempts = [np.unique([float(f"{edge:.{digits}g}") for edge in edges]) for digits in range(2, DIGITS)]
    return next((attempt for attempt in attempts if len(attempt) == len(edges)), edges)
