"""From a spec and a data set to everything that was measured for the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.checks.wanting import known_values, wants_of
from mlops_cli.measures.asking import Wants
from mlops_cli.measures.conditions import refuse_pattern
from mlops_cli.measures.counting import Several
from mlops_cli.measures.engine import Found, Progress, columns_in, kinds_in, measure, profile_of, without_rows
from mlops_cli.measures.rules import Rule, lacking, make_rule, prove, rule_columns, rule_table
from mlops_cli.measures.summarise import time_text
from mlops_cli.measures.summary import Kind, Profile
from mlops_cli.spec.expression import references
from mlops_cli.spec.specialised import specialised
from mlops_cli.spec.validation import Check, ColumnType, DataValidation
from mlops_cli.tables.parts import Dataset

OF_FILE = frozenset({"format", "bytes", "encoding", "age", "rows", "columns", "present"})
"""Measures that need no column."""
NEWEST = "\0newest"
"""The id of the check, none of the spec's, that tells the time of the newest row."""
OF_SEVERAL = frozenset({"rule", "keys"})


@dataclass(frozen=True)
class Settings:
    """Where and how a validation runs. Paths in the spec begin at `root`."""

    root: Path = Path()
    threads: int = 1
    cache: Path | None = None
    """A folder for what was measured of parts."""
    environment: str | None = None
    """What the data are for, such as `serving`: checks may be left out in it."""
    now: float | None = None
    """Seconds since 1970; None: the clock's."""
    modified: float | None = None
    """When the data were last written, in seconds since 1970; None: as their files tell."""
    progress: Progress | None = None
    profile: bool = False
    """Make a profile although no check needs one: later versions compare with it."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A data set with all that was measured of it, and the checks as they are asked of its columns."""

    dataset: Dataset
    found: Found
    checks: tuple[Check, ...]
    profile: Profile | None
    wants: Wants
    several: Several
    absent: Mapping[str, str]
    """Check id -> the column that it lacks."""
    ends: str | None
    """The day of the newest row (ISO 8601), where the spec names the column of its time."""


def ask_all(spec: DataValidation, dataset: Dataset, settings: Settings) -> Subject:
    """Measure what the checks need. Raises BadTable, SpecError for rules and patterns, StageFailed for slices."""
    for check in spec.checks:
        refuse_pattern(check)
    wants = wants_of(spec, dataset, spec.checks, profile=True if settings.profile else None)
    known = known_values(spec.checks, wants.kinds, settings.root)
    wants = replace(wants, known=known, checks=(*wants.checks, *newest_row(spec)))
    several, absent = several_of(spec, dataset)
    found = measure(dataset, wants, several, threads=settings.threads, cache=settings.cache, progress=settings.progress)
    kinds = {name: column_type(column.kind) for (name, part), column in found.summaries.items() if part is None}
    checks = specialised(spec.checks, found.names, kinds)
    lacking_column = {
        check.id: check.subject
        for check in checks
        if check.measure not in OF_FILE | OF_SEVERAL and check.subject not in found.names
    }
    profile = profile_of(dataset, found) if wants.profile else None
    return Subject(dataset, found, checks, profile, wants, several, {**absent, **lacking_column}, newest_day(found))


def column_type(kind: Kind) -> ColumnType | None:
    """A column's kind as a type that a spec can declare."""
    return cast(ColumnType, kind) if kind in get_args(ColumnType) else None


def several_of(spec: DataValidation, dataset: Dataset) -> tuple[Several, dict[str, str]]:
    """The rules and keys that can be asked, and those that lack a column. The types of columns that the spec does not
    declare are found out first where a file holds them as texts."""
    asked = [check for check in spec.checks if check.measure in OF_SEVERAL]
    if not asked:
        return Several(), {}
    names = columns_in(dataset)
    absent: dict[str, str] = {}
    rules = [check for check in asked if check.measure == "rule"]
    kinds = rule_kinds(spec, dataset, sorted({name for check in rules for name in rule_columns(check, names)}))
    made = [rule for check in rules if (rule := proven(check, dataset, names, kinds, absent)) is not None]
    keys = [check for check in asked if check.measure == "keys"]
    for check in keys:
        missing = next((name for name in check.columns if name not in names), None)
        if missing is not None:
            absent[check.id] = missing
    return Several(tuple(made), tuple(check for check in keys if check.id not in absent), kinds), absent


def rule_kinds(spec: DataValidation, dataset: Dataset, names: list[str]) -> dict[str, ColumnType]:
    """How rules read their columns: as declared, else in a file of texts as the narrowest type that fits all values."""
    declared = dict(spec.types)
    kinds = {name: declared[name] for name in names if name in declared}
    if dataset.textual:
        found = kinds_in(dataset, [name for name in names if name not in declared])
        kinds |= {name: kind for name, held in found.items() if (kind := column_type(held)) is not None}
    return kinds


def proven(
    check: Check, dataset: Dataset, names: tuple[str, ...], kinds: Mapping[str, ColumnType], absent: dict[str, str]
) -> Rule | None:
    """The rule of a check, None where it lacks a column (told in `absent`) or where no column has a value that would
    tell its type. Raises SpecError for one that DuckDB refuses."""
    if check.rule is not None:
        lost = next((name for name in references(check.rule) if name not in names), None)
        if lost is not None:
            absent[check.id] = lost
            return None
    rule = make_rule(check, names)
    samples = without_rows(dataset, rule.columns, kinds)
    table = rule_table(rule, samples, 0)
    missing = lacking(check, rule, table)
    if missing is not None:
        absent[check.id] = missing
        return None
    try:
        prove(rule, table)
    except SpecError:
        if any(values.kind == "nothing" for values in samples.values()):
            return None
        raise
    return rule


def newest_row(spec: DataValidation) -> tuple[Check, ...]:
    """What tells the time of the newest row, where some column may be absent before a day."""
    if spec.time is None or not any(check.absent_before for check in spec.checks):
        return ()
    return (Check(NEWEST, spec.time, "freshness", "max", None, Place(spec.file, 1, 1)),)


def newest_day(found: Found) -> str | None:
    """The day of the newest row (ISO 8601), where it was asked for and there is one."""
    tally = found.tallies.get((NEWEST, None))
    if tally is None or tally.kind not in ("date", "timestamp") or not isinstance(tally.extreme, int):
        return None
    return str(time_text("date", tally.extreme))[:10]
