"""From a model and a table to predictions with known truth, for the stages that judge models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.models.fitting import target_values
from mlops_cli.models.model import Model
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd


def predict(model: Model, frame: pd.DataFrame, target: str | None, positive: Json = None) -> Predictions:
    """What the model says about the rows of `frame`, beside the column `target` (None: the model's own).

    Raises StageFailed for missing columns, rows without truth, and classes that the model does not know.
    """
    name = model.card.target if target is None else target
    if name is None:
        raise StageFailed("the model does not say which column it predicts", "write target: NAME in the spec")
    need_columns([str(column) for column in frame.columns], [name], "the data")
    if not len(frame):
        raise StageFailed("the data has no rows", "a model cannot be judged on nothing")
    truth = target_values(frame[name], name)
    label = model.predict(frame)
    if model.card.task == "regression":
        return number_predictions(truth, label)
    scores = model.scores(frame)
    probable = hasattr(model.estimator, "predict_proba")
    return class_predictions(truth, label, scores, probable, model.card.classes, positive)
