"""From what a validation of data says of one column, or of every column, to checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import Reads, bounds, severity_at
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.patterns import pattern_fault
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.specialised import ASKED_OF, NUMBERS, TEXTS, TIMES, asked_of
from mlops_cli.spec.structure import describe
from mlops_cli.spec.validation import (
    EVERY,
    Bound,
    Check,
    ColumnType,
    Comparator,
    Direction,
    Distance,
    NamedFormat,
    Severity,
)

PYTHON_TYPES: Mapping[ColumnType, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "date": (str,),
    "timestamp": (str,),
}
ROW_WISE = frozenset(
    {"type", "min", "max", "values", "matches", "named", "length_min", "length_max", "unique", "references"}
)
"""The measures of a column that single rows break: what `tolerance` speaks of."""
SHARES, STATISTICS = ("nulls", "empties", "sentinels", "zeros"), ("mean", "std", "median", "distinct")
MEASURES = {"is": "named", "length": "length_min"}  # a key of a column -> its measure, where the names differ
KINDS = {NUMBERS: "numbers", TEXTS: "text", TIMES: "dates and timestamps", NUMBERS | TIMES: "numbers and dates"}
UNLIMITED: frozenset[Distance] = frozenset({"psi", "wasserstein"})  # the distances that may exceed 1
SHARE_LIMITS: Reads = {"max": units.share, "change": units.share_change}
STATISTIC_LIMITS: Reads = {"min": units.number, "max": units.number, "change": units.change, "within": units.change}


@dataclass(frozen=True)
class Column:
    """A column as the spec names it (or EVERY), and where."""

    decoding: Decoding
    name: str
    path: KeyPath
    kind: ColumnType | None
    severity: Severity
    misplaced: frozenset[str] = frozenset()
    """Keys that the type has no use for; they are faults already."""

    def get(self, *keys: str) -> Json:
        """The value at `keys`, None where there is none."""
        return None if keys[0] in self.misplaced else self.decoding.get((*self.path, *keys))

    def check(self, key: str, measure: str, comparator: Comparator) -> Check:
        """A check without a bound, at the place of `key`, which ends its id."""
        place = self.decoding.place((*self.path, key))
        return Check(f"{self.name}.{key}", self.name, measure, comparator, None, place, self.severity)

    def bounds(self, key: str, reads: Reads) -> Iterator[Check]:
        """The checks of the mapping at `key`, whose name is the measure's too."""
        if key not in self.misplaced:
            prefix = f"{self.name}.{key}"
            yield from bounds(self.decoding, (*self.path, key), self.name, key, reads, self.severity, prefix=prefix)


def column_type(decoding: Decoding, path: KeyPath) -> ColumnType | None:
    """The type that the column at `path` states."""
    word = decoding.get((*path, "type"))
    return next((kind for kind in get_args(ColumnType) if kind == word), None)


def column_checks(decoding: Decoding, name: str, path: KeyPath) -> list[Check]:
    """The checks of the column at `path`, which is sound; what its type has no use for is noted as a fault."""
    kind, severity = column_type(decoding, path), severity_at(decoding, path)
    misplaced = frozenset(key for key in decoding.mapping(path) if not asked_of(MEASURES.get(key, key), kind))
    for key in misplaced:
        use = KINDS[ASKED_OF[MEASURES.get(key, key)]]
        decoding.fault(f"`{key}` is for {use}, and {name} is of type {kind}", (*path, key), of="key")
    column = Column(decoding, name, path, kind, severity, misplaced)
    checks = [*_presence(column), *_shares(column), *_values(column), *_texts(column), *_limits(column)]
    return _qualified(column, [*checks, *_statistics(column), *_sequence(column)])


def every_column_checks(decoding: Decoding, path: KeyPath) -> list[Check]:
    """The checks that `"*"` at `path` asks of every column."""
    column = Column(decoding, EVERY, path, None, severity_at(decoding, path))
    if decoding.mapping(path).keys() <= {"severity"}:
        hint = "add, for example, `drift: {max: 0.1}`"
        decoding.fault('`"*"` asks nothing of the columns', path, hint, of="key")
    return [*_shares(column), *_statistics(column)]


def _presence(column: Column) -> Iterator[Check]:
    decoding, path = column.decoding, column.path
    if column.get("required") is not False:
        place = decoding.place(path)
        yield Check(f"{column.name}.required", column.name, "present", "required", None, place, column.severity)
    if column.kind is not None:
        place = decoding.document.place((*path, "type"))
        yield replace(column.check("type", "type", "is"), place=place, values=(column.kind,))


def _shares(column: Column) -> Iterator[Check]:
    """The checks of a share of the rows: nulls, empty texts, sentinels, zeros."""
    for key in SHARES:
        found = [*column.bounds(key, SHARE_LIMITS)]
        stand_ins = column.get(key, "values")
        values = tuple(stand_ins) if isinstance(stand_ins, list) else ()
        yield from (replace(check, values=values) for check in found)
        if values and column.get(key, "max") is None and column.get(key, "change") is None:
            message = f"`{key}` says what to look for, and not how many there may be"
            column.decoding.fault(message, (*column.path, key), "add, for example, `max: 0%`", of="key")


def _values(column: Column) -> Iterator[Check]:
    """The checks of single values of any type: `in`, `unique`, `references`."""
    decoding, path, kind = column.decoding, column.path, column.kind
    allowed = column.get("in")
    if isinstance(allowed, list):
        for at, value in enumerate(allowed):
            if kind is not None and (not isinstance(value, PYTHON_TYPES[kind]) or _hidden_bool(value, kind)):
                decoding.fault(f"{describe(value)} cannot be in a column of type {kind}", (*path, "in", at))
        yield replace(column.check("in", "values", "in"), values=tuple(allowed))
    if column.get("unique") is True:
        yield column.check("unique", "unique", "unique")
    looked_in = column.get("references", "column")
    table = decoding.inner_path((*path, "references", "data"), "the table")
    if isinstance(looked_in, str) and table is not None:
        yield replace(column.check("references", "references", "references"), table=table, columns=(looked_in,))


def _hidden_bool(value: Json, kind: ColumnType) -> bool:
    return isinstance(value, bool) and kind != "boolean"


def _texts(column: Column) -> Iterator[Check]:
    """The checks of single texts: `matches`, `is`, `length`."""
    pattern, named = column.get("matches"), column.get("is")
    if isinstance(pattern, str) and _good_pattern(column, pattern):
        yield replace(column.check("matches", "matches", "matches"), pattern=pattern)
    known: NamedFormat | None = next((word for word in get_args(NamedFormat) if word == named), None)
    if known is not None:
        yield replace(column.check("is", "named", "matches"), named=known)
    for check in column.bounds("length", {"min": units.number, "max": units.number}):
        yield replace(check, measure=f"length_{check.comparator}")


def _good_pattern(column: Column, pattern: str) -> bool:
    fault = pattern_fault(pattern)
    if fault is not None:
        span = (pattern, fault.start, fault.length)
        column.decoding.fault_inside(fault.message, (*column.path, "matches"), span, fault.hint)
    return fault is None


def _limits(column: Column) -> Iterator[Check]:
    """`min` and `max` of single values: numbers, or dates in a column that says it holds them."""
    read = units.instant if column.kind in TIMES else _plain_number
    reads: Reads = {"min": read, "max": read} if not column.misplaced & {"min", "max"} else {}
    for check in bounds(column.decoding, column.path, column.name, "", reads, column.severity):
        yield replace(check, measure=check.comparator)


def _plain_number(value: Json) -> Bound:
    if isinstance(value, str):
        hint = "write a number such as 0; for a date, say `type: date` or `type: timestamp` too"
        raise units.BadQuantity(f"'{value}' is not a number", hint)
    return units.number(value)


def _statistics(column: Column) -> Iterator[Check]:
    """The checks of the column as a whole: `mean`, `std`, `median`, `distinct`, `drift`."""
    for key in STATISTICS:
        yield from column.bounds(key, STATISTIC_LIMITS)
    said, by = column.get("drift"), column.get("drift", "by")
    at: KeyPath = (*column.path, "drift", "max") if isinstance(said, dict) else (*column.path, "drift")
    distance: Distance = next((word for word in get_args(Distance) if word == by), "auto")
    bound = column.decoding.quantity(lambda value: _distance(value, distance), at)
    if bound is not None:
        check, place = column.check("drift", "distribution", "drift"), column.decoding.place(at)
        yield replace(check, bound=bound, place=place, distance=distance)


def _distance(value: Json, distance: Distance) -> Bound:
    try:
        bound = units.number(value)
    except units.BadQuantity as error:
        raise units.BadQuantity(str(error), "write a number such as 0.1") from None
    if bound.value < 0 or (bound.value > 1 and distance not in UNLIMITED):
        range_ = "from 0 up" if distance in UNLIMITED else "from 0 to 1"
        raise units.BadQuantity(f"{value} is no distance: it runs {range_}", "0.1 is a usual limit")
    return bound


def _sequence(column: Column) -> Iterator[Check]:
    """The checks of how values follow each other: `order`, `gaps`, `freshness`."""
    said = column.get("order")
    direction: Direction | None = next((word for word in get_args(Direction) if word == said), None)
    if direction is not None:
        yield replace(column.check("order", "order", "order"), direction=direction)
    yield from column.bounds("gaps", {"max": lambda value: _gap(value, column.kind)})
    yield from column.bounds("freshness", {"max": units.length_of_time})


def _gap(value: Json, kind: ColumnType | None) -> Bound:
    if kind in NUMBERS or (kind is None and not isinstance(value, str)):
        bound = _plain_number(value) if not isinstance(value, str) else None
        if bound is None or bound.value <= 0:
            raise units.BadQuantity(f"{value} is no gap between numbers", "write a number above 0, such as 10")
        return bound
    if not isinstance(value, str):
        raise units.BadQuantity(f"{value} is no length of time", "write a duration such as 30s, 20m, 1h or 7d")
    return units.length_of_time(value)


def _qualified(column: Column, checks: Sequence[Check]) -> list[Check]:
    """The checks with what the column says about all of them: tolerance and exceptions."""
    decoding, said = column.decoding, column.get("not_in")
    tolerance, absent_before = _tolerance(column, checks), _absent_before(column)
    not_in = tuple(map(str, said)) if isinstance(said, list) else ()
    if not_in and not checks:
        message, hint = "`not_in` excepts nothing: the column has no check", "leave it out, or add a check"
        decoding.fault(message, (*column.path, "not_in"), hint, of="key")
    return [
        replace(
            check,
            tolerance=tolerance if check.measure in ROW_WISE else 0.0,
            absent_before=absent_before,
            not_in=not_in,
        )
        for check in checks
    ]


def _tolerance(column: Column, checks: Sequence[Check]) -> float:
    path: KeyPath = (*column.path, "tolerance")
    bound = column.decoding.quantity(units.share, path)
    if bound is None:
        return 0.0
    if bound.value == 1:
        column.decoding.fault("every row may break the checks of this column", path, "write a share such as 0.5%")
    elif not any(check.measure in ROW_WISE for check in checks):
        hint = "it is about type, min, max, in, matches, is, length, unique and references"
        column.decoding.fault("`tolerance` has no check to be about", path, hint, of="key")
    return bound.value


def _absent_before(column: Column) -> str | None:
    decoding, path = column.decoding, (*column.path, "absent_before")
    day = decoding.quantity(units.day, path)
    if day is None:
        return None
    time = decoding.text(("time",))
    if time is None:
        message = "`absent_before` needs to know when rows happened, and the spec has no `time`"
        decoding.fault(message, path, "add `time:` with the name of the column that says so", of="key")
    elif time == column.name:
        decoding.fault("the column that tells the time cannot be absent", path, "leave it out", of="key")
    elif column.get("required") is False:
        decoding.fault("this column may always be missing", path, "leave out `required: false`, or this", of="key")
    return day
