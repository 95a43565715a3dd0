"""From a check to SQL: which number it needs, which rows break it, and which rows would show that best.

Questions are asked of the layer of rows that `mlops_cli.measures.layers` builds, in which column number 3 is there
as `r3` (as stored), `v3` (typed, null where it cannot be), `n3` (no value), `w3` (a value of another type) and `k3`
(what equal values share), each behind a prefix that no column of the file begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.measures.columns import INTEGERS, Typed
from mlops_cli.spec.expression import references, to_sql
from mlops_cli.spec.validation import Bound, Check
from mlops_cli.tables.formats.base import quoted

WHOLE = re.compile(r"-?\d+")
HUGE = 1e38
"""What a HUGEINT of DuckDB holds, about."""


@dataclass(frozen=True)
class Question:
    """What one check asks of the rows. All three are SQL: an aggregate, and two conditions on a row."""

    value: str
    bad: str = "false"
    of: str = "true"
    shown: tuple[str, ...] = ()
    """Columns that example rows show."""
    number: str | None = None
    """For a check of an average: what is averaged; then the rows that pull it most are the examples."""
    condition: str | None = None
    """What a row rule says, as it stands."""


@dataclass(frozen=True)
class Subject:
    """A column of the file with its number, and the prefix of our own names in the layer."""

    number: int
    typed: Typed
    prefix: str

    def named(self, letter: str) -> str:
        """One of the layer's columns about this one."""
        return f"{self.prefix}{letter}{self.number}"

    @property
    def raw(self) -> str:
        """The stored value."""
        return self.named("r")

    @property
    def value(self) -> str:
        """The typed value."""
        return self.named("v")

    @property
    def null(self) -> str:
        """Condition: there is no value."""
        return self.named("n")

    @property
    def wrong(self) -> str:
        """Condition: the value is of another type."""
        return self.named("w")

    @property
    def key(self) -> str:
        """What equal values have in common."""
        return self.named("k")

    @property
    def some(self) -> str:
        """Condition: there is a value."""
        return f"NOT {self.null}"

    @property
    def doubled(self) -> str:
        """The value as a double, null for what is no number."""
        if self.typed.kind not in ("integer", "number"):
            return "CAST(NULL AS DOUBLE)"
        return f"CAST({self.value} AS DOUBLE)"


def ask(check: Check, columns: Mapping[str, Subject]) -> Question | None:
    """The question of a check, or None where the rows need not be asked (the file's size, its format, its columns)."""
    if check.measure == "rule":
        return rule_question(check, columns)
    maker = MAKERS.get(check.measure)
    subject = columns.get(check.subject)
    if maker is None or subject is None:
        return None
    return maker(check, subject)


def rule_question(check: Check, columns: Mapping[str, Subject]) -> Question:
    """A row rule: null where it does not apply."""
    if check.rule is not None:
        names = [name for name in references(check.rule) if name in columns]
        condition = to_sql(check.rule, lambda name: columns[name].value)
    else:
        names = named_in(check.sql or "", list(columns))[:6]
        condition = f"({check.sql})"
    return Question("NULL", f"NOT ({condition})", f"({condition}) IS NOT NULL", tuple(names), condition=condition)


def named_in(sql: str, names: Sequence[str]) -> list[str]:
    """The columns whose names stand in an SQL text as words, plain or quoted, in capitals or not."""
    text = sql.lower()
    found = []
    for name in names:
        spelt = name.lower().replace('"', '""')
        if spelt and spelt in text and re.search(rf"(?<!\w){re.escape(spelt)}(?!\w)", text):
            found.append(name)
    return found


def nulls(_check: Check, column: Subject) -> Question:
    """Rows without a value; the value counts those among them that are not-a-number."""
    nan = "0" if column.typed.nan == "false" else f"count_if({column.null} AND {column.raw} IS NOT NULL)"
    return Question(nan, column.null, "true", shown(column))


def kinds(_check: Check, column: Subject) -> Question:
    """Values of another type than the declared one."""
    return Question("NULL", column.wrong, column.some, shown(column))


def extremes(check: Check, column: Subject) -> Question:
    """Least or greatest value; the rows beyond the bound break the check."""
    sign, best = ("<", "min") if check.measure == "min" else (">", "max")
    bound = check.bound if check.bound is not None else Bound(0.0, "number", "0")
    value = column.value if column.typed.kind == "integer" else column.doubled
    return Question(f"{best}({value})", f"coalesce({beyond(column, sign, bound)}, false)", column.some, shown(column))


def beyond(column: Subject, sign: str, bound: Bound) -> str:
    """Condition: the value lies beyond the bound. Whole numbers are compared as such: a double holds 53 bits."""
    whole = WHOLE.fullmatch(bound.text) is not None and abs(bound.value) < HUGE
    doubles = f"{column.doubled} {sign} {literal(bound.value)}"
    if column.typed.kind not in ("integer", "number") or not whole:
        return doubles
    exact = f"CAST({quoted(bound.text)} AS HUGEINT)"
    if column.typed.kind == "integer" or column.typed.stored in INTEGERS:
        return f"{column.value} {sign} {exact}"
    if abs(bound.value) < 2**53 or column.typed.stored not in ("VARCHAR", "JSON"):
        return doubles
    return f"coalesce(TRY_CAST({column.raw} AS HUGEINT) {sign} {exact}, {doubles})"


def moments(check: Check, column: Subject) -> Question:
    """Mean or standard deviation (n - 1) of the finite numbers; an infinite one breaks the check."""
    function = "favg" if check.measure == "mean" else "stddev_samp"
    infinite = f"coalesce(isinf({column.doubled}), false)"
    return Question(f"{function}({finite(column)})", infinite, column.some, shown(column), finite(column))


def finite(column: Subject) -> str:
    """The value as a double, null for an infinity too."""
    return f"(CASE WHEN isfinite({column.doubled}) THEN {column.doubled} END)"


def members(check: Check, column: Subject) -> Question:
    """Values outside the allowed set."""
    allowed = [value for value in check.values if value is not None]
    inside = (
        f"{column.value} IN ({', '.join(literal(same_type(value, column)) for value in allowed)})"
        if allowed
        else "false"
    )
    outside = f"({column.some} AND NOT coalesce({inside}, false))"
    distinct = f"count(DISTINCT CASE WHEN {outside} THEN {column.raw} END)"
    return Question(distinct, outside, column.some, shown(column))


def patterns(check: Check, column: Subject) -> Question:
    """Values that the pattern does not match as a whole."""
    text = f"CAST({column.raw} AS VARCHAR)"
    fits = f"regexp_full_match({text}, {quoted(check.pattern or '')})"
    return Question("NULL", f"({column.some} AND NOT {fits})", column.some, shown(column))


def repeats(_check: Check, column: Subject) -> Question:
    """Rows beyond the first of each value; as examples all rows of a value that repeats."""
    there = f"({column.some} AND {column.key} IS NOT NULL)"
    return Question(f"count(DISTINCT CASE WHEN {there} THEN {column.key} END)", there, there, shown(column))


def shown(column: Subject) -> tuple[str, ...]:
    """The column itself."""
    return (column.typed.name,)


def same_type(value: Json, column: Subject) -> Json:
    """A value of an allowed set as the column's type: 1 in a text column is the text '1'."""
    if column.typed.kind == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def literal(value: Json) -> str:
    """A value of a spec as SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    return str(value) if isinstance(value, int) else quoted(str(value))


MAKERS: Mapping[str, Callable[[Check, Subject], Question]] = {
    "nulls": nulls,
    "type": kinds,
    "min": extremes,
    "max": extremes,
    "mean": moments,
    "std": moments,
    "values": members,
    "matches": patterns,
    "unique": repeats,
}
