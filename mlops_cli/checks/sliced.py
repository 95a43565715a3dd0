"""Metrics of slices: each against a limit or the baseline, and the extreme ones against each other.

Many slices are looked at, so that some are beyond a bound by chance alone. A slice stops a model only where chance,
corrected for their number (Holm 1979), is no excuse; all others that are beyond it warn. See docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, verdict, without_rows
from mlops_cli.checks.detail import drawn_to
from mlops_cli.checks.overall import refused
from mlops_cli.checks.trial import Trial, decided, measured, undefined
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.estimates import Estimate, difference, gap, quotient
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.metrics import unusable, value_of
from mlops_cli.measures.multiplicity import holm
from mlops_cli.measures.slices import Part
from mlops_cli.spec.validation import Check

UNSURE = ("cannot_tell", "min_rows", "min_positives", "few_clusters")
EQUALIZED = ("recall", "false_positive_rate")
"""Equalized odds: the larger of the gaps of these two (Hardt, Price and Srebro 2016)."""


def thresholds(check: Check, trial: Trial) -> list[Verdict]:
    """A metric of every slice against a limit."""
    sign: Literal[1, -1] = 1 if check.comparator == "min" else -1
    found: dict[str, Estimate] = {}
    verdicts: dict[str, Verdict] = {}
    for part in trial.parts:
        small = trial.too_small(check, part)
        estimate = None if small is not None else trial.estimate(check.measure, part)
        if small is not None:
            verdicts[part.label] = small
        elif estimate is None:
            verdicts[part.label] = undefined(check, trial.rows_of(part), part.label)
        else:
            found[part.label] = estimate
    bound = check.bound.value if check.bound is not None else 0.0
    verdicts |= judged(check, trial, found, {name: item.chance(bound, sign) for name, item in found.items()}, {})
    for name, value in drawn_in(check, trial).items():
        if verdicts[name].reason in UNSURE:
            message = f"{verdicts[name].message}; drawn towards all rows it is {value:.4g}"
            verdicts[name] = replace(verdicts[name], message=message)
    return [verdicts[part.label] for part in trial.parts]


def drawn_in(check: Check, trial: Trial) -> dict[str, float]:
    """What the slices, the small ones too, would show with more rows, as far as all of them together tell."""
    whole = trial.estimate(check.measure)
    each = {part.label: item for part in trial.parts if (item := trial.estimate(check.measure, part)) is not None}
    return drawn_to(whole, each) if whole is not None and len(each) > 1 else {}


def duels(check: Check, trial: Trial) -> list[Verdict]:
    """A metric of every slice against the baseline's on the same rows."""
    bad, old = refused(check, trial), trial.rival.predictions
    if bad is not None:
        return [bad]
    if old is None:
        case = Case(check, Measured(None, len(trial.rows)))
        return [verdict(case, COMPARATORS[check.comparator](case))]
    found: dict[str, Estimate] = {}
    before: dict[str, float] = {}
    verdicts: dict[str, Verdict] = {}
    for part in trial.parts:
        small = trial.too_small(check, part)
        mine, theirs = trial.rows_of(part), old.where(part.rows)
        value = None if small is not None else value_of(check.measure, theirs)
        made = None if value is None else difference(check.measure, mine, theirs, trial.spec.confidence)
        if small is not None:
            verdicts[part.label] = small
        elif made is None or value is None:
            verdicts[part.label] = undefined(check, mine, part.label)
        else:
            found[part.label], before[part.label] = made, value
    margin = check.bound.value if check.bound is not None else 0.0
    chances = {name: item.chance(-margin, 1) for name, item in found.items()}
    verdicts |= judged(check, trial, found, chances, before)
    return [verdicts[part.label] for part in trial.parts]


def judged(
    check: Check,
    trial: Trial,
    found: Mapping[str, Estimate],
    chances: Mapping[str, float],
    before: Mapping[str, float],
) -> dict[str, Verdict]:
    """Verdicts of one family of slices; `before` has the baseline's values."""
    corrected = dict(zip(chances, holm(list(chances.values())), strict=True))
    verdicts: dict[str, Verdict] = {}
    for name, item in found.items():
        old = Measured(rounded(before[name]), item.n) if name in before else None
        case = Case(check, measured(item), old, chance=corrected[name], alpha=trial.alpha)
        done = verdict(case, decided(case, item), name)
        p, q = rounded(chances[name]), rounded(corrected[name])
        verdicts[name] = replace(done, p=p, q=q, method=item.test or item.method)
    return verdicts


def disparities(check: Check, trial: Trial) -> list[Verdict]:
    """The distance between the extreme slices, one verdict for each column (or crossing) that is cut."""
    columns: dict[str, list[Part]] = {}
    for part in trial.parts:
        columns.setdefault(part.column, []).append(part)
    return [disparity(check, trial, column, members) for column, members in columns.items()]


def disparity(check: Check, trial: Trial, column: str, parts: Sequence[Part]) -> Verdict:
    """The gap or the ratio between the two extreme slices of one column."""
    names = EQUALIZED if check.measure == "equalized_odds" else (check.measure,)
    found = [item for name in names if (item := extremes(replace(check, measure=name), trial, column, parts))]
    if isinstance(found[0], Verdict):
        return replace(found[0], check=check.id, subject=check.subject)
    return max((item for item in found if isinstance(item, tuple)), key=lambda item: item[0])[1]


def extremes(check: Check, trial: Trial, column: str, parts: Sequence[Part]) -> Verdict | tuple[float, Verdict]:
    """How far one metric's extreme slices are apart, and the verdict on it."""
    if unusable(check.measure, trial.rows):
        return undefined(check, trial.rows, column)
    estimates = {
        part.label: item
        for part in parts
        if trial.too_small(check, part) is None and (item := trial.estimate(check.measure, part)) is not None
    }
    if len(estimates) < 2:
        message = f"fewer than two slices have {trial.spec.min_rows:,} rows and a value"
        return without_rows(check, "too_few", "min_rows", message, column, len(trial.rows))
    low, high = (pick(estimates, key=lambda label: estimates[label].value) for pick in (min, max))
    apart = gap(estimates[high], estimates[low])
    bound = check.bound.value if check.bound is not None else 0.0
    if check.comparator == "gap":
        made, chance = apart, apart.chance(bound, -1)
    else:
        quotient_ = quotient(estimates[low], estimates[high])
        if quotient_ is None:
            message = f"{check.measure} is 0 in every slice"
            return without_rows(check, "too_few", "no_values", message, column, len(trial.rows))
        made, chance = quotient_, quotient_.chance(bound, 1)
    # The two extremes of k slices were picked among k(k-1)/2 pairs (Bonferroni).
    chance = min(1.0, chance * len(estimates) * (len(estimates) - 1) / 2)
    number = replace(measured(made), n=min(estimates[low].n, estimates[high].n))
    case = Case(check, number, chance=chance, alpha=trial.alpha)
    said = decided(case, made)
    between = f"between {low} ({estimates[low].value:.4g}) and {high} ({estimates[high].value:.4g})"
    done = verdict(case, said, column)
    done = replace(done, message=f"{said.message}; {between}", q=rounded(chance), method=made.method)
    return apart.value, done
