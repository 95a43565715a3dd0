"""From a validation to what has to be measured for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.measures.asking import Wants, every
from mlops_cli.measures.hashes import Hashes, different
from mlops_cli.measures.repeats import row_hashes
from mlops_cli.measures.values import values_of
from mlops_cli.spec.validation import COMPARING, EVERY, Bound, Check, ColumnType, DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import Dataset, open_dataset
from mlops_cli.tables.read import near_name

NUMERIC = frozenset({"min", "max", "mean", "std", "median", "zeros"})
"""Measures that can only be asked of numbers."""
AS_TEXT = frozenset({"values", "matches", "unique", "named", "keys", "references", "length_min", "length_max"})
"""Measures for which a text is a text, whatever it looks like: 01 and 1 are two of them."""
STATISTICS = frozenset({"nulls", "empties", "sentinels", "zeros", "mean", "std", "median", "distinct", "distribution"})
"""Measures of a column whose change is judged statistically."""


def completed(spec: DataValidation) -> DataValidation:
    """The spec with what every file must keep though nobody wrote it: it can be read, it has rows, the
    columns that cut them are there, and a column of which numbers are asked holds numbers."""
    checks, types = list(spec.checks), dict(spec.types)
    for check in spec.checks:
        if check.measure in NUMERIC and check.subject not in types and check.subject != EVERY:
            types[check.subject] = "number"
            number = replace(
                check,
                id=f"{check.subject}.type",
                measure="type",
                comparator="is",
                bound=None,
                values=("number",),
                per_slice=False,
            )
            checks.insert(checks.index(check), number)
    start = Place(spec.file, 1, 1)
    named = {check.subject for check in checks} | set(types)
    for column in dict.fromkeys(item.column for item in spec.slices if item.column not in named):
        checks.insert(0, Check(f"{column}.required", column, "present", "required", None, start))
    if not any(check.measure == "rows" and check.comparator == "min" for check in checks):
        checks.insert(0, Check("rows.min", "rows", "rows", "min", Bound(1.0, "number", "1"), start))
    if not any(check.measure == "format" for check in checks):
        checks.insert(0, Check("format.is", "format", "format", "is", None, start))
    return replace(spec, checks=tuple(checks), types=tuple(types.items()))


def stated_format(spec: DataValidation) -> str | None:
    """The format that the spec names."""
    named = [check.values[0] for check in spec.checks if check.measure == "format" and check.values]
    return str(named[0]) if named else None


def wants_of(spec: DataValidation, dataset: Dataset, checks: Sequence[Check], *, profile: bool | None = None) -> Wants:
    """What has to be measured: a profile where something is compared or asked of every column, else counts alone."""
    compared = every(spec.checks) or any(check.comparator in COMPARING for check in spec.checks)
    sliced = any(check.per_slice for check in spec.checks) or bool(profile)
    return Wants(
        checks=tuple(check for check in checks if check.subject != EVERY),
        kinds=kinds_of(spec, dataset),
        slices=spec.slices if sliced else (),
        profile=compared if profile is None else profile,
    )


def kinds_of(spec: DataValidation, dataset: Dataset) -> dict[str, ColumnType]:
    """How the spec reads its columns: as it declares them, else in files of texts as their checks imply."""
    kinds = dict(spec.types)
    if dataset.textual:
        for check in spec.checks:
            for column in check.columns if check.measure == "keys" else (check.subject,):
                if column not in kinds and check.measure in AS_TEXT:
                    kinds[column] = implied(spec.checks, column)
    return kinds


def implied(checks: Sequence[Check], column: str) -> ColumnType:
    """The type that the allowed values of a column have; text where they do not tell."""
    allowed = [
        value for check in checks if check.subject == column and check.measure == "values" for value in check.values
    ]
    if allowed and all(isinstance(value, bool) for value in allowed):
        return "boolean"
    if allowed and all(isinstance(value, int | float) and not isinstance(value, bool) for value in allowed):
        return "number"
    return "string"


def known_values(checks: Sequence[Check], kinds: Mapping[str, ColumnType], root: Path) -> dict[str, Hashes]:
    """Check id -> the hashes of the values that another table has, sorted. Raises SpecError where it cannot be read."""
    return {check.id: table_values(check, kinds, root) for check in checks if check.measure == "references"}


def table_values(check: Check, kinds: Mapping[str, ColumnType], root: Path) -> Hashes:
    """The hashes of the different values of the column that a check looks in."""
    path, column = root / (check.table or ""), check.columns[0]
    found: list[Hashes] = []
    try:
        dataset = open_dataset(path)
        for part in dataset.parts():
            arrays = part.load((column,))
            if column not in arrays:
                near = near_name(column, list(part.load(None)))
                hint = f"did you mean '{near}'?" if near else None
                raise SpecError(f"the table '{check.table}' has no column '{column}'", hint, check.place)
            values = values_of(
                column, arrays[column], kinds.get(check.subject), textual=dataset.textual, times=dataset.times
            )
            found.append(different(row_hashes([values])[0]))
    except BadTable as fault:
        raise SpecError(
            f"the table that '{check.id}' looks in cannot be read: {fault}", fault.hint, check.place
        ) from None
    return different(np.concatenate(found)) if found else np.empty(0, dtype=np.uint64)
