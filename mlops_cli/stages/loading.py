"""Models as inputs of a stage: loaded on the terms of the project."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.models.format import load_model
from mlops_cli.models.model import Model
from mlops_cli.stages.base import Job


def model_at(job: Job, path: str | Path) -> Model:
    """The model in a folder, on the terms of the job's project; raises StageFailed where it cannot be trusted."""
    return load_model(Path(path), job.trust, project=Path(job.project), pickle=job.pickle)
