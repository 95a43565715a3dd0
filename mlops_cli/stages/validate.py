"""`validate: spec.yaml`: a gate on data or on a model. What it judged goes out unchanged when it passes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.checks.data import check_data
from mlops_cli.checks.model import NO_RIVAL, Rival, check_model
from mlops_cli.models.format import load_model
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import DataValidation, ModelValidation
from mlops_cli.stages.base import Input, Job, Made, Outcome
from mlops_cli.stages.predicting import predict
from mlops_cli.stages.support import data_path, only_input, options, write_json
from mlops_cli.tables.read import read_frame

BASELINE = "@baseline"


@dataclass(frozen=True)
class Text:
    """The options of the stage: the spec's path as shown in messages, and its text."""

    spec: str
    text: str


def run(job: Job) -> Outcome:
    """Outputs: `rows` and `report` for data; `model`, `report` and `metrics` for a model. `passed` tells whether the
    gate opens. Raises StageFailed where it cannot be judged at all, SpecError where the spec is wrong."""
    said = options(job, Text)
    spec = parse_validation(said.text, said.spec)
    return judge_data(job, spec) if isinstance(spec, DataValidation) else judge_model(job, spec)


def judge_data(job: Job, spec: DataValidation) -> Outcome:
    """The gate on a data set."""
    path = data_path(job)
    baseline = baseline_of(job)
    report = check_data(
        spec,
        path,
        Path(baseline.path) if baseline is not None else None,
        label=label_of(job, "data", path.name),
        baseline_label=label_of(job, BASELINE, "baseline") if baseline is not None else None,
        threads=job.threads,
        memory=job.query_memory,
    )
    return Outcome({"rows": Made(same="data"), "report": write_json(job, "report", report)}, passed=report.passed)


def judge_model(job: Job, spec: ModelValidation) -> Outcome:
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


def baseline_of(job: Job) -> Input | None:
    """The input that the run resolved the spec's baseline to."""
    found = job.inputs.get(BASELINE, [])
    if len(found) > 1:
        raise StageFailed("a validation has one baseline")
    return found[0] if found else None


def label_of(job: Job, argument: str, default: str) -> str:
    """What to call an input."""
    return job.labels.get(argument, default)
