"""How a check is widened so that what was found passes: the edits of a spec, the tightest first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mlops_cli.base.errors import UserError
from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Verdict
from mlops_cli.spec.patching import Edit, value_at
from mlops_cli.spec.source import Document, KeyPath
from mlops_cli.spec.units import SECONDS
from mlops_cli.spec.validation import Check

COLUMNS: KeyPath = ("expect", "columns")
TOLERANT = frozenset({"matches", "named", "unique", "references", "values"})
MOST = 0.1
"""Share of rows that break a check of single values up to which a tolerance is the answer."""
MANY = 50
"""Values that are added to a set at most."""
STEPS = (1.0, 1.05, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""By how much a bound is widened beyond what was measured, until the check passes."""


class Refused(UserError):
    """Only a person can change this; the hint says what."""


def remedies(
    check: Check, verdicts: Sequence[Verdict], document: Document, new: Sequence[Json]
) -> Iterator[list[Edit]]:
    """Edits after which the check may pass, the tightest first. `new`: values that a set lacks. Raises Refused."""
    refuse(check, verdicts)
    column: KeyPath = (*COLUMNS, check.subject)
    if check.measure in ("format", "encoding"):
        yield [Edit(("expect", check.measure), verdicts[0].value)]
    elif check.measure == "present":
        yield [Edit((*column, "required"), False)]
    elif check.measure == "columns":
        others = verdicts[0].value
        yield [Edit((*COLUMNS, str(name)), {}) for name in others] if isinstance(others, list) else []
    elif check.measure == "values" and 0 < len(new) <= MANY:
        yield [Edit((*column, "in"), list(new), append=True)]
    elif check.measure in TOLERANT:
        yield from tolerances(check, verdicts, (*column, "tolerance"))
    elif check.measure == "keys":
        yield from of_key(check, verdicts, document)
    elif check.measure == "rule":
        yield from of_rule(check, verdicts, document)
    elif check.bound is not None:
        path = bound_path(check, document)
        if check.distance != "auto" and value_at(document, path) is None:
            path = path[:-1]
            yield from ([Edit(path, {"max": value, "by": check.distance})] for value in wider(check, verdicts))
            return
        yield from ([Edit(path, value)] for value in wider(check, verdicts))


def refuse(check: Check, verdicts: Sequence[Verdict]) -> None:
    """Raise Refused where no bound could be wide enough."""
    said = verdicts[0]
    if said.reason in ("no_baseline_value", "no_value_now", "infinite_values", "unreadable", "cannot_tell"):
        raise Refused(f"'{check.id}' has no bound that could be widened: {said.message}", f"see {check.place}")
    if check.measure == "type":
        hint = f"edit `type` of {check.subject} in {check.place}, or set a `tolerance`"
        raise Refused(f"a type is not widened by itself: {said.message}", hint)
    if check.measure == "order":
        raise Refused(f"an order holds or it does not: {said.message}", f"take `order` out, in {check.place}")


def tolerances(check: Check, verdicts: Sequence[Verdict], path: KeyPath) -> Iterator[list[Edit]]:
    """A share of the rows that may break the check."""
    worst = max(item.share or 0.0 for item in verdicts)
    if worst > MOST:
        key = {"values": "in", "named": "is"}.get(check.measure, check.measure)
        message = f"{worst:.0%} of the rows break '{check.id}', which is more than a tolerance is for"
        raise Refused(message, f"edit `{key}` of {check.subject} in {check.place}")
    yield from ([Edit(path, percent(worst * step))] for step in STEPS[:3])


def of_key(check: Check, verdicts: Sequence[Verdict], document: Document) -> Iterator[list[Edit]]:
    """A tolerance of a key."""
    keys = value_at(document, ("expect", "keys"))
    for at, item in enumerate(keys if isinstance(keys, list) else []):
        columns = item.get("columns") if isinstance(item, dict) else item
        if columns != list(check.columns):
            continue
        path: KeyPath = ("expect", "keys", at)
        for edits in tolerances(check, verdicts, (*path, "tolerance")):
            yield edits if isinstance(item, dict) else [Edit(path, {"columns": columns, "tolerance": edits[0].value})]


def of_rule(check: Check, verdicts: Sequence[Verdict], document: Document) -> Iterator[list[Edit]]:
    """The share of rows that must keep a rule."""
    worst = max(item.share or 0.0 for item in verdicts)
    if worst > MOST:
        hint = f"edit the rule in {check.place}"
        raise Refused(f"{worst:.0%} of the rows break '{check.id}': the rule itself is in question", hint)
    rules = value_at(document, ("expect", "rows_where"))
    for at, rule in enumerate(rules if isinstance(rules, list) else []):
        named = str(rule.get("name", at + 1)) if isinstance(rule, dict) else str(at + 1)
        if f"rows_where.{named}" != check.id:
            continue
        path: KeyPath = ("expect", "rows_where", at)
        for step in STEPS[:3]:
            least = percent(1 - worst * step, up=False)
            if isinstance(rule, dict):
                yield [Edit((*path, "share", "min"), least)]
            else:
                yield [Edit(path, {"expr": rule, "share": {"min": least}})]


def bound_path(check: Check, document: Document) -> KeyPath:
    """Where the bound of a check stands, or is to stand."""
    measure, comparator = check.measure, check.comparator
    if measure in ("rows", "bytes"):
        return ("expect", measure, comparator)
    if measure == "age":
        return ("expect", "age", "max")
    column: KeyPath = (*COLUMNS, check.subject)
    if measure in ("min", "max"):
        return (*column, measure)
    if measure in ("length_min", "length_max"):
        return (*column, "length", comparator)
    if measure == "distribution":
        said = value_at(document, (*column, "drift"))
        return (*column, "drift") if said is not None and not isinstance(said, dict) else (*column, "drift", "max")
    return (*column, measure, comparator)


def wider(check: Check, verdicts: Sequence[Verdict]) -> Iterator[Json]:
    """Bounds from just wide enough to ten times as wide."""
    bound = check.bound
    if bound is None:
        return
    for step in STEPS:
        needed = [found for item in verdicts if (found := need(check, item)) is not None]
        reach = max(needed, default=bound.value) if check.comparator != "min" else min(needed, default=bound.value)
        if check.comparator in ("min", "max") and check.measure != "distribution":
            yield limit(check, reach + (step - 1) * abs(reach) * (-1 if check.comparator == "min" else 1))
        else:
            yield limit(check, max(reach, bound.value) * step if step > 1 or reach > bound.value else reach)


def need(check: Check, verdict: Verdict) -> float | None:
    """The bound that one verdict asks for, where its numbers tell it."""
    value = number(verdict.value)
    if check.comparator == "drift":
        return verdict.effect if verdict.effect is not None else value
    if check.comparator != "change" or value is None:
        return value if check.comparator != "within" else None
    before = number(verdict.baseline)
    if before is None or check.bound is None:
        return None
    moved = abs(value - before)
    return moved if check.bound.unit == "points" else moved / abs(before) if before else None


def number(value: Json) -> float | None:
    """A measured value as a number; of a date or time, seconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        from mlops_cli.spec.units import BadQuantity, instant

        try:
            return instant(value).value
        except BadQuantity:
            return None
    return None


def limit(check: Check, value: float) -> Json:
    """A bound as the spec writes it, rounded to the generous side."""
    up = check.comparator != "min"
    assert check.bound is not None
    unit, text = check.bound.unit, check.bound.text
    if unit == "points":
        return percent(value, up=up).removesuffix("%") + "pp"
    if unit == "percent" or (unit == "share" and text.endswith("%")):
        return percent(value, up=up)
    if unit == "seconds" and check.measure in ("min", "max"):
        return moment(value, up=up)
    if unit == "seconds":
        return span(value, text)
    if unit == "bytes" or check.measure in ("rows", "length_min", "length_max", "distinct") or is_whole(value):
        return math.ceil(value - 1e-9) if up else math.floor(value + 1e-9)
    if check.measure in ("min", "max"):
        return value
    digits = 3 - math.floor(math.log10(abs(value))) if value else 3
    scale = 10.0**digits
    return round(
        math.ceil(value * scale - 1e-9) / scale if up else math.floor(value * scale + 1e-9) / scale, max(digits, 0)
    )


def is_whole(value: float) -> bool:
    """Whether a number has no fraction, and is small enough to be exact."""
    return value.is_integer() and abs(value) < 2**53


def percent(share: float, *, up: bool = True) -> str:
    """A share as a percentage, rounded to the generous side with three digits."""
    value = share * 100
    if value <= 0:
        return "0%"
    digits = max(0, 2 - math.floor(math.log10(value)))
    scale = 10.0**digits
    rounded = math.ceil(value * scale - 1e-9) / scale if up else math.floor(value * scale + 1e-9) / scale
    text = f"{rounded:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def moment(value: float, *, up: bool) -> str:
    """Seconds since 1970 as a date where it is one, else as a time of whole seconds in UTC."""
    from datetime import UTC, datetime, timedelta

    seconds = math.ceil(value) if up else math.floor(value)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{at:%Y-%m-%d}" if seconds % 86400 == 0 else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: float, text: str) -> str:
    """A length of time in the unit of the old bound, rounded up."""
    unit = text.lstrip("0123456789. ") or "s"
    size = SECONDS.get(unit, 1.0)
    return f"{math.ceil(seconds / size - 1e-9)}{unit}"
