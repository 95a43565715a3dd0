"""`register: name`: prove that a model can be loaded and still answers its golden rows; the run then publishes it."""

from __future__ import annotations

from mlops_cli.stages.base import Job, Outcome
from mlops_cli.stages.loading import model_at


def run(job: Job) -> Outcome:
    """Load the model through the allow-list, which repeats its golden answers; raises StageFailed where they differ."""
    return Outcome({}, notes=model_at(job, job.inputs["model"][0].path).notes)
