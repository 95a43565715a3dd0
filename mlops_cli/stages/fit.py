"""`fit: module:Estimator`: train a model on a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_cli.base.importing import import_callable
from mlops_cli.models.card import Trained
from mlops_cli.models.cards import BOOSTERS
from mlops_cli.models.fitting import fit_model, make_estimator
from mlops_cli.models.flavors.base import library
from mlops_cli.models.flavors.boosted import EXTRA
from mlops_cli.models.format import save_model
from mlops_cli.spec.pipeline import Fit
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.support import data_path, only_input, options, output_path
from mlops_cli.tables.read import read_frame


def run(job: Job) -> Outcome:
    """Fit on every row of the input `data`; output `model`. Raises StageFailed."""
    said = options(job, Fit)
    path = data_path(job)
    frame = read_frame(path)
    top = said.target_class.partition(":")[0].partition(".")[0]
    if top in BOOSTERS:
        library(top, EXTRA, f"'{said.target_class}'")
    maker = import_callable(said.target_class, job.project)
    estimator = make_estimator(maker, said.target_class, job.arguments, job.seed, job.threads)
    model = fit_model(estimator, frame, said.target, said.features)
    oid = only_input(job, "data").oid
    trained = Trained(oid, "tree" if path.is_dir() else "file", path.name, len(frame))
    model = replace(model, card=replace(model.card, trained_on=trained, seed=job.seed))
    folder = output_path(job, "model")
    card = save_model(model, frame, folder, job.trust, project=Path(job.project), pickle=job.pickle)
    notes = (*replace(model, card=card).notes, *([card.note] if card.note else []))
    return Outcome({"model": Made(path=str(folder))}, notes=notes)
