"""Judging a model: overall, by slice, against another model and simple ones on the same rows, and by what it leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.checks import overall, probed, sliced
from mlops_cli.checks.detail import detail_of
from mlops_cli.checks.simple_rivals import SimpleRivals
from mlops_cli.checks.trial import NO_RIVAL, NOTHING_KNOWN, Known, Rival, Trial
from mlops_cli.checks.verdict import Detail, Report, Verdict, nothing_judged, strictly
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.metrics import METRICS, all_values, unable, value_of
from mlops_cli.measures.predictions import Predictions
from mlops_cli.measures.slices import cut
from mlops_cli.spec.metrics import USUAL
from mlops_cli.spec.validation import Check, ModelValidation

if TYPE_CHECKING:
    import pandas as pd


def check_model(
    spec: ModelValidation,
    current: Predictions,
    frame: pd.DataFrame,
    rival: Rival = NO_RIVAL,
    known: Known = NOTHING_KNOWN,
    *,
    label: str = "",
) -> Report:
    """All verdicts on a model; `frame` has the columns that `spec.slices` cut by, row for row with the predictions.

    Raises SpecError for a metric that these predictions cannot have, StageFailed for slices that cannot be cut.
    """
    for check in spec.checks:
        why = unable(check.measure, current) if check.measure in METRICS else None
        if why is not None:
            hint = "if the truth holds classes, write task: multiclass" if current.task == "regression" else None
            raise SpecError(f"the check '{check.id}' cannot be done: {why}", hint, check.place)
    trial = Trial(spec, current, frame, cut(frame, spec.slices, spec.crossed), rival, known)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers too large for a metric: it has no value
        verdicts, detail = tried(trial)
    metrics = {name: rounded(value) for name, value in all_values(current).items()}
    return Report(spec.name, "model", label, verdicts, len(current), rival.label, metrics, detail=detail)


def tried(trial: Trial) -> tuple[tuple[Verdict, ...], Detail]:
    """The verdicts of all checks and of what is looked at in every model; and what can be shown beside them."""
    spec, simple, segments = trial.spec, SimpleRivals(trial), probed.segments_of(trial)
    verdicts: list[Verdict] = []
    for check in spec.checks:
        if check.measure == "weak_segments":
            verdicts.append(probed.weak(check, trial, segments))
        else:
            verdicts += one(check, trial, simple)
    warning = {check.id for check in spec.checks if check.severity == "warn"}
    if spec.too_few == "fail":
        verdicts = [item if item.check in warning else strictly(item) for item in verdicts]
    claims = {check.id for check in spec.checks if of_answers(check)}
    idle = nothing_judged([item for item in verdicts if item.check in claims] or verdicts)
    verdicts += [idle] if idle is not None else []
    verdicts += [*probed.always(trial), *beyond_guessing(trial, simple)]
    return tuple(verdicts), detail_of(trial, simple, segments)


def of_answers(check: Check) -> bool:
    """Whether a check holds the answers against a limit or a rival: a gate whose size and probes alone could be looked
    at has judged no model."""
    return (check.measure in METRICS or check.measure == "equalized_odds") and check.comparator != "drop"


def one(check: Check, trial: Trial, simple: SimpleRivals) -> list[Verdict]:
    """The verdicts of one check."""
    if check.measure in probed.RUNNING:
        return [probed.running(check, trial)]
    if check.comparator == "drop":
        return [probed.robust(check, trial)]
    if check.subject in ("overlap", "feature", "time", "uses") and check.measure not in METRICS:
        return [probed.leak(check, trial)]
    if check.comparator in ("gap", "ratio"):
        return sliced.disparities(check, trial)
    if check.comparator == "beats":
        return overall.beats(check, trial, simple)
    if check.per_slice:
        return sliced.duels(check, trial) if check.comparator == "not_worse" else sliced.thresholds(check, trial)
    return [
        overall.duel(check, trial) if check.comparator in ("not_worse", "better") else overall.threshold(check, trial)
    ]


def beyond_guessing(trial: Trial, simple: SimpleRivals) -> list[Verdict]:
    """Every model is held against one that always answers the same, whatever its spec says: no better, it warns."""
    if any(check.comparator == "beats" and "constant" in check.values for check in trial.spec.checks):
        return []
    names = [name for name in USUAL[trial.rows.task] if unable(name, trial.rows) is None and METRICS[name].better]
    if simple.of("constant").predictions is None or len(trial.rows) < trial.spec.min_rows:
        return []
    name = next((name for name in names if value_of(name, trial.rows) is not None), None)
    if name is None:
        return []
    check = Check(
        f"{name}.beats", name, name, "beats", None, Place(trial.spec.file, 1, 1), "warn", values=("constant",)
    )
    return overall.beats(check, trial, simple)
