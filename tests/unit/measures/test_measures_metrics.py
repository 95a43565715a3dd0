"""Metrics equal scikit-learn's to the digits; intervals do what they say."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.utils import resample

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.intervals import draws, interval, paired_interval, wilson
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.metrics import METRICS, all_values, unable, value_of
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions

RANDOM = np.random.default_rng(3)
ROWS = 500
TRUTH = RANDOM.integers(0, 2, ROWS)
SCORE = np.round(np.clip(0.3 * TRUTH + RANDOM.uniform(0, 0.7, ROWS), 0, 1), 2)  # with ties
LABEL = (SCORE > 0.5).astype(int)
MANY = RANDOM.integers(0, 3, ROWS)
MANY_SCORES = RANDOM.dirichlet([1, 1, 1], ROWS)
MANY_LABEL = MANY_SCORES.argmax(axis=1)


def binary() -> Predictions:
    return class_predictions(TRUTH, LABEL, SCORE, True, [0, 1], None)


def multiclass() -> Predictions:
    names = np.asarray(["a", "b", "c"])
    return class_predictions(names[MANY], names[MANY_LABEL], MANY_SCORES, True, ["a", "b", "c"], None)


BINARY = {
    "accuracy": sk.accuracy_score(TRUTH, LABEL),
    "balanced_accuracy": sk.balanced_accuracy_score(TRUTH, LABEL),
    "precision": sk.precision_score(TRUTH, LABEL),
    "recall": sk.recall_score(TRUTH, LABEL),
    "f1": sk.f1_score(TRUTH, LABEL),
    "roc_auc": sk.roc_auc_score(TRUTH, SCORE),
    "log_loss": sk.log_loss(TRUTH, SCORE),
    "brier": sk.brier_score_loss(TRUTH, SCORE),
    "selection_rate": LABEL.mean(),
}
MULTICLASS = {
    "accuracy": sk.accuracy_score(MANY, MANY_LABEL),
    "balanced_accuracy": sk.balanced_accuracy_score(MANY, MANY_LABEL),
    "precision": sk.precision_score(MANY, MANY_LABEL, average="macro"),
    "recall": sk.recall_score(MANY, MANY_LABEL, average="macro"),
    "f1": sk.f1_score(MANY, MANY_LABEL, average="macro"),
    "roc_auc": sk.roc_auc_score(MANY, MANY_SCORES, multi_class="ovr"),
    "log_loss": sk.log_loss(MANY, MANY_SCORES),
    "brier": ((MANY_SCORES - np.eye(3)[MANY]) ** 2).sum(axis=1).mean(),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_metrics_equal_scikit_learn(name: str) -> None:
    assert value_of(name, binary()) == pytest.approx(BINARY[name], abs=1e-14, rel=1e-13)


@pytest.mark.parametrize("name", MULTICLASS)
def test_multiclass_metrics_equal_scikit_learn(name: str) -> None:
    assert value_of(name, multiclass()) == pytest.approx(MULTICLASS[name], abs=1e-14, rel=1e-13)


def test_regression_metrics_equal_scikit_learn() -> None:
    truth = RANDOM.normal(1e6, 3, ROWS)
    label = truth + RANDOM.normal(0, 1, ROWS)
    found = all_values(number_predictions(truth, label))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(truth, label), rel=1e-12)
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, label), rel=1e-12)
    assert found["r2"] == pytest.approx(sk.r2_score(truth, label), rel=1e-10)
    assert set(found) == {"mae", "rmse", "r2"}


@pytest.mark.parametrize("name", [name for name in METRICS if "binary" in METRICS[name].tasks])
def test_weights_mean_repeated_rows(name: str) -> None:
    rows = binary()
    picks = resample(np.arange(ROWS), random_state=0)
    weights = np.bincount(picks, minlength=ROWS).astype(float)[None, :]
    mask = np.zeros(ROWS, dtype=bool)
    mask[picks] = True
    again = Predictions(rows.task, rows.truth[picks], rows.label[picks], rows.scores[picks], True, rows.classes)  # type: ignore[index]
    assert METRICS[name].formula(rows, weights)[0] == pytest.approx(value_of(name, again), rel=1e-12)


def test_the_positive_class_can_be_chosen() -> None:
    rows = class_predictions(TRUTH, LABEL, SCORE, True, [0, 1], 0)
    assert value_of("recall", rows) == pytest.approx(sk.recall_score(TRUTH, LABEL, pos_label=0))
    assert value_of("roc_auc", rows) == pytest.approx(BINARY["roc_auc"])
    assert value_of("brier", rows) == pytest.approx(BINARY["brier"])


def test_what_is_not_defined_has_no_value() -> None:
    rows = binary().where(TRUTH == 1)
    assert value_of("roc_auc", rows) is None
    assert value_of("accuracy", binary().where(TRUTH == 2)) is None
    assert value_of("r2", number_predictions(np.ones(5), np.arange(5.0))) is None


def test_what_a_problem_cannot_have_is_said() -> None:
    assert "regression" in (unable("rmse", binary()) or "")
    assert "binary" in (unable("selection_rate", multiclass()) or "")
    labels = class_predictions(TRUTH, LABEL, None, False, [0, 1], None)
    assert "scores" in (unable("roc_auc", labels) or "")
    decided = class_predictions(TRUTH, LABEL, SCORE * 4 - 2, False, [0, 1], None)
    assert "probabilities" in (unable("log_loss", decided) or "")
    assert value_of("roc_auc", decided) == pytest.approx(BINARY["roc_auc"])


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(StageFailed, match="class '7', which the model does not know"):
        class_predictions(np.asarray([0, 7]), np.asarray([0, 1]), None, False, [0, 1], None)
    with pytest.raises(StageFailed, match="no class 'yes'"):
        class_predictions(TRUTH, LABEL, None, False, [0, 1], "yes")


def test_wilson_gives_the_published_interval() -> None:
    assert wilson(8, 10, 0.95) == pytest.approx((0.490, 0.943), abs=5e-4)
    assert wilson(0, 0, 0.95) == (0.0, 1.0)
    low, high = wilson(10, 10, 0.95)
    assert low < 1 == high


def test_the_bootstrap_repeats_itself_and_covers_the_value() -> None:
    first, second = interval("roc_auc", binary(), 0.95), interval("roc_auc", binary(), 0.95)
    assert first == second is not None
    assert first[0] < BINARY["roc_auc"] < first[1]
    assert np.std(draws("accuracy", binary())) == pytest.approx(
        math.sqrt(BINARY["accuracy"] * (1 - BINARY["accuracy"]) / ROWS), rel=0.15
    )


def test_a_model_is_exactly_as_good_as_itself() -> None:
    assert paired_interval("log_loss", binary(), binary(), 0.95) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "scale", "kept"),
    [
        (0.1 + 0.2, None, 0.3),
        (1e-17, 1.0, 0.0),
        (-0.0, None, 0.0),
        (123456789.0123456, None, 123456789.012),
        (1e300, None, 1e300),
    ],
)
def test_rounding_keeps_twelve_digits(value: float, scale: float | None, kept: float) -> None:
    assert rounded(value, scale) == kept
    assert math.copysign(1, rounded(-0.0)) == 1
