"""Distances and their p-values: known answers, and inputs that have none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mlops_cli.measures.distances import (
    Moments,
    Table,
    categories_p,
    chi2,
    chi2_p,
    cramers_v,
    deciles,
    jensen_shannon,
    ks,
    ks_p,
    l_infinity,
    log_std_ratio,
    new_share_p,
    newcombe,
    pooled,
    predictive_limit,
    psi,
    psi_by_chance,
    shares_p,
    spread_of,
    table_of,
    wasserstein,
    wasserstein_by_chance,
    welch,
    without_chance,
)
from mlops_cli.measures.multiplicity import benjamini_hochberg
from mlops_cli.measures.shares import wilson
from mlops_cli.measures.steps import NO_STEPS, Steps, merged, steps_of

BH_1995 = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def steps(*values: float) -> Steps:
    return steps_of(np.sort(np.array(values, dtype=np.float64)))


def test_the_example_of_benjamini_and_hochberg_rejects_four_where_bonferroni_rejects_three() -> None:
    q = benjamini_hochberg(BH_1995)
    assert sum(value <= 0.05 for value in q) == 4
    assert sum(value * 15 <= 0.05 for value in BH_1995) == 3
    assert q == pytest.approx(list(stats.false_discovery_control(BH_1995)), abs=1e-12)
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize("n, m", [(100, 10_000), (500, 10_000), (2000, 2000)])
def test_the_p_of_a_ks_distance_is_close_to_the_exact_one(n: int, m: int) -> None:
    for factor in (0.8, 1.2, 1.6, 2.1):
        distance = factor * math.sqrt(1 / n + 1 / m)
        wanted = stats.kstwo.sf(distance, round(n * m / (n + m)))
        assert ks_p(distance, n, m) == pytest.approx(wanted, rel=0.1, abs=2e-5)


def test_a_distance_without_chance_is_near_nothing_for_one_source_in_any_size() -> None:
    source = np.random.default_rng(5)
    for n in (50, 500, 5000):
        found = [
            without_chance(ks(steps_of(np.sort(source.normal(size=n))), steps_of(np.sort(source.normal(size=n)))), n, n)
            for _ in range(40)
        ]
        assert np.mean(found) < 0.3 / math.sqrt(n)


def test_distances_of_merged_steps_are_near_those_of_the_rows() -> None:
    source = np.random.default_rng(6)
    old, new = source.gamma(2.0, size=40_000), source.gamma(2.2, size=30_000)
    parts = [steps_of(np.sort(part)) for part in np.array_split(old, 7)]
    whole = merged(parts)
    assert not whole.exact
    assert ks(steps_of(np.sort(new)), whole) == pytest.approx(stats.ks_2samp(new, old).statistic, abs=0.004)
    wanted = stats.wasserstein_distance(new, old)
    assert wasserstein(steps_of(np.sort(new)), whole) == pytest.approx(wanted, rel=0.05)


def test_the_chance_part_of_wasserstein_is_what_one_source_gives() -> None:
    source = np.random.default_rng(7)
    pairs = [[steps_of(np.sort(source.exponential(size=n))) for n in (200, 1000)] for _ in range(60)]
    found = np.mean([wasserstein(*pair) for pair in pairs])
    assert found == pytest.approx(np.mean([wasserstein_by_chance(*pair) for pair in pairs]), rel=0.25)


def test_psi_of_one_source_has_its_known_mean() -> None:
    source = np.random.default_rng(8)
    old = steps_of(np.sort(source.normal(size=10_000)))
    tables = [deciles(steps_of(np.sort(source.normal(size=100))), old) for _ in range(200)]
    assert np.mean([psi(table) for table in tables]) == pytest.approx(psi_by_chance(tables[0]), rel=0.15)
    assert psi_by_chance(tables[0]) == pytest.approx(9 * (1 / 100 + 1 / 10_000))


def test_deciles_of_few_values_are_one_bin_each() -> None:
    table = deciles(steps(0, 0, 1, 1, 1), steps(0, 0, 0, 0, 1))
    assert table.names == ("up to 0", "up to 1", "above 1")
    assert table.new.tolist() == [2.0, 3.0, 0.0]
    assert table.old.tolist() == [4.0, 1.0, 0.0]


def test_cramers_v_of_equal_samples_is_that_of_bergsma() -> None:
    new, old = np.array([10.0, 30, 60]), np.array([30.0, 40, 30])
    phi2 = stats.chi2_contingency([new, old], correction=False).statistic / 200
    beyond = phi2 - 2 * 1 / 199
    columns, rows = 3 - 4 / 199, 2 - 1 / 199
    wanted = math.sqrt(beyond / min(columns - 1, rows - 1))
    assert cramers_v(Table(("a", "b", "c"), new, old)) == pytest.approx(wanted, abs=1e-12)


def test_cramers_v_does_not_depend_on_the_ratio_of_the_sizes() -> None:
    few = cramers_v(table_of({"a": 800, "b": 200}, {"a": 500, "b": 500}))
    many = cramers_v(table_of({"a": 800, "b": 200}, {"a": 500_000, "b": 500_000}))
    assert few == pytest.approx(many, abs=0.002)
    assert 0.3 < many < 0.33


def test_rare_categories_are_pooled_and_a_new_one_is_still_found() -> None:
    table = table_of({"a": 50, "b": 35, "new": 15}, {"a": 6000, "b": 3990, "rare": 10})
    small = pooled(table)
    assert small.names == ("a", "others")
    assert new_share_p(table) < 1e-20
    assert new_share_p(table_of({"a": 99, "new": 1}, {"a": 9900, **{f"w{index}": 1 for index in range(100)}})) > 0.3


def test_two_cells_are_judged_exactly() -> None:
    assert categories_p(table_of({"a": 8, "b": 2}, {"a": 1, "b": 5})) == pytest.approx(
        stats.fisher_exact([[8, 2], [1, 5]]).pvalue, abs=1e-9
    )


def test_intervals_of_shares() -> None:
    assert wilson(8, 10, 0.95) == pytest.approx((0.490, 0.943), abs=5e-4)
    # Newcombe (1998), table II, method 10: 56/70 - 48/80.
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(0, 0, 3, 10)[0] <= -0.3


def test_predictive_limits() -> None:
    assert predictive_limit([0.04, 0.04, 0.04, 0.04], 0.01) == pytest.approx(0.04)
    roots = np.array([0.2, 0.22, 0.21, 0.23])
    wanted = roots.mean() + stats.t.ppf(0.99, 3) * roots.std(ddof=1) * math.sqrt(1.25)
    assert predictive_limit(list(roots**2), 0.01) == pytest.approx(wanted**2)
    assert predictive_limit([0.01, 0.04, 0.3, 0.1], 0.01) == pytest.approx(0.6)
    assert predictive_limit([], 0.01) == predictive_limit([0.3], 0.01) == 0.0


EMPTY = Table((), np.array([]), np.array([]))
TABLES = [
    EMPTY,
    table_of({}, {"a": 3}),
    table_of({"a": 3}, {}),
    table_of({"a": 1}, {"a": 1}),
    table_of({"a": 1}, {"b": 1}),
]


@pytest.mark.parametrize("table", TABLES)
def test_counts_without_an_answer_give_numbers(table: Table) -> None:
    for value in (cramers_v(table), psi(table), jensen_shannon(table), l_infinity(table)[0], *chi2(table)):
        assert math.isfinite(value)
    for p in (categories_p(table), new_share_p(table), chi2_p(*chi2(table))):
        assert 0 <= p <= 1


NUMBERS = [NO_STEPS, steps(1), steps(2, 2, 2), steps(0, 1), steps(-1.7e308, 1.7e308), steps(5e-324)]


@pytest.mark.parametrize("new", NUMBERS)
@pytest.mark.parametrize("old", NUMBERS)
def test_numbers_without_an_answer_give_numbers(new: Steps, old: Steps) -> None:
    distance = ks(new, old)
    assert 0 <= distance <= 1
    assert 0 <= ks_p(distance, new.count, old.count) <= 1
    assert math.isfinite(wasserstein(new, old)) and math.isfinite(wasserstein_by_chance(new, old))
    assert math.isfinite(spread_of(new)) and math.isfinite(psi(deciles(new, old)))


def test_tests_without_an_answer_give_no_significance() -> None:
    nothing, one, constant = Moments(0, 0.0, 0.0), Moments(1, 3.0, 0.0), Moments(50, 3.0, 0.0)
    for first in (nothing, one):
        assert welch(first, constant).p == 1.0
        assert log_std_ratio(first, constant).p == 1.0
    assert welch(constant, constant).p == 1.0
    assert welch(constant, Moments(50, 4.0, 0.0)).p == 0.0
    assert log_std_ratio(constant, Moments(50, 3.0, 1.0)).p == 0.0
    assert math.isfinite(log_std_ratio(constant, Moments(50, 3.0, 1.0)).value)
    for huge in (Moments(50, 1e308, 1e308), Moments(50, -1e308, 1e-308), Moments(50, 5e-324, 5e-324)):
        assert 0.0 <= welch(huge, constant).p <= 1.0
        assert 0.0 <= log_std_ratio(huge, Moments(50, 1.0, 2.0)).p <= 1.0
    assert shares_p(0, 0, 3, 10) == 1.0
    assert shares_p(0, 10, 0, 10) == 1.0
