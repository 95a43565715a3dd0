"""`register: name`: prove that a model can be loaded and still answers its golden rows; the run then publishes it."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.models.format import check_golden, load_model
from mlops_cli.stages.base import Job, Outcome


def run(job: Job) -> Outcome:
    """Load the model through the allow-list and repeat its golden answers; raises StageFailed where they differ."""
    model = load_model(Path(job.inputs["model"][0].path), job.trust)
    check_golden(model)
    return Outcome({})
