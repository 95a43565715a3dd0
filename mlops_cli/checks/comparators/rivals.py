"""A model against another model on the same rows, against itself on spoilt rows, and its slices against each other.

What a comparator here is given is a difference, oriented so that above 0 is better, with its interval.
"""

from __future__ import annotations

from mlops_cli.checks.comparators.base import Case, Judgement, as_number, limit_of, show
from mlops_cli.checks.comparators.limits import limit, needed, perhaps

NO_BASELINE = Judgement("not_run", "there is no model to compare with", "no_baseline")
NO_VALUES = Judgement("too_few", "the difference is not defined on these rows", "no_values")


def not_worse(case: Case) -> Judgement:
    """Pass when the whole interval of the difference is above minus the margin (non-inferiority), fail when the
    difference is below; one slice among several fails only where chance, corrected for their number, is no excuse."""
    if case.baseline is None:
        return NO_BASELINE
    better, margin = as_number(case.found.value), limit_of(case.check).value
    if better is None or case.found.interval is None:
        return NO_VALUES
    low = case.found.interval[0]
    text = told(case, better)
    if better < -margin:
        text = f"{text}; at most {limit_of(case.check).text} worse is allowed"
        if case.chance is None or case.chance <= case.alpha:
            return Judgement("fail", text)
        return Judgement("warn", f"{text}, {perhaps(case)}", "cannot_tell")
    if low >= -margin:
        return Judgement("pass", text)
    return Judgement("warn", f"{text}: {needed(case.found, better, low, -margin)}", "cannot_tell")


def better(case: Case) -> Judgement:
    """Pass when the whole interval of the difference is above the margin. What is not shown to be better fails: the
    claim has to be proved, not refuted."""
    if case.baseline is None:
        return NO_BASELINE
    gain, margin = as_number(case.found.value), limit_of(case.check).value
    if gain is None or case.found.interval is None:
        return NO_VALUES
    low, high = case.found.interval
    text, asked = told(case, gain), f"more than {limit_of(case.check).text} better is asked for"
    if low > margin:
        return Judgement("pass", text)
    if high <= margin or gain <= margin:
        return Judgement("fail", f"{text}; {asked}")
    return Judgement("fail", f"{text}; {asked}, and this is not shown: {needed(case.found, gain, low, margin)}")


def beats(case: Case) -> Judgement:
    """Pass when the model is surely better than a simple one, fail when it is no better."""
    gain = as_number(case.found.value)
    if gain is None or case.found.interval is None:
        return NO_VALUES
    text = told(case, gain)
    if case.found.interval[0] > 0:
        return Judgement("pass", text)
    if gain <= 0:
        return Judgement("fail", f"{text}; a model must beat it")
    return Judgement("warn", f"{text}: {needed(case.found, gain, case.found.interval[0], 0.0)}", "cannot_tell")


def told(case: Case, gain: float) -> str:
    """The difference in words."""
    low, high = case.found.interval or (0.0, 0.0)
    text = f"it is {show(abs(gain))} {'better' if gain >= 0 else 'worse'}"
    return text + f", the difference between {show(low)} and {show(high)} (above 0 is better)"


def drop(case: Case) -> Judgement:
    """The model does not get worse by more than the bound when its inputs are spoilt."""
    return limit(case, -1, f"{case.check.measure} gets worse by")


def gap(case: Case) -> Judgement:
    """The best slice is not too far above the worst."""
    return limit(case, -1, f"between the slices {case.check.measure} differs by")


def ratio(case: Case) -> Judgement:
    """The smallest slice's number is not too small a part of the largest's."""
    return limit(case, 1, f"{case.check.measure} of the lowest slice over the highest is")
