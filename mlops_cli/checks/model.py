"""Judging a model: thresholds overall and by slice, and the comparison with another model on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_cli.base.errors import SpecError
from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, verdict, without_rows
from mlops_cli.checks.verdict import Report, State, Verdict, nothing_judged, strictly
from mlops_cli.measures.intervals import draws, interval, paired_interval, percentiles
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.metrics import METRICS, all_values, ratio, unable, unusable, value_of, why_undefined
from mlops_cli.measures.predictions import Predictions
from mlops_cli.measures.slices import Part, cut
from mlops_cli.spec.validation import Check, ModelValidation

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Rival:
    """The baseline: its predictions of the same rows, or why it gives none."""

    predictions: Predictions | None
    label: str | None = None
    fault: str | None = None


NO_RIVAL = Rival(None)


def check_model(
    spec: ModelValidation, current: Predictions, frame: pd.DataFrame, rival: Rival = NO_RIVAL, *, label: str = ""
) -> Report:
    """All verdicts on a model; `frame` has the columns that `spec.slices` cut by, row for row with the predictions.

    Raises SpecError for a metric that these predictions cannot have, StageFailed for slices that cannot be cut.
    """
    for check in spec.checks:
        why = unable(check.measure, current)
        if why is not None:
            raise SpecError(f"the check '{check.id}' cannot be done: {why}", None, check.place)
    parts = cut(frame, spec.slices)
    verdicts: list[Verdict] = []
    for check in spec.checks:
        if check.comparator in ("gap", "ratio"):
            verdicts += disparities(check, spec, current, parts)
        elif check.per_slice:
            verdicts += [threshold(check, spec, current.where(part.mask), part.label) for part in parts]
        elif check.comparator == "not_worse":
            verdicts.append(duel(check, spec, current, rival))
        else:
            verdicts.append(threshold(check, spec, current, None))
    warning = {check.id for check in spec.checks if check.severity == "warn"}
    if spec.too_few == "fail":
        verdicts = [item if item.check in warning else strictly(item) for item in verdicts]
    idle = nothing_judged(verdicts)
    verdicts += [idle] if idle is not None else []
    metrics = {name: rounded(value) for name, value in all_values(current).items()}
    return Report(spec.name, "model", label, tuple(verdicts), len(current), rival.label, metrics)


def too_small(check: Check, spec: ModelValidation, rows: int, part: str | None) -> Verdict | None:
    """The verdict on a slice with too few rows to say anything."""
    if rows >= spec.min_rows:
        return None
    message = f"{rows:,} rows, and {spec.min_rows:,} are asked for before {'a slice' if part else 'a model'} is judged"
    return without_rows(check, "too_few", "min_rows", message, part, rows)


def threshold(check: Check, spec: ModelValidation, rows: Predictions, part: str | None) -> Verdict:
    """A metric of some rows against a limit."""
    small = too_small(check, spec, len(rows), part)
    if small is not None:
        return small
    value = value_of(check.measure, rows)
    if value is None:
        return undefined(check, rows, part)
    ends = interval(check.measure, rows, spec.confidence)
    case = Case(check, Measured(rounded(value), len(rows), interval=around(ends)))
    return verdict(case, COMPARATORS[check.comparator](case), part)


def undefined(check: Check, rows: Predictions, part: str | None) -> Verdict:
    """The verdict where a metric has no value: too few rows of some kind, or answers that are no numbers."""
    why = why_undefined(check.measure, rows)
    state: State = "too_few" if not why.broken else "warn" if check.severity == "warn" else "fail"
    return without_rows(check, state, why.reason, why.message, part, len(rows))


def around(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    """An interval with stable digits."""
    return None if ends is None else (rounded(ends[0]), rounded(ends[1]))


def duel(check: Check, spec: ModelValidation, current: Predictions, rival: Rival) -> Verdict:
    """A metric against the baseline's on the same rows."""
    if rival.fault is not None:
        return without_rows(check, "not_run", "bad_baseline", f"the baseline cannot be compared: {rival.fault}")
    old = rival.predictions
    if old is None:
        case = Case(check, Measured(None, len(current)))
        return verdict(case, COMPARATORS[check.comparator](case))
    why = unable(check.measure, old)
    if why is not None:
        return without_rows(check, "not_run", "bad_baseline", f"the baseline cannot be compared: {why}")
    small = too_small(check, spec, len(current), None)
    if small is not None:
        return small
    new_value, old_value = value_of(check.measure, current), value_of(check.measure, old)
    if new_value is None:
        return undefined(check, current, None)
    if old_value is None:
        why = why_undefined(check.measure, old).message
        return without_rows(check, "not_run", "bad_baseline", f"the baseline cannot be compared: {why}")
    ends = paired_interval(check.measure, current, old, spec.confidence)
    better = rounded(METRICS[check.measure].better * (new_value - old_value), max(abs(new_value), abs(old_value)))
    found = Measured(better, len(current), interval=around(ends))
    case = Case(check, found, Measured(rounded(old_value), len(old)))
    said = COMPARATORS[check.comparator](case)
    both = f"{check.measure} is {new_value:.4g}, the baseline's {old_value:.4g}"
    return replace(verdict(case, said), message=f"{both}; {said.message}")


def disparities(check: Check, spec: ModelValidation, current: Predictions, parts: Sequence[Part]) -> list[Verdict]:
    """The distance between the best and the worst slice, one verdict for each column that is cut."""
    columns: dict[str, list[Part]] = {}
    for part in parts:
        columns.setdefault(part.column, []).append(part)
    return [disparity(check, spec, current, column, members) for column, members in columns.items()]


def disparity(check: Check, spec: ModelValidation, current: Predictions, column: str, parts: Sequence[Part]) -> Verdict:
    """The gap or the ratio between the two extreme slices of one column."""
    if unusable(check.measure, current):
        return undefined(check, current, column)
    values: dict[str, float] = {}
    rows: Mapping[str, Predictions] = {part.label: current.where(part.mask) for part in parts}
    for label, members in rows.items():
        value = value_of(check.measure, members) if len(members) >= spec.min_rows else None
        if value is not None:
            values[label] = value
    if len(values) < 2:
        message = f"fewer than two slices have {spec.min_rows:,} rows and a value"
        return without_rows(check, "too_few", "min_rows", message, column, len(current))
    low, high = min(values, key=lambda label: values[label]), max(values, key=lambda label: values[label])
    order = list(rows)
    worst, best = (
        draws(check.measure, rows[low], order.index(low) + 1),
        draws(check.measure, rows[high], order.index(high) + 1),
    )
    if check.comparator == "gap":
        value, spread = values[high] - values[low], best - worst
    elif values[high] == 0:
        return without_rows(check, "too_few", "no_values", f"{check.measure} is 0 in every slice", column, len(current))
    else:
        value, spread = values[low] / values[high], ratio(worst, best)
    count = min(len(rows[low]), len(rows[high]))
    found = Measured(rounded(value), count, interval=around(percentiles(spread, spec.confidence)))
    case = Case(check, found)
    said = COMPARATORS[check.comparator](case)
    between = f"between {low} ({values[low]:.4g}) and {high} ({values[high]:.4g})"
    return replace(verdict(case, said, column), message=f"{said.message}; {between}")
