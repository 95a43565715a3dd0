"""Writing a table a piece at a time, in any format: what is too large for memory is never in it as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from mlops_cli.tables.formats.base import BadTable, first_sentence
from mlops_cli.tables.read import format_of


class Sink(Protocol):
    """What takes tables of one schema."""

    def write_table(self, table: pa.Table, /) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


@dataclass
class TableWriter:
    """Appends tables to a file; the first one says which columns there are and of which types."""

    path: Path
    rows: int = 0
    _sink: Sink | None = field(default=None, repr=False)
    _schema: pa.Schema | None = field(default=None, repr=False)

    def write(self, table: pa.Table) -> None:
        """Append a table; columns that it lacks are null. Raises BadTable where its types do not fit the first
        one's."""
        if self._schema is None or self._sink is None:
            self._schema = table.schema.remove_metadata()
            self._sink = make_sink(self.path, self._schema)
        self._sink.write_table(fitted(table, self._schema, self.path))
        self.rows += table.num_rows

    def close(self) -> None:
        """Finish the file."""
        if self._sink is not None:
            self._sink.close()


def fitted(table: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    """A table with the columns and types of a schema."""
    if table.schema.remove_metadata() == schema:
        return table.replace_schema_metadata(None)
    columns = [
        table.column(item.name) if item.name in table.column_names else pa.nulls(table.num_rows, item.type)
        for item in schema
    ]
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise BadTable(path, f"the parts of the data have other types ({first_sentence(error)})") from None


def make_sink(path: Path, schema: pa.Schema) -> Sink:
    """The writer of the format that the file's ending names."""
    form = format_of(path).NAME
    sink: Sink
    if form == "parquet":
        sink = pyarrow.parquet.ParquetWriter(path, schema, compression="zstd", compression_level=1, version="2.6")
    elif form == "arrow":
        sink = pyarrow.ipc.new_file(str(path), schema)
    elif form == "csv":
        sink = pyarrow.csv.CSVWriter(
            pa.output_stream(str(path)), schema, write_options=pyarrow.csv.WriteOptions(quoting_style="needed")
        )
    else:
        sink = JsonLines(path)
    return sink


@dataclass
class JsonLines:
    """One object a line; a field without a value is left out."""

    path: Path
    _file: pa.NativeFile | None = field(default=None, repr=False)

    def write_table(self, table: pa.Table) -> None:
        """Append rows."""
        if self._file is None:
            self._file = pa.output_stream(str(self.path))
        for batch in table.to_batches(max_chunksize=10_000):
            lines = (
                msgspec.json.encode({name: value for name, value in row.items() if value is not None})
                for row in batch.to_pylist()
            )
            self._file.write(b"".join(line + b"\n" for line in lines))

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


@contextmanager
def open_writer(path: Path) -> Iterator[TableWriter]:
    """A writer that is closed at the end, also when something goes wrong."""
    writer = TableWriter(path)
    try:
        yield writer
    finally:
        writer.close()
