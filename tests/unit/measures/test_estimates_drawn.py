"""Intervals from resamples: sums by unit say what rows would say, and equal input gives equal bytes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from mlops_cli.measures import resampling
from mlops_cli.measures.average import average_precision, ordered
from mlops_cli.measures.bca import evaluated
from mlops_cli.measures.estimates import Estimate, difference, estimate
from mlops_cli.measures.metrics import METRICS, Parts, unable, value_of
from mlops_cli.measures.predictions import (
    Array,
    Floats,
    Predictions,
    forecast_predictions,
    number_predictions,
    ranking_predictions,
)
from mlops_cli.measures.resampling import ByCell, ByUnit, Units, crossed, drawable, sums, times, units_of


def binary(rows: int, seed: int = 0, noise: float = 0.5) -> Predictions:
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    truth = (random.uniform(size=rows) < 1 / (1 + np.exp(1 - x))).astype(np.int64)
    score = 1 / (1 + np.exp(1 - x - noise * random.normal(size=rows)))
    scores = np.column_stack([1 - score, score])
    costs = np.asarray([[0.0, 1.0], [5.0, 0.0]])
    return Predictions("binary", truth, (score > 0.4).astype(np.int64), scores, True, (0, 1), 1, costs=costs)


def multiclass(rows: int, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, rows)
    scores = random.dirichlet([1, 1, 1, 1], rows) * 0.6 + 0.4 * np.eye(4)[truth]
    costs = 1.0 - np.eye(4)
    return Predictions("multiclass", truth, scores.argmax(axis=1), scores, True, (0, 1, 2, 3), 3, costs=costs)


def numbers(rows: int, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    truth = random.normal(10, 3, rows)
    return number_predictions(truth, truth + random.standard_t(5, rows))


def forecast(rows: int, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    truth = random.normal(10, 3, rows)
    label = truth + random.normal(0, 1, rows)
    return forecast_predictions(truth, label, np.full(rows, 2.0), label - 1.5, label + 1.5, 0.9)


def ranking(rows: int, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    truth = random.choice([0.0, 1.0, 2.0], rows, p=[0.7, 0.2, 0.1])
    return ranking_predictions(truth, truth + random.normal(0, 2, rows), np.arange(rows) // 8, 3)


MAKERS: tuple[Callable[[int, int], Predictions], ...] = (binary, multiclass, numbers, forecast, ranking)
ASKED = [(make, name) for make in MAKERS for name, metric in METRICS.items() if unable(name, make(40, 0)) is None]


@pytest.mark.parametrize("make, name", ASKED, ids=[f"{make.__name__}-{name}" for make, name in ASKED])
def test_every_metric_has_an_interval_and_a_difference(make: Callable[[int, int], Predictions], name: str) -> None:
    rows, other = make(400, 1), make(400, 2)
    other = replace(other, truth=rows.truth)
    found, apart, same = (
        estimate(name, rows, 0.95),
        difference(name, rows, other, 0.95),
        difference(name, rows, rows, 0.9),
    )
    assert found is not None
    assert apart is not None
    assert same is not None
    assert found.value == pytest.approx(value_of(name, rows), rel=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert METRICS[name].least <= found.low
    assert found.high <= METRICS[name].most
    now, before = value_of(name, rows), value_of(name, other)
    assert now is not None
    assert before is not None
    assert apart.value == pytest.approx((METRICS[name].better or 1) * (now - before), abs=1e-9)
    assert apart.p is not None
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("name", ["f1", "log_loss", "ece", "average_precision", "cost", "roc_auc", "accuracy"])
def test_equal_input_gives_equal_bytes_whatever_was_asked_before(name: str) -> None:
    rows, others = binary(700), binary(900, 5)
    first = estimate(name, rows, 0.95), difference(name, rows, replace(binary(700, 1), truth=rows.truth), 0.95)
    resampling.times.cache_clear()
    resampling.dealt.cache_clear()
    for asked in ("log_loss", "f1", "average_precision"):
        estimate(asked, others, 0.9)
    again = estimate(name, rows, 0.95), difference(name, rows, replace(binary(700, 1), truth=rows.truth), 0.95)
    assert repr(again) == repr(first)


def spread(name: str, rows: Predictions, units: Units) -> float:
    """The standard deviation of a metric over resamples of these units."""
    metric = METRICS[name]
    assert metric.parts is not None
    assert metric.value is not None
    formula = metric.value
    return float(np.std(evaluated(lambda block: formula(block[0]), ByUnit((sums(metric.parts(rows), units),)).draws())))


@pytest.mark.parametrize("name", ["log_loss", "brier", "calibration_bias", "cost", "f1"])
def test_groups_of_rows_vary_as_rows_do(name: str) -> None:
    rows = binary(6000, 3)
    order = np.argsort(rows.truth, kind="stable")  # sorted data must not matter: rows are dealt at random
    rows = replace(rows.where(order), costs=rows.costs)
    groups = units_of(rows)
    assert (groups.drawn, groups.count) == (resampling.GROUPS, 6000)
    assert np.bincount(groups.of).tolist() == [3] * 2000  # type: ignore[arg-type]
    assert spread(name, rows, groups) == pytest.approx(spread(name, rows, Units(None, 6000, 6000)), rel=0.08)


def test_cells_vary_as_rows_do() -> None:
    rows = binary(3000, 4)
    metric = METRICS["f1"]
    assert metric.parts is not None
    assert metric.value is not None
    formula, part = metric.value, metric.parts(rows)
    source = drawable([part], units_of(rows), clustered=False)
    assert isinstance(source, ByCell)
    cells = evaluated(lambda block: formula(block[0]), source.draws())
    assert float(np.std(cells)) == pytest.approx(spread("f1", rows, units_of(rows)), rel=0.08)
    left = evaluated(lambda block: formula(block[0]), source.without())
    each = ByUnit((sums(part, units_of(rows)),))
    alone = evaluated(lambda block: formula(block[0]), each.without())
    assert source.often is not None
    assert float(left @ source.often) == pytest.approx(float(alone.sum()), rel=1e-12)


def test_both_models_are_drawn_on_the_same_rows() -> None:
    rows = multiclass(500)
    part = METRICS["f1"].parts(rows)  # type: ignore[misc]
    other = METRICS["f1"].parts(replace(multiclass(500, 1), truth=rows.truth))  # type: ignore[misc]
    source = drawable([part, other], units_of(rows), clustered=False)
    for first, second in source.draws():
        assert np.array_equal(first.reshape(-1, 4, 4).sum(axis=2), second.reshape(-1, 4, 4).sum(axis=2))
        assert (first.sum(axis=1) == 500).all()
    big = Parts(5000, cells=np.arange(5000))
    assert crossed([big.cells], [5000]) is None  # type: ignore[list-item]
    wide = Parts(2000, cells=np.arange(2000))
    table = crossed([wide.cells, wide.cells], [2000, 2000])  # type: ignore[list-item]
    assert table is not None
    assert np.array_equal(table.cells[0], table.cells[1])


def test_bca_is_scipys() -> None:
    rows = numbers(60, 7)
    found = estimate("rmse", rows, 0.95)
    assert found is not None
    error = (rows.truth - rows.label) ** 2
    wanted = stats.bootstrap(
        (error,), lambda x, axis: np.sqrt(np.mean(x, axis=axis)), n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert found.low is not None
    assert found.high is not None
    width = wanted.high - wanted.low  # ours are wider by Student's correction for 60 units: 3 %
    assert found.low == pytest.approx(wanted.low, abs=0.08 * width)
    assert found.high == pytest.approx(wanted.high, abs=0.12 * width)


def test_average_precision_by_place_is_exact_and_drawn_as_rows_are() -> None:
    for digits in (1, 2, 9):
        rows = binary(800, digits)
        assert rows.scores is not None
        rows = replace(rows, scores=np.round(rows.scores, digits))
        assert rows.scores is not None
        parts = ordered(rows)
        wanted = average_precision_score(rows.truth, rows.scores[:, 1])
        assert float(average_precision([parts[0].total()])) == pytest.approx(wanted, abs=1e-12)
    assert rows.scores is not None
    found, score = estimate("average_precision", rows, 0.95), rows.scores[:, 1]
    assert found is not None
    random = np.random.default_rng(3)
    again = [
        average_precision_score(rows.truth[at], score[at]) for at in (random.integers(0, 800, 800) for _ in range(500))
    ]
    assert found.error == pytest.approx(float(np.std(again)), rel=0.12)
    many = binary(30_000, 9)
    large = estimate("average_precision", many, 0.95)
    assert large is not None
    assert large.low is not None
    assert large.high is not None
    assert large.low < large.value < large.high
    assert many.scores is not None
    assert large.value == pytest.approx(average_precision_score(many.truth, many.scores[:, 1]), abs=1e-12)


def test_clusters_are_drawn_whole() -> None:
    rows = binary(400, 1)
    doubled = replace(
        rows,
        truth=np.repeat(rows.truth, 5),
        label=np.repeat(rows.label, 5),
        scores=np.repeat(rows.scores, 5, axis=0),  # type: ignore[arg-type]
        clusters=np.repeat(np.arange(400), 5),
    )
    for name in ("f1", "log_loss", "roc_auc", "average_precision", "ece", "precision", "accuracy"):
        one, many = estimate(name, rows, 0.95), estimate(name, doubled, 0.95)
        assert one is not None
        assert many is not None
        assert many.value == pytest.approx(one.value, rel=1e-12)
        assert (many.units, many.n) == (400, 2000)
        assert many.error == pytest.approx(one.error, rel=0.1)
    rows = replace(binary(12_000, 2), clusters=np.arange(12_000) // 2)
    assert (units_of(rows).drawn, units_of(rows).count) == (resampling.GROUPS, 6000)
    found = estimate("f1", rows, 0.95)
    assert found is not None
    assert found.units == 6000


def test_where_nothing_varies() -> None:
    truth = np.asarray([0] * 40 + [1] * 8)
    perfect = Predictions("binary", truth, truth, np.eye(2)[truth], True, (0, 1), 1)
    found = estimate("f1", perfect, 0.95)
    assert found is not None
    assert (found.value, found.high, found.method, found.units) == (1.0, 1.0, "rarest", 8)
    assert found.low is not None
    assert found.low < 0.7
    grouped = estimate("mcc", replace(perfect, clusters=np.arange(48) // 4), 0.95)
    assert grouped is not None
    assert grouped.units == 2
    exact = estimate("mae", number_predictions(truth.astype(float), truth.astype(float)), 0.95)
    assert exact == Estimate(0.0, 48, None, None, 0.95, "fixed", 48)
    assert (exact.chance(0.1, -1), exact.chance(-0.1, -1)) == (1.0, 0.0)
    calibrated = estimate("ece", perfect, 0.95)
    assert calibrated is not None
    assert (calibrated.low, calibrated.method, calibrated.units) == (0.0, "rarest", 8)
    empty = perfect.where(np.zeros(48, dtype=bool))
    assert estimate("f1", empty, 0.95) is None
    assert difference("f1", empty, empty, 0.95) is None
    none = replace(perfect, truth=np.zeros(48, dtype=np.int64))
    assert estimate("recall", none, 0.95) is None
    assert difference("recall", none, none, 0.95) is None
    called = estimate("precision", replace(perfect, label=np.zeros(48, dtype=np.int64)), 0.95)
    assert called is not None
    assert called.value == 0.0


def test_a_value_that_few_resamples_have() -> None:
    truth = np.asarray([0.0] + [1.0] * 2)
    found = estimate("r2", number_predictions(truth, truth + 0.1), 0.95)
    assert found is not None
    assert (found.low, found.method) == (None, "fixed")
    rare = np.zeros(400)
    rare[:1] = 3.0
    label: Floats = rare + 0.1
    lonely = estimate("mape", number_predictions(rare + 1, label + 1), 0.95)
    assert lonely is not None
    assert lonely.low is not None


def test_draws_are_counts_of_units() -> None:
    counts: Array = times(50)
    assert counts.shape == (resampling.RESAMPLES, 50)
    assert (counts.sum(axis=1) == 50).all()
    assert float(counts.var()) == pytest.approx(1 - 1 / 50, rel=0.03)


@pytest.mark.parametrize("make", MAKERS, ids=[make.__name__ for make in MAKERS])
def test_a_handful_of_rows_breaks_nothing(make: Callable[[int, int], Predictions]) -> None:
    """There is an estimate exactly where there is a value, its ends are numbers in order, and chances are chances."""
    for rows in (1, 2, 3, 5, 9, 30):
        first, other = make(rows, rows), make(rows, rows + 50)
        other = replace(other, truth=first.truth)
        if make is not ranking and rows > 3:
            groups = np.arange(rows) // 2
            first, other = replace(first, clusters=groups), replace(other, clusters=groups)
        for name in (name for name in METRICS if unable(name, first) is None):
            found, apart = estimate(name, first, 0.95), difference(name, first, other, 0.95)
            both = value_of(name, first) is not None and value_of(name, other) is not None
            assert (found is not None) == (value_of(name, first) is not None)
            assert (apart is not None) == both
            for item in (found, apart):
                if item is not None and item.low is not None and item.high is not None:
                    assert -np.inf < item.low <= item.high < np.inf
                    assert all(0 <= item.chance(bound, sign) <= 1 for bound in (0.0, 0.5, 1.0) for sign in (1, -1))


@pytest.mark.parametrize("size", [1e-200, 1e15, 1e200])
def test_numbers_of_any_size(size: float) -> None:
    rows = numbers(50)
    scaled = number_predictions(rows.truth * size, rows.label * size)
    plain, found = estimate("mae", rows, 0.95), estimate("mae", scaled, 0.95)
    assert plain is not None
    assert found is not None
    assert plain.low is not None
    assert found.low is not None
    assert found.low / size == pytest.approx(plain.low, rel=1e-9)
