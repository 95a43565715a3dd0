"""From a check to SQL: which number it needs, which rows break it, and which rows would show that best.

Questions are asked of the layer of rows that `mlops_cli.measures.scanning` builds, in which column number 3 is there
as `r3` (as stored), `v3` (typed, null where it cannot be), `n3` (no value) and `w3` (a value of another type).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.measures.columns import Typed
from mlops_cli.spec.expression import references, to_sql
from mlops_cli.spec.validation import Check
from mlops_cli.tables.formats.base import quoted


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
    """A column of the file with its number."""

    number: int
    typed: Typed

    @property
    def some(self) -> str:
        """Condition: there is a value."""
        return f"NOT n{self.number}"

    @property
    def good(self) -> str:
        """Condition: there is a value of the right type."""
        return f"v{self.number} IS NOT NULL"

    @property
    def doubled(self) -> str:
        """The value as a double, null for what is no number."""
        if self.typed.kind not in ("integer", "number"):
            return "CAST(NULL AS DOUBLE)"
        return f"CAST(v{self.number} AS DOUBLE)"


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
        condition = to_sql(check.rule, lambda name: f"v{columns[name].number}")
    else:
        text = (check.sql or "").lower()
        names = [name for name in columns if name and name.lower() in text][:6]
        condition = f"({check.sql})"
    return Question("NULL", f"NOT ({condition})", f"({condition}) IS NOT NULL", tuple(names), condition=condition)


def nulls(_check: Check, column: Subject) -> Question:
    """Rows without a value; the value counts those among them that are not-a-number."""
    nan = "0" if column.typed.nan == "false" else f"count_if(n{column.number} AND r{column.number} IS NOT NULL)"
    return Question(nan, f"n{column.number}", "true", shown(column))


def kinds(_check: Check, column: Subject) -> Question:
    """Values of another type than the declared one."""
    return Question("NULL", f"w{column.number}", column.some, shown(column))


def extremes(check: Check, column: Subject) -> Question:
    """Least or greatest value; the rows beyond the bound break the check."""
    limit = check.bound.value if check.bound is not None else 0.0
    sign, best = ("<", "min") if check.measure == "min" else (">", "max")
    beyond = f"coalesce({column.doubled} {sign} {literal(limit)}, false)"
    return Question(f"{best}({column.doubled})", beyond, column.some, shown(column))


def moments(check: Check, column: Subject) -> Question:
    """Mean or standard deviation (n - 1) of the finite numbers."""
    function = "favg" if check.measure == "mean" else "stddev_samp"
    return Question(f"{function}({finite(column)})", "false", column.some, shown(column), finite(column))


def finite(column: Subject) -> str:
    """The value as a double, null for an infinity too."""
    return f"(CASE WHEN isfinite({column.doubled}) THEN {column.doubled} END)"


def members(check: Check, column: Subject) -> Question:
    """Values outside the allowed set."""
    allowed = [value for value in check.values if value is not None]
    inside = (
        f"v{column.number} IN ({', '.join(literal(same_type(value, column)) for value in allowed)})"
        if allowed
        else "false"
    )
    outside = f"({column.some} AND NOT coalesce({inside}, false))"
    distinct = f"count(DISTINCT CASE WHEN {outside} THEN r{column.number} END)"
    return Question(distinct, outside, column.some, shown(column))


def patterns(check: Check, column: Subject) -> Question:
    """Values that the pattern does not match as a whole."""
    text = f"CAST(r{column.number} AS VARCHAR)"
    fits = f"regexp_full_match({text}, {quoted(check.pattern or '')})"
    return Question("NULL", f"({column.some} AND NOT {fits})", column.some, shown(column))


def repeats(_check: Check, column: Subject) -> Question:
    """Rows beyond the first of each value; as examples all rows of a value that repeats."""
    number = column.number
    return Question(
        f"count(DISTINCT CASE WHEN {column.some} THEN r{number} END)", column.some, column.some, shown(column)
    )


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
