"""Intervals, tests and corrections equal the examples that were published for them."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from mlops_cli.measures.bca import wider
from mlops_cli.measures.distances import newcombe
from mlops_cli.measures.estimates import Estimate, estimate, gap, quotient
from mlops_cli.measures.measured import rows_needed
from mlops_cli.measures.multiplicity import benjamini_hochberg, holm
from mlops_cli.measures.predictions import Predictions
from mlops_cli.measures.shares import fair_tail, mcnemar, share_score, tango, tango_score, wilson
from mlops_cli.measures.shrinkage import drawn_shares, drawn_values, shrunken


def share(hits: int, rows: int, confidence: float = 0.95) -> Estimate:
    return Estimate(hits / rows, rows, *wilson(hits, rows, confidence), confidence, "wilson", rows)


def test_wilson() -> None:
    assert wilson(8, 10, 0.95) == pytest.approx((0.490, 0.943), abs=5e-4)
    wanted = stats.binomtest(37, 50).proportion_ci(0.9, method="wilson")
    assert wilson(37, 50, 0.9) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert wilson(0, 0, 0.95) == (0.0, 1.0)


def test_mcnemar_on_the_ratings_of_a_prime_minister() -> None:
    # Agresti, Categorical Data Analysis: 150 changed to disapproval, 86 to approval, of 1,600. chi2 = 17.36,
    # exact p 3.7e-5; the interval of the difference is (0.02, 0.06).
    assert tango_score(150, 86, 1600, 0.0) ** 2 == pytest.approx(17.36, abs=5e-3)
    assert 2 * fair_tail(86, 236)[0] == pytest.approx(3.7e-5, abs=5e-7)
    assert 2 * fair_tail(86, 236)[0] == pytest.approx(stats.binomtest(86, 236).pvalue, rel=1e-9)
    assert mcnemar(150, 86) == pytest.approx(stats.binomtest(86, 236).pvalue - stats.binom.pmf(86, 236, 0.5), rel=1e-9)
    assert tango(150, 86, 1600, 0.95) == pytest.approx((0.021, 0.059), abs=5e-4)


def test_tango_and_mcnemar_on_airways_before_and_after() -> None:
    # Bentur et al. (2009) in Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014): 1 and 7 of 21 differ.
    assert tango(7, 1, 21, 0.95) == pytest.approx((0.026, 0.517), abs=5e-4)
    assert mcnemar(7, 1) == pytest.approx(0.0703, abs=5e-5)  # exact, as only 8 differ
    assert 2 * fair_tail(1, 8)[0] - fair_tail(1, 8)[1] == pytest.approx(0.0391, abs=5e-5)  # mid-p
    assert tango_score(7, 1, 21, 0.0) ** 2 == pytest.approx(4.5)
    assert mcnemar(0, 0) == mcnemar(40, 40) == 1.0
    assert 0 < mcnemar(60_000, 58_000) < 1e-6


@pytest.mark.parametrize("wins, losses, rows", [(12, 5, 60), (0, 4, 30), (30, 31, 1000)])
def test_the_ends_of_tango_are_those_of_the_likeliest_nuisance_parameter(wins: int, losses: int, rows: int) -> None:
    for end in tango(wins, losses, rows, 0.95):

        def against(lost: float, end: float = end) -> float:
            cells = (lost + end, lost, 1 - 2 * lost - end)
            counts = (wins, losses, rows - wins - losses)
            return -sum(count * math.log(max(cell, 1e-300)) for count, cell in zip(counts, cells, strict=True))

        lost = optimize.minimize_scalar(
            against, bounds=(max(0.0, -end), (1 - end) / 2), method="bounded", options={"xatol": 1e-13}
        ).x
        score = (wins - losses - rows * end) / math.sqrt(rows * (2 * lost + end * (1 - end)))
        assert abs(score) == pytest.approx(1.959964, abs=1e-3)


def test_the_difference_of_two_shares_is_newcombes() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80.
    found = gap(share(56, 70), share(48, 80))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (found.low, found.high) == pytest.approx(newcombe(56, 70, 48, 80), abs=1e-12)


def test_the_ratio_of_two_shares_is_where_the_difference_may_be_nothing() -> None:
    low, high = share(12, 60), share(30, 70)
    found = quotient(low, high)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    for ratio, side in ((found.low, 1), (found.high, -1)):
        assert low.low is not None
        assert low.high is not None
        assert high.low is not None
        assert high.high is not None
        first = low.value - (low.low if side > 0 else low.high)
        second = (high.high if side > 0 else high.low) - high.value
        assert low.value - ratio * high.value == pytest.approx(side * math.hypot(first, ratio * second), abs=1e-12)
    assert quotient(low, share(0, 10)) is None
    nothing = quotient(share(0, 20), share(1, 20))
    assert nothing is not None
    assert nothing.low == 0.0
    unsure = quotient(low, Estimate(0.1, 9, -0.1, 0.3, 0.95, "bca", 9))
    assert unsure is not None
    assert unsure.high == math.inf


def test_the_chance_of_keeping_a_bound_agrees_with_the_interval() -> None:
    found = share(83, 100)
    assert found.low is not None
    assert found.high is not None
    assert found.chance(found.high, 1) == pytest.approx(0.025, abs=1e-9)
    assert found.chance(found.low, -1) == pytest.approx(0.025, abs=1e-9)
    assert found.chance(0.9, 1) == pytest.approx(stats.norm.cdf((0.83 - 0.9) / 0.03), rel=1e-9)
    assert found.chance(0.83, 1) == 0.5
    assert found.chance(1.0, 1) == 0.0
    assert share_score(1.0, 10, 1.0) == 0.0
    area = Estimate(0.9, 200, 0.84, 0.94, 0.95, "delong", 200)
    assert area.chance(0.84, -1) + area.chance(0.84, 1) == pytest.approx(1.0)
    assert area.chance(0.84, -1) < 0.025 + 0.01
    assert area.chance(1.0, 1) == 0.0
    assert area.chance(0.0, 1) == 1.0
    biased = Estimate(0.5, 200, 0.1, 0.4, 0.95, "bca", 200)
    assert biased.chance(0.4, 1) == pytest.approx(0.025)
    assert Estimate(0.5, 2, None, None, 0.95, "percentile", 2).chance(0.4, -1) == 1.0
    assert Estimate(0.5, 2, 0.5, 0.5, 0.95, "fixed", 2).chance(0.6, 1) == 0.0


def test_so_many_rows_would_do() -> None:
    found = share(85, 100)
    side = found.value - (found.low or 0.0)
    wanted = rows_needed(found.n, side, 0.05)
    assert wanted > 100
    low, _ = wilson(0.85 * wanted, wanted, 0.95)
    assert low == pytest.approx(0.8, abs=0.01)
    assert rows_needed(found.n, side, 0.65) == 101
    assert rows_needed(found.n, side, 0.0) == 10**12


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_small_slices_are_drawn_towards_the_whole() -> None:
    drawn = drawn_shares([9, 2, 700, 300, 0], [10, 10, 1000, 1000, 0], 0.5)
    assert 0.5 < drawn[0] < 0.9
    assert 0.2 < drawn[1] < 0.5
    assert drawn[2] == pytest.approx(0.7, abs=0.01)
    assert drawn[4] == 0.5
    assert drawn_shares([52, 48, 50], [100, 100, 100], 0.5) == [0.5, 0.5, 0.5]  # no more than chance
    values = drawn_values([1.0, 5.0, 3.0, 9.0], [0.1, 0.1, math.inf, 0.0], 3.0)
    assert values[0] == pytest.approx(1.0, abs=0.02)
    assert values[2] == 3.0
    assert values[3] == 9.0
    assert shrunken([share(90, 100), share(10, 100)], share(100, 200)) == pytest.approx([0.9, 0.1], abs=0.02)


def test_drawing_in_comes_nearer_to_the_truth() -> None:
    random = np.random.default_rng(8)
    true = random.beta(20, 5, 300)
    rows = random.integers(5, 40, 300)
    hits = random.binomial(rows, true)
    drawn = np.asarray(drawn_shares(hits.tolist(), rows.tolist(), float(hits.sum() / rows.sum())))
    assert np.mean((drawn - true) ** 2) < 0.6 * np.mean((hits / rows - true) ** 2)


@pytest.mark.parametrize("units", [8, 20, 200])
def test_few_units_widen_an_interval_as_students_t_does(units: int) -> None:
    wanted = stats.t.ppf(0.975, units - 1) * math.sqrt(units / (units - 1))
    assert wider(1.959964, units) == pytest.approx(wanted, rel=1e-3)


# By Fairlearn 0.15.0 on these rows: demographic_parity_difference and _ratio, equal_opportunity_difference and _ratio,
# equalized_odds_difference and _ratio (the worse of the two rates).
FAIRLEARN = {
    "selection_rate": (0.10475864429989729, 0.7888198757763976),
    "recall": (0.17370892018779338, 0.7394366197183099),
}
EQUALIZED = (0.17370892018779338, 0.6770833333333333)


def test_the_distance_between_slices_is_fairlearns() -> None:
    random = np.random.default_rng(11)
    group = random.integers(0, 3, 400)
    truth = (random.uniform(size=400) < 0.3 + 0.1 * group).astype(np.int64)
    label = (random.uniform(size=400) < np.where(truth == 1, 0.7 - 0.1 * group, 0.25 + 0.05 * group)).astype(np.int64)
    gaps, ratios = {}, {}
    for name in ("selection_rate", "recall", "false_positive_rate"):
        parts = [
            estimate(name, Predictions("binary", truth[group == at], label[group == at], None, False, (0, 1)), 0.95)
            for at in range(3)
        ]
        found = sorted((part for part in parts if part is not None), key=lambda part: part.value)
        ratio = quotient(found[0], found[-1])
        assert ratio is not None
        gaps[name], ratios[name] = gap(found[-1], found[0]).value, ratio.value
    for name, (wanted, share_) in FAIRLEARN.items():
        assert gaps[name] == pytest.approx(wanted, abs=1e-15)
        assert ratios[name] == pytest.approx(share_, abs=1e-15)
    assert max(gaps["recall"], gaps["false_positive_rate"]) == pytest.approx(EQUALIZED[0], abs=1e-15)
    assert min(ratios["recall"], ratios["false_positive_rate"]) == pytest.approx(EQUALIZED[1], abs=1e-15)
