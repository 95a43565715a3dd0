"""From a document of `kind: validation` to its record: bounds with units, rules, and what no schema can say."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from mlops_cli.base.errors import Fault
from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.patterns import pattern_fault
from mlops_cli.spec.schema import METRICS
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import describe, shown
from mlops_cli.spec.validation import (
    Bound,
    Check,
    ColumnType,
    DataValidation,
    ModelValidation,
    Severity,
    Slice,
)

Read: TypeAlias = Callable[[Json], Bound]
Comparator: TypeAlias = Literal["min", "max", "change", "not_worse"]

PYTHON_TYPES: dict[ColumnType, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "date": (str,),
    "timestamp": (str,),
}
SHARES = METRICS - {"log_loss", "mae", "r2", "rmse"}  # the metrics that lie in [0, 1]


def decode_data(decoding: Decoding) -> DataValidation:
    """The validation of data that a document says; faults are noted in `decoding`."""
    checks: list[Check] = []
    expect: KeyPath = ("expect",)
    if word := decoding.text((*expect, "format")):
        place = decoding.document.place((*expect, "format"))
        checks.append(Check("format.is", "format", "format", "is", None, place, values=(word,)))
    checks += _bounds(decoding, (*expect, "bytes"), "bytes", "bytes", {"min": _size, "max": _size}, "fail")
    row_reads: dict[Comparator, Read] = {"min": units.number, "max": units.number, "change": units.change}
    checks += _bounds(decoding, (*expect, "rows"), "rows", "rows", row_reads, "fail")
    types: list[tuple[str, ColumnType]] = []
    for column, _, path in decoding.items((*expect, "columns")):
        checks += _column(decoding, column, path)
        if (kind := _column_type(decoding, path)) is not None:
            types.append((column, kind))
    checks += _rules(decoding, (*expect, "rows_where"))
    _need_baseline(decoding, checks, "change", "previous")
    text = decoding.text
    name, data, baseline = text(("name",)) or "", text(("data",)), text(("baseline",))
    file, too_few = decoding.document.file, _too_few(decoding)
    return DataValidation(name, file, data, baseline, tuple(checks), tuple(types), too_few)


def decode_model(decoding: Decoding) -> ModelValidation:
    """The validation of a model that a document says; faults are noted in `decoding`."""
    slices = list(_slices(decoding))
    checks: list[Check] = []
    for metric, _, path in decoding.items(("expect",)):
        if metric in METRICS:
            checks += _metric(decoding, metric, path)
    by_slice: KeyPath = ("expect", "by_slice")
    for metric, _, path in decoding.items(by_slice):
        if metric in METRICS:
            checks += _sliced_metric(decoding, metric, path)
    if decoding.get(by_slice) and not decoding.get(("slices",)):
        hint = "add, for example, `slices: [country]`"
        decoding.fault("`by_slice` needs slices, and the spec has none", by_slice, hint, of="key")
    _need_baseline(decoding, checks, "not_worse", "churn@production")
    text, rows = decoding.text, decoding.get(("min_rows",))
    return ModelValidation(
        name=text(("name",)) or "",
        file=decoding.document.file,
        model=text(("model",)),
        data=text(("data",)),
        target=text(("target",)),
        baseline=text(("baseline",)),
        slices=tuple(slices),
        checks=tuple(checks),
        confidence=_confidence(decoding),
        min_rows=rows if isinstance(rows, int) else 100,
        positive=decoding.get(("positive",)),
        too_few=_too_few(decoding),
    )


def _size(value: Json) -> Bound:
    return Bound(units.size(value), "bytes", str(value))


def _too_few(decoding: Decoding) -> Severity:
    return "fail" if decoding.text(("too_few",)) == "fail" else "warn"


def _severity(decoding: Decoding, path: KeyPath) -> Severity:
    return "warn" if decoding.get((*path, "severity")) == "warn" else "fail"


def _bounds(
    decoding: Decoding,
    path: KeyPath,
    subject: str,
    measure: str,
    reads: dict[Comparator, Read],
    severity: Severity,
    *,
    prefix: str = "",
    per_slice: bool = False,
) -> Iterator[Check]:
    """A check for each bound in the mapping at `path`; `prefix` comes first in the ids."""
    found: dict[str, Bound] = {}
    for comparator, read in reads.items():
        bound = decoding.quantity(read, (*path, comparator))
        if bound is not None:
            found[comparator] = bound
            place = decoding.place((*path, comparator))
            name = f"{prefix or subject}.{comparator}"
            yield Check(name, subject, measure, comparator, bound, place, severity, per_slice=per_slice)
    if "min" in found and "max" in found and found["min"].value > found["max"].value:
        low, high = found["min"].text, found["max"].text
        decoding.fault(f"the least value, {low}, is above the greatest, {high}", (*path, "min"))


def _column_type(decoding: Decoding, path: KeyPath) -> ColumnType | None:
    word = decoding.get((*path, "type"))
    return next((kind for kind in get_args(ColumnType) if kind == word), None)


def _column(decoding: Decoding, column: str, path: KeyPath) -> Iterator[Check]:
    severity, kind = _severity(decoding, path), _column_type(decoding, path)
    body = decoding.mapping(path)
    if body.get("required", True):
        yield Check(f"{column}.required", column, "present", "required", None, decoding.place(path), severity)
    if kind is not None:
        place = decoding.document.place((*path, "type"))
        yield Check(f"{column}.type", column, "type", "is", None, place, severity, values=(kind,))
    nulls: dict[Comparator, Read] = {"max": units.share}
    yield from _bounds(decoding, (*path, "nulls"), column, "nulls", nulls, severity, prefix=f"{column}.nulls")
    yield from _values(decoding, column, path, kind, severity)
    yield from _numbers(decoding, column, path, kind, severity)


def _values(
    decoding: Decoding, column: str, path: KeyPath, kind: ColumnType | None, severity: Severity
) -> Iterator[Check]:
    """The checks of single values: `in`, `matches`, `unique`."""
    body = decoding.mapping(path)
    allowed = body.get("in")
    if isinstance(allowed, list):
        for at, value in enumerate(allowed):
            if kind is not None and (not isinstance(value, PYTHON_TYPES[kind]) or _hidden_bool(value, kind)):
                decoding.fault(f"{describe(value)} cannot be in a column of type {kind}", (*path, "in", at))
        place = decoding.place((*path, "in"))
        yield Check(f"{column}.in", column, "values", "in", None, place, severity, values=tuple(allowed))
    pattern = body.get("matches")
    if isinstance(pattern, str) and _good_pattern(decoding, pattern, (*path, "matches")):
        if kind not in (None, "string"):
            decoding.fault(f"`matches` is for text, and {column} is of type {kind}", (*path, "matches"), of="key")
        place = decoding.place((*path, "matches"))
        yield Check(f"{column}.matches", column, "matches", "matches", None, place, severity, pattern=pattern)
    if body.get("unique") is True:
        yield Check(f"{column}.unique", column, "unique", "unique", None, decoding.place((*path, "unique")), severity)


def _hidden_bool(value: Json, kind: ColumnType) -> bool:
    return isinstance(value, bool) and kind != "boolean"


def _good_pattern(decoding: Decoding, pattern: str, path: KeyPath) -> bool:
    fault = pattern_fault(pattern)
    if fault is not None:
        decoding.fault_inside(fault.message, path, (pattern, fault.start, fault.length), fault.hint)
    return fault is None


def _numbers(
    decoding: Decoding, column: str, path: KeyPath, kind: ColumnType | None, severity: Severity
) -> Iterator[Check]:
    """The checks that only numbers can have: `min`, `max`, `mean`, `std`."""
    body = decoding.mapping(path)
    if kind not in (None, "integer", "number"):
        for key in ("min", "max", "mean", "std"):
            if key in body:
                decoding.fault(f"`{key}` is for numbers, and {column} is of type {kind}", (*path, key), of="key")
        return
    limits: dict[Comparator, Read] = {"min": units.number, "max": units.number}
    for check in _bounds(decoding, path, column, "", limits, severity):
        yield replace(check, measure=check.comparator)
    for moment in ("mean", "std"):
        reads: dict[Comparator, Read] = {**limits, "change": units.change}
        prefix = f"{column}.{moment}"
        yield from _bounds(decoding, (*path, moment), column, moment, reads, severity, prefix=prefix)


def _rules(decoding: Decoding, path: KeyPath) -> Iterator[Check]:
    rules, seen = decoding.get(path), set()
    for at, rule in enumerate(rules if isinstance(rules, list) else []):
        here = (*path, at)
        if not decoding.sound(here):
            continue
        check = _rule(decoding, rule, here, at + 1)
        if check is not None and check.id in seen:
            decoding.fault(f"two rules are named '{check.id.split('.', 1)[1]}'", (*here, "name"))
        elif check is not None:
            seen.add(check.id)
            yield check


def _rule(decoding: Decoding, rule: Json, path: KeyPath, number: int) -> Check | None:
    everyone, place = Bound(1.0, "share", "100%"), decoding.document.place(path)
    if isinstance(rule, str):
        expression = decoding.condition(path)
        name = f"rows_where.{number}"
        return Check(name, rule, "rule", "share", everyone, place, rule=expression) if expression else None
    body = rule if isinstance(rule, dict) else {}
    if "expr" in body and "sql" in body:
        decoding.fault("a rule is either `expr` or `sql`, not both", path, "leave one out")
        return None
    if "expr" not in body and "sql" not in body:
        decoding.fault("a rule needs `expr` or `sql`", path, "add, for example, `expr: refund <= amount`")
        return None
    bound = decoding.quantity(units.share, (*path, "share", "min")) or everyone
    name = f"rows_where.{body.get('name', number)}"
    severity, sql = _severity(decoding, path), decoding.text((*path, "sql"))
    expression = decoding.condition((*path, "expr"))
    subject = sql or decoding.text((*path, "expr")) or ""
    if expression is None and sql is None:
        return None
    return Check(name, subject, "rule", "share", bound, place, severity, rule=expression, sql=sql)


def _slices(decoding: Decoding) -> Iterator[Slice]:
    slices, seen = decoding.get(("slices",)), set()
    for at, item in enumerate(slices if isinstance(slices, list) else []):
        path: KeyPath = ("slices", at)
        if not decoding.sound(path):
            continue
        column, edges = (item, None) if not isinstance(item, dict) else next(iter(item.items()))
        if column in seen:
            decoding.fault(f"'{column}' is sliced twice", path)
            continue
        seen.add(column)
        numbers = tuple(float(str(edge)) for edge in edges) if isinstance(edges, list) else None
        if numbers and any(low >= high for low, high in itertools.pairwise(numbers)):
            decoding.fault(f"the edges of '{column}' do not rise: {shown(edges)}", (*path, str(column)))
            continue
        yield Slice(str(column), numbers)


def _metric(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    read = _metric_read(metric)
    reads: dict[Comparator, Read] = {"min": read, "max": read, "not_worse": _not_negative}
    if metric == "selection_rate" and "not_worse" in decoding.mapping(path):
        message = "`not_worse` has no meaning for selection_rate: neither more nor less is better"
        decoding.fault(message, (*path, "not_worse"), "give it `min` and `max`", of="key")
        reads.pop("not_worse")
    yield from _bounds(decoding, path, metric, metric, reads, _severity(decoding, path))


def _sliced_metric(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    severity, read, prefix = _severity(decoding, path), _metric_read(metric), f"by_slice.{metric}"
    reads: dict[Comparator, Read] = {"min": read, "max": read}
    yield from _bounds(decoding, path, metric, metric, reads, severity, prefix=prefix, per_slice=True)
    gap = decoding.quantity(_not_negative, (*path, "gap", "max"))
    if gap is not None:
        place = decoding.place((*path, "gap"))
        yield Check(f"{prefix}.gap", metric, metric, "gap", gap, place, severity, per_slice=True)
    ratio = decoding.quantity(units.share, (*path, "ratio", "min"))
    if ratio is not None:
        place = decoding.place((*path, "ratio"))
        yield Check(f"{prefix}.ratio", metric, metric, "ratio", ratio, place, severity, per_slice=True)


def _metric_read(metric: str) -> Read:
    def read(value: Json) -> Bound:
        bound = units.number(value)
        if metric in SHARES and not 0 <= bound.value <= 1:
            raise units.BadQuantity(f"{metric} lies between 0 and 1, not at {value}", "80 percent is 0.8 or 80%")
        return bound

    return read


def _not_negative(value: Json) -> Bound:
    bound = units.number(value)
    if bound.value < 0:
        raise units.BadQuantity(f"{value} is below zero", "write how much worse or apart is still good enough")
    return bound


def _confidence(decoding: Decoding) -> float:
    level = decoding.quantity(units.share, ("confidence",))
    if level is None:
        return 0.95
    if not 0.5 <= level.value < 1:
        decoding.fault(f"{level.text} is no level of confidence", ("confidence",), "90%, 95% and 99% are usual")
        return 0.95
    return level.value


def _need_baseline(decoding: Decoding, checks: list[Check], comparator: str, example: str) -> None:
    """A comparison with nothing would never be made, and so never fail: that is a mistake."""
    if "baseline" in decoding.mapping(()):
        return
    for check in checks:
        if check.comparator == comparator:
            message = f"`{comparator}` compares with a baseline, and the spec has none"
            decoding.faults.append(Fault(message, check.place, f"add `baseline: {example}`"))
