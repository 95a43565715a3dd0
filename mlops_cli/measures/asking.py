"""What is asked of each column, and how a column is read for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import Json, plain
from mlops_cli.measures.hashes import Hashes
from mlops_cli.measures.summary import Kind
from mlops_cli.measures.tallies import ROW_WISE, SPECIAL
from mlops_cli.measures.values import Values, cells_of, plain_array, values_of
from mlops_cli.spec.validation import EVERY, Check, ColumnType, Slice

SUMMED = frozenset({"mean", "std", "median", "distinct", "distribution"})
"""Measures that are read off the summary of a column."""
SHARES = frozenset({"nulls", "empties", "sentinels", "zeros"})
COLUMN = (ROW_WISE | frozenset(SPECIAL) | {"unique"}) - {"rule"}
"""Measures that are counted row by row in one column."""
NOT_COUNTED = frozenset({"id", "place", "severity", "tolerance", "not_in", "absent_before", "comparator", "subject"})
"""What a check says that changes its verdict, and not what is counted."""
BOUNDED = frozenset({"min", "max", "length_min", "length_max", "gaps"})
"""Measures that count against their bound."""


@dataclass(frozen=True, eq=False)
class Wants:
    """What is to be measured. `kinds`: the types that the spec declares or that its checks imply; other columns are
    read as what they are. `profile`: every column is summarised, and its slices too."""

    checks: tuple[Check, ...] = ()
    kinds: Mapping[str, ColumnType] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    profile: bool = True
    known: Mapping[str, Hashes] = field(default_factory=dict)
    """Check id -> the sorted hashes of the values that `references` allows."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of one column: the checks that count rows in it, and whether it is summarised."""

    name: str
    checks: tuple[Check, ...]
    kind: ColumnType | None
    """How the checks read it."""
    summary: bool
    sliced: bool
    forced: Kind | None = None
    """How the summary (and a check without a type of its own) reads it, where parts of it differ in type."""
    runs: bool = False
    """Whether the hashes of its values are kept even where they stand in ascending order."""


def asked_of_column(name: str, wants: Wants, forced: Kind | None = None, runs: bool = False) -> Asked:
    """What is asked of one column."""
    mine = [check for check in wants.checks if check.subject == name]
    sliced = bool(wants.slices) and (wants.profile or any(check.per_slice for check in wants.checks))
    summary = wants.profile or any(check.measure in SUMMED for check in mine) or every(wants.checks)
    counted = tuple(check for check in mine if check.measure in COLUMN)
    return Asked(name, counted, wants.kinds.get(name), summary, sliced, forced, runs)


def every(checks: Sequence[Check]) -> bool:
    """Whether some check is asked of every column."""
    return any(check.subject == EVERY for check in checks)


def read(asked: Asked, array: pa.Array, *, textual: bool, times: bool) -> tuple[Values, Values]:
    """The column as its checks read it, and as its summary does; mostly the same."""
    first = values_of(asked.name, array, asked.kind, textual=textual, times=times)
    if asked.forced is None:
        return first, first
    if asked.forced == "string" and not textual:
        second = as_texts(asked.name, array)
    else:
        second = values_of(asked.name, array, asked.forced, textual=textual, times=times)
    return (second, second) if asked.kind is None else (first, second)


def as_texts(name: str, array: pa.Array) -> Values:
    """A column of which other parts hold texts, as texts too."""
    plainly = plain_array(array)
    try:
        texts = plainly.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = pa.array([None if item is None else str(item) for item in cells_of(plainly)], type=pa.string())
    return values_of(name, texts, None, textual=False)


def meaning(check: Check, known: Mapping[str, Hashes]) -> Json:
    """What a check counts, as plain data: its part of a cache key."""
    said = plain(check)
    assert isinstance(said, dict)
    kept = {key: value for key, value in said.items() if key not in NOT_COUNTED}
    if check.measure not in BOUNDED:
        kept.pop("bound", None)
    if check.measure == "distribution":
        kept.pop("distance", None)
    hashes = known.get(check.id)
    return {**kept, "known": None if hashes is None else identity_of(hashes)}


def identity_of(hashes: Hashes) -> Oid:
    """What stands for a set of hashes."""
    return hash_bytes(np.ascontiguousarray(hashes).data.cast("B"))
