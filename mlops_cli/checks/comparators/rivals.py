"""`not_worse`, `gap`, `ratio`: a model against another model, and the slices of one model against each other."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import Judgement, as_number, limit_of, show
from mlops_cli.checks.comparators.limits import limit, needed
from mlops_cli.measures.measured import Measured
from mlops_cli.spec.validation import Check


def not_worse(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """`found.value` is by how much the model is better than the baseline on the same rows, whichever way is better.

    Pass when the whole interval of that difference is above minus the margin, fail when the difference is below.
    """
    if baseline is None:
        return Judgement("not_run", "there is no model to compare with", "no_baseline")
    better, margin = as_number(found.value), limit_of(check).value
    if better is None or found.interval is None:
        return Judgement("too_few", "the difference is not defined on these rows", "no_values")
    low, high = found.interval
    text = f"{check.measure} is {show(abs(better))} {'better' if better >= 0 else 'worse'} than the baseline's"
    text += f", between {show(low)} and {show(high)}"
    if better < -margin:
        return Judgement("fail", f"{text}; at most {limit_of(check).text} worse is allowed")
    if low >= -margin:
        return Judgement("pass", text)
    return Judgement("warn", f"{text}: {needed(found, better, low, -margin)}", "cannot_tell")


def gap(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """The best slice is not too far above the worst."""
    return limit(check, found, -1)


def ratio(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """The smallest slice's number is not too small a part of the largest's."""
    return limit(check, found, 1)
