"""How far each column moved between two profiles, on one scale from 0 to 1, and what changed, in words.

The effect is a distance of shares: of the distribution (Kolmogorov-Smirnov), of the most changed value, or of what is
missing; the largest counts. What chance alone brings is taken off, and what chance alone can bring in a data set of so
many columns is no move, so that small data does not look restless. This orders a page; whether a change matters is for
the checks to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.measures.distances import by_size, ks, ks_p, shares_p, without_chance
from mlops_cli.measures.sentinels import sentinels
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, Numbers
from mlops_cli.reports import figures

Fate: TypeAlias = Literal["same", "moved", "new", "gone"]
FALSE = 0.01  # chance that a move is named in a data set of which no column moved
LEAST = 0.02
"""A distance below this is not put into words."""
FEW, FEW_NUMBERS = 50, 12  # different values up to which they are compared one by one
SHOWN = 4  # phrases
VALUE = 24  # characters of a value in a phrase


@dataclass(frozen=True)
class Move:
    """What happened to one column from the older version to the newer one."""

    column: str
    fate: Fate
    effect: float
    """In [0, 1]."""
    changes: tuple[str, ...] = ()
    """The largest first; empty where nothing worth a word changed."""


def moves(new: Sequence[ColumnSummary], old: Sequence[ColumnSummary]) -> tuple[Move, ...]:
    """One move for each column of either version, what moved most first, equal ones in the order of the file."""
    before = {column.name: column for column in old}
    sure = FALSE / max(len(new), 1)
    names = {column.name for column in new}
    found = [move(column, before[column.name], sure) for column in new if column.name in before]
    found += [Move(column.name, "new", 1.0, ("new column",)) for column in new if column.name not in before]
    found += [Move(column.name, "gone", 1.0, ("column is gone",)) for column in old if column.name not in names]
    return tuple(sorted(found, key=lambda item: -item.effect))


def move(new: ColumnSummary, old: ColumnSummary, sure: float = FALSE) -> Move:
    """How one column moved; `sure` is the significance that a change must have to count."""
    said = sorted(_changes(new, old, sure), key=lambda pair: -pair[0])
    effect = round(max((size for size, _ in said), default=0.0), 4)
    phrases = tuple(text for size, text in said if size >= LEAST)[:SHOWN]
    return Move(new.name, "moved" if phrases else "same", effect, phrases)


def _changes(new: ColumnSummary, old: ColumnSummary, sure: float) -> Iterator[tuple[float, str]]:
    """(effect, phrase) of everything that changed beyond chance."""
    kinds = {new.kind, old.kind}
    if len(kinds) == 2 and kinds != {"integer", "number"} and "nothing" not in kinds:
        yield 1.0, f"type {old.kind} → {new.kind}"
        return
    for word, after, before in zip(
        ("null", "not a number", "empty", "blank", "infinite", "of another type"), _holes(new), _holes(old), strict=True
    ):
        size = share_distance(after, new.rows, before, old.rows, sure)
        if size > 0:
            yield size, f"{word} {figures.portion(before, old.rows)} → {figures.portion(after, new.rows)}"
    if new.kind == "boolean" == old.kind:
        size = share_distance(new.true, new.filled, old.true, old.filled, sure)
        if size > 0:
            yield size, f"true {figures.portion(old.true, old.filled)} → {figures.portion(new.true, new.filled)}"
    elif new.numbers and old.numbers and max(new.distinct, old.distinct) > 2:
        yield from _numbers(new, new.numbers, old.numbers, sure)
    values, earlier = _few(new), _few(old)
    if new.kind != "boolean" and values and earlier and len(values.keys() | earlier.keys()) <= FEW:
        yield from _values(new, values, earlier, sure)
        return
    if new.numbers and old.numbers:
        yield from _spike(new, new.numbers.steps, old.numbers.steps, sure)
    else:
        yield from _suspects(new, old, sure)
    if new.lengths and old.lengths:
        size = steps_distance(new.lengths.steps, old.lengths.steps, sure)
        if size > 0:
            yield size, f"mean length {figures.figure(old.lengths.mean)} → {figures.figure(new.lengths.mean)}"


def _few(column: ColumnSummary) -> Mapping[str, float] | None:
    """Value -> rows where there are few different ones."""
    return column.categories if column.distinct <= (FEW if column.numbers is None else FEW_NUMBERS) else None


def _holes(column: ColumnSummary) -> tuple[int, ...]:
    return column.nulls, column.nan, column.empty, column.blank, column.infinite, column.wrong


def _numbers(column: ColumnSummary, new: Numbers, old: Numbers, sure: float) -> Iterator[tuple[float, str]]:
    """The distribution, told by the figure that says most: the middle, else the spread."""
    size = steps_distance(new.steps, old.steps, sure)
    if size <= 0:
        return
    kind = column.kind
    if kind in ("date", "timestamp", "time"):
        first, last = figures.figure(new.minimum, kind), figures.figure(new.maximum, kind)
        yield size, f"{figures.figure(old.minimum, kind)} to {figures.figure(old.maximum, kind)} → {first} to {last}"
        return
    yield size, f"mean {figures.figure(old.mean)} → {figures.figure(new.mean)}"
    spread, earlier = new.std or 0.0, old.std or 0.0
    if min(spread, earlier) < 0.8 * max(spread, earlier):
        yield size, f"spread {figures.figure(earlier)} → {figures.figure(spread)}"


def _suspects(new: ColumnSummary, old: ColumnSummary, sure: float) -> Iterator[tuple[float, str]]:
    """Texts that may stand for "no value", among many different ones."""
    after, before = dict(sentinels(new)), dict(sentinels(old))
    for value in sorted(after.keys() | before.keys()):
        size = share_distance(after.get(value, 0), new.filled, before.get(value, 0), old.filled, sure)
        if size > 0:
            yield (
                size,
                _went(figures.named(value, VALUE), after.get(value, 0) / new.filled, before.get(value, 0) / old.filled),
            )


def _spike(column: ColumnSummary, new: Steps, old: Steps, sure: float) -> Iterator[tuple[float, str]]:
    """The one number whose share changed least by chance: a sentinel or a constant that came hardly moves a
    distribution, and often matters more than what does."""
    points = np.union1d(new.values, old.values)
    (below, upto), (old_below, old_upto) = new.ranks(points), old.ranks(points)
    after, before = upto - below, old_upto - old_below
    pooled = (after + before) / (new.count + old.count)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12))
    at = int(np.argmax(np.abs(after / new.count - before / old.count) / error))
    if column.kind in ("date", "timestamp", "time") and after[at] * old.count < before[at] * new.count:
        return  # time goes on: of course an old day is gone
    size = share_distance(float(after[at]), new.count, float(before[at]), old.count, sure / len(points))
    if size >= LEAST:
        yield size, _went(figures.figure(float(points[at]), column.kind), after[at] / new.count, before[at] / old.count)


def _went(name: str, after: float, before: float) -> str:
    """How the share of one value changed."""
    if not before:
        return f"new '{name}' {figures.share(after)}"
    return f"'{name}' {figures.share(before)} → {figures.share(after)}" if after else f"'{name}' is gone"


def _values(
    column: ColumnSummary, new: Mapping[str, float], old: Mapping[str, float], sure: float
) -> Iterator[tuple[float, str]]:
    total, earlier = sum(new.values()), sum(old.values())
    for value in sorted(new.keys() | old.keys()):
        after, before = new.get(value, 0.0), old.get(value, 0.0)
        size = share_distance(after, total, before, earlier, sure)
        if size <= 0 or (column.numbers is not None and size < LEAST):
            continue
        yield size, _went(figures.named(readable(value, column), VALUE), after / total, before / earlier)


def readable(value: str, column: ColumnSummary) -> str:
    """A value's name in a profile as a person reads it: moments are kept as seconds."""
    if column.kind in ("date", "timestamp", "time"):
        return figures.figure(float(value), column.kind)
    return value


def share_distance(after: float, rows: float, before: float, earlier: float, sure: float) -> float:
    """How far a share moved, less one standard error of chance; 0 where chance can explain it, and without rows."""
    if not rows or not earlier or after * earlier == before * rows:
        return 0.0
    if shares_p(after, rows, before, earlier) > sure:
        return 0.0
    pooled = (after + before) / (rows + earlier)
    error = math.sqrt(max(pooled * (1 - pooled), 0.0) * by_size(rows, earlier))
    return max(0.0, abs(after / rows - before / earlier) - error)


def steps_distance(new: Steps, old: Steps, sure: float) -> float:
    """The Kolmogorov-Smirnov distance less its mean under chance; 0 where chance can explain it, or without rows."""
    distance = ks(new, old)
    return without_chance(distance, new.count, old.count) if ks_p(distance, new.count, old.count) <= sure else 0.0
