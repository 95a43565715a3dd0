"""JSON lines: one object a line. Dates and times are texts, as JSON has no others."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.json

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import Json
from mlops_cli.tables.formats.base import (
    BadTable,
    check_names,
    first_sentence,
    leaf_arrays,
    leaves,
    whole_column,
)
from mlops_cli.tables.formats.lines import LONGEST, blocks, open_text

NAME = "jsonl"
ENDINGS: tuple[str, ...] = (
    ".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".jsonl.zst", ".ndjson.zst", ".jsonl.bz2", ".ndjson.bz2",
)  # fmt: skip
TEXT: Literal["all", "times", "none"] = "times"


def check_lines(path: Path) -> None:
    """Refuse a file whose first line is no JSON object, or has names that DuckDB takes for one; raises BadTable."""
    with open_text(path) as stream, io.BufferedReader(stream) as file:
        first = next((line for line in iter(lambda: file.readline(LONGEST), b"") if line.strip()), b"")
    if not first:
        raise BadTable(path, "the file is empty", "a JSON lines file has one object a line")
    odd = odd_value(path, first, 1)
    if odd is not None:
        raise odd
    names = [str(name) for name in msgspec.json.decode(first)]
    check_names(path, names, 1)
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.lower(), name)
        if other != name:
            reason = f"the columns '{other}' and '{name}' differ in nothing but capital letters"
            raise BadTable(path, reason, "rename one of them", 1)


def odd_value(path: Path, line: bytes, number: int) -> BadTable | None:
    """The fault of a line that is no JSON object, or None."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return BadTable(path, f"this is not JSON ({error})", line=number)
    except RecursionError:
        return BadTable(path, "the values are nested too deeply", line=number)
    if isinstance(value, dict):
        return None
    return BadTable(path, "a line must be a JSON object", 'write {"column": value, ...} on every line', number)


def odd_line(path: Path) -> BadTable | None:
    """The fault of the first line that is no JSON object, or None. Reads the file: only for a file known to be odd."""
    with open_text(path) as stream, io.BufferedReader(stream) as file:
        lines = enumerate(file, start=1)
        faults = (odd_value(path, line, number) for number, line in lines if line.strip())
        return next((fault for fault in faults if fault is not None), None)


@dataclass(frozen=True, eq=False)
class Objects:
    """A block of lines. What columns there are is known when they have been read."""

    path: Path
    data: bytes
    first_line: int
    names = None
    rows = None
    columnar = False

    def identity(self, _name: str | None) -> Oid:
        """The hash of the bytes."""
        return self._hash

    @cached_property
    def _hash(self) -> Oid:
        return hash_bytes(self.data)

    def load(self, names: Sequence[str] | None) -> dict[str, pa.Array]:
        """The columns with the types that this block shows; those of mixed types as texts. Raises BadTable."""
        if not self.data.strip():
            return {}
        table = self._parsed()
        found = {
            leaf: array for top in table.column_names for leaf, array in leaf_arrays(top, whole_column(table, top))
        }
        if len(found) < sum(len(list(leaves(field.name, field.type))) for field in table.schema):
            found = {top: whole_column(table, top) for top in table.column_names}
        wanted = {name: array for name, array in found.items() if names is None or name in names}
        return wanted or {"": pa.nulls(table.num_rows)}

    def table(self) -> pa.Table:
        """The rows with the types that this block shows."""
        return self._parsed() if self.data.strip() else pa.table({})

    def schema(self) -> pa.Schema:
        """The columns and types that this block shows."""
        return self.table().schema

    def lines(self) -> list[bytes]:
        """The objects as they stand, each with an end of line."""
        return [line.rstrip(b"\r") + b"\n" for line in self.data.split(b"\n") if line.strip()]

    def _parsed(self) -> pa.Table:
        options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(self.data) + 1)
        try:
            table = pyarrow.json.read_json(pa.BufferReader(self.data), read_options=options)
            plain = pa.schema([field.with_type(untimed(field.type)) for field in table.schema])
            if plain == table.schema:
                return table
            parse = pyarrow.json.ParseOptions(explicit_schema=plain)
            return pyarrow.json.read_json(pa.BufferReader(self.data), read_options=options, parse_options=parse)
        except pa.ArrowInvalid:
            return self._one_by_one()

    def _one_by_one(self) -> pa.Table:
        """The rows by a decoder that says which line is wrong, and that bears values of mixed types in a column."""
        rows: list[dict[str, Json]] = []
        for number, line in enumerate(self.data.split(b"\n"), self.first_line):
            if not line.strip():
                continue
            odd = odd_value(self.path, line, number)
            if odd is not None:
                raise odd
            rows.append(msgspec.json.decode(line))
        names = dict.fromkeys(name for row in rows for name in row)
        return pa.table({name: mixed_array([row.get(name) for row in rows]) for name in names})


def untimed(kind: pa.DataType) -> pa.DataType:
    """The type with texts for the dates and times that Arrow sees in texts."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(untimed(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(untimed(kind.value_type))
    return kind


def mixed_array(values: list[Json]) -> pa.Array:
    """Values as an array of their type; of several types, as texts of the large kind, which tells them from a column of
    texts: a number among them is still one."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        texts = [
            value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
            for value in values
        ]
        return pa.array(texts, type=pa.large_string())


def parts(path: Path) -> Iterator[Objects]:
    """The rows in blocks of lines."""
    check_lines(path)
    for block in blocks(path, quotes=False):
        yield Objects(path, block.data, block.first_line)


def read(path: Path) -> pa.Table:
    """Types come from all lines; fields that a line lacks are null."""
    check_lines(path)
    try:
        options = pyarrow.json.ReadOptions(block_size=max(1 << 20, min(path.stat().st_size + 1, (1 << 31) - 1)))
        return pyarrow.json.read_json(path, read_options=options)
    except pa.ArrowInvalid as error:
        raise odd_line(path) or BadTable(path, f"the lines cannot be read ({first_sentence(error)})") from None


def write(table: pa.Table, path: Path) -> None:
    """One object a line, in the order of the columns; not-a-number becomes null, times become texts."""
    with open(path, "wb") as file:
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                try:
                    file.write(msgspec.json.encode(row) + b"\n")
                except TypeError as error:
                    raise BadTable(path, f"the table cannot be written as JSON ({error})") from None
