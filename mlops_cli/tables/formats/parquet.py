"""Apache Parquet: typed columns, compressed. The form in which stages hand tables to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet

from mlops_cli.tables.formats.base import (
    Attached,
    BadTable,
    check_names,
    described,
    first_sentence,
    positions,
    quoted,
)

NAME = "parquet"
ENDINGS: tuple[str, ...] = (".parquet", ".pq")
TEXT: Literal["all", "times", "none"] = "none"

ROW_GROUP = 1 << 17  # rows; scans share a file between threads by row groups


def attach(connection: duckdb.DuckDBPyConnection, path: Path, _view: str) -> Attached:
    """Typed columns; a file with two columns of one name is refused."""
    names = check_file(path)
    source = f"SELECT * FROM read_parquet({quoted(str(path))}, hive_partitioning=false)"
    columns = described(connection, source)
    if len(columns) != len(names):
        raise BadTable(path, "the columns cannot be read")
    named = tuple(type(column)(name, column.stored) for name, column in zip(names, columns, strict=True))
    return Attached(named, f"{source} AS t({positions(len(names))})")


def check_file(path: Path) -> list[str]:
    """The column names; raises BadTable for a file that is no Parquet."""
    try:
        names = list(pyarrow.parquet.read_schema(path).names)
    except pa.ArrowException as error:
        raise broken(path, error) from None
    check_names(path, names)
    return names


def broken(path: Path, error: Exception) -> BadTable:
    """The fault of bytes that are no Parquet file."""
    size = path.stat().st_size
    if size == 0:
        return BadTable(path, "the file is empty")
    with open(path, "rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        return BadTable(path, "the Parquet file is cut off or damaged", "copy or write it again")
    return BadTable(path, f"this is not a Parquet file ({first_sentence(error)})", "name the file after what it is")


def explain(path: Path, error: duckdb.Error) -> BadTable:
    """A fault that DuckDB found while scanning the rows, in our words."""
    return BadTable(path, f"the Parquet file is damaged ({first_sentence(error)})", "copy or write it again")


def read(path: Path) -> pa.Table:
    """The table as it was written."""
    check_file(path)
    try:
        return pyarrow.parquet.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise broken(path, error) from None


def write(table: pa.Table, path: Path) -> None:
    """Fixed settings, one chunk a column, no metadata: the bytes depend on the rows alone."""
    plain = table.replace_schema_metadata(None).combine_chunks()
    try:
        pyarrow.parquet.write_table(
            plain, path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP, version="2.6"
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadTable(path, f"the table cannot be written as Parquet ({first_sentence(error)})") from None
