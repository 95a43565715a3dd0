"""`min` and `max`: a number against a limit. With an interval, its safe end must keep the limit."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import NOTHING, Case, Judgement, as_number, limit_of, not_finite, rows_of, show
from mlops_cli.measures.measured import Measured
from mlops_cli.spec.validation import Check


def minimum(case: Case) -> Judgement:
    """Pass when the value (the lower end of its interval) is not below the limit."""
    return limit(case.check, case.found, 1)


def maximum(case: Case) -> Judgement:
    """Pass when the value (the upper end of its interval) is not above the limit."""
    return limit(case.check, case.found, -1)


def limit(check: Check, found: Measured, sign: int, what: str | None = None) -> Judgement:
    """One rule for both sides: `sign` is 1 where bigger is better, -1 where smaller is; `what` names the number."""
    infinite = not_finite(Case(check, found))
    if infinite is not None:
        return infinite
    value, bound = as_number(found.value), limit_of(check).value
    if check.measure in ("min", "max") and found.bad:
        return Judgement("fail", beyond(check, found, sign))
    if value is None:
        return NOTHING
    text = sentence(check, found, what)
    if sign * value < sign * bound:
        side = "least" if sign > 0 else "most"
        return Judgement("fail", f"{text}; at {side} {limit_of(check).text} is asked for")
    if found.interval is None:
        return Judgement("pass", text)
    safe = found.interval[0] if sign > 0 else found.interval[1]
    if sign * safe >= sign * bound:
        return Judgement("pass", text)
    return Judgement("warn", f"{text}: {needed(found, value, safe, bound)}", "cannot_tell")


def needed(found: Measured, value: float, safe: float, bound: float) -> str:
    """How many rows would bring the end of the interval within the limit: its width falls with the root of n."""
    distance = abs(value - bound)
    if distance == 0:
        return "the value is exactly at the limit, so that no number of rows would tell"
    rows = int(found.n * (abs(value - safe) / distance) ** 2 * 1.05) + 1
    return f"too few rows to be sure, about {rows:,} would do"


def beyond(check: Check, found: Measured, sign: int) -> str:
    """Rows of a column that lie outside its range."""
    side, end = ("below", "lowest") if sign > 0 else ("above", "highest")
    value = "" if found.value is None else f"; the {end} is {show(found.value)}"
    return f"{rows_of(found)} are {side} {limit_of(check).text}{value}"


def sentence(check: Check, found: Measured, what: str | None = None) -> str:
    """What was measured, in words."""
    if check.measure == "nulls":
        nan = f", {found.nan:,} of them not-a-number" if found.nan else ""
        return f"{rows_of(found)} have no value{nan}"
    if check.measure in ("rows", "bytes"):
        return f"{show(found.value)} {check.measure}"
    if check.measure in ("min", "max"):
        return f"the {'lowest' if check.measure == 'min' else 'highest'} value is {show(found.value)}"
    text = f"{what or f'{check.measure} is'} {show(found.value)}"
    if found.interval is not None:
        text += f", between {show(found.interval[0])} and {show(found.interval[1])}"
    return text
