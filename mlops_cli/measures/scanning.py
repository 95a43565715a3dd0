"""Asking a file everything that a validation needs: one aggregate query, and one more for each check that fails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.measures.columns import FLOATS, INTEGERS, typed_columns
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.questions import Question, Subject, ask, finite
from mlops_cli.spec.expression import references
from mlops_cli.spec.validation import Check, DataValidation
from mlops_cli.tables.formats.base import BadTable, identifier, quoted
from mlops_cli.tables.scan import Scan, reason

EXAMPLES = 5
LONGEST = 80
PLAIN = INTEGERS | FLOATS | {"BOOLEAN", "VARCHAR"}


@dataclass(frozen=True)
class Answers:
    """The rows of a file, its columns, and what was measured for each check (see `key_of`)."""

    rows: int
    columns: Mapping[str, Subject]
    measured: Mapping[str, Measured]
    unmeasured: Mapping[str, str]
    """Checks that the rows cannot answer (a column is missing) -> the missing column."""
    layer: str
    """The query that the checks were asked of."""


@dataclass(frozen=True)
class Needed:
    """Which columns checks look at. A file may have thousands, and each costs time in every query."""

    all: frozenset[str]
    rules: frozenset[str]
    """Those that row rules compare, which need a type."""
    named: bool
    """Whether an SQL rule asks for columns by their own names."""


def needed_columns(scan: Scan, checks: Sequence[Check]) -> Needed:
    """The columns that checks name; an SQL rule is taken to name every column whose name stands in its text."""
    rules = [check for check in checks if check.measure == "rule"]
    names = {name for check in rules if check.rule is not None for name in references(check.rule)}
    texts = [check.sql.lower() for check in rules if check.sql is not None]
    names |= {column.name for column in scan.columns if any(column.name.lower() in text for text in texts)}
    return Needed(frozenset(names | {check.subject for check in checks}), frozenset(names), bool(texts))


def key_of(check: Check) -> str:
    """A check's key in Answers: its id alone is not enough, as a column may be named `rows`."""
    return f"{check.measure}:{check.id}"


def measure_file(scan: Scan, spec: DataValidation, checks: Sequence[Check]) -> Answers:
    """Measure what `checks` need of the file, in one pass; raises BadTable for rows that cannot be read and SpecError
    for a rule or pattern that DuckDB refuses."""
    needed = needed_columns(scan, checks)
    found = typed_columns(scan, spec, needed.rules)
    columns = {name: Subject(index, typed) for index, (name, typed) in enumerate(found.items())}
    layer = layer_sql(scan, [columns[name] for name in columns if name in needed.all], needed.named)
    questions: dict[str, tuple[Check, Question]] = {}
    missing: dict[str, str] = {}
    for check in checks:
        absent = missing_column(scan, check, columns, layer)
        question = None if absent is not None else ask(check, columns)
        if absent is not None:
            missing[key_of(check)] = absent
        elif question is not None:
            try:
                prove(scan, check, question, layer)
            except SpecError:
                if scan.rows(f"SELECT 1 FROM ({layer}) LIMIT 1"):
                    raise
                continue  # without rows a column has no type that a rule could be held against
            questions[key_of(check)] = (check, question)
    rows, measured = aggregate(scan, layer, questions, columns)
    return Answers(rows, columns, measured, missing, layer)


def layer_sql(scan: Scan, columns: Sequence[Subject], named: bool) -> str:
    """The rows with r, v, n and w columns; with `named`, typed values also under their own names, for SQL rules."""
    parts = ["1 AS mlops_one"]
    for column in columns:
        number, typed = column.number, column.typed
        if named:
            parts.append(f"{typed.value} AS {identifier(typed.name)}")
        parts += [f"{typed.raw} AS r{number}", f"{typed.value} AS v{number}"]
        parts += [f"{typed.null} AS n{number}", f"{typed.wrong} AS w{number}"]
    return f"SELECT {', '.join(parts)} FROM ({scan.sql})"


def missing_column(scan: Scan, check: Check, columns: Mapping[str, Subject], layer: str) -> str | None:
    """The column that a check needs and the file lacks."""
    if check.measure != "rule":
        return (
            None
            if check.measure in ("format", "bytes", "rows", "present") or check.subject in columns
            else check.subject
        )
    if check.rule is not None:
        return next((name for name in references(check.rule) if name not in columns), None)
    try:
        scan.connection.execute(f"DESCRIBE SELECT ({check.sql}) FROM ({layer})")
    except duckdb.BinderException as error:
        text = str(error)
        if 'Referenced column "' in text:
            return text.split('Referenced column "', 1)[1].split('"', 1)[0]
        raise refused(check, error) from None
    except duckdb.Error as error:
        raise refused(check, error) from None
    return None


def prove(scan: Scan, check: Check, question: Question, layer: str) -> None:
    """Let DuckDB check the SQL of a rule or a pattern before the rows are read, so that a mistake has its place."""
    if check.measure not in ("rule", "matches"):
        return
    try:
        if check.measure == "matches":
            scan.connection.execute(f"SELECT regexp_full_match('', {quoted(check.pattern or '')})").fetchall()
            return
        kind = scan.connection.execute(f"DESCRIBE SELECT {question.condition}, mlops_one FROM ({layer})").fetchall()
    except duckdb.Error as error:
        raise refused(check, error) from None
    if kind[0][1] not in ("BOOLEAN", '"NULL"'):
        raise SpecError(
            f"the rule '{check.subject}' is not a condition", "compare something, such as a <= b", check.place
        )


def refused(check: Check, error: duckdb.Error) -> SpecError:
    """The fault of a rule or pattern that DuckDB does not take."""
    what = "pattern" if check.measure == "matches" else "rule"
    return SpecError(
        f"the {what} '{check.pattern or check.subject}' cannot be used: {reason(error)}", None, check.place
    )


def aggregate(
    scan: Scan, layer: str, questions: Mapping[str, tuple[Check, Question]], columns: Mapping[str, Subject]
) -> tuple[int, dict[str, Measured]]:
    """All numbers in one query; what several checks ask is computed once."""
    slots: dict[str, int] = {"count(*)": 0}
    places = {}
    for key, (check, question) in questions.items():
        wanted = (question.value, counting(question.bad), counting(question.of), scale_sql(check, columns))
        places[key] = [slots.setdefault(sql, len(slots)) for sql in wanted]
    row = ask_rows(scan, f"SELECT {', '.join(slots)} FROM ({layer})", [check for check, _ in questions.values()])[0]
    measured = {}
    for key, (check, _) in questions.items():
        value, bad, of, scale = (row[place] for place in places[key])
        measured[key] = answer(check, value, count(bad), count(of), scale)
    return count(row[0]), measured


def counting(condition: str) -> str:
    """The number of rows on which a condition holds. (DuckDB's FILTER clause is three times slower.)"""
    return {"true": "count(*)", "false": "0"}.get(condition, f"count_if({condition})")


def scale_sql(check: Check, columns: Mapping[str, Subject]) -> str:
    """A hundredth of the largest number that an average is summed from: its own digits end about there."""
    if check.measure in ("mean", "std") and check.subject in columns:
        return f"max(abs({finite(columns[check.subject])})) / 100"
    return "NULL"


def answer(check: Check, value: object, bad: int, of: int, scale: object) -> Measured:
    """One check's numbers as a Measured."""
    if check.measure == "nulls":
        return Measured(rounded(bad / of) if of else None, of, bad, of, nan=count(value))
    if check.measure == "unique":
        return Measured(count(value), of, of - count(value), of)
    if check.measure == "values":
        return Measured(count(value), of, bad, of)
    if check.measure in ("type", "matches", "rule"):
        return Measured(rounded((of - bad) / of) if of else None, of, bad, of)
    return Measured(number(value, scale), of, bad, of)


def number(value: object, scale: object) -> Json:
    """A float with stable digits; None for null and not-a-number, a text for an infinity."""
    if not isinstance(value, int | float) or math.isnan(value):
        return None
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    rough = rounded(float(value), float(scale) if isinstance(scale, int | float) else None)
    return int(rough) if rough.is_integer() and abs(rough) < 2**53 else rough


def count(value: object) -> int:
    """A count out of a row of results."""
    return int(value) if isinstance(value, int) else 0


def ask_rows(scan: Scan, query: str, checks: Sequence[Check]) -> list[tuple[object, ...]]:
    """Run a query over the rows. A value on which a rule fails (a text compared with a number) raises SpecError."""
    try:
        return scan.rows(query)
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.BinderException) as error:
        rules = [check for check in checks if check.measure == "rule"]
        if not rules:
            raise BadTable(scan.path, f"the values cannot be measured ({reason(error)})") from None
        raise SpecError(
            f"a rule fails on the values of '{scan.path.name}': {reason(error)}",
            "declare the types of the columns that the rule compares",
            rules[0].place if len(rules) == 1 else None,
        ) from None


def with_examples(scan: Scan, answers: Answers, check: Check, reference: float | None = None) -> Measured:
    """The measure of a failed check with up to five rows that break it; an average should be near `reference`."""
    found = answers.measured[key_of(check)]
    question = ask(check, answers.columns)
    if question is None:
        return found
    numbered = answers.layer.replace("SELECT ", "SELECT row_number() OVER () AS mlops_row, ", 1)
    where, order = chosen(check, question, answers, reference)
    fields = [cell(answers.columns[name]) for name in question.shown]
    columns = ", ".join(["mlops_row", *fields])
    rows = ask_rows(scan, f"SELECT {columns} FROM ({numbered}) WHERE {where} {order} LIMIT {EXAMPLES}", [check])
    return replace(found, examples=tuple(example(question.shown, row) for row in rows))


def cell(column: Subject) -> str:
    """A stored value as plain data can hold it: a number, true or false, else a text."""
    raw = f"r{column.number}"
    return raw if column.typed.stored in PLAIN else f"CAST({raw} AS VARCHAR)"


def chosen(check: Check, question: Question, answers: Answers, reference: float | None) -> tuple[str, str]:
    """Which rows are examples, as a condition and an order."""
    if check.measure == "unique":
        raw = f"r{answers.columns[check.subject].number}"
        again = f"SELECT {raw} FROM ({answers.layer}) WHERE {question.bad} GROUP BY {raw} HAVING count(*) > 1"
        return f"{raw} IN ({again})", f"ORDER BY {raw}, mlops_row"
    if question.number is None:
        return question.bad, ""
    value = answers.measured[key_of(check)].value
    low = isinstance(value, int | float) and reference is not None and value < reference
    by = question.number
    if check.measure == "std":
        by = f"abs({question.number} - (SELECT avg({question.number}) FROM ({answers.layer})))"
    return f"{question.number} IS NOT NULL", f"ORDER BY {by} {'ASC' if low else 'DESC'}, mlops_row"


def example(names: Sequence[str], row: Sequence[object]) -> dict[str, Json]:
    """One offending row as plain data; long texts are cut."""
    shown: dict[str, Json] = {"row": count(row[0])}
    for name, value in zip(names, row[1:], strict=True):
        shown["row " if name == "row" else name] = plain_value(value)
    return shown


def plain_value(value: object) -> Json:
    """A value of a cell as JSON can say it."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
