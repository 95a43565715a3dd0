"""Apache Parquet: typed columns, compressed. The form in which stages hand tables to each other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet
from blake3 import blake3

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import canonical
from mlops_cli.tables.formats.base import (
    BadTable,
    check_names,
    first_sentence,
    leaf_names,
    unreadable,
    wanted_arrays,
)

NAME = "parquet"
ENDINGS: tuple[str, ...] = (".parquet", ".pq")
TEXT: Literal["all", "times", "none"] = "none"

MOST = 1 << 20
"""Rows of a part."""
ROW_GROUP = 1 << 17  # rows; scans share a file between threads by row groups


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


@dataclass(frozen=True, eq=False)
class RowGroups:
    """Row groups that follow each other, or some rows of one that is very large."""

    path: Path
    names: tuple[str, ...]
    groups: range
    rows: int
    metadata: pyarrow.parquet.FileMetaData
    stored: pa.Schema
    skip: int = 0
    """Rows of the group that belong to parts before this one."""
    mine: threading.local = field(default_factory=threading.local)
    """The opened file of each thread: opening costs a look at every column."""
    first_line = 0
    columnar = True

    def identity(self, name: str | None) -> Oid | None:
        """The hash of the column's compressed bytes, its type, and where in the row group the part begins."""
        if name is None:
            return None
        top = self._top(name)
        key = blake3(canonical([str(self.stored.field(top).type), self.skip, self.rows]))
        try:
            with open(self.path, "rb") as file:
                for group in self.groups:
                    for column in self._chunks(group, top):
                        at = column.data_page_offset
                        if column.has_dictionary_page and column.dictionary_page_offset:
                            at = min(at, column.dictionary_page_offset)
                        file.seek(at)
                        key.update(file.read(column.total_compressed_size))
        except OSError as error:
            raise unreadable(self.path, error) from None
        return Oid(key.hexdigest())

    def _chunks(self, group: int, top: str) -> list[pyarrow.parquet.ColumnChunkMetaData]:
        """The leaf columns of one column."""
        row_group = self.metadata.row_group(group)
        return [row_group.column(index) for index in self._leaves.get(top, ())]

    @cached_property
    def _tops(self) -> frozenset[str]:
        return frozenset(self.stored.names)

    @cached_property
    def _leaves(self) -> dict[str, list[int]]:
        """Column -> the places of its leaf columns in the file."""
        found: dict[str, list[int]] = {}
        for index in range(self.metadata.num_columns):
            words = self.metadata.schema.column(index).path.split(".")
            for top in {".".join(words[:end]) for end in range(1, len(words) + 1)} & self._tops:
                found.setdefault(top, []).append(index)
        return found

    @cached_property
    def _coded(self) -> list[str]:
        """The text columns that are stored as small dictionaries."""
        return [item.name for item in self.stored if pa.types.is_string(item.type) and self._is_coded(item.name)]

    def _top(self, name: str) -> str:
        """The column that a name belongs to: itself, or the struct that it is a member of."""
        found = name
        while found not in self._tops:
            found = found.rpartition(".")[0]
        return found

    def load(self, names: Sequence[str] | None) -> dict[str, pa.Array]:
        """The columns as they are stored, texts in dictionaries where they are stored so."""
        wanted = [name for name in self.names if names is None or name in names]
        tops = list(dict.fromkeys(self._top(name) for name in wanted))
        if not tops:
            return {"": pa.nulls(self.rows)}
        table = self._opened(tops, coded=True)
        return wanted_arrays(table, tops, wanted)

    def table(self) -> pa.Table:
        """The rows as they are stored."""
        return self._opened(list(self.stored.names), coded=False)

    def schema(self) -> pa.Schema:
        """The columns and types of the file."""
        return self.stored

    def lines(self) -> None:
        """Rows are no lines here."""
        return

    def _opened(self, tops: list[str], *, coded: bool) -> pa.Table:
        try:
            if not coded:
                with pyarrow.parquet.ParquetFile(self.path, metadata=self.metadata) as file:
                    return self._read(file, tops)
            if not hasattr(self.mine, "file"):
                self.mine.file = pyarrow.parquet.ParquetFile(
                    self.path, metadata=self.metadata, read_dictionary=self._coded
                )
            return self._read(self.mine.file, tops)
        except (pa.ArrowException, OSError) as error:
            raise BadTable(
                self.path, f"the Parquet file is damaged ({first_sentence(error)})", "copy or write it again"
            ) from None

    def _read(self, file: pyarrow.parquet.ParquetFile, tops: list[str]) -> pa.Table:
        whole = sum(self.metadata.row_group(group).num_rows for group in self.groups)
        if whole == self.rows:
            return file.read_row_groups(list(self.groups), columns=tops, use_threads=False)
        batches = file.iter_batches(batch_size=MOST, row_groups=list(self.groups), columns=tops, use_threads=False)
        batch = next(itertools.islice(batches, self.skip // MOST, None))
        return pa.Table.from_batches([batch])

    def _is_coded(self, top: str) -> bool:
        """Whether a text column takes so few bytes a row that it must be stored as a small dictionary."""
        chunks = [chunk for group in self.groups for chunk in self._chunks(group, top)]
        size, values = sum(c.total_uncompressed_size for c in chunks), sum(c.num_values for c in chunks)
        return bool(size < 3 * values)


def parts(path: Path) -> Iterator[RowGroups]:
    """The row groups, small ones together and very large ones in pieces of a million rows."""
    check_file(path)
    metadata = pyarrow.parquet.read_metadata(path)
    schema = metadata.schema.to_arrow_schema()
    names = leaf_names(schema)
    start, rows = 0, 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).num_rows
        if size > MOST:
            if rows:
                yield RowGroups(path, names, range(start, group), rows, metadata, schema)
            for skip in range(0, size, MOST):
                here = min(MOST, size - skip)
                yield RowGroups(path, names, range(group, group + 1), here, metadata, schema, skip)
            start, rows = group + 1, 0
            continue
        if rows and rows + size > MOST:
            yield RowGroups(path, names, range(start, group), rows, metadata, schema)
            start, rows = group, 0
        rows += size
    if rows or not metadata.num_rows:
        yield RowGroups(path, names, range(start, metadata.num_row_groups), rows, metadata, schema)


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
