"""Rows that speak for what only many rows together show: those that pull an average most, those that repeat."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from mlops_cli.base.records import Json
from mlops_cli.checks.asked import Subject
from mlops_cli.checks.comparators.base import as_number
from mlops_cli.checks.repeating import key_columns, repeated_rows
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.repeats import inside, row_hashes
from mlops_cli.measures.tallies import EXAMPLES, example
from mlops_cli.measures.values import as_doubles, cells_of, values_of
from mlops_cli.spec.validation import Check

PULLED = frozenset({"mean", "std"})


def pulling_rows(check: Check, said: Verdict, subject: Subject) -> tuple[dict[str, Json], ...]:
    """Up to five rows; for a mean that is too low the lowest values, else the highest; for a standard deviation those
    farthest from the mean. One more pass over the column."""
    value = as_number(said.value)
    near = as_number(said.baseline) if said.baseline is not None else check.bound.value if check.bound else None
    low = value is not None and near is not None and value < near
    column = subject.found.summaries.get((check.subject, None))
    numbers = column.numbers if column is not None else None
    middle = numbers.mean if numbers is not None else 0.0
    best: list[tuple[float, int, object]] = []
    start, dataset = 0, subject.dataset
    for part in dataset.parts():
        array = part.load((check.subject,)).get(check.subject)
        if array is None:
            start += part.rows or 0
            continue
        kind = subject.wants.kinds.get(check.subject)
        values = values_of(check.subject, array, kind, textual=dataset.textual, times=dataset.times)
        if values.typed is not None:
            doubles = as_doubles(values.typed)
            there = np.flatnonzero(values.present)
            pull = (
                -doubles[there]
                if low
                else np.abs(doubles[there] - middle)
                if check.measure == "std"
                else doubles[there]
            )
            infinite = ~np.isfinite(doubles[there])
            if column is not None and column.infinite:
                there, pull = there[infinite], np.full(int(infinite.sum()), np.inf)  # these alone are at fault
            for at in np.argsort(-pull, kind="stable")[:EXAMPLES].tolist():
                row = int(there[at])
                best.append((float(pull[at]), start + row + 1, cells_of(values.raw[row : row + 1])[0]))
            best = sorted(best, key=lambda item: (-item[0], item[1]))[:EXAMPLES]
        start += len(array)
    return tuple(example(row, {check.subject: cell}) for _, row, cell in best)


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
