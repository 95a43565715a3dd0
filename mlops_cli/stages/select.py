"""`select: train[*]`: the best of several models, by one metric on one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.metrics import METRICS, all_values, unable, why_undefined
from mlops_cli.measures.predictions import Predictions
from mlops_cli.spec.pipeline import Select
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.loading import model_at
from mlops_cli.stages.predicting import predict
from mlops_cli.stages.support import data_path, options, write_json
from mlops_cli.tables.read import read_frame

if TYPE_CHECKING:
    import pandas as pd


def run(job: Job) -> Outcome:
    """Outputs: `model`, the best of the input `models` unchanged, and `metrics`, its metrics on the input `data`.

    Of equals the first wins. Raises StageFailed where no model has the metric.
    """
    said = options(job, Select)
    if said.metric not in METRICS:
        raise StageFailed(f"there is no metric '{said.metric}'", f"there are {', '.join(METRICS)}")
    models = job.inputs.get("models", [])
    if not models:
        raise StageFailed("there is no model to select from", "write select: train[*]")
    frame = read_frame(data_path(job))
    found: list[dict[str, float]] = []
    for item in models:
        rows = answers(job, Path(item.path), frame, said.target, len(found) + 1)
        why = unable(said.metric, rows)
        if why is not None:
            raise StageFailed(f"the models cannot be compared: {why}")
        found.append({name: rounded(value) for name, value in all_values(rows).items()})
    known = [number for number, metrics in enumerate(found) if said.metric in metrics]
    if not known:
        raise StageFailed(f"the models cannot be compared: {why_undefined(said.metric, rows).message}")
    sign = 1 if said.best == "max" else -1
    best = max(known, key=lambda number: (sign * found[number][said.metric], -number))
    made = Made(same="models" if "models" not in job.lists and len(models) == 1 else f"models[{best}]")
    return Outcome({"model": made, "metrics": write_json(job, "metrics", found[best])}, found[best])


def answers(job: Job, folder: Path, frame: pd.DataFrame, target: str | None, number: int) -> Predictions:
    """One model's predictions; a fault says which of the models it is."""
    try:
        return predict(model_at(job, folder), frame, target)
    except StageFailed as error:
        raise StageFailed(f"model {number} of {len(job.inputs['models'])}: {error}", error.faults[0].hint) from None
