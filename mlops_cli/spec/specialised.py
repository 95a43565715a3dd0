"""Checks of every column (`"*"`) as checks of real columns, and which types a measure can be asked of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlops_cli.spec.validation import EVERY, Check, ColumnType

NUMBERS: frozenset[ColumnType] = frozenset({"integer", "number"})
TIMES: frozenset[ColumnType] = frozenset({"date", "timestamp"})
TEXTS: frozenset[ColumnType] = frozenset({"string"})
ASKED_OF: Mapping[str, frozenset[ColumnType]] = {
    "zeros": NUMBERS,
    "mean": NUMBERS,
    "std": NUMBERS,
    "median": NUMBERS,
    "min": NUMBERS | TIMES,
    "max": NUMBERS | TIMES,
    "order": NUMBERS | TIMES,
    "gaps": NUMBERS | TIMES,
    "freshness": TIMES,
    "empties": TEXTS,
    "matches": TEXTS,
    "named": TEXTS,
    "length_min": TEXTS,
    "length_max": TEXTS,
}
"""Measure -> the types it can be asked of; a measure that is not here can be asked of all."""


def asked_of(measure: str, kind: ColumnType | None) -> bool:
    """Whether a measure has a meaning for a column of type `kind`; None: the type is not known, and may be right."""
    return kind is None or measure not in ASKED_OF or kind in ASKED_OF[measure]


def specialised(
    checks: Sequence[Check], columns: Sequence[str], kinds: Mapping[str, ColumnType | None] | None = None
) -> tuple[Check, ...]:
    """`checks` with those of every column replaced by one for each of `columns` that has none of its own.

    A check of its own is one with the same measure and comparator. Columns whose type in `kinds` the measure cannot
    be asked of are left out, and so are, of drift, dates, timestamps and columns whose values are unique: they are new
    in every version, and only a check of their own can mean that. The order is kept; the new ones stand in the order
    of `columns`, where the old one stood. What a column's own checks say of environments and of the time before it was
    there holds for the new ones too.
    """
    own = {(check.subject, check.measure, check.comparator) for check in checks if check.subject != EVERY}
    taken = {check.id for check in checks}
    unique = {check.subject for check in checks if check.measure == "unique"}
    exceptions = {check.subject: (check.not_in, check.absent_before) for check in checks if check.subject != EVERY}

    def expanded() -> Iterator[Check]:
        for check in checks:
            if check.subject != EVERY:
                yield check
                continue
            for column in dict.fromkeys(columns):
                kind = None if kinds is None else kinds.get(column)
                moves = check.measure == "distribution" and (column in unique or kind in TIMES)
                if moves or (column, check.measure, check.comparator) in own:
                    continue
                if asked_of(check.measure, kind):
                    name = free_id(f"{column}{check.id.removeprefix(EVERY)}", taken)
                    taken.add(name)
                    not_in, absent_before = exceptions.get(column, ((), None))
                    yield replace(check, id=name, subject=column, not_in=not_in, absent_before=absent_before)

    return tuple(expanded())


def free_id(name: str, taken: set[str]) -> str:
    """`name`, or where another check has it (a column may be called `rows`) the name with `columns.` before it."""
    while name in taken:
        name = f"columns.{name}"
    return name
