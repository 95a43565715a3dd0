"""Rows that speak for what only many rows together show: those that pull an average most, those that repeat."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from mlops_cli.base.records import Json
from mlops_cli.checks.asked import Subject
from mlops_cli.checks.comparators.base import as_number
from mlops_cli.checks.repeating import key_columns, repeated_rows
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.repeats import inside, row_hashes
from mlops_cli.measures.tallies import EXAMPLES, example
from mlops_cli.measures.values import Values, as_doubles, cells_of, values_of
from mlops_cli.spec.validation import Check

PULLED = frozenset({"mean", "std"})


Found = list[tuple[float, int, object]]
"""How much a row pulls, its number, its value; the strongest first."""


def pulling_rows(asked: Sequence[tuple[Check, Verdict]], subject: Subject) -> list[tuple[dict[str, Json], ...]]:
    """Up to five rows for each of some verdicts; for a mean that is too low the lowest values, else the highest; for a
    standard deviation those farthest from the mean. One more pass over all their columns together."""
    best: list[Found] = [[] for _ in asked]
    names = tuple(dict.fromkeys(check.subject for check, _ in asked))
    start, dataset = 0, subject.dataset
    for part in dataset.parts() if asked else ():
        arrays = part.load(names)
        for at, (check, said) in enumerate(asked):
            if check.subject in arrays:
                kind = subject.wants.kinds.get(check.subject)
                array = arrays[check.subject]
                values = values_of(check.subject, array, kind, textual=dataset.textual, times=dataset.times)
                best[at] = strongest([*best[at], *pulls(check, said, subject, values, start)])
        start += len(next(iter(arrays.values()))) if arrays else part.rows or 0
    return [
        tuple(example(row, {check.subject: cell}) for _, row, cell in rows)
        for (check, _), rows in zip(asked, best, strict=True)
    ]


def strongest(found: Found) -> Found:
    """The rows that pull most, of equal ones the first."""
    return sorted(found, key=lambda item: (-item[0], item[1]))[:EXAMPLES]


def pulls(check: Check, said: Verdict, subject: Subject, values: Values, start: int) -> Found:
    """The rows of one part that pull most."""
    if values.typed is None:
        return []
    column = subject.found.summaries.get((check.subject, None))
    middle = column.numbers.mean if column is not None and column.numbers is not None else 0.0
    doubles, there = as_doubles(values.typed), np.flatnonzero(values.present)
    present = doubles[there]
    if column is not None and column.infinite:
        there = there[~np.isfinite(present)]  # these alone are at fault
        pull = np.full(len(there), np.inf)
    elif too_low(check, said):
        pull = -present
    else:
        pull = np.abs(present - middle) if check.measure == "std" else present
    places = np.argsort(-pull, kind="stable")[:EXAMPLES].tolist()
    rows = there[places]
    cells = cells_of(values.raw.take(pa.array(rows)))
    return list(zip(pull[places].tolist(), (rows + start + 1).tolist(), cells, strict=True))


def too_low(check: Check, said: Verdict) -> bool:
    """Whether the number is below what it is held against."""
    value = as_number(said.value)
    near = as_number(said.baseline) if said.baseline is not None else check.bound.value if check.bound else None
    return value is not None and near is not None and value < near


def repeating_rows(check: Check, subject: Subject) -> tuple[dict[str, Json], ...]:
    """Up to five rows whose key repeats, the rows of one key together. Two more passes over its columns."""
    with tempfile.TemporaryDirectory(prefix="mlops-repeats-") as folder:
        several = repeated_rows(subject, check, Path(folder)).several
    found: dict[int, list[tuple[int, dict[str, object]]]] = {}
    start = 0
    for part in subject.dataset.parts():
        columns = key_columns(subject, check, part)
        if not columns:
            start += part.rows or 0
            continue
        hashes, there = row_hashes(columns)
        places = np.flatnonzero(inside(hashes, several))
        rows = np.flatnonzero(there)[places]
        for key, row in zip(hashes[places].tolist(), rows.tolist(), strict=True):
            if key in found or len(found) < EXAMPLES:
                cells: dict[str, object] = {values.name: cells_of(values.raw[row : row + 1])[0] for values in columns}
                held = found.setdefault(key, [])
                held += [(start + row + 1, cells)] if len(held) < EXAMPLES else []
        start += len(columns[0])
    rows_of_keys = [item for held in found.values() for item in held]
    return tuple(example(row, cells) for row, cells in rows_of_keys[:EXAMPLES])
