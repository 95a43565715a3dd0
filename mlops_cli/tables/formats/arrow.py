"""Arrow files (also known as Feather 2): typed columns, mapped into memory rather than read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.ipc

from mlops_cli.tables.formats.base import (
    Attached,
    BadTable,
    check_names,
    described,
    first_sentence,
    identifier,
    positions,
)

NAME = "arrow"
ENDINGS: tuple[str, ...] = (".arrow", ".feather")
TEXT: Literal["all", "times", "none"] = "none"


def attach(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> Attached:
    """The mapped table under the name `view`."""
    table = read(path)
    connection.register(view, table.rename_columns([f"c{index}" for index in range(table.num_columns)]))
    source = f"SELECT * FROM {identifier(view)}"
    columns = described(connection, source)
    named = tuple(type(column)(name, column.stored) for name, column in zip(table.column_names, columns, strict=True))
    return Attached(named, f"{source} AS t({positions(len(named))})")


def explain(path: Path, error: duckdb.Error) -> BadTable:
    """A fault that DuckDB found while scanning the rows, in our words."""
    return BadTable(path, f"the Arrow file cannot be scanned ({first_sentence(error)})")


def read(path: Path) -> pa.Table:
    """The table, mapped: its bytes are loaded as they are touched."""
    if path.stat().st_size == 0:
        raise BadTable(path, "the file is empty")
    try:
        with pa.memory_map(str(path)) as source:
            table = pyarrow.ipc.open_file(source).read_all()
    except (pa.ArrowException, OSError) as error:
        raise BadTable(path, f"this is not an Arrow file ({first_sentence(error)})") from None
    check_names(path, table.column_names)
    return table


def write(table: pa.Table, path: Path) -> None:
    """One chunk a column, no metadata, uncompressed so that it can be mapped."""
    plain = table.replace_schema_metadata(None).combine_chunks()
    with pa.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, plain.schema) as writer:
        writer.write_table(plain)
