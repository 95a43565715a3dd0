"""Columns against earlier versions: what counts as a change, what does not, and what is said of either."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from mlops_cli.base.errors import Place
from mlops_cli.base.records import canonical, decode
from mlops_cli.checks.shifts import ShiftCase, judge_shifts
from mlops_cli.checks.verdict import Evidence, Report, Verdict
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary
from mlops_cli.measures.values import values_of
from mlops_cli.spec.validation import Bound, Check, DataValidation, Distance

PLACE = Place("checks.yaml", 1, 1)
SPEC = DataValidation("checks", "checks.yaml", None, "previous", (), ())


def column(values: object, name: str = "x") -> ColumnSummary:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return summarise(values_of(name, array, None, textual=False))


def drift(most: float = 0.1, by: Distance = "auto", severity: str = "fail") -> Check:
    soft = "warn" if severity == "warn" else "fail"
    bound = Bound(most, "number", str(most))
    return Check("x.drift", "x", "distribution", "drift", bound, PLACE, severity=soft, distance=by)  # type: ignore[arg-type]


def change(measure: str, most: float, unit: str) -> Check:
    text = f"{most:g}"
    return Check(f"x.{measure}.change", "x", measure, "change", Bound(most, unit, text), PLACE)  # type: ignore[arg-type]


def judged(check: Check, new: object, old: object, history: Sequence[object] = ()) -> Verdict:
    before = None if old is None else column(old)
    case = ShiftCase(check, column(new), before, tuple(column(item) for item in history))
    return judge_shifts([case], SPEC)[0]


def normal(seed: int, rows: int, mean: float = 0.0, sd: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, sd, rows)


def test_nothing_moved() -> None:
    verdict = judged(drift(), normal(1, 500), normal(2, 10_000))
    assert (verdict.state, verdict.reason, verdict.method, verdict.n) == ("pass", "same", "ks", 500)
    assert verdict.q is not None and verdict.q > 0.01


def test_a_move_is_described() -> None:
    verdict = judged(drift(), normal(1, 500, 52.3, 6), normal(2, 10_000, 40.1, 6))
    assert verdict.state == "fail" and verdict.reason is None
    assert verdict.message.startswith("the distribution moved by 0.6")
    assert "numbers shift up: mean 40.1" in verdict.message
    assert verdict.message.endswith("at most 0.1 is allowed")
    assert verdict.effect == verdict.value
    assert verdict.method is not None and "calibration: weak (0 earlier versions)" in verdict.method


def test_a_sure_but_small_move_passes_and_says_so() -> None:
    verdict = judged(drift(), normal(1, 200_000, 0.1), normal(2, 200_000))
    assert (verdict.state, verdict.reason) == ("pass", "changed_but_small")
    assert "so much is allowed" in verdict.message


def test_a_move_of_the_spread_is_described() -> None:
    verdict = judged(drift(), normal(1, 2000, 0.0, 3.0), normal(2, 2000))
    assert "they spread more widely: sd" in verdict.message


def test_a_value_that_became_frequent_is_named() -> None:
    values = normal(3, 2000, 10.0)
    values[:300] = 0.0
    verdict = judged(drift(), values, normal(4, 10_000, 10.0))
    assert verdict.state == "fail"
    assert "the value 0 went from 0% to 15.0%" in verdict.message


def test_chance_does_not_fail_and_a_near_miss_says_how_many_rows_would_tell() -> None:
    old = normal(0, 10_000)
    verdicts = [judged(drift(0.05), normal(seed, 100, 0.3), old) for seed in range(1, 120)]
    states = {(verdict.state, verdict.reason) for verdict in verdicts}
    assert ("too_few", "cannot_tell") in states
    assert ("pass", "same") in states
    near = next(verdict for verdict in verdicts if verdict.reason == "cannot_tell")
    assert "rows would tell" in near.message


@pytest.mark.parametrize("rows", [0, 1, 5, 29])
def test_a_few_rows_are_too_few(rows: int) -> None:
    values = pa.array(normal(1, rows), pa.float64())
    for new, old in ((values, normal(2, 1000)), (normal(2, 1000), values)):
        verdict = judged(drift(), new, old)
        assert verdict.state in ("too_few", "warn")
        assert verdict.reason in ("min_rows", "no_values", "no_baseline_value")
    assert judged(drift(), values, values).state == "too_few"


def test_without_a_baseline_it_does_not_run() -> None:
    for check in (drift(), change("mean", 0.1, "percent")):
        verdict = judged(check, normal(1, 100), None)
        assert (verdict.state, verdict.reason, verdict.blocks) == ("not_run", "no_baseline", False)


def test_natural_variation_of_earlier_versions_is_no_alarm() -> None:
    levels = [0.0, 0.5, -0.4, 0.3, -0.5, 0.4]
    history = [normal(seed, 1000, level) for seed, level in enumerate(levels)]
    quiet = judged(drift(), normal(50, 1000, -0.3), history[-1], history)
    assert (quiet.state, quiet.reason) == ("pass", "natural_variation")
    assert "as earlier versions do among themselves" in quiet.message
    loud = judged(drift(), normal(51, 1000, 3.0), history[-1], history)
    assert loud.state == "fail" and loud.method is not None and "6 earlier versions" in loud.method
    assert judged(drift(), normal(50, 1000, -0.3), history[-1], history[-3:]).state == "fail"


def test_natural_variation_of_numbers() -> None:
    levels = [10.0, 11.0, 9.5, 10.5, 9.0]
    history = [normal(seed, 500, level) for seed, level in enumerate(levels)]
    assert (
        judged(change("mean", 0.1, "percent"), normal(9, 500, 10.4), history[-1], history).reason == "natural_variation"
    )
    assert judged(change("mean", 0.1, "percent"), normal(9, 500, 20.0), history[-1], history).state == "fail"


def test_categories_name_the_new_and_the_lost() -> None:
    old = ["red"] * 500 + ["green"] * 400 + ["blue"] * 100
    new = ["red"] * 500 + ["green"] * 350 + ["violet"] * 150
    verdict = judged(drift(), new, old)
    assert verdict.state == "fail" and verdict.method is not None and verdict.method.startswith("cramers_v")
    assert "new: 'violet' (15.0%)" in verdict.message
    assert "gone: 'blue' (was 10.0%)" in verdict.message


def test_a_new_category_beside_a_constant_is_found() -> None:
    verdict = judged(drift(), ["a"] * 70 + ["b"] * 30, ["a"] * 10_000)
    assert verdict.state == "fail" and "new: 'b' (30.0%)" in verdict.message


def test_whole_numbers_with_few_values_are_categories_too() -> None:
    source = np.random.default_rng(2)
    old = source.integers(1, 7, 10_000)
    new = np.where(source.random(2000) < 0.15, 0, source.integers(1, 7, 2000))
    verdict = judged(drift(), new, old)
    assert verdict.state == "fail" and verdict.method is not None and verdict.method.startswith("cramers_v")


def test_texts_that_hardly_repeat_are_compared_by_length() -> None:
    old = [f"name {index:06d}" for index in range(2000)]
    same = judged(drift(), [f"user {index:06d}" for index in range(2000)], old)
    assert same.state == "pass" and same.method == "ks of lengths"
    longer = judged(drift(), [f"customer number {index:06d}" for index in range(2000)], old)
    assert longer.state == "fail" and "texts that hardly repeat, compared by length" in longer.message


def test_texts_with_more_values_than_are_listed() -> None:
    source = np.random.default_rng(3)
    words = [f"w{index}" for index in range(4000)]
    weights = 1 / np.arange(1, 4001)
    draws = [source.choice(words, 20_000, p=weights / weights.sum()).tolist() for _ in range(2)]
    assert judged(drift(), draws[0], draws[1]).state == "pass"
    assert judged(drift(), draws[0][:15_000] + ["other"] * 5000, draws[1]).state == "fail"


def test_a_column_that_lost_all_values_fails_and_one_that_had_none_warns() -> None:
    nothing = pa.array([None] * 100, pa.float64())
    gone = judged(drift(), nothing, normal(1, 100))
    assert (gone.state, gone.reason) == ("fail", "no_value_now")
    assert judged(drift(), normal(1, 100), nothing).reason == "no_baseline_value"
    assert judged(drift(), nothing, nothing).state == "too_few"


def test_another_type_fails_and_a_wider_number_does_not() -> None:
    whole = np.random.default_rng(1).integers(0, 1000, 500)
    kind = judged(drift(), [str(value) for value in whole], whole)
    assert (kind.state, kind.reason) == ("fail", "kind_changed")
    assert "integer" in kind.message and "string" in kind.message
    with_nulls = pa.array([float(value) if index % 50 else None for index, value in enumerate(whole)])
    assert judged(drift(), with_nulls, whole).state == "pass"


def test_infinities_are_a_move_of_their_own() -> None:
    values = normal(1, 1000)
    values[:200] = math.inf
    verdict = judged(drift(), values, normal(2, 1000))
    assert verdict.state == "fail" and "infinite values: 0 -> 200" in verdict.message


def test_constants() -> None:
    assert judged(drift(), [5.0] * 100, [5.0] * 100).state == "pass"
    moved = judged(drift(), [6.0] * 100, [5.0] * 100)
    assert moved.state == "fail" and moved.effect is not None and moved.effect > 0.7


@pytest.mark.parametrize("by", ["ks", "cramers_v", "psi", "js", "wasserstein", "l_infinity"])
def test_every_distance_is_quiet_on_one_source_and_finds_a_move(by: Distance) -> None:
    assert judged(drift(by=by), normal(1, 1000), normal(2, 5000)).state == "pass"
    assert judged(drift(by=by), normal(1, 1000, 0.8), normal(2, 5000)).state == "fail"


def test_a_distance_of_numbers_does_not_run_on_words() -> None:
    verdict = judged(drift(by="wasserstein"), ["a", "b"] * 50, ["a", "b"] * 50)
    assert (verdict.state, verdict.reason, verdict.blocks) == ("not_run", "no_distance", True)


def test_shares_are_tested_as_shares() -> None:
    def nulls(rows: int, of: int) -> pa.Array:
        return pa.array([None] * rows + [1.5] * (of - rows), pa.float64())

    check = change("nulls", 0.02, "points")
    assert judged(check, nulls(60, 500), nulls(0, 500)).state == "fail"
    chance = judged(check, nulls(2, 40), nulls(5, 500))
    assert chance.state in ("pass", "too_few")
    assert judged(check, nulls(2, 20), nulls(0, 500)).reason == "min_rows"
    small = judged(check, nulls(1000, 100_000), nulls(0, 100_000))
    assert (small.state, small.reason, small.value, small.baseline) == ("pass", "changed_but_small", 0.01, 0.0)


def test_zeros_and_sentinels_and_empties() -> None:
    old = normal(1, 1000, 5.0)
    new = np.where(np.arange(1000) < 100, 0.0, old)
    assert judged(change("zeros", 0.02, "points"), new, old).state == "fail"
    case = ShiftCase(change("sentinels", 0.02, "points"), column(new), column(old), sentinels=(90, 2))
    assert judge_shifts([case], SPEC)[0].state == "fail"
    texts = ["" if index < 100 else f"t{index % 7}" for index in range(1000)]
    assert judged(change("empties", 0.02, "points"), texts, [f"t{index % 7}" for index in range(1000)]).state == "fail"


@pytest.mark.parametrize("measure", ["mean", "std", "median"])
def test_numbers_are_tested(measure: str) -> None:
    check = change(measure, 0.1, "percent")
    assert judged(check, normal(1, 1000, 10, 2), normal(2, 1000, 10, 2)).state == "pass"
    verdict = judged(check, normal(1, 1000, 14, 4), normal(2, 1000, 10, 2))
    assert verdict.state == "fail" and verdict.p is not None and verdict.p < 1e-6


def test_an_infinite_mean_fails() -> None:
    values = normal(1, 100)
    values[0] = math.inf
    assert judged(change("mean", 0.1, "percent"), values, normal(2, 100)).reason == "infinite_values"


def test_many_checks_are_one_family() -> None:
    old = column(normal(0, 10_000))
    cases = [ShiftCase(drift(0.0), column(normal(seed, 300)), old) for seed in range(1, 201)]
    verdicts = judge_shifts(cases, SPEC)
    alone = [judge_shifts([case], SPEC)[0] for case in cases]
    assert not [verdict for verdict in verdicts if verdict.state == "fail"]
    assert [verdict for verdict in alone if verdict.state == "fail"]
    assert all(verdict.q is not None and verdict.p is not None and verdict.q >= verdict.p for verdict in verdicts)


def test_a_failure_warns_where_the_check_only_warns() -> None:
    assert judged(drift(severity="warn"), normal(1, 500, 3.0), normal(2, 500)).state == "warn"


def test_batches_that_did_not_change_are_quiet_and_a_small_shift_is_found() -> None:
    """The promise on 20 columns, with fewer repeats than the bench makes."""
    source = np.random.default_rng(20)
    old = [column(source.normal(size=10_000)) for _ in range(20)]

    def alarms(rows: int, shift: float) -> list[int]:
        moved = [source.normal(size=rows) + (shift if index < 3 else 0.0) for index in range(20)]
        cases = [ShiftCase(drift(0.05), column(values), before) for values, before in zip(moved, old, strict=True)]
        return [index for index, verdict in enumerate(judge_shifts(cases, SPEC)) if verdict.state != "pass"]

    for rows in (100, 500, 2000):
        assert sum(bool(alarms(rows, 0.0)) for _ in range(20)) <= 2
    assert sum(set(alarms(500, 0.3)) >= {0, 1, 2} for _ in range(12)) >= 10


def test_old_reports_are_still_read() -> None:
    old = b'{"validation":"v","kind":"data","subject":"s","verdicts":[{"check":"c","subject":"s","state":"pass","bound":"b","message":"m"}]}'
    assert decode(old, Report).verdicts[0].evidence == ()
    new = Report("v", "data", "s", (Verdict("c", "s", "fail", "b", "m", evidence=(Evidence("s", "fault", 1.0, "t"),)),))
    assert decode(canonical(new), Report) == new
