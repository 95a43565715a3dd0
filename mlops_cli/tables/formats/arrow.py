"""Arrow files (also known as Feather 2): typed columns, mapped into memory rather than read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.ipc

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.tables.formats.base import (
    BadTable,
    check_names,
    first_sentence,
    leaf_names,
    wanted_arrays,
)

NAME = "arrow"
ENDINGS: tuple[str, ...] = (".arrow", ".feather")
TEXT: Literal["all", "times", "none"] = "none"

MOST = 1 << 20
"""Rows of a part."""


@dataclass(frozen=True, eq=False)
class Batches:
    """Record batches that follow each other; mapped, not read."""

    path: Path
    mapped: pa.Table
    first_line = 0
    columnar = True

    @property
    def rows(self) -> int:
        """The rows of the batches."""
        return int(self.mapped.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, members of structs by themselves."""
        return leaf_names(self.mapped.schema)

    def identity(self, name: str | None) -> Oid | None:
        """The hash of the column as Arrow would write it alone."""
        if name is None:
            return None
        sink = pa.BufferOutputStream()
        column = self.mapped.select([self._top(name)])
        with pyarrow.ipc.new_stream(sink, column.schema) as writer:
            writer.write_table(column)
        return hash_bytes(memoryview(sink.getvalue()))

    def table(self) -> pa.Table:
        """The rows as they are stored."""
        return self.mapped

    def schema(self) -> pa.Schema:
        """The columns and types of the file."""
        return self.mapped.schema

    def lines(self) -> None:
        """Rows are no lines here."""
        return

    def _top(self, name: str) -> str:
        while name not in self.mapped.column_names:
            name = name.rpartition(".")[0]
        return name

    def load(self, names: Sequence[str] | None) -> dict[str, pa.Array]:
        """The columns as they are stored."""
        wanted = [name for name in self.names if names is None or name in names]
        if not wanted:
            return {"": pa.nulls(self.rows)}
        return wanted_arrays(self.mapped, dict.fromkeys(self._top(name) for name in wanted), wanted)


def parts(path: Path) -> Iterator[Batches]:
    """Pieces of about a million rows."""
    table = read(path)
    for start in range(0, max(table.num_rows, 1), MOST):
        yield Batches(path, table.slice(start, MOST))


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
