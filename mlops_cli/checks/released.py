"""Rows that somebody has released from a quarantine: known by all their values, whatever version they come in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from mlops_cli.base.errors import UserError
from mlops_cli.measures.hashes import Hashes, different, mixed, number_hashes, text_hashes
from mlops_cli.measures.repeats import inside
from mlops_cli.measures.values import values_of, written
from mlops_cli.tables.formats.base import whole_column
from mlops_cli.tables.parts import open_dataset

ROW, REASONS, FILE = "mlops_row", "mlops_reasons", "mlops_file"
"""The columns that rows set aside have besides their own: which row it was (from 1), why, and of which file."""
PARTED = "; "
OURS = (ROW, REASONS, FILE)


def whole_rows(table: pa.Table) -> Hashes:
    """The hashes of whole rows, shape (n,): names and values. A missing value is as good as a missing column, equal
    numbers are equal whatever type holds them, and the order of the columns does not count."""
    total = np.zeros(table.num_rows, dtype=np.uint64)
    for name in table.column_names:
        if name in OURS:
            continue
        values = values_of(name, whole_column(table, name), None, textual=False)
        there = np.flatnonzero(values.present)
        if values.typed is not None and values.exact is None:
            hashes = number_hashes(values.typed[there])
        else:
            hashes = text_hashes(written(values).take(pa.array(there)))
        total[there] += mixed(hashes ^ text_hashes(pa.array([name.encode()]))[0])
    return mixed(total)


def released_rows(path: Path | None) -> Hashes:
    """The sorted hashes of released rows; none without a table of them."""
    if path is None:
        return np.empty(0, dtype=np.uint64)
    return different(np.concatenate([whole_rows(part.table()) for part in open_dataset(path).parts()]))


def choose_rows(aside: pa.Table, checks: Sequence[str], rows: Sequence[int]) -> tuple[pa.Table, int]:
    """The rows of a quarantine that are meant, and how many others there are: those that only some checks have set
    aside, those with some numbers, or all. Raises UserError where that is none."""
    if not aside.num_rows:
        raise UserError("no row was set aside", "there is nothing to release")
    reasons = [set(text.split(PARTED)) for text in aside.column(REASONS).to_pylist()]
    known = set().union(*reasons)
    for check in checks:
        if not set(check.split(PARTED)) <= known:
            raise UserError(f"no row was set aside by '{check}'", f"the reasons are {', '.join(sorted(known))}")
    numbers = aside.column(ROW).to_pylist()
    unknown = sorted(set(rows) - set(numbers))
    if unknown:
        raise UserError(f"row {unknown[0]} is not among the rows that were set aside", f"see their column {ROW}")
    given, wanted_rows = {part for check in checks for part in check.split(PARTED)}, set(rows)
    wanted = np.asarray(
        [
            (not checks or reason <= given) and (not rows or number in wanted_rows)
            for reason, number in zip(reasons, numbers, strict=True)
        ],
        dtype=np.bool_,
    )
    if not wanted.any():
        raise UserError("no row is meant", "a row is released when every reason it has is among those that are given")
    return aside.filter(pa.array(wanted)), int(np.count_nonzero(~wanted))


def joined_releases(old: pa.Table | None, new: pa.Table) -> pa.Table:
    """Rows that were released before, and now; each once. Columns of two types become texts."""
    hashes = whole_rows(new)
    _, first = np.unique(hashes, return_index=True)
    once = np.zeros(new.num_rows, dtype=np.bool_)
    once[first] = True
    if old is None:
        return new.filter(pa.array(once))
    fresh = new.filter(pa.array(once & ~inside(hashes, np.sort(whole_rows(old)))))
    return pa.concat_tables([old, fresh], promote_options="permissive")
