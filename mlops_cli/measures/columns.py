"""Columns of a file as typed SQL: how a stored value is read as a declared type, and when it cannot be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mlops_cli.spec.validation import Check, ColumnType, DataValidation
from mlops_cli.tables.formats.base import Column
from mlops_cli.tables.scan import Scan

INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
FLOATS = frozenset({"FLOAT", "DOUBLE"})
NOTHING = '"NULL"'
"""The stored type of a column in which no row has a value."""
NUMERIC_MEASURES = frozenset({"min", "max", "mean", "std"})
"""What can only be asked of numbers."""


@dataclass(frozen=True)
class Typed:
    """A column of the file, ready for queries. `raw` is the stored value, `value` the typed one (null where it cannot
    be), `null` and `wrong` are conditions: no value at all (not-a-number included), and a value of another type. Equal
    values have an equal `key`: 1 and 01 are one number, and two texts."""

    name: str
    kind: ColumnType
    stored: str
    raw: str
    value: str
    null: str
    nan: str
    wrong: str
    key: str


def typed_columns(scan: Scan, spec: DataValidation, rule_names: Collection[str]) -> dict[str, Typed]:
    """Every column of the file by name. Columns of `rule_names` that have no declared type and are held as text get the
    narrowest type that fits all their values, by one scan over them."""
    declared = dict(spec.types)
    unknown = [
        (index, column)
        for index, column in enumerate(scan.columns)
        if as_text(scan, column) and column.name not in declared and column.name in rule_names
    ]
    found = infer(scan, [index for index, _ in unknown])
    kinds = {column.name: found[index] for index, column in unknown}
    result = {}
    for index, column in enumerate(scan.columns):
        kind = declared.get(column.name) or kinds.get(column.name) or implied(column, spec.checks, scan)
        made = typed(f"c{index}", column, kind, scan)
        if column.name in kinds and kinds[column.name] is None:
            made = replace(made, value="NULL", wrong="false")  # a null without a type can be compared with anything
        # A type that nobody declared is a guess from the values, and codes such as 01 and 1 are not to become one.
        result[column.name] = made if column.name in declared else replace(made, key=made.raw)
    return result


def as_text(scan: Scan, column: Column) -> bool:
    """Whether the file holds values of this column as text that may stand for other types."""
    return scan.format.TEXT == "all" or column.stored == "JSON"


def implied(column: Column, checks: Sequence[Check], scan: Scan) -> ColumnType:
    """The type of a column that the spec does not declare: the stored one, or for text the one that its checks need."""
    if not as_text(scan, column):
        return stored_kind(column.stored)
    allowed = [value for check in checks if check.subject == column.name for value in check.values]
    if allowed and all(isinstance(value, bool) for value in allowed):
        return "boolean"
    if allowed and all(isinstance(value, int | float) and not isinstance(value, bool) for value in allowed):
        return "number"
    return "string"


def stored_kind(stored: str) -> ColumnType:
    """The type word of a DuckDB type."""
    if stored in INTEGERS:
        return "integer"
    if stored in FLOATS or stored.startswith("DECIMAL"):
        return "number"
    if stored.startswith("TIMESTAMP"):
        return "timestamp"
    return {"BOOLEAN": "boolean", "DATE": "date"}.get(stored, "string")  # type: ignore[return-value]


def typed(raw: str, column: Column, kind: ColumnType, scan: Scan) -> Typed:
    """The SQL of one column read as `kind`."""
    castable = as_text(scan, column) or (scan.format.TEXT == "times" and kind in ("date", "timestamp"))
    value = (
        text_value(raw, kind)
        if castable and column.stored in ("VARCHAR", "JSON")
        else typed_value(raw, column.stored, kind)
    )
    nan = "false"
    if castable and kind in ("integer", "number"):
        nan = f"coalesce(isnan({number(raw)}), false)"
    elif column.stored in FLOATS:
        nan = f"coalesce(isnan({raw}), false)"
    null = f"{raw} IS NULL" if nan == "false" else f"({raw} IS NULL OR {nan})"
    wrong = f"({raw} IS NOT NULL AND NOT {nan} AND ({value}) IS NULL)"
    return Typed(column.name, kind, column.stored, raw, value, null, nan, wrong, key_sql(raw, value, column, kind))


def key_sql(raw: str, value: str, column: Column, kind: ColumnType) -> str:
    """What equal values have in common; null for a value of another type, which is another check's."""
    if kind == "string":
        return raw
    if kind != "number" or column.stored not in ("VARCHAR", "JSON"):
        return value
    # As doubles, two long whole numbers may be one.
    whole = f"CASE WHEN trunc({value}) = {value} THEN CAST(TRY_CAST({raw} AS HUGEINT) AS VARCHAR) END"
    return f"coalesce({whole}, CAST({value} + 0.0 AS VARCHAR))"


def number(raw: str) -> str:
    """A text as a double; DuckDB would also take digits parted by underscores, which no other reader of CSV takes."""
    return f"(CASE WHEN contains({raw}, '_') THEN NULL ELSE TRY_CAST({raw} AS DOUBLE) END)"


def text_value(raw: str, kind: ColumnType) -> str:
    """A text read as `kind`, null where it is no such value. Whole numbers may be written 1.0, as pandas does."""
    if kind == "integer":
        value = number(raw)
        return f"(CASE WHEN isfinite({value}) AND trunc({value}) = {value} THEN TRY_CAST({raw} AS HUGEINT) END)"
    if kind == "number":
        value = number(raw)
        return f"(CASE WHEN NOT isnan({value}) THEN {value} END)"
    if kind == "boolean":
        text = f"lower(trim({raw}))"
        return f"(CASE WHEN {text} IN ('true', '1') THEN true WHEN {text} IN ('false', '0') THEN false END)"
    if kind == "date":
        return f"TRY_CAST(CASE WHEN length(trim({raw})) <= 10 THEN {raw} END AS DATE)"
    if kind == "timestamp":
        return f"TRY_CAST({raw} AS TIMESTAMP)"
    return raw


def typed_value(raw: str, stored: str, kind: ColumnType) -> str:
    """A typed value read as `kind`, null where the stored type is another. A whole double counts as an integer."""
    if stored == NOTHING:
        return "NULL"
    held = stored_kind(stored)
    if kind == "integer" and stored in FLOATS:
        return f"(CASE WHEN isfinite({raw}) AND trunc({raw}) = {raw} THEN {raw} END)"
    if stored in FLOATS and kind == "number":
        return f"(CASE WHEN NOT isnan({raw}) THEN {raw} END)"
    if stored.startswith("DECIMAL") and kind in ("integer", "number"):
        value = f"CAST({raw} AS DOUBLE)"
        return value if kind == "number" else f"(CASE WHEN trunc({value}) = {value} THEN {value} END)"
    fits = held == kind or (held == "integer" and kind == "number") or (stored.startswith("ENUM") and kind == "string")
    if not fits:
        return "NULL"
    return f"CAST({raw} AS VARCHAR)" if kind == "string" and stored != "VARCHAR" else raw


def infer(scan: Scan, indexes: Sequence[int]) -> dict[int, ColumnType | None]:
    """For text columns, the narrowest type that fits every value; text where there is none, None without any value."""
    if not indexes:
        return {}
    kinds: tuple[ColumnType, ...] = ("integer", "number", "boolean", "date", "timestamp")
    parts = []
    for index in indexes:
        raw = f"c{index}"
        parts.append(f"count({raw})")
        for kind in kinds:
            fits = f"coalesce(isnan({number(raw)}), false)" if kind == "number" else "false"
            parts.append(
                f"count(*) FILTER (WHERE {raw} IS NOT NULL AND ({text_value(raw, kind)}) IS NULL AND NOT {fits})"
            )
    row = scan.rows(f"SELECT {', '.join(parts)} FROM ({scan.sql})")[0]
    result: dict[int, ColumnType | None] = {}
    step = len(kinds) + 1
    for place, index in enumerate(indexes):
        filled, *wrong = row[place * step : (place + 1) * step]
        fitting = [kind for kind, count in zip(kinds, wrong, strict=True) if not count]
        result[index] = (fitting[0] if fitting else "string") if filled else None
    return result
