"""Curves: every point is one of the whole curve, and what cannot be drawn is left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from mlops_cli.measures.curves import Points, confusion, curves
from mlops_cli.measures.predictions import Predictions


def binary(truth: np.ndarray, score: np.ndarray, *, probable: bool = True, positive: int = 1) -> Predictions:
    low = 1.0 - score if probable else -score
    scores = np.column_stack([low, score] if positive == 1 else [score, low])
    return Predictions("binary", truth, (score > 0.5).astype(np.int64), scores, probable, ("no", "yes"), positive)


def drawn(rows: Predictions) -> Mapping[str, Points]:
    return {points.name: points for points in curves(rows)}


def sample(rows: int, *, ties: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(rows)
    truth = (random.random(rows) < 0.3).astype(np.int64)
    score = 1 / (1 + np.exp(-(random.normal(size=rows) + 1.5 * truth - 1)))
    return truth, score if ties is None else np.round(score * ties) / ties


@pytest.mark.parametrize(("rows", "ties"), [(20, None), (20, 4), (3000, None), (3000, 7), (100_000, 1000)])
def test_every_point_of_a_curve_is_one_of_scikit_learn(rows: int, ties: int | None) -> None:
    truth, score = sample(rows, ties=ties)
    found = drawn(binary(truth, score))
    false, recall, _ = roc_curve(truth, score, drop_intermediate=False)
    roc = found["roc"]
    assert set(zip(roc.x, roc.y, strict=True)) <= set(zip(false.tolist(), recall.tolist(), strict=True))
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    precision, recall, _ = precision_recall_curve(truth, score)
    line = found["precision_recall"]
    assert set(zip(line.x, line.y, strict=True)) <= set(zip(recall.tolist(), precision.tolist(), strict=True))
    assert all(len(points.x) <= 101 and list(points.x) == sorted(points.x) for points in found.values())


def test_the_area_under_the_kept_points_is_close_to_that_of_all() -> None:
    truth, score = sample(100_000)
    roc = drawn(binary(truth, score))["roc"]
    false, recall, _ = roc_curve(truth, score)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(np.trapezoid(recall, false), abs=1e-3)


def test_a_calibration_in_bins_of_equal_mass_is_that_of_scikit_learn() -> None:
    truth, score = sample(5000)
    points = drawn(binary(truth, score))["calibration"]
    share, mean = calibration_curve(truth, score, n_bins=10, strategy="quantile")
    assert points.x == pytest.approx(mean, abs=2e-3)
    assert points.y == pytest.approx(share, abs=5e-3)
    assert sum(points.weight) == 5000


def test_few_different_probabilities_make_few_bins_that_hold_all_rows() -> None:
    truth, score = sample(400, ties=3)
    points = drawn(binary(truth, score))["calibration"]
    assert points.x == pytest.approx(np.unique(score))
    assert points.y == pytest.approx([truth[score == value].mean() for value in np.unique(score)])
    assert sum(points.weight) == 400


def test_histograms_of_scores_hold_all_rows_of_a_class() -> None:
    truth, score = sample(1000)
    points = drawn(binary(truth, score))["scores"]
    assert len(points.x) == 20 and points.x[:2] == (0.0, 0.05)
    assert (sum(points.y), sum(points.weight)) == pytest.approx((1, 1))
    plain = drawn(binary(truth, score * 8 - 2, probable=False))
    assert plain["scores"].x[0] == pytest.approx((score * 8 - 2).min()) and "calibration" not in plain


def test_the_other_class_may_be_the_positive_one() -> None:
    truth, score = sample(500)
    assert drawn(binary(1 - truth, score, positive=0))["roc"] == drawn(binary(truth, score))["roc"]


def test_one_class_alone_has_no_curve_and_still_a_calibration() -> None:
    truth, score = np.ones(50, np.int64), np.full(50, 0.9)
    found = drawn(binary(truth, score))
    assert set(found) == {"calibration", "scores"}
    assert found["calibration"].x == pytest.approx((0.9,)) and found["calibration"].y == (1.0,)


def test_rows_without_a_finite_score_are_left_out() -> None:
    truth, score = sample(200)
    spoilt = np.concatenate([score, [np.nan, np.inf]])
    assert drawn(binary(np.concatenate([truth, [1, 0]]), spoilt)) == drawn(binary(truth, score))


def test_numbers_have_residuals_and_means_by_prediction() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=2000)
    answer = truth + random.normal(size=2000) * 0.1 + 0.5
    rows = Predictions("regression", truth, answer, None, False)
    found = drawn(rows)
    assert len(found["residuals"].x) == 20 and 0.98 < sum(found["residuals"].y) <= 1
    assert found["residuals"].x[0] > -0.2  # what is left out are the outer rows of either side
    assert np.array(found["predicted"].x) - np.array(found["predicted"].y) == pytest.approx(0.5, abs=0.05)
    assert sum(found["predicted"].weight) == 2000


@pytest.mark.parametrize("answer", [[1.0], [2.0, 2.0, 2.0], [1e308, -1e308, 0.0], [np.nan, 1.0, 1.0]])
def test_degenerate_numbers_are_drawn(answer: list[float]) -> None:
    rows = Predictions("regression", np.ones(len(answer)), np.array(answer), None, False)
    for points in curves(rows):
        assert np.isfinite([*points.x, *points.y, *points.weight]).all()


def test_the_likeliest_class_is_calibrated() -> None:
    random = np.random.default_rng(1)
    scores = random.dirichlet([1, 1, 1], 3000)
    truth = np.array([random.choice(3, p=line) for line in scores])
    rows = Predictions("multiclass", truth, scores.argmax(axis=1), scores, True, ("a", "b", "c"))
    points = drawn(rows)["calibration"]
    assert np.array(points.y) == pytest.approx(np.array(points.x), abs=0.08)
    assert confusion(rows) == tuple(map(tuple, confusion_matrix(truth, scores.argmax(axis=1)).tolist()))


def test_a_matrix_of_many_classes_is_left_out_and_unknown_labels_count_nowhere() -> None:
    truth = np.array([0, 1, 1])
    assert confusion(Predictions("binary", truth, np.array([0, -1, 1]), None, False, ("a", "b"))) == ((1, 0), (0, 1))
    many = Predictions("multiclass", truth, truth, None, False, tuple(range(21)))
    assert confusion(many) == () and curves(many) == ()


def test_relevance_falls_with_the_rank() -> None:
    rows = Predictions(
        "ranking",
        np.array([0.0, 3.0, 1.0, 2.0, 0.0]),
        np.array([0.1, 0.9, 0.5, 0.8, 0.2]),
        None,
        False,
        clusters=np.array([0, 0, 0, 1, 1]),
        at=2,
    )
    assert curves(rows) == (Points("relevance", (1.0, 2.0), (2.5, 0.5), (2.0, 2.0)),)


def test_no_rows_have_no_curve() -> None:
    empty = np.array([], np.int64)
    assert curves(Predictions("binary", empty, empty, np.empty((0, 2)), True, (0, 1))) == ()
    assert curves(Predictions("regression", empty, empty, None, False)) == ()
