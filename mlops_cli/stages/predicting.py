"""From a model and a table to predictions with known truth, for the stages that judge models."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions, ranking_predictions
from mlops_cli.models.fitting import target_values
from mlops_cli.models.model import Model
from mlops_cli.spec.validation import ModelValidation
from mlops_cli.stages.scored import clusters_in, clusters_of, costs_of
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

SINGLE_ROWS, SINGLE_SECONDS = 300, 2.0
"""Requests of one row that a latency is measured on, at most so many and for so long."""


def target_of(model: Model, target: str | None) -> str:
    """The column that a model predicts. Raises StageFailed where nobody says."""
    name = model.card.target if target is None else target
    if name is None:
        raise StageFailed("the model does not say which column it predicts", "write target: NAME in the spec")
    return name


def predict(model: Model, frame: pd.DataFrame, target: str | None, positive: Json = None) -> Predictions:
    """What the model says about the rows of `frame`, beside the column `target` (None: the model's own).

    Raises StageFailed for missing columns, rows without truth, and classes that the model does not know.
    """
    name = target_of(model, target)
    need_columns([str(column) for column in frame.columns], [name], "the data")
    if not len(frame):
        raise StageFailed("the data has no rows", "a model cannot be judged on nothing")
    truth = target_values(frame[name], name)
    label = model.predict(frame)
    if model.card.task == "regression":
        return number_predictions(truth, label)
    scores = model.scores(frame)
    return class_predictions(truth, label, scores, model.probable, model.card.classes, positive)


def judged_rows(model: Model, frame: pd.DataFrame, spec: ModelValidation) -> Predictions:
    """The same as a gate needs it: with clusters, costs and queries as its spec says. Raises StageFailed."""
    if spec.query is not None or spec.task == "ranking":
        name, queries = target_of(model, spec.target), clusters_in(frame, spec.query)
        need_columns([str(column) for column in frame.columns], [name], "the data")
        if queries is None:
            raise StageFailed("a ranking needs to know which rows are ranked together", "write query: COLUMN")
        return ranking_predictions(target_values(frame[name], name), model.score(frame), queries, spec.at)
    rows = predict(model, frame, spec.target, spec.positive)
    if spec.task not in (None, rows.task) and (spec.task, rows.task) != ("forecast", "regression"):
        raise StageFailed(f"the spec says {spec.task}, and the model is of the task {rows.task}")
    if spec.forecast is not None or spec.task == "forecast":
        rows = replace(rows, task="forecast")
    return replace(rows, clusters=clusters_of(frame, spec), costs=costs_of(spec, rows))


def running(model: Model, frame: pd.DataFrame, folder: Path, wanted: frozenset[str]) -> dict[str, tuple[float, int]]:
    """How long one row takes, in seconds, and how many bytes the model has, with the number of times measured."""
    found: dict[str, tuple[float, int]] = {}
    if "size" in wanted:
        found["size"] = (float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())), 1)
    if not any(name.startswith("latency") for name in wanted):
        return found
    times: list[float] = []
    inputs = model.inputs(frame)
    model.predict(inputs.iloc[[0]])  # the first call pays for imports
    end = time.perf_counter() + SINGLE_SECONDS
    for number in range(SINGLE_ROWS):
        row = inputs.iloc[[number % len(inputs)]]
        start = time.perf_counter()
        model.predict(row)
        times.append(time.perf_counter() - start)
        if times[-1] + start > end:
            break
    figures: Mapping[str, float] = {
        "latency_mean": float(np.mean(times)),
        "latency_p50": float(np.quantile(times, 0.5)),
        "latency_p99": float(np.quantile(times, 0.99)),
    }
    return found | {name: (value, len(times)) for name, value in figures.items()}
