"""The gate on a model, or on a table of predictions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.checks.model import check_model
from mlops_cli.checks.trial import NO_RIVAL, Known, Rival
from mlops_cli.checks.verdict import Report
from mlops_cli.measures.forecasting import naive_scale
from mlops_cli.measures.predictions import Predictions
from mlops_cli.models.model import Model
from mlops_cli.pipeline.key import validation_id
from mlops_cli.pipeline.records import BASELINE, TRAIN
from mlops_cli.spec.validation import ModelValidation
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.gates import Text, baseline_of, label_of
from mlops_cli.stages.loading import model_at
from mlops_cli.stages.predicting import judged_rows, running, target_of
from mlops_cli.stages.scored import matched, scored
from mlops_cli.stages.support import data_path, only_input, write_json
from mlops_cli.tables.read import read_frame

if TYPE_CHECKING:
    import pandas as pd


ALONE = (
    "forecast errors that follow each other are alike, and are drawn as if they were not: name a season or a cluster"
)


def together(spec: ModelValidation) -> bool:
    """Whether the spec says which rows belong together."""
    return spec.cluster is not None or (spec.forecast is not None and spec.forecast.season > 1)


def judge(job: Job, spec: ModelValidation, said: Text) -> Outcome:
    """The gate on a model, or on predictions."""
    frame = read_frame(data_path(job))
    if spec.predictions is not None:
        report, passed_on = judged_table(job, spec, said, frame), {"rows": Made(same="data")}
    else:
        report, passed_on = judged_model(job, spec, said, frame), {"model": Made(same="model")}
    identities = {name.removeprefix("@"): items[0].oid for name, items in sorted(job.inputs.items()) if items}
    notes = (*report.notes, *([ALONE] if spec.forecast is not None and not together(spec) else []))
    report = replace(report, spec=validation_id(spec), inputs=identities, notes=notes)
    outputs = {
        **passed_on,
        "report": write_json(job, "report", report),
        "metrics": write_json(job, "metrics", report.metrics),
    }
    return Outcome(outputs, report.metrics, report.passed, report.notes)


def judged_model(job: Job, spec: ModelValidation, said: Text, frame: pd.DataFrame) -> Report:
    """The report on a model and the rows that it is asked about."""
    folder = Path(only_input(job, "model", "model").path)
    model = model_at(job, folder)
    train = training_rows(job)
    rows = with_scale(judged_rows(model, frame, spec), spec, frame, train, model)
    wanted = frozenset(check.measure for check in spec.checks)
    known = Known(
        train=train,
        target=target_of(model, spec.target),
        features=tuple((feature.name, feature.dtype) for feature in model.card.features),
        ask=lambda other: judged_rows(model, other, spec),
        running=running(model, frame, folder, wanted),
        uses=said.uses,
    )
    other = rival(job, spec, frame)
    if other.predictions is not None:
        other = replace(other, predictions=replace(other.predictions, scale=rows.scale))
    report = check_model(spec, rows, frame, other, known, label=label_of(job, "model", "model"))
    return replace(report, notes=model.notes)


def training_rows(job: Job) -> pd.DataFrame | None:
    """The rows that the model was fitted on, where the store still has them."""
    found = job.inputs.get(TRAIN, [])
    return read_frame(Path(found[0].path)) if found else None


def with_scale(
    rows: Predictions, spec: ModelValidation, frame: pd.DataFrame, train: pd.DataFrame | None, model: Model
) -> Predictions:
    """Forecasts with the error of the naive forecast beside each row, from the training rows."""
    if spec.forecast is None or train is None:
        return rows
    return replace(rows, scale=naive_scale(train, frame, target_of(model, spec.target), spec.forecast))


def rival(job: Job, spec: ModelValidation, frame: pd.DataFrame) -> Rival:
    """The baseline model's predictions of the same rows; a baseline that cannot be applied does not stop the others."""
    found = baseline_of(job)
    if found is None:
        return NO_RIVAL
    label = label_of(job, BASELINE, "baseline")
    try:
        rows = judged_rows(model_at(job, found.path), frame, spec)
    except UserError as error:
        return Rival(None, label, str(error))
    return Rival(rows, label)


def judged_table(job: Job, spec: ModelValidation, said: Text, frame: pd.DataFrame) -> Report:
    """The report on a table of predictions."""
    label = label_of(job, "data", data_path(job).name)
    return check_model(
        spec, scored(frame, spec), frame, other_table(job, spec, frame), Known(uses=said.uses), label=label
    )


def other_table(job: Job, spec: ModelValidation, frame: pd.DataFrame) -> Rival:
    """The baseline's table, row for row beside the judged one."""
    found = baseline_of(job)
    if found is None:
        return NO_RIVAL
    label = label_of(job, BASELINE, "baseline")
    try:
        if found.type == "model":
            raise StageFailed("the baseline of a table of predictions is another such table, not a model")
        rows = scored(matched(frame, read_frame(Path(found.path)), spec), spec)
    except UserError as error:
        return Rival(None, label, str(error))
    return Rival(rows, label)
