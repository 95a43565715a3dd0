"""`within ... of history`: a number against what is usual: the median of earlier versions that passed."""

from __future__ import annotations

from statistics import median

from mlops_cli.checks.comparators.base import NOTHING, Case, Judgement, as_number, limit_of, show

ENOUGH = 3
"""Earlier versions that it takes to say what is usual."""


def within(case: Case) -> Judgement:
    """Pass when the number is no further from the median of history than the bound."""
    earlier = [number for value in case.history if (number := as_number(value)) is not None]
    if len(earlier) < ENOUGH:
        message = f"{len(earlier)} earlier versions are known, and it takes {ENOUGH} to say what is usual"
        return Judgement("not_run", message, "learning")
    now = as_number(case.found.value)
    if now is None:
        return NOTHING
    usual, bound = median(earlier), limit_of(case.check)
    allowed = bound.value * (1.0 if bound.unit in ("points", "number") else abs(usual))
    text = f"{case.check.measure} is {show(now)}, and {show(usual)} is usual (the median of {len(earlier)} versions)"
    if abs(now - usual) > allowed * (1 + 1e-12):
        return Judgement("fail", f"{text}; it may be {bound.text} away")
    return Judgement("pass", text)
