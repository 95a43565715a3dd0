"""Values that repeat, over all parts, in bounded memory: sorted runs of hashes on disk, merged a range at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_cli.measures.hashes import Hashes, arrow_of, combined, different, number_hashes, numbers_in, text_hashes
from mlops_cli.measures.values import Mask, Values, to_mask, written

TOGETHER = 1 << 24
"""Hashes that are merged at once: 128 MiB."""
INT64 = 2**63
MANY = 1000
"""Repeated values of which rows are looked for."""


def keyed(values: Values) -> Mask:
    """Rows that take part: those with a value of the kind."""
    return values.present


def row_hashes(columns: Sequence[Values]) -> tuple[Hashes, Mask]:
    """The hashes of the rows that have a value in every column, and which rows these are. Equal numbers are equal
    however they are written where the column is read as numbers."""
    rows = np.logical_and.reduce([values.present for values in columns])
    return combined([_hashes(values, rows) for values in columns]), rows


def _hashes(values: Values, rows: Mask) -> Hashes:
    if values.typed is not None and values.exact is None:
        return number_hashes(values.typed if rows.all() else values.typed[rows])
    if values.exact is not None and values.typed is not None:
        return _exact_hashes(values, values.typed)[rows]
    texts = written(values)
    return text_hashes(texts if rows.all() else texts.filter(arrow_of(rows)))


def _exact_hashes(values: Values, typed: npt.NDArray[np.generic]) -> Hashes:
    """Equal numbers are equal whatever they are written like (1 and 1.0), whatever part they are in, and also where no
    double holds them."""
    result = number_hashes(typed)
    exact = values.exact
    assert exact is not None
    places = np.flatnonzero(to_mask(exact.is_valid()))
    found = exact.take(arrow_of(places))
    small = np.asarray([-INT64 <= item < INT64 for item in found.to_pylist()], dtype=np.bool_)
    whole = found.filter(arrow_of(small)).cast(pa.int64())
    result[places[small]] = number_hashes(numbers_in(whole))
    result[places[~small]] = text_hashes(found.filter(arrow_of(~small)).cast(pa.string()))
    return result


def is_whole(path: Path, count: int) -> bool:
    """Whether a run with so many hashes is there."""
    try:
        run = np.load(path, mmap_mode="r") if count else np.load(path)
    except (OSError, ValueError, EOFError):
        return False
    return bool(run.dtype == np.uint64 and run.shape == (count,))


def ascending(values: Values) -> tuple[float, float] | None:
    """The first and the last number of a column in which each is greater than the one before; None for any other."""
    if values.typed is None or not values.numeric or values.exact is not None or not len(values):
        return None
    if not values.present.all() or not bool(np.greater(values.typed[1:], values.typed[:-1]).all()):
        return None
    ends = float(values.typed[0]), float(values.typed[-1])
    return ends if max(map(abs, ends)) < 2**53 else None


def write_run(path: Path, hashes: Hashes) -> None:
    """Keep the hashes of a part, sorted and with repetitions, for the merge."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp.npy")
    np.save(temporary, np.sort(hashes))
    temporary.replace(path)


def ranges(paths: Sequence[Path]) -> Iterator[Hashes]:
    """All hashes, sorted, in pieces that part no value from its repetitions and fit into memory."""
    runs: list[Hashes] = [np.load(path, mmap_mode="r") for path in paths]
    total = sum(len(run) for run in runs)
    count = max(1, -(-total // TOGETHER))
    edges = [np.uint64(number * (2**64 // count)) for number in range(1, count)]
    cuts = [np.concatenate(([0], np.searchsorted(run, edges), [len(run)])).astype(np.int64) for run in runs]
    for number in range(count):
        pieces = [run[cut[number] : cut[number + 1]] for run, cut in zip(runs, cuts, strict=True)]
        yield np.sort(np.concatenate(pieces)) if pieces else np.empty(0, dtype=np.uint64)


def repeated(paths: Sequence[Path]) -> tuple[int, Hashes]:
    """How many different values there are, and the hashes of up to 1,000 that repeat."""
    count, found = 0, np.empty(0, dtype=np.uint64)
    for ordered in ranges(paths):
        again = ordered[1:] == ordered[:-1]
        count += len(ordered) - int(np.count_nonzero(again))
        if len(found) < MANY and again.any():
            found = np.concatenate((found, different(ordered[1:][again])[: MANY - len(found)]))
    return count, found


def every_repeated(paths: Sequence[Path]) -> Hashes:
    """The hashes of all values that repeat, ascending."""
    found = [different(ordered[1:][ordered[1:] == ordered[:-1]]) for ordered in ranges(paths)]
    return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)


def inside(hashes: Hashes, ordered: Hashes) -> Mask:
    """Which hashes are among some sorted ones."""
    if not len(ordered):
        return np.zeros(len(hashes), dtype=np.bool_)
    at: npt.NDArray[np.int64] = np.minimum(np.searchsorted(ordered, hashes), len(ordered) - 1)
    result: Mask = ordered[at] == hashes
    return result
