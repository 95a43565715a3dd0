"""The measure that a check judges: from the file, from counts of rows, or from the summary of a column."""

from __future__ import annotations

from mlops_cli.base.records import Json
from mlops_cli.checks.asked import OF_FILE, Subject
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.summary import ColumnSummary
from mlops_cli.measures.tallies import measured
from mlops_cli.measures.values import MICRO
from mlops_cli.spec.validation import Check
from mlops_cli.tables.encoding import encoding_of


def measured_of(check: Check, subject: Subject, part: str | None, now: float, modified: float | None) -> Measured:
    """What was measured for a check, of all rows or of a slice; `now` and `modified` are in seconds since 1970."""
    tally = subject.found.tallies.get((check.id, part))
    if check.measure == "freshness" and tally is not None:
        moment = tally.extreme
        return Measured(rounded(now - moment / MICRO) if isinstance(moment, int | float) else None, tally.of)
    if tally is not None:
        return measured(check, tally)
    summary = subject.found.summaries.get((check.subject, part))
    if summary is not None and check.measure not in OF_FILE:  # a column may be called `rows` too
        return of_summary(check, summary)
    return of_file(check, subject, now, modified)


def of_file(check: Check, subject: Subject, now: float, modified: float | None) -> Measured:
    """A measure of the file as a whole, or of its list of columns."""
    dataset, found, rows = subject.dataset, subject.found, subject.found.rows
    match check.measure:
        case "present":
            return Measured(check.subject in found.names, rows)
        case "bytes":
            return Measured(dataset.bytes, rows)
        case "rows":
            return Measured(rows, rows)
        case "age":
            return Measured(rounded(now - (dataset.newest if modified is None else modified)), rows)
        case "format":
            wrong = bool(check.values) and check.values[0] != dataset.format.NAME
            return Measured(dataset.format.NAME, rows, bad=int(wrong))
        case "encoding":
            return encoded(check, subject)
        case "columns":
            others: list[Json] = [name for name in found.names if name not in check.values and top(name, check) is None]
            return Measured(others, rows)
        case _:
            return Measured(None, 0)


def top(name: str, check: Check) -> str | None:
    """The known struct that a column is a member of."""
    return next((str(known) for known in check.values if name.startswith(f"{known}.")), None)


def encoded(check: Check, subject: Subject) -> Measured:
    """How the text of the files is encoded: ascii is UTF-8 too."""
    if subject.dataset.format.TEXT == "none":
        return Measured(None, subject.found.rows)
    found = encoding_of(subject.dataset.paths)
    wrong = check.values[0] == "ascii" and found != "ascii"
    return Measured(found, subject.found.rows, bad=int(wrong))


def of_summary(check: Check, column: ColumnSummary) -> Measured:
    """A share or a statistic of a column."""
    counts = {"nulls": column.missing, "empties": column.empty + column.blank, "zeros": column.zeros}
    if check.measure in counts:
        bad, of = counts[check.measure], column.filled if check.measure == "zeros" else column.rows
        return Measured(rounded(bad / of) if of else None, of, bad, of, nan=column.nan)
    if check.measure == "distinct":
        return Measured(rounded(column.distinct) if column.rows else None, column.filled, of=column.filled)
    numbers = column.numbers
    if numbers is None:
        return Measured(None, 0, column.infinite, column.filled)
    match check.measure:
        case "mean":
            value: float | None = numbers.mean
        case "std":
            value = numbers.std
        case "median":
            value = float(numbers.steps.quantiles([0.5])[0])
        case _:
            value = None
    shown = None if value is None else whole(rounded(value, max(abs(numbers.minimum), abs(numbers.maximum)) / 100))
    return Measured(shown, column.filled, column.infinite, column.filled)


def whole(value: float) -> Json:
    """A float that is a whole number as such."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
