"""The records of `kind: validation`, of data and of a model: subjects, comparators and bounds, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.spec.expression import Expression

Severity: TypeAlias = Literal["fail", "warn"]
ColumnType: TypeAlias = Literal["integer", "number", "string", "boolean", "date", "timestamp"]
Comparator: TypeAlias = Literal[
    "is", "min", "max", "in", "matches", "unique", "required", "change", "not_worse", "gap", "ratio", "share"
]
Unit: TypeAlias = Literal["number", "share", "percent", "points", "bytes", "seconds"]


@dataclass(frozen=True)
class Bound:
    """A limit as written: `1%` as a share is Bound(0.01, "share"), `30%` of a baseline is Bound(0.3, "percent")."""

    value: float
    unit: Unit
    text: str


@dataclass(frozen=True)
class Check:
    """One expectation. `id` is `subject.comparator`, such as `age.nulls.max` or `roc_auc.min`."""

    id: str
    subject: str
    """A column's name, or `format`, `bytes`, `rows`, a row rule's text, a metric's name."""
    measure: str
    """format bytes rows type present nulls min max mean std values matches unique rule, or a metric."""
    comparator: Literal[
        "is", "min", "max", "in", "matches", "unique", "required", "change", "not_worse", "gap", "ratio", "share"
    ]
    bound: Bound | None
    place: Place
    severity: Severity = "fail"
    values: tuple[Json, ...] = ()
    """The allowed set of `in`, or the single expected word of `is`."""
    pattern: str | None = None
    rule: Expression | None = None
    sql: str | None = None
    per_slice: bool = False


@dataclass(frozen=True)
class Slice:
    """A way to cut rows: by the values of a column, or by half-open bins `[edge, next)` of it."""

    column: str
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True)
class DataValidation:
    """`kind: validation` of data. `baseline` is a REF, `previous`, or None."""

    name: str
    file: str
    data: str | None
    baseline: str | None
    checks: tuple[Check, ...]
    types: tuple[tuple[str, ColumnType], ...]
    """Declared columns in the order of the spec, with their types."""
    too_few: Severity = "warn"
    """What a check does that has too few rows or values to be judged."""


@dataclass(frozen=True)
class ModelValidation:
    """`kind: validation` of a model, on `model` + `data`, or on a table of `predictions`."""

    name: str
    file: str
    model: str | None
    data: str | None
    target: str | None
    baseline: str | None
    slices: tuple[Slice, ...]
    checks: tuple[Check, ...]
    confidence: float = 0.95
    min_rows: int = 100
    positive: Json = None
    """The label that counts as positive in a binary problem; None: the larger of the two."""
    too_few: Severity = "warn"
    """What a check does that has too few rows to be judged."""


Validation: TypeAlias = DataValidation | ModelValidation
