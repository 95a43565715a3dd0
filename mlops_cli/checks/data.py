"""Judging a data set: every check of a data validation becomes a verdict, whatever the file holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_cli.base.clock import now as clock
from mlops_cli.checks.asked import Settings, Subject, ask_all
from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, verdict, without_rows
from mlops_cli.checks.faults import explain_changes
from mlops_cli.checks.past import NO_PAST, Past
from mlops_cli.checks.pulling import PULLED, pulling_rows, repeating_rows
from mlops_cli.checks.repeating import repeating
from mlops_cli.checks.shifts import ShiftCase, judge_shifts
from mlops_cli.checks.spikes import with_spikes
from mlops_cli.checks.subjects import measured_of
from mlops_cli.checks.verdict import Report, State, Verdict, strictly
from mlops_cli.checks.wanting import STATISTICS, completed, stated_format
from mlops_cli.measures.measured import Measured
from mlops_cli.measures.summary import ColumnSummary, Profile, SliceProfile
from mlops_cli.spec.validation import Check, DataValidation
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.read import near_name

DEFAULT = Settings()
FEW = 30
"""Rows of a slice below which its shares are not judged."""


@dataclass(frozen=True)
class Judged:
    """The report of a validation, the profile of what it judged (where one was needed), and what was measured."""

    report: Report
    profile: Profile | None = None
    subject: Subject | None = None


def check_data(
    spec: DataValidation, current: Path, past: Past = NO_PAST, settings: Settings = DEFAULT, *, label: str = ""
) -> Judged:
    """All verdicts on the data at `current`. Data that cannot be read give verdicts too.

    Raises SpecError for a rule, pattern or other table that cannot be used, StageFailed for slices that cannot be cut.
    """
    spec = in_environment(completed(spec), settings.environment)
    label = label or current.name
    try:
        dataset = open_dataset(current, stated_format(spec))
        subject = ask_all(spec, dataset, settings)
    except BadTable as fault:
        return Judged(finished(spec, unreadable(spec, fault), label, None, past))
    now = clock().timestamp() if settings.now is None else settings.now
    verdicts = judge_all(spec, subject, past, now, settings.modified)
    return Judged(finished(spec, verdicts, label, subject.found.rows, past), subject.profile, subject)


def in_environment(spec: DataValidation, environment: str | None) -> DataValidation:
    """The spec without the checks that are not made in an environment."""
    if environment is None:
        return spec
    return replace(spec, checks=tuple(check for check in spec.checks if environment not in check.not_in))


def finished(spec: DataValidation, verdicts: Sequence[Verdict], label: str, rows: int | None, past: Past) -> Report:
    """The report; where the spec says so, what cannot be told has failed."""
    if spec.too_few == "fail":
        warning = {check.id for check in spec.checks if check.severity == "warn"}
        verdicts = [item if item.check in warning else strictly(item) for item in verdicts]
    baseline = past.label if past.baseline is not None or past.fault else None
    return Report(spec.name, "data", label, tuple(verdicts), rows, baseline)


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


def judge_all(spec: DataValidation, subject: Subject, past: Past, now: float, modified: float | None) -> list[Verdict]:
    """The verdicts on all checks in the order of the spec, each followed by those on its slices."""
    verdicts: dict[tuple[int, str | None], Verdict] = {}
    cases: dict[tuple[int, str | None], ShiftCase] = {}
    for number, check in enumerate(subject.checks):
        for part in (None, *(subject.found.slices if check.per_slice else ())):
            said = settled(check, spec, subject, past, part)
            if said is not None:
                verdicts[number, part] = said
            elif statistical(check):
                cases[number, part] = shift_case(check, subject, past, part)
            else:
                verdicts[number, part] = judge(check, subject, past, part, now, modified)
    verdicts.update(zip(cases, judge_shifts(list(cases.values()), spec), strict=True))
    slices = {label: place for place, label in enumerate(subject.found.slices, start=1)}
    order = sorted(verdicts, key=lambda key: (key[0], slices.get(key[1] or "", 0)))
    found = with_rows([(subject.checks[key[0]], verdicts[key]) for key in order], subject)
    if subject.profile is None or past.baseline is None:
        return found
    found = with_spikes(found, subject.profile, past.baseline, past.history)
    return explain_changes(found, subject.profile, past.baseline, past.history, time=spec.time)


def with_rows(judged: Sequence[tuple[Check, Verdict]], subject: Subject) -> list[Verdict]:
    """Verdicts on what many rows together show with the rows that speak for it, where it is not what it should be."""
    found = [
        replace(said, examples=repeating_rows(check, subject))
        if off(said) and said.share and repeating(check)
        else said
        for check, said in judged
    ]
    places = [at for at, (check, said) in enumerate(judged) if off(said) and check.measure in PULLED]
    places = [at for at in places if (found[at].slice is None and found[at].value is not None) or infinite(found[at])]
    for at, rows in zip(places, pulling_rows([judged[at] for at in places], subject), strict=True):
        found[at] = replace(found[at], examples=rows)
    return found


def off(said: Verdict) -> bool:
    """Whether a verdict says that something is not as it should be."""
    return said.state in ("fail", "warn") and said.reason != "cannot_tell"


def infinite(said: Verdict) -> bool:
    """Whether values without end are what is wrong."""
    return said.reason == "infinite_values" and said.slice is None


def statistical(check: Check) -> bool:
    """Whether the check is one of the family that is judged together, by effect and significance."""
    return check.comparator in ("change", "drift") and check.measure in STATISTICS


def settled(check: Check, spec: DataValidation, subject: Subject, past: Past, part: str | None) -> Verdict | None:
    """The verdict on a check that needs no look at a value: its column is missing, the baseline cannot be read, the
    slice is too small; None for every other."""
    absent = subject.absent.get(check.id)
    if absent is not None:
        return about_missing(check, spec, absent, subject)
    if check.comparator in ("change", "drift") and past.fault is not None:
        return without_rows(check, "not_run", "bad_baseline", f"the baseline could not be read: {past.fault}", part)
    if (
        statistical(check)
        and part is None
        and past.baseline is not None
        and past.baseline.column(check.subject) is None
    ):
        # It warns, for a baseline without the column, that nobody notices, would never compare anything.
        message = f"the baseline has no column '{check.subject}' to compare with"
        return without_rows(check, "warn", "no_baseline_value", message)
    rows = subject.found.slices.get(part, 0) if part is not None else 0
    if part is not None and rows < FEW:
        message = f"{rows:,} rows, and {FEW} are asked for before a slice is judged"
        return without_rows(check, "too_few", "min_rows", message, part, rows)
    if statistical(check) and (check.subject, part) not in subject.found.summaries:
        # These rows come from files that lack the column.
        return without_rows(check, "too_few", "no_values", "there is no value to judge", part, rows)
    return None


def judge(check: Check, subject: Subject, past: Past, part: str | None, now: float, modified: float | None) -> Verdict:
    """The verdict on one check by its comparator."""
    found = measured_of(check, subject, part, now, modified)
    case = Case(check, found, earlier(check, past), tuple(usual(check, past, part)))
    said = COMPARATORS[check.comparator](case)
    if check.measure == "present" and said.state == "fail":
        if may_be_absent(check, subject):
            message = f"the column is not there, and may be missing before {check.absent_before}"
            return without_rows(check, "not_run", "optional_column", message)
        said = replace(said, message=said.message + meant(check.subject, subject.found.names))
    if said.state == "pass" and not case.found.bad:
        case = replace(case, found=replace(found, examples=()))
    return verdict(case, said, part)


def earlier(check: Check, past: Past) -> Measured | None:
    """The same measure of the baseline, for what is compared as it stands."""
    if check.comparator != "change" or past.baseline is None:
        return None
    rows = past.baseline.rows
    return Measured(rows if check.measure == "rows" else past.baseline.bytes, rows)


def usual(check: Check, past: Past, part: str | None) -> Iterator[float | int | None]:
    """The same number of the earlier versions."""
    if check.comparator != "within":
        return
    for profile in past.history:
        if check.measure == "rows":
            yield profile.rows
            continue
        column = column_of(profile, check.subject, part)
        numbers = column.numbers if column is not None else None
        if numbers is None:
            yield None
        elif check.measure == "median":
            yield float(numbers.steps.quantiles([0.5])[0])
        else:
            yield numbers.mean if check.measure == "mean" else numbers.std


def shift_case(check: Check, subject: Subject, past: Past, part: str | None) -> ShiftCase:
    """What the statistics of a change are judged from."""
    current = subject.found.summaries[check.subject, part]
    baseline = column_of(past.baseline, check.subject, part) if past.baseline is not None else None
    history = (column_of(profile, check.subject, part) for profile in past.history)
    return ShiftCase(
        check=check,
        current=current,
        baseline=baseline,
        history=tuple(column for column in history if column is not None),
        slice=part,
        sentinels=sentinel_counts(check, subject, past, part),
    )


def sentinel_counts(check: Check, subject: Subject, past: Past, part: str | None) -> tuple[int, int] | None:
    """How many rows held a sentinel, now and in the baseline."""
    tally = subject.found.tallies.get((check.id, part))
    if check.measure != "sentinels" or tally is None:
        return None
    profile = past.baseline
    column = column_of(profile, check.subject, part) if profile is not None else None
    return None if column is None else (tally.bad, known_count(column, check))


def known_count(column: ColumnSummary, check: Check) -> int:
    """Rows of a summary that hold one of the check's values, by its frequent values or its steps."""
    wanted = check.values
    if column.words is not None:
        texts = {str(value) for value in wanted}
        return sum(rows for text, rows in column.words.top if text in texts)
    if column.numbers is None:
        return 0
    steps = column.numbers.steps
    masses: dict[float, float] = dict(zip(steps.values.tolist(), steps.masses.tolist(), strict=True))
    numbers = (float(value) for value in wanted if isinstance(value, int | float) and not isinstance(value, bool))
    return round(sum(masses.get(number, 0.0) for number in numbers))


def column_of(profile: Profile, name: str, part: str | None) -> ColumnSummary | None:
    """A column of a profile, of all rows or of a slice."""
    if part is None:
        return profile.column(name)
    found: SliceProfile | None = next((item for item in profile.slices if item.label == part), None)
    return found.column(name) if found is not None else None


def about_missing(check: Check, spec: DataValidation, column: str, subject: Subject) -> Verdict:
    """The verdict on a check whose column is not there: its `required` has failed, or it may be absent."""
    optional = check.subject == column and (not requires(spec.checks, column) or may_be_absent(check, subject))
    reason = "optional_column" if optional else "no_column"
    state: State = "warn" if check.severity == "warn" and not optional else "not_run"
    near = "" if optional else meant(column, subject.found.names)
    return without_rows(check, state, reason, f"there is no column '{column}'{near}")


def may_be_absent(check: Check, subject: Subject) -> bool:
    """Whether the data end before the day from which the column is asked for."""
    return check.absent_before is not None and subject.ends is not None and subject.ends < check.absent_before


def meant(column: str, names: Sequence[str]) -> str:
    """The end of a sentence about a missing column: the one that was probably meant."""
    near = near_name(column, names)
    return "" if near is None else f"; did you mean '{near}'?"


def requires(checks: Sequence[Check], column: str) -> bool:
    """Whether the spec asks for the column."""
    return any(check.measure == "present" and check.subject == column for check in checks)
