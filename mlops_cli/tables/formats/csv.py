"""Comma-separated values: UTF-8, one header line, RFC 4180 quotes. An empty cell is null, a quoted empty cell is ''."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
from blake3 import blake3

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import canonical
from mlops_cli.tables.formats.base import (
    BadTable,
    check_names,
    first_sentence,
    whole_column,
)
from mlops_cli.tables.formats.lines import LONGEST, NEWLINE, QUOTE, blocks, open_text, read_some, real_quotes

NAME = "csv"
ENDINGS: tuple[str, ...] = (".csv", ".csv.gz", ".csv.zst", ".csv.bz2")
TEXT: Literal["all", "times", "none"] = "all"

HEAD = 1 << 16
UNCLOSED = re.compile(rb'(?:^|[,\n])"(?:[^"]|"")*\Z')
ARROW_WIDTH = re.compile(r"Expected (\d+) columns, got (\d+)")
ARROW_ROW = re.compile(r"Row #(\d+)")


def header(path: Path) -> list[str]:
    """The column names; raises BadTable for an empty file, bytes that are not text, and names that repeat."""
    with open_text(path) as file:
        head = read_some(path, file, HEAD)
    if not head.strip():
        raise BadTable(path, "the file is empty", "a CSV file begins with a line of column names")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadTable(path, "the text is UTF-16", "save it as UTF-8", 1)
    if b"\0" in head:
        raise BadTable(path, "this is a binary file, not CSV text", "name the file after what it is", line_of(head))
    try:
        with open_text(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            names = next(csv.reader(iter(lambda: text.readline(LONGEST), "")), [])
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except csv.Error as error:
        raise BadTable(path, f"the header cannot be read ({error})", line=1) from None
    if b"\n" not in head and b"\r" in head.rstrip():
        raise BadTable(path, "the lines end in a carriage return alone", "write the file with line feeds", 1)
    check_names(path, names, line=1)
    if len(names) == 1:
        check_delimiter(path, head.decode("utf-8", "replace"))
    return names


def check_delimiter(path: Path, head: str) -> None:
    """Refuse a single column whose name and first value are parted equally often by another delimiter."""
    first, second = [*head.splitlines(), "", ""][:2]
    for other, word in ((";", "';'"), ("\t", "a tab"), ("|", "'|'")):
        if first.count(other) and first.count(other) == second.count(other):
            raise BadTable(path, f"the columns are parted by {word}, not by ','", "write the file with commas", 1)


def line_of(head: bytes) -> int:
    """The line of the first zero byte."""
    return head[: head.index(b"\0")].count(b"\n") + 1


def not_utf8(path: Path) -> BadTable:
    """The fault of a file with bytes that are not UTF-8, with the line of the first."""
    line = 0
    with open_text(path) as stream, io.BufferedReader(stream) as file:
        for line, row in enumerate(file, start=1):
            try:
                row.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = row[error.start]
                reason = f"the text is not UTF-8 (byte 0x{byte:02x} at position {error.start + 1} of the line)"
                return BadTable(path, reason, "save it as UTF-8", line)
    return BadTable(path, "the text is not UTF-8", "save it as UTF-8", line or None)


@dataclass(frozen=True, eq=False)
class Lines:
    """A block of rows, without the header."""

    path: Path
    names: tuple[str, ...]
    data: bytes
    first_line: int
    columnar = False
    rows = None

    def identity(self, _name: str | None) -> Oid:
        """The hash of the bytes and of the names that they come under."""
        return self._hash

    @cached_property
    def _hash(self) -> Oid:
        return Oid(blake3(canonical(self.names)).update(self.data).hexdigest())

    def load(self, names: Sequence[str] | None) -> dict[str, pa.Array]:
        """The columns as texts. Raises BadTable for rows of another width, and for bytes that are not UTF-8."""
        wanted = [name for name in self.names if names is None or name in names]
        if not self.data.strip():
            return {name: pa.array([], type=pa.string()) for name in wanted}
        table = self._parsed(wanted or list(self.names[:1]))
        return {name: whole_column(table, name) for name in wanted} if wanted else {"": pa.nulls(table.num_rows)}

    def table(self) -> pa.Table:
        """The rows as texts."""
        arrays = self.load(None)
        return pa.table(list(arrays.values()), names=list(arrays))

    def schema(self) -> pa.Schema:
        """Texts."""
        return pa.schema([(name, pa.string()) for name in self.names])

    def lines(self) -> list[bytes]:
        """The rows as they stand; the last one may lack the end of its line in the file, and has one here."""
        found = split_rows(self.data)
        return [row for row in found if row.strip(b"\r\n")] if len(self.names) > 1 else found

    def _parsed(self, wanted: list[str]) -> pa.Table:
        try:
            return pyarrow.csv.read_csv(
                pa.BufferReader(self.data),
                pyarrow.csv.ReadOptions(
                    column_names=list(self.names), block_size=len(self.data) + 1, use_threads=False
                ),
                pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(self.names) > 1),
                pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.string()),
                    include_columns=wanted,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._fault(str(error)) from None

    def _fault(self, text: str) -> BadTable:
        """A fault that Arrow found in the rows, in our words."""
        width, row = ARROW_WIDTH.search(text), ARROW_ROW.search(text)
        line = self.first_line + int(row[1]) - 1 if row else None
        if width:
            if self.data.count(b'"') % 2 and int(width[2]) < int(width[1]):
                hint = "the file may be cut off, or a quote is missing"
                return BadTable(self.path, "a quoted value is never closed", hint, line)
            return uneven(self.path, int(width[1]), int(width[2]), line)
        if "UTF8" in text or "UTF-8" in text:
            return not_utf8(self.path)
        if "straddl" in text or "end of file" in text.lower():
            return BadTable(
                self.path, "a quoted value is never closed", "the file may be cut off, or a quote is missing"
            )
        return BadTable(self.path, f"the rows cannot be read ({first_sentence(ValueError(text))})", line=line)


def parts(path: Path) -> Iterator[Lines]:
    """The rows in blocks of lines; at least one, which may be empty."""
    names = tuple(header(path))
    first = True
    for block in blocks(path, quotes=True):
        if block.open_end and block.data.count(b'"') % 2 and UNCLOSED.search(block.data[-HEAD:]):
            line = block.first_line + block.data.count(b"\n")
            raise BadTable(
                path, "a quoted value is never closed", "the file may be cut off, or a quote is missing", line
            )
        skip = header_end(block.data) if first else 0
        yield Lines(path, names, block.data[skip:], block.first_line + block.data[:skip].count(b"\n"))
        first = False


def header_end(data: bytes) -> int:
    """Where the rows begin: after the first end of a line that does not stand inside quotes."""
    at, start, quotes = -1, 0, 0
    while True:
        at = data.find(b"\n", at + 1)
        if at < 0:
            return len(data)
        marks = np.flatnonzero(np.frombuffer(data[start:at], dtype=np.uint8) == QUOTE)
        quotes += len(real_quotes(data[start:at], marks)) if quotes % 2 == 0 else len(marks)
        if quotes % 2 == 0 and data[start:at].strip():
            return at + 1
        start = at + 1


def split_rows(data: bytes) -> list[bytes]:
    """A block of rows, cut at the ends of lines that do not stand inside quotes."""
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if b'"' not in data:
        return data.splitlines(keepends=True) if b"\r" not in data else [row + b"\n" for row in data.split(b"\n")[:-1]]
    array = np.frombuffer(data, dtype=np.uint8)
    ends, marks = np.flatnonzero(array == NEWLINE), real_quotes(data, np.flatnonzero(array == QUOTE))
    outside = (ends[np.searchsorted(marks, ends) % 2 == 0] + 1).tolist()
    return [data[start:stop] for start, stop in itertools.pairwise([0, *outside])]


def uneven(path: Path, expected: int, found: int, line: int | None) -> BadTable:
    """The fault of a row with more or fewer values than the header has names."""
    hint = (
        "the file may be cut off here" if found < expected else "a comma inside a value needs quotes around the value"
    )
    values = f"{found} value" + ("" if found == 1 else "s")
    return BadTable(path, f"{values} where the header has {expected} columns", hint, line)


def read(path: Path) -> pa.Table:
    """Types come from all rows: integer, number, true/false, date, time, else text."""
    names = header(path)
    try:
        table = pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows_after_names=1, use_threads=True),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=len(names) > 1),
            convert_options=pyarrow.csv.ConvertOptions(
                null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        width = ARROW_WIDTH.search(str(error))
        row = ARROW_ROW.search(str(error))
        line = int(row[1]) if row else None
        if width:
            raise uneven(path, int(width[1]), int(width[2]), line) from None
        raise BadTable(path, f"the rows cannot be read ({first_sentence(error)})", line=line) from None
    if any(pa.types.is_binary(kind) for kind in table.schema.types):
        raise not_utf8(path)
    return table


def write(table: pa.Table, path: Path) -> None:
    """Values that need no quotes get none, except empty texts."""
    try:
        options = pyarrow.csv.WriteOptions(quoting_style="needed")
        pyarrow.csv.write_csv(table, path, options)
    except pa.ArrowInvalid as error:
        raise BadTable(path, f"the table cannot be written as CSV ({first_sentence(error)})") from None
