"""Intervals hold the truth as often as they say, and models that are equally good are rarely called better.

Fixed seeds: a method that is off fails always, and one that is right never.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mlops_cli.measures.estimates import difference, estimate
from mlops_cli.measures.metrics import value_of
from mlops_cli.measures.predictions import Floats, Predictions, number_predictions

TRIALS = 1000
PAIRS = 500
CLASSES = ("accuracy", "recall", "precision", "roc_auc", "f1", "log_loss", "brier", "balanced_accuracy", "mcc")
NUMBERS = ("mae", "rmse", "r2")
BAND = (0.93, 0.97)


def classifier(random: np.random.Generator, rows: int, noise: float = 0.3, shared: Floats | None = None) -> Predictions:
    """Answers of a model that is not quite calibrated; `shared` (2, rows) is what it sees of a row, and what it does not
    see."""
    x, unseen = (random.normal(size=rows), np.zeros(rows)) if shared is None else shared
    truth = (random.uniform(size=rows) < 1 / (1 + np.exp(0.8 - 1.5 * x - unseen))).astype(np.int64)
    score = 1 / (1 + np.exp(0.6 - 1.3 * (x + noise * random.normal(size=rows))))
    scores = np.column_stack([1 - score, score])
    return Predictions("binary", truth, (score > 0.5).astype(np.int64), scores, True, (0, 1), 1)


def guesser(random: np.random.Generator, rows: int) -> Predictions:
    """Answers in a regression with errors that have longer tails than normal ones."""
    x = random.normal(size=rows)
    error = random.normal(size=rows) * np.exp(0.3 * random.normal(size=rows))
    return number_predictions(3 * x + error, 2.9 * x + 0.1)


@cache
def truths() -> dict[str, float]:
    """What the metrics are on two million rows."""
    big, numbers = classifier(np.random.default_rng(99), 2_000_000), guesser(np.random.default_rng(99), 2_000_000)
    found = {name: value_of(name, big) for name in CLASSES} | {name: value_of(name, numbers) for name in NUMBERS}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("rows", [300, 900])
@pytest.mark.parametrize("name", CLASSES + NUMBERS)
def test_intervals_hold_the_truth(name: str, rows: int) -> None:
    random, make, held = np.random.default_rng(5), guesser if name in NUMBERS else classifier, 0
    for _ in range(TRIALS):
        found = estimate(name, make(random, rows), 0.95)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truths()[name] <= found.high
    assert BAND[0] <= held / TRIALS <= BAND[1]


def test_average_precision_holds_the_truth() -> None:
    random, held = np.random.default_rng(6), 0
    wanted = value_of("average_precision", classifier(np.random.default_rng(99), 1_000_000))
    assert wanted is not None
    for _ in range(400):
        found = estimate("average_precision", classifier(random, 300), 0.95)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= wanted <= found.high
    assert BAND[0] <= held / 400 <= BAND[1]


def calibrated(random: np.random.Generator, rows: int, stretch: float) -> Predictions:
    """Answers whose logits are too large by a factor."""
    logit = 1.5 * random.normal(size=rows) - 0.8
    truth = (random.uniform(size=rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    score = 1 / (1 + np.exp(-stretch * logit))
    scores = np.column_stack([1 - score, score])
    return Predictions("binary", truth, (score > 0.5).astype(np.int64), scores, True, (0, 1), 1)


@pytest.mark.parametrize("stretch", [1.0, 1.4, 2.0])
def test_a_calibration_error_is_not_seen_where_there_is_none(stretch: float) -> None:
    """On the safe side: chance always adds to it, and what it adds is not known to the last digit."""
    random, above, below = np.random.default_rng(7), 0, 0
    true = value_of("ece", calibrated(np.random.default_rng(99), 2_000_000, stretch))
    assert true is not None
    for _ in range(PAIRS):
        found = estimate("ece", calibrated(random, 500, stretch), 0.95)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        above += found.low > true
        below += found.high < true
    assert above / PAIRS <= 0.05
    assert below / PAIRS <= 0.05


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss", "f1"])
def test_rows_that_belong_together_need_wider_intervals(name: str) -> None:
    """80 households of 8, whose rows are alike in what a model sees of them, and in what it does not see."""
    random = np.random.default_rng(2)
    households = np.repeat(np.arange(80), 8)

    def drawn(source: np.random.Generator, count: int) -> Predictions:
        return classifier(
            source, 8 * count, shared=np.repeat(source.normal(size=(2, count)), 8, axis=1) * [[1.0], [1.8]]
        )

    true = value_of(name, drawn(np.random.default_rng(99), 250_000))
    assert true is not None
    held = [0, 0]
    for _ in range(PAIRS):
        rows = drawn(random, 80)
        for at, clusters in enumerate((households, None)):
            found = estimate(name, replace(rows, clusters=clusters), 0.95)
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            held[at] += found.low <= true <= found.high
    assert BAND[0] <= held[0] / PAIRS <= BAND[1]
    assert held[1] / PAIRS < BAND[0]


@pytest.mark.parametrize("name", ["accuracy", "recall", "roc_auc", "log_loss", "f1", "brier"])
def test_a_model_that_is_no_better_is_rarely_called_better(name: str) -> None:
    random, better = np.random.default_rng(3), 0
    for _ in range(PAIRS):
        x = random.normal(size=400)
        truth = (random.uniform(size=400) < 1 / (1 + np.exp(0.8 - 1.5 * x))).astype(np.int64)
        pair = []
        for _ in range(2):
            score = 1 / (1 + np.exp(0.6 - 1.3 * (x + 0.6 * random.normal(size=400))))
            scores = np.column_stack([1 - score, score])
            pair.append(Predictions("binary", truth, (score > 0.5).astype(np.int64), scores, True, (0, 1), 1))
        found = difference(name, pair[0], pair[1], 0.95)
        assert found is not None
        assert found.low is not None
        better += found.low > 0
    assert better / PAIRS <= 0.07
