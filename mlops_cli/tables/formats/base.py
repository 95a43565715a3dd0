"""What a file format must be able to do, and how a file that breaks its format is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import Oid


class BadTable(StageFailed):
    """A file is not the table that its name promises; `line` counts from 1 where the fault has a spot."""

    def __init__(self, path: Path, reason: str, hint: str | None = None, line: int | None = None) -> None:
        at = f", line {line}" if line else ""
        super().__init__(f"'{path.name}'{at}: {reason}", hint)
        self.reason = reason
        self.hint = hint
        self.line = line


class Part(Protocol):
    """A piece of one file that can be read on its own."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def first_line(self) -> int:
        """The line of the file on which the part begins, from 1; 0 where the file has no lines."""
        ...

    @property
    def rows(self) -> int | None:
        """How many rows it has, where that is known before it is read."""
        ...

    @property
    def names(self) -> Sequence[str] | None:
        """Its columns, where they are known before it is read. The members of a struct are `column.member`."""
        ...

    @property
    def columnar(self) -> bool:
        """Whether single columns can be read for a part of the cost."""
        ...

    def identity(self, name: str | None, /) -> Oid | None:
        """What stands for the bytes of one column (None: of all of them); None where there is no telling."""
        ...

    def load(self, names: Sequence[str] | None, /) -> dict[str, pa.Array]:
        """These columns (None: all), in file order; those that the part lacks are left out. Raises BadTable.

        Without any of them, one column without a name has the right number of rows.
        """
        ...

    def table(self) -> pa.Table:
        """The rows as they are stored, structs whole, for writing them elsewhere. Raises BadTable."""
        ...

    def schema(self) -> pa.Schema:
        """The columns and types of `table`. Raises BadTable."""
        ...

    def lines(self) -> list[bytes] | None:
        """Each row as it stands in the file, with its end of line; None where rows are no lines, or where it cannot be
        told where they end."""
        ...


class Format(Protocol):
    """A module of this folder."""

    NAME: str
    ENDINGS: tuple[str, ...]
    TEXT: Literal["all", "times", "none"]
    """Which values the file can only hold as text: all of them (CSV), dates and times (JSON), or none."""

    def parts(self, path: Path, /) -> Iterator[Part]:
        """The file in pieces that can be read on their own, in order, at least one. Raises BadTable."""
        ...

    def read(self, path: Path) -> pa.Table:
        """The whole file in memory, with types inferred from all its rows where it bears none. Raises BadTable."""
        ...

    def write(self, table: pa.Table, path: Path) -> None:
        """Write the table; the same table always gives the same bytes. Raises BadTable, OSError."""
        ...


def whole_column(table: pa.Table, name: str) -> pa.Array:
    """A column of a table as one array."""
    column = table.column(name)
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pa.concat_arrays(column.chunks)


def leaves(name: str, kind: pa.DataType) -> Iterator[str]:
    """The names under which a column is looked at: its own, or those of a struct's members."""
    if not pa.types.is_struct(kind):
        yield name
        return
    for field in kind:
        yield from leaves(f"{name}.{field.name}", field.type)


def leaf_arrays(name: str, array: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """A column's arrays under these names; a member of a null is null."""
    if not pa.types.is_struct(array.type):
        yield name, array
        return
    for field, member in zip(array.type, array.flatten(), strict=True):
        yield from leaf_arrays(f"{name}.{field.name}", member)


def leaf_names(schema: pa.Schema) -> tuple[str, ...]:
    """The names under which a table's columns are looked at; structs whole where two members would have one name."""
    names = tuple(leaf for field in schema for leaf in leaves(field.name, field.type))
    return names if len(set(names)) == len(names) else tuple(schema.names)


def wanted_arrays(table: pa.Table, tops: Iterable[str], wanted: Sequence[str]) -> dict[str, pa.Array]:
    """The arrays of some of these names; `tops` are the columns of the table that they belong to."""
    found: dict[str, pa.Array] = {}
    for top in tops:
        array = whole_column(table, top)
        found.update({top: array} if top in wanted else leaf_arrays(top, array))
    return {name: found[name] for name in wanted}


def unreadable(path: Path, error: OSError) -> BadTable:
    """The fault of a file that went away, or cannot be read any more, while it is read."""
    return BadTable(path, f"cannot be read ({error.strerror or first_sentence(error)})")


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def check_names(path: Path, names: list[str], line: int | None = None) -> None:
    """Refuse a table without columns or with two columns of one name; raises BadTable."""
    if not names:
        raise BadTable(path, "there are no columns", line=line)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        shown = ", ".join(f"'{name}'" for name in twice[:5])
        raise BadTable(path, f"duplicate column {shown}", "give every column its own name", line)


def first_sentence(error: Exception) -> str:
    """A library's message cut down to its first line, without its own prefix and its advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    for kind in ("Invalid Input", "IO", "Invalid", "Conversion", "Binder", "Catalog", "Parser"):
        text = text.removeprefix(f"{kind} Error: ")
    return text.rstrip(".: ")
