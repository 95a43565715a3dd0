"""Tables of different columns and types under one schema."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

UNFIT = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, ValueError)


def joint_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """All columns in the order in which they come, each of a type that holds the values of every table; text where
    there is no other such type."""
    found: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            known = found.get(field.name)
            found[field.name] = field.type if known is None else joint_type(known, field.type)
    return pa.schema(list(found.items()))


def joint_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type for the values of two."""
    if one == other:
        return one
    if pa.types.is_dictionary(one) or pa.types.is_dictionary(other):
        one, other = (kind.value_type if pa.types.is_dictionary(kind) else kind for kind in (one, other))
        return joint_type(one, other)
    try:
        fields = [pa.schema([pa.field("v", kind)]) for kind in (one, other)]
        return pa.unify_schemas(fields, promote_options="permissive").field("v").type
    except UNFIT:
        return pa.string()


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns and types of a joint schema; what it lacks is null."""
    if table.schema.remove_metadata() == schema:
        return table.replace_schema_metadata(None)
    columns = [
        fitted_column(table.column(field.name), field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def fitted_column(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | pa.Array:
    """A column as another type, as texts where nothing else is left."""
    try:
        return column.cast(kind)
    except UNFIT:
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.array(texts, type=pa.string()).cast(kind)
