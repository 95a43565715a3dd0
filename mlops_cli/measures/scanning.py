"""Asking a file everything that a validation needs: one aggregate query, and one more for each check that fails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.measures.columns import FLOATS, INTEGERS
from mlops_cli.measures.layers import Layer, make_layer, missing_column, prove
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.questions import Question, Subject, ask, finite
from mlops_cli.spec.validation import Check, DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.scan import Scan, reason

EXAMPLES = 5
LONGEST = 80
PLAIN = INTEGERS | FLOATS | {"BOOLEAN", "VARCHAR"}
UNFIT = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.BinderException)
"""How DuckDB says that a value does not fit what is done with it."""


@dataclass(frozen=True)
class Answers:
    """The rows of a file, its columns, and what was measured for each check (see `key_of`)."""

    rows: int
    columns: Mapping[str, Subject]
    measured: Mapping[str, Measured]
    unmeasured: Mapping[str, str]
    """Checks that the rows cannot answer (a column is missing) -> the missing column."""
    layer: Layer
    """The rows that the checks were asked of."""


def key_of(check: Check) -> str:
    """A check's key in Answers: its id alone is not enough, as a column may be named `rows`."""
    return f"{check.measure}:{check.id}"


def measure_file(scan: Scan, spec: DataValidation, checks: Sequence[Check], whole: bool = False) -> Answers:
    """Measure what `checks` need of the file, in one pass; raises BadTable for rows that cannot be read and SpecError
    for a rule or pattern that DuckDB refuses. `whole` reads the columns that no check names too."""
    layer = make_layer(scan, spec, checks)
    questions: dict[str, tuple[Check, Question]] = {}
    missing: dict[str, str] = {}
    for check in checks:
        absent = missing_column(layer, check)
        question = None if absent is not None else ask(check, layer.columns)
        if absent is not None:
            missing[key_of(check)] = absent
        elif question is not None:
            try:
                prove(layer, check, question)
            except SpecError:
                if scan.rows(f"SELECT 1 FROM ({layer.sql}) LIMIT 1"):
                    raise
                continue  # without rows a column has no type that a rule could be held against
            questions[key_of(check)] = (check, question)
    rows, measured = aggregate(layer, questions, whole)
    return Answers(rows, layer.columns, measured, missing, layer)


def aggregate(
    layer: Layer, questions: Mapping[str, tuple[Check, Question]], whole: bool
) -> tuple[int, dict[str, Measured]]:
    """All numbers in one query; what several checks ask is computed once."""
    slots: dict[str, int] = {"count(*)": 0}
    places = {}
    for key, (check, question) in questions.items():
        wanted = (question.value, counting(question.bad), counting(question.of), scale_sql(check, layer.columns))
        places[key] = [slots.setdefault(sql, len(slots)) for sql in wanted]
    source = layer.sql
    if whole and layer.scan.format.TEXT == "all":
        source, everything = layer.whole()
        slots.setdefault(counting(everything), len(slots))
    row = ask_rows(layer, f"SELECT {', '.join(slots)} FROM ({source})", [check for check, _ in questions.values()])[0]
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
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if not isinstance(value, int | float) or math.isnan(value):
        return None
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    rough = rounded(float(value), float(scale) if isinstance(scale, int | float) else None)
    return int(rough) if rough.is_integer() and abs(rough) < 2**53 else rough


def count(value: object) -> int:
    """A count out of a row of results."""
    return int(value) if isinstance(value, int) else 0


def ask_rows(layer: Layer, query: str, checks: Sequence[Check]) -> list[tuple[object, ...]]:
    """Run a query over the rows. A value on which a rule fails (a text compared with a number) raises SpecError."""
    try:
        return layer.scan.rows(query)
    except UNFIT as error:
        failing = next((check for check in checks if check.measure == "rule" and fails(layer, check)), None)
        if failing is None:
            raise BadTable(layer.scan.path, f"the values cannot be measured ({reason(error)})") from None
        raise SpecError(
            f"the rule '{failing.subject}' fails on the values of '{layer.scan.path.name}': {reason(error)}",
            "declare the types of the columns that the rule compares",
            failing.place,
        ) from None


def fails(layer: Layer, check: Check) -> bool:
    """Whether a rule breaks on some row's values when it is asked alone."""
    question = ask(check, layer.columns)
    assert question is not None
    try:
        layer.scan.rows(f"SELECT {counting(question.bad)}, {counting(question.of)} FROM ({layer.sql})")
    except UNFIT:
        return True
    return False


def with_examples(answers: Answers, check: Check, reference: float | None = None) -> Measured:
    """The measure of a failed check with up to five rows that break it; an average should be near `reference`."""
    found, layer = answers.measured[key_of(check)], answers.layer
    question = ask(check, answers.columns)
    if question is None:
        return found
    where, order = chosen(check, question, answers, reference)
    fields = [cell(answers.columns[name]) for name in question.shown]
    columns = ", ".join([layer.row, *fields])
    rows = ask_rows(layer, f"SELECT {columns} FROM ({layer.numbered}) WHERE {where} {order} LIMIT {EXAMPLES}", [check])
    return replace(found, examples=tuple(example(question.shown, row) for row in rows))


def cell(column: Subject) -> str:
    """A stored value as plain data can hold it: a number, true or false, else a text."""
    return column.raw if column.typed.stored in PLAIN else f"CAST({column.raw} AS VARCHAR)"


def chosen(check: Check, question: Question, answers: Answers, reference: float | None) -> tuple[str, str]:
    """Which rows are examples, as a condition and an order."""
    found, layer = answers.measured[key_of(check)], answers.layer
    if check.measure == "unique":
        key = answers.columns[check.subject].key
        again = f"SELECT {key} FROM ({layer.sql}) WHERE {question.bad} GROUP BY {key} HAVING count(*) > 1"
        return f"{key} IN ({again})", f"ORDER BY {key}, {layer.row}"
    if question.number is None or found.bad:
        return question.bad, ""
    low = isinstance(found.value, int | float) and reference is not None and found.value < reference
    by = question.number
    if check.measure == "std":
        by = f"abs({question.number} - (SELECT avg({question.number}) FROM ({layer.sql})))"
    return f"{question.number} IS NOT NULL", f"ORDER BY {by} {'ASC' if low else 'DESC'}, {layer.row}"


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
