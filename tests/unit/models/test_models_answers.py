"""What a model says is held against the rows it was asked about."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.card import Card, Feature
from mlops_cli.models.fitting import target_values
from mlops_cli.models.model import Model

ROWS = pd.DataFrame({"x": np.arange(8.0)})


class Says:
    """A model that gives fixed answers."""

    def __init__(self, labels: Any, scores: Any = None, method: str = "predict_proba") -> None:
        self.labels, self.given = labels, scores
        if scores is not None:
            setattr(self, method, lambda _rows: scores)

    def predict(self, _rows: pd.DataFrame) -> Any:
        return self.labels


def model(estimator: Says, task: Any, classes: tuple[Any, ...] = ()) -> Model:
    return Model(Card("tests.Says", "y", task, (Feature("x", "float64"),), classes), estimator)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.where(ROWS.x > 5, np.nan, 1.0), r"the model Says gives no finite prediction for 2 of 8 rows \(rows 7, 8\)"),
        (np.full(8, -np.inf), r"8 of 8 rows \(rows 1, 2, 3, 4, 5, \.\.\.\)"),
        (np.asarray(["a", None] * 4, dtype=object), r"4 of 8 rows \(rows 2, 4, 6, 8\)"),
        (np.ones(7), r"predictions of shape \(7\) for 8 rows"),
        (np.ones((8, 2)), r"predictions of shape \(8, 2\) for 8 rows"),
        (3.0, r"predictions of shape \(\) for 8 rows"),
    ],
)
def test_predictions_that_cannot_be_are_refused(labels: Any, words: str) -> None:
    with pytest.raises(StageFailed, match=words):
        model(Says(labels), "regression").predict(ROWS)


def test_predictions_in_a_column_are_predictions() -> None:
    assert model(Says(np.ones((8, 1))), "regression").predict(ROWS).shape == (8,)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        (np.full((8, 2), np.nan), "no finite score for 8 of 8 rows"),
        (np.ones((7, 2)), r"scores of shape \(7, 2\) for 8 rows and 2 classes"),
        (np.ones((8, 3)), r"scores of shape \(8, 3\) for 8 rows and 2 classes"),
    ],
)
def test_scores_that_cannot_be_are_refused(scores: Any, words: str) -> None:
    with pytest.raises(StageFailed, match=words):
        model(Says(np.ones(8), scores), "binary", (0, 1)).scores(ROWS)


def test_values_for_pairs_of_classes_are_no_scores() -> None:
    pairs = Says(np.ones(8), np.ones((8, 6)), "decision_function")
    assert model(pairs, "multiclass", (0, 1, 2, 3)).scores(ROWS) is None


def test_an_infinite_target_is_refused() -> None:
    with pytest.raises(StageFailed, match=r"infinite in 1 of 3 rows \(rows 2\)"):
        target_values(pd.Series([1.0, np.inf, 2.0]), "y")
