"""Writing a table a piece at a time, in any format: what is too large for memory is never in it as a whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
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
from mlops_cli.tables.joining import UNFIT, fitted
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
    """Appends tables to a file that has the columns of one schema."""

    path: Path
    schema: pa.Schema
    sink: Sink = field(repr=False)
    rows: int = 0

    def write(self, table: pa.Table) -> None:
        """Append a table; columns that it lacks are null, values of another type become the schema's. Raises BadTable
        where they cannot."""
        try:
            self.sink.write_table(fitted(table, self.schema))
        except UNFIT as error:
            raise BadTable(self.path, f"the rows cannot be written ({first_sentence(error)})") from None
        self.rows += table.num_rows


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
    _file: pa.NativeFile = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._file = pa.output_stream(str(self.path))

    def write_table(self, table: pa.Table) -> None:
        """Append rows."""
        for batch in table.to_batches(max_chunksize=10_000):
            lines = (
                msgspec.json.encode({name: value for name, value in row.items() if value is not None})
                for row in batch.to_pylist()
            )
            self._file.write(b"".join(line + b"\n" for line in lines))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


@contextmanager
def open_writer(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """A writer that is closed at the end, also when something goes wrong. Without rows the file has the columns
    alone."""
    schema = schema.remove_metadata()
    sink = make_sink(path, schema)
    try:
        yield TableWriter(path, schema, sink)
    finally:
        sink.close()


@dataclass
class LineWriter:
    """Appends lines as they stand to a text file, compressed where its ending says so."""

    path: Path
    sink: pa.NativeFile = field(repr=False)
    rows: int = 0

    def write(self, lines: Sequence[bytes]) -> None:
        """Append rows, each with its end of line."""
        self.sink.write(b"".join(lines))
        self.rows += len(lines)


@contextmanager
def open_lines(path: Path, names: Sequence[str]) -> Iterator[LineWriter]:
    """A writer of lines that is closed at the end; a CSV file begins with the names of its columns."""
    with pa.output_stream(str(path)) as sink:
        if format_of(path).NAME == "csv":
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerow(names)
            sink.write(text.getvalue().encode())
        yield LineWriter(path, sink)
