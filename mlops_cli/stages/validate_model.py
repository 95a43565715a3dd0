"""The gate on a model."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.checks.model import NO_RIVAL, Rival, check_model
from mlops_cli.models.format import load_model
from mlops_cli.pipeline.records import BASELINE
from mlops_cli.spec.validation import ModelValidation
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.gates import Text, baseline_of, label_of
from mlops_cli.stages.predicting import predict
from mlops_cli.stages.support import data_path, only_input, write_json
from mlops_cli.tables.read import read_frame


def judge(job: Job, spec: ModelValidation, _said: Text) -> Outcome:
    """The gate on a model."""
    folder = Path(only_input(job, "model", "model").path)
    frame = read_frame(data_path(job))
    current = predict(load_model(folder, job.trust), frame, spec.target, spec.positive)
    report = check_model(spec, current, frame, rival(job, spec), label=label_of(job, "model", "model"))
    outputs = {
        "model": Made(same="model"),
        "report": write_json(job, "report", report),
        "metrics": write_json(job, "metrics", report.metrics),
    }
    return Outcome(outputs, report.metrics, report.passed)


def rival(job: Job, spec: ModelValidation) -> Rival:
    """The baseline model's predictions of the same rows; a baseline that cannot be applied does not stop the others."""
    found = baseline_of(job)
    if found is None:
        return NO_RIVAL
    label = label_of(job, BASELINE, "baseline")
    try:
        model = load_model(Path(found.path), job.trust)
        rows = predict(model, read_frame(data_path(job)), spec.target, spec.positive)
    except UserError as error:
        return Rival(None, label, str(error))
    return Rival(rows, label)
