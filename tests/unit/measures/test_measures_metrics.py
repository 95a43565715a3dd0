"""Metrics at their edges: published examples, what is not defined and why, other positive classes, answers of no use."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mlops_cli.measures.measured import rounded
from mlops_cli.measures.metrics import METRICS, all_values, unable, unusable, value_of, why_undefined
from mlops_cli.measures.predictions import (
    Predictions,
    class_predictions,
    forecast_predictions,
    number_predictions,
    ranking_predictions,
)

RANDOM = np.random.default_rng(3)
ROWS = 500
TRUTH = RANDOM.integers(0, 2, ROWS)
SCORE = np.round(np.clip(0.3 * TRUTH + RANDOM.uniform(0, 0.7, ROWS), 0, 1), 2)  # with ties
LABEL = (SCORE > 0.5).astype(int)


def binary(positive: int | None = None) -> Predictions:
    return class_predictions(TRUTH, LABEL, SCORE, True, [0, 1], positive)


def table(*cells: int) -> Predictions:
    """Rows of two classes by (true negatives, false positives, false negatives, true positives)."""
    truth, label = np.repeat([0, 0, 1, 1], cells), np.repeat([0, 1, 0, 1], cells)
    return class_predictions(truth, label, None, False, [0, 1], None)


@pytest.mark.parametrize(
    ("name", "cells", "value"),
    [
        ("mcc", (3, 1, 2, 6), 0.478),  # the cats and dogs of Wikipedia's "Phi coefficient"
        ("kappa", (15, 10, 5, 20), 0.4),  # the grant readers of Wikipedia's "Cohen's kappa"
        ("kappa", (15, 25, 15, 45), 0.1304),  # its first of two with the same agreement
        ("kappa", (35, 5, 35, 25), 0.2593),  # and the second
    ],
)
def test_published_tables(name: str, cells: tuple[int, ...], value: float) -> None:
    assert value_of(name, table(*cells)) == pytest.approx(value, abs=5e-4)


def test_the_published_gain_of_six_documents() -> None:
    relevance = np.asarray([3.0, 2, 3, 0, 1, 2])
    rows = ranking_predictions(relevance, np.arange(6.0)[::-1], np.zeros(6), 6)
    assert value_of("ndcg", rows) == pytest.approx(6.861 / 7.141, abs=1e-4)  # Wikipedia's "Discounted cumulative gain"


def test_the_published_reciprocal_rank_of_three_queries() -> None:
    relevance = np.asarray([0, 0, 1, 0, 1, 0, 1, 0, 0])  # Wikipedia's "Mean reciprocal rank": ranks 3, 2, 1
    rows = ranking_predictions(relevance, np.tile([3.0, 2, 1], 3), np.repeat(["cat", "torus", "virus"], 3))
    assert value_of("mrr", rows) == pytest.approx(11 / 18)


def test_the_published_average_precision() -> None:
    score = np.asarray([0.1, 0.4, 0.35, 0.8])  # the example of scikit-learn's average_precision_score
    rows = class_predictions(np.asarray([0, 0, 1, 1]), np.asarray([0, 0, 0, 1]), score, True, [0, 1], None)
    assert value_of("average_precision", rows) == pytest.approx(0.8333, abs=5e-5)
    assert value_of("roc_auc", rows) == 0.75


def test_a_forecast_as_good_as_the_naive_one_has_a_scaled_error_of_one() -> None:
    truth = np.asarray([3.0, 5, 4, 8])
    rows = forecast_predictions(truth, truth + np.asarray([2, -2, 2, -2]), np.full(4, 2.0), truth - 1, truth + 3, 0.9)
    assert value_of("mase", rows) == 1.0
    assert value_of("coverage", rows) == 1.0
    assert value_of("interval_score", rows) == 4.0
    beside = replace(rows, low=truth + 0.5, high=truth + 1.5)
    assert value_of("interval_score", beside) == pytest.approx(1 + 2 / 0.1 * 0.5)
    partly = replace(rows, scale=np.asarray([2.0, np.nan, 0.0, 1.0]))
    assert value_of("mase", partly) == 1.5


def test_the_positive_class_can_be_chosen() -> None:
    said, other = all_values(binary(0)), all_values(binary(1))
    assert said["recall"] == other["specificity"]
    assert said["false_positive_rate"] == other["false_negative_rate"]
    assert said["roc_auc"] == pytest.approx(other["roc_auc"])
    assert said["brier"] == pytest.approx(other["brier"])
    assert said["log_loss"] == other["log_loss"]
    assert said["calibration_bias"] == pytest.approx(-other["calibration_bias"])


def test_all_values_are_those_that_the_problem_has() -> None:
    names = {name for name, metric in METRICS.items() if "binary" in metric.tasks}
    assert set(all_values(binary())) == names - {"cost"}
    assert set(all_values(number_predictions(SCORE + 1, SCORE))) == {
        *("mae", "rmse", "r2", "bias", "mape", "smape", "wape")
    }


@pytest.mark.parametrize("name", ["roc_auc", "recall", "false_negative_rate", "average_precision", "mcc", "kappa"])
def test_without_a_positive_row_there_is_no_value(name: str) -> None:
    rows = binary().where(TRUTH == 0)
    assert value_of(name, rows) is None
    why = why_undefined(name, rows)
    assert (why.reason, why.broken) == ("one_class", False)
    assert "every row is of class '0'" in why.message


def test_where_nobody_is_called_positive_precision_is_zero() -> None:
    assert value_of("precision", table(5, 0, 5, 0)) == 0.0
    assert METRICS["precision"].hits(table(5, 0, 5, 0)) == (0, 0)
    assert value_of("mcc", table(5, 0, 5, 0)) == 0.0
    assert value_of("f1", table(5, 0, 0, 0)) is None


@pytest.mark.parametrize("truth", [1.0, 0.1, 1e6 + 0.3, -1e-9])
def test_a_constant_target_has_no_variance(truth: float) -> None:
    rows = number_predictions(np.full(7, truth), np.arange(7.0))
    assert value_of("r2", rows) is None
    assert why_undefined("r2", rows).reason == "one_value"


def test_a_small_variance_far_from_zero_keeps_its_digits() -> None:
    truth = 1e9 + np.asarray([0.0, 1, 2, 3])
    assert value_of("r2", number_predictions(truth, truth + 0.5)) == pytest.approx(0.8, rel=1e-12)


def test_shares_of_a_target_of_zero() -> None:
    rows = number_predictions(np.asarray([0.0, 2, 4]), np.asarray([1.0, 2, 3]))
    assert value_of("mape", rows) is None
    why = why_undefined("mape", rows)
    assert why.reason == "zero_truth" and "0 in 1 of 3 rows" in why.message
    assert value_of("wape", rows) == pytest.approx(1 / 3)
    assert value_of("smape", rows) == pytest.approx((2 + 0 + 1 / 3.5) / 3)
    nothing = number_predictions(np.zeros(3), np.zeros(3))
    assert value_of("smape", nothing) == 0.0
    assert value_of("wape", nothing) is None and why_undefined("wape", nothing).reason == "zero_truth"


def test_a_forecast_without_any_past_has_no_scaled_error() -> None:
    rows = forecast_predictions(np.ones(3), np.ones(3), np.full(3, np.nan))
    assert value_of("mase", rows) is None
    assert why_undefined("mase", rows).reason == "no_scale"


def test_numbers_that_are_too_large_are_a_fault() -> None:
    rows = number_predictions(np.zeros(2), np.full(2, 1e300))
    assert value_of("rmse", rows) is None
    why = why_undefined("rmse", rows)
    assert why.reason == "too_large" and why.broken
    for name in ("mae", "rmse", "r2", "bias", "smape", "wape"):  # and nothing warns, wherever the sums are made
        parts = METRICS[name].parts
        assert parts is not None
        parts(number_predictions(np.asarray([1e308, -1e308]), np.asarray([-1e308, 1e308]))).total()


def test_what_a_problem_cannot_have_is_said() -> None:
    assert "regression" in (unable("rmse", binary()) or "")
    many = class_predictions(np.arange(3), np.arange(3), None, False, ["0", "1", "2"], None)
    assert "binary" in (unable("selection_rate", many) or "")
    labels = class_predictions(TRUTH, LABEL, None, False, [0, 1], None)
    assert "scores" in (unable("roc_auc", labels) or "")
    decided = class_predictions(TRUTH, LABEL, SCORE * 4 - 2, False, [0, 1], None)
    assert "probabilities" in (unable("log_loss", decided) or "")
    assert value_of("roc_auc", decided) == pytest.approx(value_of("roc_auc", binary()))
    assert "costs" in (unable("cost", binary()) or "")
    bare = forecast_predictions(TRUTH, LABEL)
    assert "trained on" in (unable("mase", bare) or "")
    assert "prediction intervals" in (unable("coverage", bare) or "")


def test_answers_of_no_use_are_counted() -> None:
    score = SCORE.copy()
    score[:3] = np.nan
    rows = class_predictions(TRUTH, LABEL, score, True, [0, 1], None)
    assert value_of("roc_auc", rows) is None and unusable("roc_auc", rows) == 3
    why = why_undefined("roc_auc", rows)
    assert why.broken and "3 of 500 rows have missing or infinite scores" in why.message
    assert value_of("accuracy", rows) is not None

    beyond = class_predictions(TRUTH, LABEL, SCORE * 2, True, [0, 1], None)
    assert unusable("brier", beyond) == int((SCORE * 2 > 1).sum())
    assert "no probabilities" in why_undefined("brier", beyond).message
    assert value_of("roc_auc", beyond) is not None

    odd = class_predictions(TRUTH, np.where(np.arange(ROWS) < 2, 7, LABEL), None, False, [0, 1], None)
    assert value_of("f1", odd) is None
    assert "2 of 500 rows have predictions that are no class" in why_undefined("f1", odd).message

    ends = forecast_predictions(SCORE, SCORE, None, np.where(TRUTH, -np.inf, 0), SCORE)
    assert unusable("coverage", ends) == int(TRUTH.sum())
    assert "ends of the prediction interval" in why_undefined("coverage", ends).message

    numbers = number_predictions(SCORE, np.where(TRUTH, np.nan, SCORE))
    assert "missing or infinite predictions" in why_undefined("mae", numbers).message


def test_a_class_that_the_rows_lack_is_named() -> None:
    scores = np.eye(3)[[0, 1, 1]]
    rows = class_predictions(
        np.asarray(["a", "b", "b"]), np.asarray(["a", "b", "b"]), scores, True, ["a", "b", "c"], None
    )
    assert value_of("roc_auc", rows) is None
    assert "no row is of class 'c'" in why_undefined("roc_auc", rows).message
    assert value_of("f1", rows) == 1.0  # the mean over the classes that occur


def test_a_probability_on_the_edge_of_two_bins_is_in_the_lower_one() -> None:
    said = np.asarray([0.0, 0.1, 0.1, 0.100001, 1.0])
    rows = class_predictions(np.asarray([0, 1, 0, 0, 1]), np.zeros(5, int), said, True, [0, 1], None)
    assert value_of("ece", rows) == pytest.approx((abs(0.2 - 1) + 0.100001 + 0) / 5)


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
