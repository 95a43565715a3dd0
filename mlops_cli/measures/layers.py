"""The rows that checks are asked of, as one query: the columns that they name, typed, under names of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from mlops_cli.base.errors import SpecError
from mlops_cli.measures.columns import typed_columns
from mlops_cli.measures.questions import Question, Subject, named_in
from mlops_cli.spec.expression import references
from mlops_cli.spec.validation import Check, DataValidation
from mlops_cli.tables.formats.base import identifier, quoted
from mlops_cli.tables.scan import Scan, reason

FILE_CHECKS = frozenset({"format", "bytes", "rows", "present"})
"""Measures that need no column."""


@dataclass(frozen=True)
class Layer:
    """The rows of a file ready for questions: `sql` gives them with the r, v, n, w and k columns of `questions`.

    `prefix` begins all our names; no column of the file and no SQL rule has a name that begins with it. (DuckDB takes
    r0 and R0 for one name.)
    """

    scan: Scan
    columns: Mapping[str, Subject]
    prefix: str
    parts: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The rows."""
        return self.select(self.parts)

    @property
    def numbered(self) -> str:
        """The rows with their numbers, from 1, as `row`."""
        return self.select((f"row_number() OVER () AS {self.row}", *self.parts))

    @property
    def one(self) -> str:
        """A column that is there in every file."""
        return f"{self.prefix}one"

    @property
    def row(self) -> str:
        """The column with the row's number."""
        return f"{self.prefix}row"

    def select(self, parts: Sequence[str]) -> str:
        """A query for some expressions over the columns c0, c1, ... of the file."""
        return f"SELECT {', '.join(parts)} FROM ({self.scan.sql})"

    def whole(self) -> tuple[str, str]:
        """The rows with every column as it is stored, and a condition that reads them all: bytes that are no text are
        found in the columns that are read, and in no others."""
        names = [f"{self.prefix}x{index}" for index in range(len(self.scan.columns))]
        stored = [f"c{index} AS {name}" for index, name in enumerate(names)]
        return self.select((*self.parts, *stored)), " AND ".join(f"{name} IS NULL" for name in names)


def make_layer(scan: Scan, spec: DataValidation, checks: Sequence[Check]) -> Layer:
    """The layer for some checks. It has the columns that they name and no others: a file may have thousands, and each
    costs time. Raises SpecError for an SQL rule that names two columns as one."""
    rules = [check for check in checks if check.measure == "rule"]
    texts = [check.sql for check in rules if check.sql is not None]
    names = [column.name for column in scan.columns]
    by_name = {name for text in texts for name in named_in(text, names)}
    for check in rules:
        refuse_twins(check, names)
    compared = by_name | {name for check in rules if check.rule is not None for name in references(check.rule)}
    needed = compared | {check.subject for check in checks}
    prefix = free_prefix([*names, *texts])
    found = typed_columns(scan, spec, compared)
    columns = {name: Subject(index, typed, prefix) for index, (name, typed) in enumerate(found.items())}
    parts = [f"1 AS {prefix}one"]
    for name, column in columns.items():
        if name in by_name:
            parts.append(f"{column.typed.value} AS {identifier(name)}")
        if name in needed:
            parts += column_parts(column)
    return Layer(scan, columns, prefix, tuple(parts))


def column_parts(column: Subject) -> list[str]:
    """What the layer holds about one column."""
    typed = column.typed
    pairs = {
        column.raw: typed.raw,
        column.value: typed.value,
        column.null: typed.null,
        column.wrong: typed.wrong,
        column.key: typed.key,
    }
    return [f"{sql} AS {name}" for name, sql in pairs.items()]


def free_prefix(texts: Sequence[str]) -> str:
    """A short beginning of names that stands in none of the texts, in capitals or not."""
    lowered = [text.lower() for text in texts]
    number = 0
    while any(f"q{number}_" in text for text in lowered):
        number += 1
    return f"q{number}_"


def refuse_twins(check: Check, names: Sequence[str]) -> None:
    """Raises SpecError where an SQL rule names a column of which the file has two but for capitals."""
    seen: dict[str, str] = {}
    for name in named_in(check.sql or "", names):
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise SpecError(
                f"the rule '{check.sql}' names '{other}', and the file also has '{name}': SQL takes them for one",
                "rename one of them, or write the rule as `expr`, which tells them apart",
                check.place,
            )


def missing_column(layer: Layer, check: Check) -> str | None:
    """The column that a check needs and the file lacks. Raises SpecError for SQL that DuckDB refuses."""
    if check.measure != "rule":
        return None if check.measure in FILE_CHECKS or check.subject in layer.columns else check.subject
    if check.rule is not None:
        return next((name for name in references(check.rule) if name not in layer.columns), None)
    try:
        layer.scan.connection.execute(f"DESCRIBE SELECT ({check.sql}) FROM ({layer.sql})")
    except duckdb.BinderException as error:
        text = str(error)
        if 'Referenced column "' in text:
            return text.split('Referenced column "', 1)[1].split('"', 1)[0]
        raise refused(check, error) from None
    except duckdb.Error as error:
        raise refused(check, error) from None
    return None


def prove(layer: Layer, check: Check, question: Question) -> None:
    """Let DuckDB check the SQL of a rule or a pattern before the rows are read, so that a mistake has its place."""
    if check.measure not in ("rule", "matches"):
        return
    execute, source = layer.scan.connection.execute, f"FROM ({layer.sql})"
    try:
        if check.measure == "matches":
            execute(f"SELECT regexp_full_match('', {quoted(check.pattern or '')})").fetchall()
            return
        kind = execute(f"DESCRIBE SELECT {question.condition}, {layer.one} {source}").fetchall()[0][1]
        if kind in ("BOOLEAN", '"NULL"'):
            # As it will be asked: what looks at several rows has no place inside a count.
            execute(f"DESCRIBE SELECT count_if({question.bad}), count_if({question.of}) {source}")
            return
    except duckdb.Error as error:
        raise refused(check, error) from None
    raise SpecError(f"the rule '{check.subject}' is not a condition", "compare something, such as a <= b", check.place)


def refused(check: Check, error: duckdb.Error) -> SpecError:
    """The fault of a rule or pattern that DuckDB does not take."""
    what = "pattern" if check.measure == "matches" else "rule"
    why, text = reason(error), str(error).lower()
    beyond = "aggregate" in text or "window" in text or "group by" in text or isinstance(error, duckdb.CatalogException)
    hint = "a rule sees one row at a time: its columns, and no other rows or tables" if beyond else None
    return SpecError(f"the {what} '{check.pattern or check.subject}' cannot be used: {why}", hint, check.place)
