"""`drift`: how far a distribution lies from the baseline's. Whether that is sure is for `mlops_cli.checks.shifts`."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import NOTHING, Case, Judgement, as_number, limit_of, show


def drift(case: Case) -> Judgement:
    """Pass when the distance, which has no bias by small samples, is no larger than the bound."""
    if case.baseline is None:
        return Judgement("not_run", "there is no earlier version to compare with", "no_baseline")
    distance, bound = as_number(case.found.value), limit_of(case.check)
    if distance is None:
        return NOTHING
    text = f"the distribution moved by {show(float(f'{distance:.2g}'))}"
    if distance > bound.value * (1 + 1e-12):
        return Judgement("fail", f"{text}; at most {bound.text} is allowed")
    return Judgement("pass", text)
