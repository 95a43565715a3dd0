"""Every metric equals the library or the published formula that defines it, and keeps the promises of the family."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from mlops_cli.measures.metrics import METRICS, unable, value_of
from mlops_cli.measures.predictions import (
    Array,
    Predictions,
    class_predictions,
    forecast_predictions,
    number_predictions,
    ranking_predictions,
)

RANDOM = np.random.default_rng(3)
ROWS, AT, LEVEL = 600, 5, 0.8
BINARY_COSTS = np.asarray([[-0.5, 1.0], [5.0, 0.25]])
MANY_COSTS = RANDOM.uniform(0, 3, (4, 4))

# Two classes, the positive one first, scores with ties
TRUTH = (RANDOM.uniform(size=ROWS) < 0.3).astype(int)
SCORE = np.round(np.clip(0.3 * TRUTH + RANDOM.uniform(0, 0.7, ROWS), 0, 1), 2)
LABEL = (SCORE > 0.45).astype(int)
# Four classes, one of them rare
MANY = RANDOM.choice(4, ROWS, p=[0.5, 0.3, 0.17, 0.03])
MANY_SCORES = 0.5 * RANDOM.dirichlet([1, 1, 1, 1], ROWS) + 0.5 * np.eye(4)[RANDOM.permutation(MANY)]
MANY_SCORES = np.where(RANDOM.uniform(size=(ROWS, 1)) < 0.6, 0.4 * np.eye(4)[MANY] + 0.6 * MANY_SCORES, MANY_SCORES)
MANY_LABEL = np.where(RANDOM.uniform(size=ROWS) < 0.9, MANY_SCORES.argmax(axis=1), 0)
# Numbers, far from 0 beside their spread, of both signs
NUMBER = RANDOM.normal(0, 30, ROWS) + np.where(RANDOM.uniform(size=ROWS) < 0.5, 1e4, -1e4)
GUESS = NUMBER + RANDOM.normal(1, 5, ROWS)
SCALE = RANDOM.uniform(1, 9, ROWS)
LOW, HIGH = GUESS - RANDOM.uniform(1, 9, ROWS), GUESS + RANDOM.uniform(1, 9, ROWS)
# Lists of 1 to 30 rows, in no order, some without a relevant row; scores without ties
QUERY = RANDOM.integers(0, 40, ROWS) ** 2 // 40
RELEVANCE = RANDOM.choice([0.0, 1.0, 2.0, 3.0], ROWS, p=[0.85, 0.07, 0.05, 0.03])
RANK_SCORE = RELEVANCE + RANDOM.normal(0, 2, ROWS)


def binary() -> Predictions:
    names = np.asarray(["yes", "no"])
    rows = class_predictions(
        names[1 - TRUTH], names[1 - LABEL], np.column_stack([SCORE, 1 - SCORE]), True, ["yes", "no"], "yes"
    )
    return replace(rows, costs=BINARY_COSTS[::-1, ::-1])


def multiclass() -> Predictions:
    return replace(class_predictions(MANY, MANY_LABEL, MANY_SCORES, True, [0, 1, 2, 3], None), costs=MANY_COSTS)


def regression() -> Predictions:
    return number_predictions(NUMBER, GUESS)


def forecast() -> Predictions:
    return forecast_predictions(NUMBER, GUESS, SCALE, LOW, HIGH, LEVEL)


def ranking() -> Predictions:
    return ranking_predictions(RELEVANCE, RANK_SCORE, np.asarray([f"q{query}" for query in QUERY]), AT)


MADE: dict[str, Predictions] = {
    "binary": binary(),
    "multiclass": multiclass(),
    "regression": regression(),
    "forecast": forecast(),
    "ranking": ranking(),
}
ASKED = [(name, task) for name, metric in METRICS.items() for task in metric.tasks]


def calibration(said: Array, so: Array) -> float:
    """Guo and others (2017), equation 3, bins ((m - 1) / 10, m / 10]."""
    total = 0.0
    for number in range(10):
        inside = (said > number / 10) & (said <= (number + 1) / 10) | ((number == 0) & (said == 0))
        if inside.any():
            total += inside.sum() / len(said) * abs(so[inside].mean() - said[inside].mean())
    return total


def naive_ratio(truth: Array, guess: Array, scale: Array) -> float:
    """Hyndman and Koehler (2006), section 3: the mean of |q|, q = e / scale."""
    return sum(abs(y - f) / s for y, f, s in zip(truth, guess, scale, strict=True)) / len(truth)


def winkler(truth: Array, low: Array, high: Array, level: float) -> float:
    """Gneiting and Raftery (2007), equation 43, averaged over the rows."""
    alpha, total = 1 - level, 0.0
    for x, bottom, top in zip(truth, low, high, strict=True):
        total += top - bottom + 2 / alpha * (bottom - x) * (x < bottom) + 2 / alpha * (x - top) * (x > top)
    return total / len(truth)


def per_query(formula: Callable[[Array, Array], float]) -> float:
    """The mean of a formula of (relevance, score) over the queries with a relevant row."""
    lists = [(RELEVANCE[rows], RANK_SCORE[rows]) for rows in (query == QUERY for query in np.unique(QUERY))]
    return float(np.mean([formula(relevance, score) for relevance, score in lists if relevance.any()]))


def best_first(relevance: Array, score: Array) -> Array:
    """Whether each row is relevant, from the highest score down."""
    return relevance[np.argsort(-score)] > 0


def gain(relevance: Array, score: Array) -> float:
    """scikit-learn's; it refuses lists of one row, which are always in the best order."""
    return float(sk.ndcg_score([relevance], [score], k=AT)) if len(relevance) > 1 else 1.0


CONFUSION = sk.confusion_matrix(TRUTH, LABEL)
MACRO = {"average": "macro"}
PARITY: dict[tuple[str, str], float] = {
    ("accuracy", "binary"): sk.accuracy_score(TRUTH, LABEL),
    ("accuracy", "multiclass"): sk.accuracy_score(MANY, MANY_LABEL),
    ("balanced_accuracy", "binary"): sk.balanced_accuracy_score(TRUTH, LABEL),
    ("balanced_accuracy", "multiclass"): sk.balanced_accuracy_score(MANY, MANY_LABEL),
    ("precision", "binary"): sk.precision_score(TRUTH, LABEL),
    ("precision", "multiclass"): sk.precision_score(MANY, MANY_LABEL, **MACRO),
    ("recall", "binary"): sk.recall_score(TRUTH, LABEL),
    ("recall", "multiclass"): sk.recall_score(MANY, MANY_LABEL, **MACRO),
    ("specificity", "binary"): sk.recall_score(TRUTH, LABEL, pos_label=0),
    ("false_positive_rate", "binary"): CONFUSION[0, 1] / CONFUSION[0].sum(),
    ("false_negative_rate", "binary"): CONFUSION[1, 0] / CONFUSION[1].sum(),
    ("f1", "binary"): sk.f1_score(TRUTH, LABEL),
    ("f1", "multiclass"): sk.f1_score(MANY, MANY_LABEL, **MACRO),
    ("mcc", "binary"): sk.matthews_corrcoef(TRUTH, LABEL),
    ("mcc", "multiclass"): sk.matthews_corrcoef(MANY, MANY_LABEL),
    ("kappa", "binary"): sk.cohen_kappa_score(TRUTH, LABEL),
    ("kappa", "multiclass"): sk.cohen_kappa_score(MANY, MANY_LABEL),
    ("selection_rate", "binary"): LABEL.mean(),
    ("cost", "binary"): (CONFUSION * BINARY_COSTS).sum() / ROWS,
    ("cost", "multiclass"): (sk.confusion_matrix(MANY, MANY_LABEL) * MANY_COSTS).sum() / ROWS,
    ("roc_auc", "binary"): sk.roc_auc_score(TRUTH, SCORE),
    ("roc_auc", "multiclass"): sk.roc_auc_score(MANY, MANY_SCORES, multi_class="ovr"),
    ("average_precision", "binary"): sk.average_precision_score(TRUTH, SCORE),
    ("log_loss", "binary"): sk.log_loss(TRUTH, SCORE),
    ("log_loss", "multiclass"): sk.log_loss(MANY, MANY_SCORES),
    ("brier", "binary"): sk.brier_score_loss(TRUTH, SCORE),
    ("brier", "multiclass"): ((MANY_SCORES - np.eye(4)[MANY]) ** 2).sum(axis=1).mean(),
    ("ece", "binary"): calibration(SCORE, TRUTH),
    ("ece", "multiclass"): calibration(MANY_SCORES.max(axis=1), MANY_SCORES.argmax(axis=1) == MANY),
    ("calibration_bias", "binary"): SCORE.mean() - TRUTH.mean(),
    ("mae", "regression"): sk.mean_absolute_error(NUMBER, GUESS),
    ("rmse", "regression"): sk.root_mean_squared_error(NUMBER, GUESS),
    ("r2", "regression"): sk.r2_score(NUMBER, GUESS),
    ("bias", "regression"): np.mean(GUESS - NUMBER),
    ("mape", "regression"): sk.mean_absolute_percentage_error(NUMBER, GUESS),
    ("smape", "regression"): np.mean(2 * np.abs(NUMBER - GUESS) / (np.abs(NUMBER) + np.abs(GUESS))),
    ("wape", "regression"): np.abs(NUMBER - GUESS).sum() / np.abs(NUMBER).sum(),
    ("mase", "forecast"): naive_ratio(NUMBER, GUESS, SCALE),
    ("coverage", "forecast"): ((LOW <= NUMBER) & (NUMBER <= HIGH)).mean(),
    ("interval_score", "forecast"): winkler(NUMBER, LOW, HIGH, LEVEL),
    ("ndcg", "ranking"): per_query(gain),
    ("map", "ranking"): per_query(lambda relevance, score: sk.average_precision_score(relevance > 0, score)),
    ("mrr", "ranking"): per_query(lambda *of: 1 / (1 + best_first(*of).argmax())),
    ("hit_rate", "ranking"): per_query(lambda *of: best_first(*of)[:AT].any()),
    ("precision_at_k", "ranking"): per_query(lambda *of: best_first(*of)[:AT].sum() / AT),
    ("recall_at_k", "ranking"): per_query(lambda *of: best_first(*of)[:AT].sum() / best_first(*of).sum()),
}
PARITY |= {(name, "forecast"): value for (name, task), value in PARITY.items() if task == "regression"}


def units_of(rows: Predictions, count: int) -> Array:
    """Some units of rows; those of a ranking hold whole queries."""
    return (
        rows.clusters % count if rows.clusters is not None else np.random.default_rng(5).integers(0, count, len(rows))
    )


def picked(rows: Predictions, places: Array) -> Predictions:
    """Rows at some places, again where a place comes again."""
    return rows.where(places)


def close(found: float | None, wanted: float) -> bool:
    return found is not None and found == pytest.approx(wanted, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize(("name", "task"), ASKED)
def test_it_equals_what_defines_it(name: str, task: str) -> None:
    assert unable(name, MADE[task]) is None
    assert close(value_of(name, MADE[task]), PARITY[name, task])


def test_there_is_no_definition_of_what_there_is_not() -> None:
    assert set(PARITY) == set(ASKED)


@pytest.mark.parametrize(("name", "task"), ASKED)
def test_it_is_in_its_range_and_says_what_is_better(name: str, task: str) -> None:
    metric, value = METRICS[name], value_of(name, MADE[task])
    assert value is not None and metric.least <= value <= metric.most
    assert metric.name == name and metric.better in (-1, 0, 1)
    assert (metric.ranked is None) == (metric.parts is not None) == (metric.value is not None)


@pytest.mark.parametrize(("name", "task"), ASKED)
def test_the_order_of_the_rows_does_not_matter(name: str, task: str) -> None:
    rows, value = MADE[task], value_of(name, MADE[task])
    assert value is not None
    assert close(value_of(name, picked(rows, np.random.default_rng(1).permutation(len(rows)))), value)


SUMMED = [(name, task) for name, task in ASKED if METRICS[name].parts is not None]


@pytest.mark.parametrize(("name", "task"), SUMMED)
def test_the_sums_of_units_are_those_of_their_rows(name: str, task: str) -> None:
    rows, metric = MADE[task], METRICS[name]
    units = units_of(rows, 7)
    assert metric.parts is not None and metric.value is not None
    parts = metric.parts(rows)
    sums = parts.by(units, 8)  # the last unit has no rows
    assert sums.shape == (8, parts.size) and parts.total().shape == (parts.size,)
    np.testing.assert_allclose(sums.sum(axis=0), parts.total(), rtol=1e-9, atol=1e-9)
    assert not sums[7].any()
    values = metric.value(sums)
    assert values.shape == (8,)
    for unit in range(7):
        assert values[unit] == pytest.approx(value_of(name, rows.where(units == unit)), rel=1e-9, abs=1e-12)
    assert np.isnan(values[7]) or values[7] == 0


@pytest.mark.parametrize(("name", "task"), SUMMED)
def test_a_sum_of_weighted_units_is_the_metric_of_rows_drawn_again(name: str, task: str) -> None:
    rows, metric = MADE[task], METRICS[name]
    units = rows.clusters if rows.clusters is not None else np.arange(len(rows))
    count = int(units.max()) + 1
    drawn = np.random.default_rng(2).integers(0, count, (3, count))
    weights = np.stack([np.bincount(one, minlength=count) for one in drawn]).astype(float)
    assert metric.parts is not None and metric.value is not None
    found = metric.value(weights @ metric.parts(rows).by(units, count))
    for one, value in zip(drawn, found, strict=True):
        places = [np.flatnonzero(units == unit) for unit in one]
        again = picked(rows, np.concatenate(places))
        if rows.clusters is not None:  # a query that is drawn twice is two queries
            again = replace(again, clusters=np.repeat(np.arange(count), [len(place) for place in places]))
        assert value == pytest.approx(value_of(name, again), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "task"), [(name, task) for name, task in ASKED if METRICS[name].share is not None])
def test_a_share_is_the_share_that_it_says(name: str, task: str) -> None:
    found = METRICS[name].hits(MADE[task])
    if task == "multiclass" and name != "accuracy":
        assert found is None
    else:
        assert found is not None and found[0] / found[1] == pytest.approx(PARITY[name, task], rel=1e-15)


@pytest.mark.parametrize(("name", "task"), ASKED)
def test_no_rows_have_no_value(name: str, task: str) -> None:
    rows = MADE[task].where(np.zeros(ROWS, dtype=bool))
    assert value_of(name, rows) is None


def test_the_spec_knows_the_same_metrics() -> None:
    from mlops_cli.spec.metrics import METRICS as WORDS

    assert list(METRICS) == list(WORDS)


def test_many_classes_need_no_whole_matrix() -> None:
    random = np.random.default_rng(4)
    for many in (33, 40, 100):  # 3 x 40 + 1 is a square
        truth, other = random.integers(0, many, 2000), random.integers(0, many, 2000)
        label = np.where(random.uniform(size=2000) < 0.5, truth, other)
        rows = class_predictions(truth, label, None, False, list(range(many)), None)
        assert close(value_of("f1", rows), sk.f1_score(truth, label, average="macro"))
        assert close(value_of("balanced_accuracy", rows), sk.balanced_accuracy_score(truth, label))
        assert close(value_of("mcc", rows), sk.matthews_corrcoef(truth, label))
        assert close(value_of("kappa", rows), sk.cohen_kappa_score(truth, label))
        matrix = METRICS["precision"].parts
        assert matrix is not None
        units = np.arange(2000) % 9
        assert matrix(rows).by(units, 9).sum(axis=0).tolist() == matrix(rows).total().tolist()
        assert matrix(rows).by(units, 9)[4].tolist() == matrix(rows.where(units == 4)).total().tolist()
