"""`not_worse`, `gap`, `ratio`: a model against another model, and the slices of one model against each other."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import Case, Judgement, as_number, limit_of, show
from mlops_cli.checks.comparators.limits import limit, needed


def not_worse(case: Case) -> Judgement:
    """The value is by how much the model is better than the baseline on the same rows, whichever way is better.

    Pass when the whole interval of that difference is above minus the margin, fail when the difference is below.
    """
    if case.baseline is None:
        return Judgement("not_run", "there is no model to compare with", "no_baseline")
    better, margin = as_number(case.found.value), limit_of(case.check).value
    if better is None or case.found.interval is None:
        return Judgement("too_few", "the difference is not defined on these rows", "no_values")
    low, high = case.found.interval
    text = f"it is {show(abs(better))} {'better' if better >= 0 else 'worse'}"
    text += f", the difference between {show(low)} and {show(high)} (above 0 is better)"
    if better < -margin:
        return Judgement("fail", f"{text}; at most {limit_of(case.check).text} worse is allowed")
    if low >= -margin:
        return Judgement("pass", text)
    return Judgement("warn", f"{text}: {needed(case.found, better, low, -margin)}", "cannot_tell")


def gap(case: Case) -> Judgement:
    """The best slice is not too far above the worst."""
    return limit(case.check, case.found, -1, f"between the slices {case.check.measure} differs by")


def ratio(case: Case) -> Judgement:
    """The smallest slice's number is not too small a part of the largest's."""
    return limit(case.check, case.found, 1, f"{case.check.measure} of the lowest slice over the highest is")
