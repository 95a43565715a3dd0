"""`change`: how far a number has moved from the baseline's, in `%` of it, in `pp`, or in its own units."""

from __future__ import annotations

import math

from mlops_cli.checks.comparators.base import NOTHING, Case, Judgement, as_number, limit_of, not_finite, percent, show


def change(case: Case) -> Judgement:
    """Pass when the number has moved by no more than the bound, up or down."""
    if case.baseline is None:
        return Judgement("not_run", "there is no earlier version to compare with", "no_baseline")
    measure, infinite = case.check.measure, not_finite(case)
    if infinite is not None:
        return infinite
    now, before = as_number(case.found.value), as_number(case.baseline.value)
    if case.baseline.bad:
        before = None  # measured without its infinite values, which would not be the same measure
    if now is None and before is None:
        return NOTHING
    if before is None:
        # It warns, for an empty baseline that nobody notices would never compare anything.
        return Judgement("warn", f"the baseline has no {measure} to compare with", "no_baseline_value")
    if now is None:
        # If this passed, the empty column would be the next baseline, and nothing would ever be compared again.
        return Judgement("fail", f"the {measure} was {show(before)}, and now there is no value", "no_value_now")
    bound = limit_of(case.check)
    moved = abs(now - before)
    allowed = bound.value * abs(before) if bound.unit in ("percent", "share") else bound.value
    text = f"{case.check.measure} went from {show(before)} to {show(now)}{by(now, before)}"
    if moved > allowed * (1 + 1e-12):
        return Judgement("fail", f"{text}; at most {bound.text} is allowed")
    return Judgement("pass", text)


def by(now: float, before: float) -> str:
    """The relative change, where there is one."""
    if before == 0 or not math.isfinite(now) or not math.isfinite(before):
        return ""
    moved = (now - before) / abs(before)
    return f" ({'+' if moved >= 0 else '-'}{percent(abs(moved))})"
