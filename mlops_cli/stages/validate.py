"""`validate: spec.yaml`: a gate on data or on a model. What it judged goes out unchanged when it passes."""

from __future__ import annotations

import importlib

from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import DataValidation
from mlops_cli.stages.base import Job, Outcome
from mlops_cli.stages.gates import Text
from mlops_cli.stages.support import options

# Each is loaded when it is needed: a gate on data has no use for the libraries that models bring.
JUDGES = {"data": "mlops_cli.stages.validate_data", "model": "mlops_cli.stages.validate_model"}


def run(job: Job) -> Outcome:
    """Outputs: `rows`, `report`, `profile` and perhaps `rejected` for data; `model`, `report` and `metrics` for a
    model. `passed` tells whether the gate opens. Raises StageFailed where it cannot be judged, SpecError where the
    spec is wrong."""
    said = options(job, Text)
    spec = parse_validation(said.text, said.spec)
    kind = "data" if isinstance(spec, DataValidation) else "model"
    outcome: Outcome = importlib.import_module(JUDGES[kind]).judge(job, spec, said)
    return outcome
