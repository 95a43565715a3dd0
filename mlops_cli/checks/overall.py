"""A metric of all rows: against a limit, against the baseline, against the simple models."""

from __future__ import annotations

import math
from dataclasses import replace

from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, verdict, without_rows
from mlops_cli.checks.simple_rivals import SimpleRivals
from mlops_cli.checks.trial import Trial, decided, measured, undefined
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.estimates import difference
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.metrics import unable, value_of, why_undefined
from mlops_cli.measures.predictions import Predictions
from mlops_cli.spec.validation import Check


def threshold(check: Check, trial: Trial) -> Verdict:
    """A metric of all rows against a limit."""
    small = trial.too_small(check, None)
    if small is not None:
        return small
    found = trial.estimate(check.measure)
    if found is None:
        return undefined(check, trial.rows, None)
    case = Case(check, measured(found))
    return replace(verdict(case, decided(case, found)), method=found.method)


def duel(check: Check, trial: Trial) -> Verdict:
    """A metric against the baseline's on the same rows."""
    bad = refused(check, trial)
    if bad is not None:
        return bad
    old = trial.rival.predictions
    if old is None:
        case = Case(check, Measured(None, len(trial.rows)))
        return verdict(case, COMPARATORS[check.comparator](case))
    small = trial.too_small(check, None)
    found = against(check, trial, old, "the baseline's") if small is None else small
    if check.comparator == "better" and found.state == "too_few":
        # What is claimed has to be shown: no answer is none in its favour.
        found = replace(found, state="warn" if check.severity == "warn" else "fail")
    return found


def refused(check: Check, trial: Trial) -> Verdict | None:
    """The verdict where there is a baseline with which nothing can be compared."""
    fault, old = trial.rival.fault, trial.rival.predictions
    if fault is None and old is not None:
        fault = unable(check.measure, old)
        if fault is None and value_of(check.measure, old) is None:
            fault = why_undefined(check.measure, old).message
    if fault is None:
        return None
    return without_rows(check, "not_run", "bad_baseline", f"the baseline cannot be compared: {fault}")


def against(check: Check, trial: Trial, old: Predictions, whose: str) -> Verdict:
    """A metric against that of other answers to the same rows."""
    new_value, old_value = value_of(check.measure, trial.rows), value_of(check.measure, old)
    if new_value is None:
        return undefined(check, trial.rows, None)
    found = difference(check.measure, trial.rows, old, trial.spec.confidence)
    if found is None or old_value is None:
        return undefined(check, old, None)
    if not math.isfinite(found.value):
        message = "the difference is too large to be a number"
        return without_rows(check, "too_few", "no_values", message, n=len(trial.rows))
    size = max(abs(new_value), abs(old_value))
    case = Case(
        check,
        replace(measured(found), value=rounded(found.value, size)),
        Measured(rounded(old_value), len(old)),
    )
    said = COMPARATORS[check.comparator](case)
    both = f"{check.measure} is {new_value:.4g}, {whose} {old_value:.4g}"
    done = verdict(case, said)
    p = None if found.p is None else rounded(found.p)
    return replace(done, message=f"{both}; {said.message}", p=p, method=found.test or found.method)


def beats(check: Check, trial: Trial, simple: SimpleRivals) -> list[Verdict]:
    """A metric against those of simple models, one verdict each."""
    found: list[Verdict] = []
    for name in map(str, check.values):
        rival = simple.of(name)
        small = trial.too_small(check, None)
        if rival.predictions is None:
            found.append(without_rows(check, "not_run", "no_simple_model", rival.fault or "", name))
        elif small is not None:
            found.append(replace(small, slice=name))
        elif unable(check.measure, rival.predictions) is not None or value_of(check.measure, rival.predictions) is None:
            message = f"{check.measure} is not defined for the model '{name}' on these rows"
            found.append(without_rows(check, "too_few", "no_values", message, name, len(trial.rows)))
        else:
            found.append(replace(against(check, trial, rival.predictions, f"that of '{name}'"), slice=name))
    return [replace(item, bound=f"beats {item.slice}") for item in found]
