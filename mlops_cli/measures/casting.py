"""Odd texts as typed values, one by one, where Arrow takes a column as a whole or not at all."""

from __future__ import annotations

import pyarrow as pa

from mlops_cli.measures.summary import Kind
from mlops_cli.tables.scan import connect


def number(raw: str) -> str:
    """A text as a double; DuckDB would also take digits parted by underscores, which no other reader of CSV takes."""
    return f"(CASE WHEN contains({raw}, '_') THEN NULL ELSE TRY_CAST({raw} AS DOUBLE) END)"


def text_value(raw: str, kind: Kind) -> str:
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
        date = f"TRY_CAST(CASE WHEN length(trim({raw})) <= 10 THEN {raw} END AS DATE)"
        return f"(CASE WHEN isfinite({date}) THEN {date} END)"
    # As a moment (UTC where no zone is named): a plain timestamp would forget the zone.
    moment = f"TRY_CAST({raw} AS TIMESTAMPTZ)"
    return f"(CASE WHEN isfinite({moment}) THEN make_timestamp(epoch_us({moment})) END)"


def cast_texts(texts: pa.Array, kind: Kind) -> tuple[pa.Array, pa.Array, pa.Array | None]:
    """Texts as values of `kind` (null where a text is none), which of them are not-a-number, and for whole numbers
    beyond 64 bits their exact values (the first array has them as doubles)."""
    isnan = f"coalesce(isnan({number('t')}), false)" if kind in ("integer", "number") else "false"
    value = text_value("t", kind)
    value = f"TRY_CAST({value} AS DECIMAL(38, 0))" if kind == "integer" else value
    with connect({}) as connection:
        connection.register("texts", pa.table({"t": texts}))
        found: pa.Table = connection.sql(f"SELECT {value} AS v, {isnan} AS n FROM texts").to_arrow_table()
    typed, nan = whole(found.column(0), len(texts)), whole(found.column(1), len(texts))
    if kind != "integer":
        return typed, nan, None
    try:
        return typed.cast(pa.int64()), nan, None
    except pa.ArrowInvalid:
        return typed.cast(pa.float64()), nan, typed


def whole(column: pa.ChunkedArray, rows: int) -> pa.Array:
    """A column of results as one array."""
    if not rows:
        return pa.array([], type=column.type)
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
