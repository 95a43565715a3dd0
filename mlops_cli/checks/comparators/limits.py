"""`min` and `max`: a number against a limit. With an interval, its safe end must keep the limit."""

from __future__ import annotations

from mlops_cli.base.records import Json
from mlops_cli.checks.comparators.base import (
    NOTHING,
    Case,
    Judgement,
    as_number,
    breaks,
    duration,
    limit_of,
    not_finite,
    rows_of,
    show,
    tolerated,
)
from mlops_cli.measures.measured import MOST_ROWS, Measured, rows_needed
from mlops_cli.spec.validation import Check

ROW_WISE = frozenset({"min", "max", "length_min", "length_max"})
"""Measures of which each row is held against the bound by itself."""
SHARES = {
    "empties": "have a text without characters",
    "sentinels": "hold a value that stands for a missing one",
    "zeros": "are zero",
}


def minimum(case: Case) -> Judgement:
    """Pass when the value (the lower end of its interval) is not below the limit."""
    return limit(case, 1)


def maximum(case: Case) -> Judgement:
    """Pass when the value (the upper end of its interval) is not above the limit."""
    return limit(case, -1)


def limit(case: Case, sign: int, what: str | None = None) -> Judgement:
    """One rule for both sides: `sign` is 1 where bigger is better, -1 where smaller is; `what` names the number."""
    infinite = not_finite(case)
    if infinite is not None:
        return infinite
    check, found = case.check, case.found
    if check.measure in ROW_WISE:
        if breaks(case):
            return Judgement("fail", beyond(check, found, sign) + tolerated(case))
        within = beyond(check, found, sign) + tolerated(case) if found.bad else sentence(check, found, what)
        return Judgement("pass", within) if found.of and (found.value is not None or found.bad) else NOTHING
    if check.measure == "gaps":
        return gaps(check, found)
    value, bound = as_number(found.value), limit_of(check).value
    if value is None:
        return NOTHING
    text = sentence(check, found, what)
    if sign * value < sign * bound:
        side = "least" if sign > 0 else "most"
        text = f"{text}; at {side} {limit_of(check).text} is asked for"
        if case.chance is None or case.chance <= case.alpha:
            return Judgement("fail", text)
        return Judgement("warn", f"{text}, {perhaps(case)}", "cannot_tell")
    if found.interval is None:
        return Judgement("pass", text)
    safe = found.interval[0] if sign > 0 else found.interval[1]
    if sign * safe >= sign * bound:
        return Judgement("pass", text)
    return Judgement("warn", f"{text}: {needed(found, value, safe, bound)}", "cannot_tell")


def perhaps(case: Case) -> str:
    """The end of a sentence about a slice that is beyond its bound, and perhaps by chance alone."""
    return f"but among so many slices chance alone could do that (q = {case.chance:.2g})"


def needed(found: Measured, value: float, safe: float, bound: float) -> str:
    """How many rows would bring the end of the interval within the limit: its width falls with the root of n."""
    distance = abs(value - bound)
    if distance == 0:
        return "the value is exactly at the limit, so that no number of rows would tell"
    rows = rows_needed(found.n, abs(value - safe), distance)
    if rows == MOST_ROWS:
        return f"too few rows to be sure, {rows:,} would not do"
    return f"too few rows to be sure, about {rows:,} would do"


def duration_of(value: Json) -> str:
    """Seconds as a person says them, from microseconds on."""
    seconds = as_number(value) or 0.0
    for size, unit in ((1e-3, "us"), (1.0, "ms")):
        if abs(seconds) < size:
            return f"{seconds / size * 1000:.3g} {unit}"
    return duration(seconds)


def gaps(check: Check, found: Measured) -> Judgement:
    """The longest time without a row, or the widest step between numbers."""
    if not found.of:
        return NOTHING
    text = limit_of(check).text
    if not found.bad:
        return Judgement("pass", f"there is no gap of more than {text}")
    longest, value = found.examples[0], as_number(found.value) or 0.0
    size = duration(value) if limit_of(check).unit == "seconds" else show(value)
    what = "1 gap is" if found.bad == 1 else f"{found.bad:,} gaps are"
    start, end = show(longest.get("from")), show(longest.get("to"))
    return Judgement("fail", f"{what} longer than {text}; the longest is {size}, from {start} to {end}")


def beyond(check: Check, found: Measured, sign: int) -> str:
    """Rows of a column that lie outside its range."""
    if check.measure in ("length_min", "length_max"):
        return f"{rows_of(found)} are {'shorter' if sign > 0 else 'longer'} than {limit_of(check).text} characters"
    side, end = ("below", "lowest") if sign > 0 else ("above", "highest")
    value = "" if found.value is None else f"; the {end} is {show(found.value)}"
    return f"{rows_of(found)} are {side} {limit_of(check).text}{value}"


def sentence(check: Check, found: Measured, what: str | None = None) -> str:
    """What was measured, in words."""
    if check.measure == "nulls":
        nan = f", {found.nan:,} of them not-a-number" if found.nan else ""
        return f"{rows_of(found)} have no value{nan}"
    if check.measure in SHARES:
        return f"{rows_of(found)} {SHARES[check.measure]}"
    if check.measure in ("rows", "bytes"):
        return f"{show(found.value)} {check.measure}"
    if check.measure in ("age", "freshness"):
        subject = "the file" if check.measure == "age" else "the newest value"
        seconds = as_number(found.value) or 0.0
        return f"{subject} is {duration(abs(seconds))} {'old' if seconds >= 0 else 'ahead of the clock'}"
    if check.measure in ("length_min", "length_max"):
        return f"no value is {'shorter' if check.measure == 'length_min' else 'longer'} than {limit_of(check).text}"
    if check.measure in ("min", "max"):
        return f"the {'lowest' if check.measure == 'min' else 'highest'} value is {show(found.value)}"
    said = duration_of(found.value) if limit_of(check).unit == "seconds" else show(found.value)
    text = f"{what or f'{check.measure} is'} {said}"
    if found.interval is not None:
        text += f", between {show(found.interval[0])} and {show(found.interval[1])}"
    return text
