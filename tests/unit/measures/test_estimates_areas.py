"""The area under the ROC curve and its variance equal what DeLong (1988) and Obuchowski (1997) wrote down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mlops_cli.measures.delong import expit, logit_interval, placed
from mlops_cli.measures.estimates import difference, estimate
from mlops_cli.measures.predictions import Array, Floats, Predictions
from mlops_cli.measures.shares import wilson


def answers(truth: Array, score: Floats, clusters: Array | None = None) -> Predictions:
    scores = np.column_stack([1 - score, score])
    return Predictions("binary", truth, (score > 0.5).astype(np.int64), scores, True, (0, 1), 1, clusters)


def drawn(rows: int, seed: int, digits: int = 9) -> tuple[Array, Floats, Floats]:
    random = np.random.default_rng(seed)
    truth = (random.uniform(size=rows) < 0.3).astype(np.int64)
    base = random.normal(size=rows) + truth
    first, second = (expits(base + random.normal(size=rows)) for _ in range(2))
    return truth, np.round(first, digits), np.round(second, digits)


def expits(values: Floats) -> Floats:
    return np.asarray([expit(value) for value in values.tolist()])


def kernel(truth: Array, score: Floats) -> Floats:
    """psi(X_i, Y_j) of all pairs of a positive and another row, shape (positives, others)."""
    hits, misses = score[truth == 1][:, None], score[truth == 0][None, :]
    return np.asarray((hits > misses) + 0.5 * (hits == misses))


def delong_1988(truth: Array, *scores: Floats) -> tuple[Floats, Floats]:
    """Areas and their covariance matrix, equation by equation, in time O(n^2)."""
    pairs = [kernel(truth, score) for score in scores]
    areas = np.asarray([pair.mean() for pair in pairs])
    v10 = np.stack([pair.mean(axis=1) for pair in pairs])
    v01 = np.stack([pair.mean(axis=0) for pair in pairs])
    return areas, np.cov(v10) / v10.shape[1] + np.cov(v01) / v01.shape[1]


def obuchowski_1997(truth: Array, score: Floats, clusters: Array) -> float:
    """The variance of the area of clustered rows: her S10, S01 and S11."""
    pairs = kernel(truth, score)
    area, v10, v01 = pairs.mean(), pairs.mean(axis=1), pairs.mean(axis=0)
    of_hits, of_misses = clusters[truth == 1], clusters[truth == 0]
    units, many = np.unique(clusters), len(np.unique(clusters))
    x = np.asarray([v10[of_hits == unit].sum() - (of_hits == unit).sum() * area for unit in units])
    y = np.asarray([v01[of_misses == unit].sum() - (of_misses == unit).sum() * area for unit in units])
    with_hits, with_misses = len(np.unique(of_hits)), len(np.unique(of_misses))
    hits, misses = len(v10), len(v01)
    s10 = with_hits / ((with_hits - 1) * hits) * (x**2).sum()
    s01 = with_misses / ((with_misses - 1) * misses) * (y**2).sum()
    s11 = many / (many - 1) * (x * y).sum()
    return float(s10 / hits + s01 / misses + 2 * s11 / (hits * misses))


@pytest.mark.parametrize("rows, digits", [(30, 9), (200, 9), (200, 1), (400, 2)])
def test_areas_and_variances_are_delongs(rows: int, digits: int) -> None:
    truth, first, second = drawn(rows, rows + digits, digits)
    areas, covariance = delong_1988(truth, first, second)
    one, other = placed(answers(truth, first)), placed(answers(truth, second))
    assert one is not None
    assert other is not None
    assert one.area == pytest.approx(roc_auc_score(truth, first), abs=1e-13)
    assert (one.area, other.area) == pytest.approx(tuple(areas), abs=1e-13)
    assert (one.variance, other.variance) == pytest.approx((covariance[0, 0], covariance[1, 1]), rel=1e-9)
    apart = one - other
    wanted = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert apart.variance == pytest.approx(wanted, rel=1e-9)
    found = difference("roc_auc", answers(truth, first), answers(truth, second), 0.95)
    assert found is not None
    assert found.value == pytest.approx(areas[0] - areas[1], abs=1e-13)
    z = abs(areas[0] - areas[1]) / math.sqrt(wanted)
    assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-7)
    assert found.low == pytest.approx(found.value - 1.959964 * math.sqrt(wanted), abs=1e-7)


def test_rows_that_belong_together_are_obuchowskis() -> None:
    truth, first, second = drawn(300, 4, 2)
    random = np.random.default_rng(1)
    for clusters in (random.integers(0, 60, 300), np.repeat(np.arange(100), 3)):
        clusters = np.unique(clusters, return_inverse=True)[1]
        one, other = placed(answers(truth, first, clusters)), placed(answers(truth, second, clusters))
        assert one is not None
        assert other is not None
        assert one.variance == pytest.approx(obuchowski_1997(truth, first, clusters), rel=1e-9)
        assert (one - other).variance > 0
    alone = placed(answers(truth, first, random.permutation(300)))
    plain = placed(answers(truth, first))
    assert alone is not None
    assert plain is not None
    assert alone.variance == pytest.approx(plain.variance, rel=1e-12)
    found = estimate("roc_auc", answers(truth, first, np.repeat(np.arange(100), 3)), 0.95)
    assert found is not None
    assert found.units == 100


def test_many_classes_are_held_against_the_rest() -> None:
    random = np.random.default_rng(2)
    truth = random.integers(0, 3, 500)
    scores = random.dirichlet([1, 1, 1], 500) * 0.7 + 0.3 * np.eye(3)[truth]
    rows = Predictions("multiclass", truth, scores.argmax(axis=1), scores, True, (0, 1, 2), 2)
    found = estimate("roc_auc", rows, 0.95)
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(truth, scores, multi_class="ovr"), abs=1e-13)
    assert found.low is not None
    assert found.high is not None
    again = [
        roc_auc_score(truth[at], scores[at], multi_class="ovr")
        for at in (random.integers(0, 500, 500) for _ in range(400))
    ]
    assert found.error == pytest.approx(float(np.std(again)), rel=0.15)
    kept = rows.where(truth != 1)
    assert estimate("roc_auc", kept, 0.95) is None


def test_near_the_edge_the_interval_keeps_within_it() -> None:
    low, high = logit_interval(0.99, 0.0001, 1.96) or (0.0, 0.0)
    assert 0.9 < low < 0.99 < high < 1
    assert logit_interval(1.0, 0.0, 1.96) is None
    assert logit_interval(0.9, math.nan, 1.96) is None


def test_a_perfect_model_is_as_sure_as_its_rarer_class_is_frequent() -> None:
    truth = np.asarray([0] * 90 + [1] * 10)
    perfect = answers(truth, np.linspace(0, 1, 100))
    found = estimate("roc_auc", perfect, 0.95)
    assert found is not None
    assert (found.value, found.method, found.units) == (1.0, "rarest", 10)
    assert (found.low, found.high) == pytest.approx(wilson(10, 10, 0.95))
    worst = estimate("roc_auc", replace(perfect, scores=perfect.scores[:, ::-1].copy()), 0.95)  # type: ignore[index]
    assert worst is not None
    assert (worst.value, worst.low) == (0.0, 0.0)
    lonely = estimate("roc_auc", answers(np.asarray([0, 0, 0, 1]), np.asarray([0.1, 0.6, 0.2, 0.5])), 0.95)
    assert lonely is not None
    assert (lonely.method, lonely.units) == ("rarest", 1)
    assert estimate("roc_auc", answers(np.zeros(5, dtype=np.int64), np.linspace(0, 1, 5)), 0.95) is None


def test_the_same_model_does_not_differ() -> None:
    truth, first, _ = drawn(100, 3)
    found = difference("roc_auc", answers(truth, first), answers(truth, first), 0.95)
    assert found is not None
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    alone = answers(np.asarray([0, 0, 0, 1]), np.asarray([0.1, 0.6, 0.2, 0.5]))
    unknown = difference("roc_auc", alone, answers(alone.truth, np.asarray([0.1, 0.2, 0.3, 0.4])), 0.95)
    assert unknown is not None
    assert unknown.low is None
