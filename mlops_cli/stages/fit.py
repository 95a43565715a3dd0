"""`fit: module:Estimator`: train a model on a table."""

from __future__ import annotations

from mlops_cli.base.importing import import_callable
from mlops_cli.models.fitting import fit_model, make_estimator
from mlops_cli.models.format import save_model
from mlops_cli.spec.pipeline import Fit
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.support import data_path, options, output_path
from mlops_cli.tables.read import read_frame


def run(job: Job) -> Outcome:
    """Fit on every row of the input `data`; output `model`. Raises StageFailed."""
    said = options(job, Fit)
    frame = read_frame(data_path(job))
    maker = import_callable(said.target_class, job.project)
    estimator = make_estimator(maker, said.target_class, job.arguments, job.seed)
    model = fit_model(estimator, frame, said.target, said.features)
    folder = output_path(job, "model")
    save_model(model, frame, folder, job.trust)
    return Outcome({"model": Made(path=str(folder))})
