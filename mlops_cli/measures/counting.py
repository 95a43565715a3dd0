"""The work on one part: one column by itself, or the rules and compound keys over several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mlops_cli.base.hashing import hash_record
from mlops_cli.measures.asking import Asked
from mlops_cli.measures.cache import Piece, Unit
from mlops_cli.measures.conditions import Broken
from mlops_cli.measures.hashes import Hashes
from mlops_cli.measures.repeats import ascending, inside, row_hashes, write_run
from mlops_cli.measures.rules import Rule, keeps
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.tallies import Example, Tally, count, examples, tally
from mlops_cli.measures.values import Mask, Values
from mlops_cli.spec.validation import Check, ColumnType


@dataclass(frozen=True, eq=False)
class Context:
    """What pieces of work share."""

    known: Mapping[str, Hashes]
    """Check id -> the sorted hashes of the values that `references` allows."""
    run: Path
    """Where the hashes of this piece of work go, if they are needed."""
    label: str
    """What to call the data in messages."""


def count_column(asked: Asked, values: Values, summed: Values, masks: Mapping[str, Mask], context: Context) -> Unit:
    """Everything about one column of one part. `values` are read for the checks, `summed` for the summary."""
    pieces = [piece(asked, None, values, summed, context)]
    for label, rows in masks.items():
        pieces.append(
            piece(asked, label, values.where(rows), summed.where(rows) if summed is not values else None, context)
        )
    return Unit(len(values), tuple(pieces), summed.kind)


def piece(asked: Asked, label: str | None, values: Values, summed: Values | None, context: Context) -> Piece:
    """The summary and the tallies of all rows, or of one slice."""
    tallies = tuple(
        column_tally(check, asked, values, context, label) if label is None or check.per_slice else Tally()
        for check in asked.checks
    )
    summary = summarise(summed if summed is not None else values) if asked.summary else None
    return Piece(label, len(values), summary, tallies)


def column_tally(check: Check, asked: Asked, values: Values, context: Context, label: str | None) -> Tally:
    """What one check finds in one column, or in a slice of it."""
    if check.measure == "unique":
        run = context.run if label is None else context.run.with_stem(f"{context.run.stem}-{hash_record(label)[:16]}")
        return repeats([values], run, force=asked.runs or label is not None)
    if check.measure == "references":
        rows = unknown(check, values, context.known)
        found = count(rows, len(values))
        return replace(found, examples=examples(rows.bad, {values.name: values})) if found.bad else found
    return tally(check, values, {values.name: values})


def unknown(check: Check, values: Values, known: Mapping[str, Hashes]) -> Broken:
    """Rows whose value is not among those of the other table."""
    hashes, rows = row_hashes([values])
    bad = values.filled & ~rows
    bad[np.flatnonzero(rows)] = ~inside(hashes, known[check.id])
    return Broken(bad, values.filled)


def repeats(columns: Sequence[Values], run: Path, *, force: bool) -> Tally:
    """What uniqueness needs of one part: that its values ascend, or a run of the hashes of its rows."""
    ends = ascending(columns[0]) if len(columns) == 1 and not force else None
    if ends is not None:
        return Tally(0, len(columns[0]), first=ends[0], last=ends[1])
    hashes, _ = row_hashes(columns)
    write_run(run, hashes)
    return Tally(0, len(hashes), run=f"{run.parent.name}/{run.name}")


@dataclass(frozen=True, eq=False)
class Several:
    """What is asked of several columns together: rules, and keys of more than one column."""

    rules: tuple[Rule, ...] = ()
    keys: tuple[Check, ...] = ()
    kinds: Mapping[str, ColumnType] = field(default_factory=dict)
    """How rules read their columns, where that is not as they are stored."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        named = [name for rule in self.rules for name in rule.columns]
        return tuple(dict.fromkeys([*named, *(name for check in self.keys for name in check.columns)]))

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks, in the order of the tallies."""
        return (*(rule.check for rule in self.rules), *self.keys)


def count_several(
    several: Several, found: Mapping[str, Values], keyed: Mapping[str, Values], rows: int, context: Context
) -> Unit:
    """The tallies of rules (on columns as in `found`) and keys (on columns as in `keyed`) in one part."""
    tallies = [
        replace(count(kept, rows), examples=rule_examples(rule, kept.bad, found))
        for rule, kept in zip(several.rules, keeps(several.rules, found, rows, context.label), strict=True)
    ]
    for number, check in enumerate(several.keys):
        run = context.run.with_name(f"{context.run.stem}-{number}{context.run.suffix}")
        tallies.append(repeats([keyed[name] for name in check.columns], run, force=True))
    return Unit(rows, (Piece(None, rows, None, tuple(tallies)),))


def rule_examples(rule: Rule, bad: Mask, found: Mapping[str, Values]) -> tuple[Example, ...]:
    """Rows that break a rule, with its columns."""
    return examples(bad, {name: found[name] for name in rule.columns[:6]}) if bad.any() else ()
