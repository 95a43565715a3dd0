"""Judging a data set: every check of a data validation becomes a verdict, whatever the file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_cli.base.errors import Place
from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, as_number, verdict, without_rows
from mlops_cli.checks.verdict import Report, State, Verdict, strictly
from mlops_cli.measures.columns import NUMERIC_MEASURES
from mlops_cli.measures.measured import Measured
from mlops_cli.measures.scanning import Answers, key_of, measure_file, with_examples
from mlops_cli.spec.validation import Bound, Check, DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.read import near_name
from mlops_cli.tables.scan import Scan, open_scan


@dataclass(frozen=True)
class Past:
    """What the baseline says: its measures, or why there are none."""

    answers: Answers | None
    size: int = 0
    fault: str | None = None


def check_data(
    spec: DataValidation,
    current: Path,
    baseline: Path | None,
    *,
    label: str = "",
    baseline_label: str | None = None,
    threads: int = 1,
    memory: int | None = None,
) -> Report:
    """All verdicts on the file `current`; `baseline` is an earlier version of it, or None where there is none.

    A file that cannot be read gives verdicts too. Raises SpecError for a rule or pattern that cannot be used.
    """
    spec = completed(spec)
    past = measure_baseline(spec, baseline, threads, memory)
    rows: int | None = None
    try:
        with open_scan(current, stated_format(spec), threads, memory) as scan:
            answers = measure_file(scan, spec, spec.checks, whole=True)
            rows = answers.rows
            verdicts = [judge(check, spec, scan, answers, past) for check in spec.checks]
    except BadTable as fault:
        verdicts = unreadable(spec, fault)
    if spec.too_few == "fail":
        warning = {check.id for check in spec.checks if check.severity == "warn"}
        verdicts = [item if item.check in warning else strictly(item) for item in verdicts]
    return Report(spec.name, "data", label or current.name, tuple(verdicts), rows, baseline_label if baseline else None)


def completed(spec: DataValidation) -> DataValidation:
    """The spec with what every file must keep though nobody wrote it: it can be read, it has rows, and a column of
    which numbers are asked holds numbers."""
    checks, types = list(spec.checks), dict(spec.types)
    for check in spec.checks:
        if check.measure in NUMERIC_MEASURES and check.subject not in types:
            types[check.subject] = "number"
            place, severity = check.place, check.severity
            number = Check(f"{check.subject}.type", check.subject, "type", "is", None, place, severity, ("number",))
            checks.insert(checks.index(check), number)
    start = Place(spec.file, 1, 1)
    if not any(check.measure == "rows" and check.comparator == "min" for check in checks):
        checks.insert(0, Check("rows.min", "rows", "rows", "min", Bound(1.0, "number", "1"), start))
    if not any(check.measure == "format" for check in checks):
        checks.insert(0, Check("format.is", "format", "format", "is", None, start))
    return replace(spec, checks=tuple(checks), types=tuple(types.items()))


def stated_format(spec: DataValidation) -> str | None:
    """The format that the spec names."""
    named = [check.values[0] for check in spec.checks if check.measure == "format" and check.values]
    return str(named[0]) if named else None


def measure_baseline(spec: DataValidation, path: Path | None, threads: int, memory: int | None) -> Past:
    """What the checks of change need to know about the baseline."""
    checks = [check for check in spec.checks if check.comparator == "change"]
    if path is None or not checks:
        return Past(None)
    try:
        with open_scan(path, stated_format(spec), threads, memory) as scan:
            return Past(measure_file(scan, spec, checks), path.stat().st_size)
    except BadTable as fault:
        return Past(None, fault=str(fault))


def unreadable(spec: DataValidation, fault: BadTable) -> list[Verdict]:
    """The verdicts on a file that is no table: its format fails, and nothing else could be looked at."""
    verdicts = []
    for check in spec.checks:
        if check.measure == "format":
            hint = f" ({fault.hint})" if fault.hint else ""
            failed = without_rows(check, "fail", "unreadable", f"{fault}{hint}")
            verdicts.append(replace(failed, examples=({"line": fault.line},) if fault.line else ()))
        else:
            verdicts.append(without_rows(check, "not_run", "unreadable", "the file could not be read"))
    return verdicts


def judge(check: Check, spec: DataValidation, scan: Scan, answers: Answers, past: Past) -> Verdict:
    """The verdict on one check."""
    absent = answers.unmeasured.get(key_of(check))
    if absent is not None:
        return about_missing(check, spec, absent, tuple(answers.columns))
    found = measured(check, answers, scan)
    before = earlier(check, past)
    if check.comparator == "change" and past.fault is not None:
        return without_rows(check, "not_run", "bad_baseline", f"the baseline could not be read: {past.fault}")
    case = Case(check, found, before)
    said = COMPARATORS[check.comparator](case)
    if check.measure == "present" and said.state == "fail":
        said = replace(said, message=said.message + meant(check.subject, tuple(answers.columns)))
    if said.state == "fail" and key_of(check) in answers.measured:
        case = replace(case, found=with_examples(answers, check, reference(case)))
        said = COMPARATORS[check.comparator](case)
    return verdict(case, said)


def reference(case: Case) -> float | None:
    """The number that a measure should have been near: the baseline's, or the bound."""
    if case.baseline is not None:
        return as_number(case.baseline.value)
    return case.check.bound.value if case.check.bound is not None else None


def measured(check: Check, answers: Answers, scan: Scan) -> Measured:
    """The measure of a check, taken from the rows, the file, or its list of columns."""
    known = answers.measured.get(key_of(check))
    if known is not None:
        return known
    if check.measure == "present":
        return Measured(check.subject in answers.columns, answers.rows)
    if check.measure == "bytes":
        return Measured(scan.path.stat().st_size, answers.rows)
    if check.measure == "format":
        wrong = bool(check.values) and check.values[0] != scan.format.NAME
        return Measured(scan.format.NAME, answers.rows, bad=int(wrong))
    return Measured(answers.rows, answers.rows)


def earlier(check: Check, past: Past) -> Measured | None:
    """The same measure of the baseline."""
    if check.comparator != "change" or past.answers is None:
        return None
    if check.measure in ("rows", "bytes"):
        return Measured(past.answers.rows if check.measure == "rows" else past.size, past.answers.rows)
    return past.answers.measured.get(key_of(check), Measured(None, past.answers.rows))


def about_missing(check: Check, spec: DataValidation, column: str, names: Sequence[str]) -> Verdict:
    """The verdict on a check whose column is not there: its `required` has failed, or it may be absent."""
    optional = check.subject == column and not requires(spec.checks, column)
    reason = "optional_column" if optional else "no_column"
    state: State = "warn" if check.severity == "warn" and not optional else "not_run"
    near = "" if optional else meant(column, names)
    return without_rows(check, state, reason, f"there is no column '{column}'{near}")


def meant(column: str, names: Sequence[str]) -> str:
    """The end of a sentence about a missing column: the one that was probably meant."""
    near = near_name(column, names)
    return "" if near is None else f"; did you mean '{near}'?"


def requires(checks: Sequence[Check], column: str) -> bool:
    """Whether the spec asks for the column."""
    return any(check.measure == "present" and check.subject == column for check in checks)
