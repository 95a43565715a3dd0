"""One pass over the parts of a data set for everything that profiles and checks need of it.

Each column of each part is one piece of work: read once, read as its type once, then summarised and asked by every
check. The pieces run on all threads, are kept under the identity of what they were measured from, and are merged at
the end. What needs several columns (rules, compound keys) is one more piece of work a part.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.asking import Wants
from mlops_cli.measures.cache import Unit, open_cache
from mlops_cli.measures.counting import Several
from mlops_cli.measures.repeats import repeated
from mlops_cli.measures.slices import MOST, numerically
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Kind, Profile, SliceProfile, merge, wider
from mlops_cli.measures.tallies import Tally, joined
from mlops_cli.measures.values import Values, values_of
from mlops_cli.measures.worker import SEVERAL, Measured, Worker
from mlops_cli.spec.validation import Check, ColumnType, Slice
from mlops_cli.tables.parts import Dataset

MERGED: frozenset[tuple[Kind, Kind]] = frozenset({("integer", "number"), ("date", "timestamp")})
"""Kinds of parts that merge as they are."""
NOTHING_MORE = Several()
TOGETHER = 64
"""Parts whose summaries are merged as soon as they are there."""
Progress = Callable[[int, int], None]
"""Called with the pieces of work that are done, and how many are known by now."""
Key = tuple[str, str | None]
"""A check's id or a column's name, and a slice's label."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was measured. Row numbers of examples count from 1 over all parts."""

    rows: int
    names: tuple[str, ...]
    summaries: Mapping[Key, ColumnSummary]
    """(column, slice) -> summary."""
    tallies: Mapping[Key, Tally]
    """(check id, slice) -> tally."""
    slices: Mapping[str, int]
    """Label -> rows, in a fixed order."""
    reused: int = 0
    """Pieces of work that were taken from the cache."""
    done: int = 0
    """Pieces of work in all."""


@dataclass
class Pieces:
    """What came of the parts so far."""

    rows: dict[int, int] = field(default_factory=dict)
    units: dict[str, dict[int, Unit]] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    reused: int = 0
    folded: dict[str, dict[str | None, list[ColumnSummary]]] = field(default_factory=dict)
    """Column -> slice -> summaries of 64 parts each: those of single parts would fill the memory with the data's
    size."""
    _open: dict[str, list[int]] = field(default_factory=dict)

    def take(self, index: int, found: Measured) -> None:
        """Add what came of one part."""
        self.rows[index] = max(found.rows, self.rows.get(index, 0))
        self.names.update(dict.fromkeys(found.names))
        for name, unit in found.units.items():
            self.units.setdefault(name, {})[index] = unit
            waiting = self._open.setdefault(name, [])
            waiting.append(index)
            if len(waiting) == TOGETHER:
                self._fold(name, waiting)
                waiting.clear()
        self.reused += found.reused

    def forget(self, names: Iterable[str]) -> None:
        """Begin anew with some columns: their parts will be measured again."""
        for name in names:
            for known in (self.units, self.folded, self._open):
                known.pop(name, None)

    def _fold(self, name: str, parts: Sequence[int]) -> None:
        """Merge the summaries of some parts, which come in their order."""
        units = self.units[name]
        found: dict[str | None, list[ColumnSummary]] = {}
        for index in parts:
            for piece in units[index].pieces:
                if piece.summary is not None:
                    found.setdefault(piece.label, []).append(piece.summary)
            bare = tuple(replace(piece, summary=None) for piece in units[index].pieces)
            units[index] = replace(units[index], pieces=bare)
        for label, summaries in found.items():
            self.folded.setdefault(name, {}).setdefault(label, []).append(merge(summaries))

    def of(self, name: str) -> dict[int, Unit]:
        """Part -> what came of one column of it, in the order of the parts."""
        return dict(sorted(self.units.get(name, {}).items()))

    @property
    def done(self) -> int:
        """How many pieces of work there were."""
        return sum(map(len, self.units.values()))


def measure(
    dataset: Dataset,
    wants: Wants,
    several: Several = NOTHING_MORE,
    *,
    threads: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Found:
    """Everything that is wanted of a data set. Raises BadTable for rows that cannot be read, SpecError for a rule that
    fails on them, StageFailed for slices that cannot be cut."""
    with open_cache(cache) as store:
        worker = Worker(dataset, wants, several, store)
        pieces = Pieces()
        run(worker, pieces, None, threads, progress)
        again = unlike(worker, pieces)
        if again:
            worker = replace(worker, forced=again)
            pieces.forget(again)
            run(worker, pieces, frozenset(again), threads, progress)
        mixed = disordered(worker, pieces)
        if mixed:
            worker = replace(worker, runs=mixed)
            pieces.forget(mixed)
            run(worker, pieces, mixed, threads, progress)
        return gather(worker, pieces)


def run(worker: Worker, pieces: Pieces, only: frozenset[str] | None, threads: int, progress: Progress | None) -> None:
    """Do the work on all parts, or on some columns of them; no more of it is under way than there are threads."""
    waiting: deque[tuple[int, Future[Measured]]] = deque()
    done, known = 0, 0

    def finish(most: int) -> None:
        nonlocal done
        while len(waiting) > most:
            index, future = waiting.popleft()
            pieces.take(index, future.result())
            done += 1
            if progress is not None:
                progress(done, known)

    with ThreadPoolExecutor(threads, thread_name_prefix="measure") as pool:
        try:
            for index, part in enumerate(worker.dataset.parts()):
                if part.columnar and part.names is not None:
                    pieces.rows.setdefault(index, part.rows or 0)
                    pieces.names.update(dict.fromkeys(part.names))
                    for name in worker.wanted([n for n in part.names if only is None or n in only], only is None):
                        known += 1
                        waiting.append((index, pool.submit(worker.column, part, name)))
                        finish(8 * threads)
                else:
                    known += 1
                    waiting.append((index, pool.submit(worker.block, part, only)))
                    finish(threads)
            finish(0)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def unlike(worker: Worker, pieces: Pieces) -> dict[str, Kind]:
    """Columns whose summaries differ in type between parts in a way that does not merge -> the type of the whole."""
    found: dict[str, Kind] = {}
    for name in pieces.names:
        kinds = {unit.kind for unit in pieces.of(name).values()} - {"nothing"}
        if len(kinds) > 1 and not any(kinds == set(pair) for pair in MERGED) and name not in worker.wants.kinds:
            whole: Kind = "nothing"
            for kind in kinds:
                whole = wider(whole, kind)
            found[name] = whole
    return found


def disordered(worker: Worker, pieces: Pieces) -> frozenset[str]:
    """Columns whose values ascend within some parts, but not from part to part: whether one repeats is still open."""
    found = set()
    for check in worker.wants.checks:
        if check.measure != "unique":
            continue
        tallies = [tally for unit in pieces.of(check.subject).values() for tally in tallies_of(worker, check, unit)]
        spans = sorted(
            (tally.first, tally.last) for tally in tallies if tally.first is not None and tally.last is not None
        )
        chained = all(before[1] < after[0] for before, after in itertools.pairwise(spans))
        if spans and (not chained or any(tally.run for tally in tallies)):
            found.add(check.subject)
    return frozenset(found)


def tallies_of(worker: Worker, check: Check, unit: Unit) -> list[Tally]:
    """The tally of one check in one unit, for all rows."""
    checks = worker.asked(check.subject).checks
    return [unit.pieces[0].tallies[checks.index(check)]] if check in checks else []


def gather(worker: Worker, pieces: Pieces) -> Found:
    """Merge what came of all parts."""
    order = sorted(pieces.rows)
    starts = dict(zip(order, np.concatenate(([0], np.cumsum([pieces.rows[index] for index in order]))), strict=False))
    total = sum(pieces.rows.values())
    summaries: dict[Key, ColumnSummary] = {}
    tallies: dict[Key, Tally] = {}
    slices: dict[str, int] = {}
    for name in [*pieces.names, SEVERAL]:
        units = pieces.of(name)
        checks = worker.several.checks if name == SEVERAL else worker.asked(name).checks
        labels = dict.fromkeys(piece.label for unit in units.values() for piece in unit.pieces)
        for label in labels:
            found = {index: piece for index, unit in units.items() for piece in unit.pieces if piece.label == label}
            if label is not None:
                # Parts that lack a column have none of its pieces: the column that is everywhere knows.
                slices[label] = max(slices.get(label, 0), sum(piece.rows for piece in found.values()))
            columns = [*pieces.folded.get(name, {}).get(label, ())]
            columns += [piece.summary for piece in found.values() if piece.summary is not None]
            if columns:
                summaries[name, label] = whole_summary(columns, total if label is None else None)
            for at, check in enumerate(checks):
                if label is None or check.per_slice:
                    parts = [piece.tallies[at] for piece in found.values()]
                    at_rows = [int(starts[index]) for index in found]
                    whole = finished(worker, check, joined(check, parts, at_rows), parts)
                    lacking = total - sum(piece.rows for piece in found.values()) if label is None else 0
                    if check.measure == "nulls" and lacking:
                        whole = replace(whole, bad=whole.bad + lacking, of=whole.of + lacking)
                    tallies[check.id, label] = whole
    refuse_many(worker.wants.slices, slices)
    ordered = {label: slices[label] for label in sorted(slices, key=lambda label: slice_order(worker, label))}
    return Found(total, tuple(pieces.names), summaries, tallies, ordered, pieces.reused, pieces.done)


def whole_summary(parts: Sequence[ColumnSummary], rows: int | None) -> ColumnSummary:
    """The merged summary; rows of parts that lack the column are rows without a value."""
    found = merge(parts)
    lacking = 0 if rows is None else rows - found.rows
    return replace(found, rows=found.rows + lacking, nulls=found.nulls + lacking) if lacking else found


def finished(worker: Worker, check: Check, found: Tally, parts: Sequence[Tally]) -> Tally:
    """A tally with what only all parts together can tell: how many rows repeat a value of an earlier one."""
    if check.measure not in ("unique", "keys"):
        return found
    runs = [worker.cache.folder / part.run for part in parts if part.run]
    if not runs:
        return found
    count, _ = repeated(runs)
    return replace(found, bad=found.of - count)


def refuse_many(slices: Sequence[Slice], found: Mapping[str, int]) -> None:
    """Raise StageFailed where parts together have more than 200 values of a slice."""
    for item in slices:
        count = sum(1 for label in found if label.startswith(f"{item.column}="))
        if count > MOST:
            hint = f"cut it into bins: {{{item.column}: [0, 10, 100]}}"
            raise StageFailed(f"the slice '{item.column}' has {count:,} values", hint)


def slice_order(worker: Worker, label: str) -> tuple[int, tuple[int, float, str]]:
    """Slices in the order of the spec, their values by size; what has no place elsewhere last."""
    columns = worker.slice_columns
    at = next((place for place, name in enumerate(columns) if label.startswith(f"{name}=")), len(columns))
    value = label.partition("=")[2]
    if value in ("null", "outside"):
        return at, (2, 0.0, value)
    return at, numerically(value.removeprefix("[").partition(",")[0])


def columns_in(dataset: Dataset) -> tuple[str, ...]:
    """The names of the columns, without reading more rows than it takes. Raises BadTable."""
    names: dict[str, None] = {}
    for part in dataset.parts():
        if part.names is None:
            names.update(dict.fromkeys(name for name in part.load(None) if name))
        elif not set(part.names) <= set(names):
            names.update(dict.fromkeys(part.names))
        elif dataset.textual and len(dataset.paths) == 1:
            break
    return tuple(names)


def kinds_in(dataset: Dataset, names: Sequence[str]) -> dict[str, Kind]:
    """The narrowest type of each of some columns that fits all their values; one pass over them."""
    kinds: dict[str, Kind] = dict.fromkeys(names, "nothing")
    for part in dataset.parts() if names else ():
        for name, array in part.load(tuple(names)).items():
            if name in kinds:
                found = values_of(name, array, None, textual=dataset.textual, times=dataset.times)
                kinds[name] = wider(kinds[name], found.kind)
    return kinds


def without_rows(dataset: Dataset, names: Sequence[str], kinds: Mapping[str, ColumnType]) -> dict[str, Values]:
    """Some columns as their first part has them, but no row of them: enough to hold the types of a rule against."""
    found: dict[str, Values] = {}
    for part in dataset.parts() if names else ():
        for name, array in part.load(tuple(names)).items():
            if name in names and name not in found:
                kind = kinds.get(name)
                found[name] = values_of(name, array[:0], kind, textual=dataset.textual, times=dataset.times)
        if len(found) == len(names):
            break
    return found


def profile(
    dataset: Dataset,
    *,
    slices: Sequence[Slice] = (),
    threads: int = 1,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Profile:
    """The profile of a data set. Raises BadTable for rows that cannot be read, StageFailed for slices that cannot be
    cut."""
    found = measure(dataset, Wants(slices=tuple(slices)), threads=threads, cache=cache, progress=progress)
    return profile_of(dataset, found)


def profile_of(dataset: Dataset, found: Found) -> Profile:
    """What was measured of all columns, as a profile."""
    columns = {name: column for (name, label), column in found.summaries.items() if label is None}
    nothing = pa.nulls(0)
    empty = {name: summarise(values_of(name, nothing, None, textual=False)) for name in found.names}
    return Profile(
        rows=found.rows,
        bytes=dataset.bytes,
        form=dataset.format.NAME,
        files=len(dataset.paths),
        columns=tuple(columns.get(name) or empty[name] for name in found.names),
        slices=tuple(
            SliceProfile(label, rows, tuple(c for (_, other), c in found.summaries.items() if other == label))
            for label, rows in found.slices.items()
        ),
    )
