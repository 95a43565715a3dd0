"""A fault or a real change: data with one planted cause, and the call that is made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pytest

from mlops_cli.base.errors import Place
from mlops_cli.checks.faults import explain_changes
from mlops_cli.checks.shifts import ShiftCase, judge_shifts
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Profile, SliceProfile
from mlops_cli.measures.values import values_of
from mlops_cli.spec.validation import Bound, Check, DataValidation

PLACE = Place("faults.yaml", 1, 1)
SPEC = DataValidation("faults", "faults.yaml", None, "previous", (), ())
Data = dict[str, object]
ROWS = 2000
START = np.datetime64("2030-01-07", "s")  # a Monday


def columns(data: Mapping[str, object]) -> tuple[ColumnSummary, ...]:
    arrays = {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in data.items()}
    return tuple(summarise(values_of(name, array, None, textual=False, times=False)) for name, array in arrays.items())


def profile(data: Data, by: str | None = None) -> Profile:
    whole = columns(data)
    slices: list[SliceProfile] = []
    if by is not None:
        keys = np.array(data[by])
        for key in sorted(set(keys.tolist())):
            part = {name: np.array(values)[keys == key] for name, values in data.items()}
            slices.append(SliceProfile(f"{by}={key}", int((keys == key).sum()), columns(part)))
    return Profile(whole[0].rows, 1, "parquet", 1, whole, tuple(slices))


def sales(seed: int, rows: int = ROWS, level: float = 20.0, days: int = 28, first: int = 0) -> Data:
    """Shop data: a temperature, an amount, a count, two categories, and a time with hours of business."""
    source = np.random.default_rng(seed)
    hours = np.sort(source.integers(0, days, rows) * 24 + source.choice(np.arange(8, 20), rows) + first * 24)
    return {
        "temperature": np.round(source.normal(level, 4.0, rows), 2),
        "amount": np.round(source.lognormal(3.0, 0.6, rows), 2),
        "items": source.poisson(4.0, rows) + 1,
        "shop": source.choice(["north", "south", "east", "west"], rows),
        "product": source.choice(["Tea", "Coffee", "Milk"], rows, p=[0.5, 0.3, 0.2]),
        "ticket": np.arange(rows) + seed * 100_000,
        "time": START + (hours * 3600).astype("timedelta64[s]"),
    }


def explained(
    new: Data, old: Data, history: Sequence[Data] = (), *, by: str | None = None, most: float = 0.1
) -> dict[str, Verdict]:
    """The verdicts on drift and on nulls of all columns but the ticket and the time, by check."""
    now, before, earlier = profile(new, by), profile(old, by), tuple(profile(item) for item in history)
    cases = []
    for column in now.columns:
        baseline = before.column(column.name)
        if column.name in ("ticket", "time") or baseline is None:
            continue
        past = tuple(found for item in earlier if (found := item.column(column.name)) is not None)
        for measure, comparator, bound in (
            ("distribution", "drift", Bound(most, "number", str(most))),
            ("nulls", "change", Bound(0.02, "points", "2pp")),
        ):
            name = f"{column.name}.drift" if comparator == "drift" else f"{column.name}.nulls.change"
            check = Check(name, column.name, measure, comparator, bound, PLACE)  # type: ignore[arg-type]
            cases.append(ShiftCase(check, column, baseline, past))
    return {
        verdict.check: verdict
        for verdict in explain_changes(judge_shifts(cases, SPEC), now, before, earlier, time="time")
    }


def signs(verdict: Verdict) -> set[str]:
    return {item.sign for item in verdict.evidence}


def test_quiet_data_is_not_explained() -> None:
    for verdict in explained(sales(1), sales(2)).values():
        assert verdict.state == "pass" and verdict.cause is None and verdict.evidence == ()


@pytest.mark.parametrize(
    "name, factor", [("amount", 100.0), ("amount", 0.001), ("amount", 2.54), ("temperature", -1.0), ("items", 10)]
)
def test_a_swapped_unit_is_a_fault(name: str, factor: float) -> None:
    new = sales(1)
    new[name] = np.array(new[name]) * factor
    verdict = explained(new, sales(2))[f"{name}.drift"]
    assert verdict.cause == "fault" and "unit_ratio" in signs(verdict)
    assert "looks like a processing fault" in verdict.message


def test_fahrenheit_is_a_fault() -> None:
    new = sales(1)
    new["temperature"] = np.array(new["temperature"]) * 1.8 + 32
    verdict = explained(new, sales(2))["temperature.drift"]
    assert verdict.cause == "fault" and "from Celsius to Fahrenheit" in verdict.message


@pytest.mark.parametrize("value", [0.0, -1.0, -999.0, 9999.0, 55.55])
def test_a_sentinel_is_a_fault(value: float) -> None:
    new = sales(1)
    new["temperature"] = np.where(np.arange(ROWS) % 7 == 0, value, np.array(new["temperature"]))
    verdict = explained(new, sales(2))["temperature.drift"]
    assert verdict.state == "fail" and verdict.cause == "fault" and "value_spike" in signs(verdict)


def test_a_stuck_sensor_is_a_fault() -> None:
    new = sales(1)
    new["temperature"] = np.full(ROWS, 20.0)
    verdict = explained(new, sales(2))["temperature.drift"]
    assert verdict.cause == "fault" and "constant" in signs(verdict)


@pytest.mark.parametrize("every", [1, 4])
def test_a_nulled_column_is_a_fault(every: int) -> None:
    new = sales(1)
    values = np.array(new["amount"]).tolist()
    new["amount"] = pa.array(
        [None if index % every == 0 else value for index, value in enumerate(values)], pa.float64()
    )
    verdict = explained(new, sales(2))["amount.nulls.change"]
    assert verdict.state == "fail" and verdict.cause == "fault" and "null_jump" in signs(verdict)


def test_a_word_for_nothing_is_a_fault() -> None:
    new = sales(1)
    new["product"] = ["N/A" if index % 5 == 0 else word for index, word in enumerate(np.array(new["product"]).tolist())]
    verdict = explained(new, sales(2))["product.drift"]
    assert verdict.cause == "fault" and "the text 'N/A' went from 0% to 20.0%" in verdict.message


def test_another_spelling_and_another_encoding_are_faults() -> None:
    new = sales(1)
    new["product"] = [word.upper() for word in np.array(new["product"]).tolist()]
    verdict = explained(new, sales(2))["product.drift"]
    assert verdict.cause == "fault" and "spelling" in signs(verdict)
    old = sales(2)
    old["product"] = ["Café" if word == "Coffee" else word for word in np.array(old["product"]).tolist()]
    new["product"] = ["CafÃ©" if word == "Coffee" else word for word in np.array(sales(1)["product"]).tolist()]
    broken = explained(new, old)["product.drift"]
    assert broken.cause == "fault" and "encoding" in signs(broken)


def test_another_type_is_a_fault() -> None:
    new = sales(1)
    new["items"] = [f"{value} pieces" for value in np.array(new["items"]).tolist()]
    verdict = explained(new, sales(2))["items.drift"]
    assert verdict.reason == "kind_changed" and verdict.cause == "fault"


def test_a_shifted_clock_and_missing_days_are_seen() -> None:
    new = sales(1)
    new["amount"] = np.array(new["amount"]) + 8.0
    new["time"] = np.array(new["time"]) + np.timedelta64(5, "h")
    verdict = explained(new, sales(2))["amount.drift"]
    assert "shifted_clock" in signs(verdict)
    assert any("+5 h" in item.text for item in verdict.evidence)
    days = np.array(sales(1)["time"]).astype("datetime64[D]").astype(np.int64)
    kept = days % 4 != 0
    holes = {name: np.array(values)[kept] for name, values in sales(1, level=23.0).items()}
    assert "missing_time" in signs(explained(holes, sales(2))["temperature.drift"])


def test_a_day_that_came_twice_is_seen() -> None:
    new, extra = sales(1), sales(1, level=35.0)
    days = np.array(new["time"]).astype("datetime64[D]").astype(np.int64)
    one = np.flatnonzero(days == days[0])
    twice = {name: np.concatenate([np.array(new[name]), *[np.array(extra[name])[one]] * 6]) for name in new}
    verdict = explained(twice, sales(2), most=0.05)["temperature.drift"]
    assert "doubled_time" in signs(verdict) and verdict.cause == "fault"


def test_repeated_rows_are_seen() -> None:
    half = {name: np.array(values)[: ROWS // 2] for name, values in sales(1, level=22.0).items()}
    twice = {name: np.concatenate([values, values]) for name, values in half.items()}
    assert "repeated_rows" in signs(explained(twice, sales(2))["temperature.drift"])


def test_a_half_loaded_file_is_a_fault() -> None:
    """A file that is sorted by shop and was cut: the shops that are left are warmer."""

    def sorted_sales(seed: int) -> Data:
        data = sales(seed)
        warm = np.array(data["shop"]) == "east"
        data["temperature"] = np.array(data["temperature"]) + 6 * warm
        order = np.argsort(np.array(data["shop"]), kind="stable")
        return {name: np.array(values)[order] for name, values in data.items()}

    new = {name: values[: ROWS // 4] for name, values in sorted_sales(1).items()}
    history = [sorted_sales(seed) for seed in (2, 3, 4, 5)]
    verdict = explained(new, history[-1], history)["temperature.drift"]
    assert verdict.cause == "fault"
    assert {"truncated_load", "part_of_the_data"} <= signs(verdict)


def test_one_slice_is_a_fault_and_all_of_them_are_real() -> None:
    old = sales(2)
    one = sales(1)
    one["amount"] = np.where(np.array(one["shop"]) == "west", np.array(one["amount"]) + 40.0, np.array(one["amount"]))
    verdict = explained(one, old, by="shop")["amount.drift"]
    assert verdict.cause == "fault" and "one_slice" in signs(verdict)
    every = sales(1)
    every["amount"] = np.array(every["amount"]) * 1.3
    found = explained(every, old, by="shop")["amount.drift"]
    assert found.cause == "real" and "everywhere" in signs(found)


def test_growth_is_real() -> None:
    history = [sales(seed, level=20.0 + step) for seed, step in enumerate((0.0, 2.0, 4.0))]
    verdict = explained(sales(9, level=26.0), history[-1], history)["temperature.drift"]
    assert verdict.cause == "real" and "gradual" in signs(verdict)
    assert "looks like a real change" in verdict.message


def test_a_season_that_comes_back_is_real() -> None:
    history = [sales(seed, level=level) for seed, level in enumerate((30.0, 20.0, 20.5))]
    verdict = explained(sales(9, level=30.0), history[-1], history)["temperature.drift"]
    assert verdict.cause == "real" and "seen_before" in signs(verdict)


def test_counts_that_grow_by_half_are_no_miles() -> None:
    new = sales(1)
    new["items"] = np.random.default_rng(4).poisson(4.0 * 1.609, ROWS) + 1
    verdict = explained(new, sales(2))["items.drift"]
    assert verdict.state == "fail" and "unit_ratio" not in signs(verdict) and verdict.cause != "fault"


def test_a_zero_that_was_always_frequent_is_no_sign() -> None:
    source = np.random.default_rng(5)
    old, new = sales(2), sales(1)
    old["amount"] = np.where(source.random(ROWS) < 0.14, 0.0, source.lognormal(3, 0.6, ROWS))
    new["amount"] = np.where(source.random(ROWS) < 0.28, 0.0, source.lognormal(3, 0.6, ROWS))
    verdict = explained(new, old)["amount.drift"]
    assert verdict.state == "fail" and "value_spike" not in signs(verdict)


def test_a_small_but_sure_spike_is_explained_too() -> None:
    new = sales(1)
    new["temperature"] = np.where(np.arange(ROWS) < 110, -999.0, np.array(new["temperature"]))
    verdict = explained(new, sales(2))["temperature.drift"]
    assert (verdict.state, verdict.reason, verdict.cause) == ("pass", "changed_but_small", "fault")


def test_rows_are_explained_by_what_is_around_them() -> None:
    history = [profile(sales(seed)) for seed in range(4)]
    now = profile(sales(9, rows=300))
    said = Verdict("rows.change", "rows", "fail", "change up to 30%", "rows went from 2,000 to 300")
    verdict = explain_changes([said], now, history[-1], history, time="time")[0]
    assert verdict.cause == "fault" and verdict.reason == "looks_like_fault"
    more = profile(sales(9, rows=3000))
    grown = [profile(sales(seed, rows=rows)) for seed, rows in enumerate((1000, 1500, 2000, 2400))]
    assert explain_changes([said], more, grown[-1], grown, time="time")[0].cause == "real"


def test_verdicts_that_are_no_change_stay_as_they_are() -> None:
    now, before = profile(sales(1)), profile(sales(2))
    kept = [
        Verdict("amount.min", "amount", "fail", "min 0", "3 rows are below 0"),
        Verdict("amount.drift", "amount", "too_few", "drift up to 0.1", "too few", reason="min_rows"),
        Verdict("gone.drift", "gone", "fail", "drift up to 0.1", "moved", effect=0.3, p=0.0, q=0.0),
    ]
    assert explain_changes(kept, now, before) == kept


def test_empty_and_constant_columns_are_no_trouble() -> None:
    rows = 40
    odd: Data = {
        "nothing": pa.array([None] * rows, pa.float64()),
        "constant": [1.0] * rows,
        "infinite": [math.inf] * rows,
        "words": [""] * rows,
        "flag": [True] * rows,
        "time": np.full(rows, START),
    }
    usual: Data = {
        "nothing": np.arange(rows) * 1.5,
        "constant": np.arange(rows) * 1.5,
        "infinite": np.arange(rows) * 1.5,
        "words": [f"w{index % 5}" for index in range(rows)],
        "flag": [index % 2 == 0 for index in range(rows)],
        "time": START + np.arange(rows).astype("timedelta64[s]"),
    }
    for new, old in ((odd, usual), (usual, odd), (odd, odd)):
        for verdict in explained(new, old).values():
            assert all(math.isfinite(item.weight) for item in verdict.evidence)
            assert "nan" not in verdict.message


def test_some_values_in_another_unit_are_a_fault() -> None:
    old, new = sales(1), sales(2)
    amounts = np.array(new["amount"])
    amounts[::7] *= 1000
    found = explained({**new, "amount": amounts}, old)["amount.drift"]
    assert (found.cause, signs(found) >= {"some_in_another_unit"}) == ("fault", True)
    assert "times 1,000" in found.message


def test_a_few_values_far_out_are_no_shift_of_all() -> None:
    old, new = sales(1), sales(2)
    levels = np.array(new["temperature"])
    levels[::6] = 77.7 + np.arange(len(levels[::6])) / 100
    found = explained({**new, "temperature": levels}, old)["temperature.drift"]
    assert (found.cause, "outliers" in signs(found)) == ("fault", True)


def test_a_counter_that_goes_on_is_real() -> None:
    old, new = sales(1), sales(2)
    visits = {**old, "items": np.arange(ROWS)}, {**new, "items": np.arange(ROWS) + ROWS}
    found = explained(visits[1], visits[0])["items.drift"]
    assert (found.cause, signs(found)) == ("real", {"moves_on"})


def seasons(seed: int, season: Sequence[int], first: int) -> Data:
    data = sales(seed, first=first)
    return {**data, "season": np.array(season)[np.linspace(0, len(season) - 1e-9, ROWS).astype(int)]}


def test_a_season_that_moves_on_is_no_part_of_the_data() -> None:
    new, old = seasons(1, [2], 28), seasons(2, [1, 1, 2], 0)
    new["temperature"] = np.array(new["temperature"]) + 6
    verdicts = explained(new, old)
    assert not any("part_of_the_data" in signs(verdict) for verdict in verdicts.values())
    assert verdicts["temperature.drift"].cause == "real"


def test_a_column_that_held_one_value_before_is_narrow_by_nature() -> None:
    new, old, earlier = seasons(1, [1], 56), seasons(2, [4, 4, 1, 1], 28), seasons(3, [4], 0)
    new["temperature"] = np.array(new["temperature"]) + 6
    verdict = explained(new, old, [earlier, old])["temperature.drift"]
    assert "part_of_the_data" not in signs(verdict)
