"""Distances over random samples: they are scipy's, they are symmetric, and they are never NaN."""

from __future__ import annotations

import math
import warnings
from typing import get_args

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_cli.base.errors import Place
from mlops_cli.checks.faults import explain_changes
from mlops_cli.checks.shifts import ShiftCase, judge_shifts
from mlops_cli.measures import distances
from mlops_cli.measures.distances import Moments
from mlops_cli.measures.exact import fisher, ks_exact
from mlops_cli.measures.multiplicity import benjamini_hochberg
from mlops_cli.measures.steps import Steps, steps_of
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Profile
from mlops_cli.measures.values import values_of
from mlops_cli.spec.validation import Bound, Check, DataValidation, Distance

TIED = st.lists(st.integers(-3, 3).map(lambda value: value * 0.75), min_size=1, max_size=40)
PLAIN = st.lists(st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3)), min_size=1, max_size=40)
SAMPLES = st.one_of(TIED, PLAIN)
COUNTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=8)


def steps(values: list[float]) -> Steps:
    return steps_of(np.sort(np.array(values, dtype=np.float64)))


@settings(deadline=None)
@given(SAMPLES, SAMPLES)
def test_distances_of_numbers_are_scipys(new: list[float], old: list[float]) -> None:
    with warnings.catch_warnings(record=True) as gave_up:
        warnings.simplefilter(
            "always"
        )  # scipy sometimes rounds a probability above 1, and falls back to another formula
        found = stats.ks_2samp(new, old, method="exact")
    distance = distances.ks(steps(new), steps(old))
    assert math.isclose(distance, found.statistic, abs_tol=1e-9)
    assert gave_up or math.isclose(ks_exact(distance, len(new), len(old)), found.pvalue, abs_tol=1e-9)
    assert distances.ks_p(distance, len(new), len(old)) == ks_exact(distance, len(new), len(old))
    wanted = stats.wasserstein_distance(new, old)
    assert math.isclose(distances.wasserstein(steps(new), steps(old)), wanted, rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None)
@given(SAMPLES, SAMPLES)
def test_distances_of_numbers_are_the_same_both_ways(new: list[float], old: list[float]) -> None:
    assert distances.ks(steps(new), steps(old)) == distances.ks(steps(old), steps(new))
    assert distances.ks(steps(new), steps(new)) == 0.0
    assert distances.wasserstein(steps(new), steps(new)) == 0.0
    effect = distances.without_chance(distances.ks(steps(new), steps(old)), len(new), len(old))
    assert 0.0 <= effect <= 1.0


@settings(deadline=None)
@given(COUNTS)
def test_distances_of_counts_are_scipys(pairs: list[tuple[int, int]]) -> None:
    table = distances.table_of(
        {f"c{index}": float(new) for index, (new, _) in enumerate(pairs)},
        {f"c{index}": float(old) for index, (_, old) in enumerate(pairs)},
    )
    for value in (distances.cramers_v(table), distances.categories_p(table), distances.l_infinity(table)[0]):
        assert 0.0 <= value <= 1.0
    if not table.new.sum() or not table.old.sum():
        return
    seen = table.new + table.old > 0
    statistic, degrees = distances.chi2(table)
    if seen.sum() > 1:
        wanted = stats.chi2_contingency([table.new[seen], table.old[seen]], correction=False)
        assert math.isclose(statistic, wanted.statistic, rel_tol=1e-9, abs_tol=1e-9)
        assert degrees == wanted.dof
        assert math.isclose(distances.chi2_p(statistic, degrees), wanted.pvalue, rel_tol=1e-9, abs_tol=1e-12)
    with np.errstate(invalid="ignore"):
        far = float(jensenshannon(*table.shares, base=2))
    assert math.isclose(distances.jensen_shannon(table), 0.0 if math.isnan(far) else far, abs_tol=1e-7)
    assert math.isfinite(distances.psi(table))


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_two_shares_are_judged_as_fisher_does(hits: int, n: int, old_hits: int, m: int) -> None:
    hits, old_hits = min(hits, n), min(old_hits, m)
    wanted = stats.fisher_exact([[hits, n - hits], [old_hits, m - old_hits]]).pvalue
    assert math.isclose(fisher(hits, n, old_hits, m), wanted, abs_tol=1e-9)
    low, high = distances.newcombe(hits, n, old_hits, m)
    assert -1.0 <= low <= hits / n - old_hits / m <= high <= 1.0


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30), st.lists(st.floats(-50, 50), min_size=2, max_size=30))
def test_the_difference_of_means_is_welchs(new: list[float], old: list[float]) -> None:
    def moments(values: list[float]) -> Moments:
        return Moments(len(values), float(np.mean(values)), float(np.std(values, ddof=1)))

    found = distances.welch(moments(new), moments(old))
    assert found.low <= found.value <= found.high
    if np.std(new) < 1e-6 or np.std(old) < 1e-6:
        assert 0.0 <= found.p <= 1.0
        return
    wanted = stats.ttest_ind(new, old, equal_var=False)
    assert math.isclose(found.p, wanted.pvalue, abs_tol=1e-9)
    ends = wanted.confidence_interval(0.95)
    assert math.isclose(found.low, ends.low, rel_tol=1e-9, abs_tol=1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_rates_of_false_discovery_are_scipys(p: list[float]) -> None:
    found = benjamini_hochberg(p)
    assert np.allclose(found, stats.false_discovery_control(p), atol=1e-12)
    assert all(q >= value or math.isclose(q, value) for q, value in zip(found, p, strict=True))


CELLS = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), max_size=60),
    st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=200),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=60),
    st.lists(st.one_of(st.none(), st.booleans()), max_size=60),
    st.sampled_from([[0.0], [1.5], ["a"], [None], [True], [-math.inf], [1e308], [7]]).map(lambda one: one * 50),
)
CHECKS = [("distribution", "drift", distance) for distance in get_args(Distance)] + [
    (measure, "change", "auto") for measure in ("nulls", "empties", "zeros", "mean", "std", "median", "distinct")
]


def summary(cells: list[object]) -> ColumnSummary:
    return summarise(values_of("x", pa.array(cells), None, textual=False))


@settings(deadline=None, max_examples=150)
@given(CELLS, CELLS, st.lists(CELLS, max_size=5), st.sampled_from(CHECKS))
def test_every_pair_of_columns_has_a_verdict_with_a_reason(
    new: list[object], old: list[object], history: list[list[object]], asked: tuple[str, str, Distance]
) -> None:
    measure, comparator, distance = asked
    name = "x.drift" if comparator == "drift" else f"x.{measure}.change"
    check = Check(name, "x", measure, comparator, Bound(0.1, "percent", "10%"), Place("s", 1, 1), distance=distance)  # type: ignore[arg-type]
    spec = DataValidation("s", "s", None, "previous", (check,), ())
    now, before, past = summary(new), summary(old), tuple(summary(item) for item in history)
    profiles = [Profile(item.rows, 1, "csv", 1, (item,)) for item in (now, before, *past)]
    found = explain_changes(
        judge_shifts([ShiftCase(check, now, before, past)], spec), profiles[0], profiles[1], profiles[2:], time="x"
    )
    assert len(found) == 1
    for value in (found[0].value, found[0].p, found[0].q, found[0].effect):
        assert not isinstance(value, float) or math.isfinite(value)
    assert found[0].message and "nan" not in found[0].message.replace("'nan'", "")
    assert found[0].state != "not_run" or found[0].reason
    if len(new) < 30 or len(old) < 30:
        assert found[0].state != "pass" or measure == "distinct" or found[0].effect is None
