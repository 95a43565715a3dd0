"""Weak segments: what is there is found and named, what is not there is not reported."""

import numpy as np
import pandas as pd
import pytest

from mlops_cli.measures.bins import bins_of
from mlops_cli.measures.columns import read_column
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.measures.segments import Weak, losses, weak_segments

FEATURES = ["age", "income", "plan"]


def table(seed: int, rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 90, rows), "income": rng.lognormal(3, 1, rows)})
    frame["plan"] = rng.choice(["basic", "pro", "team", "free", "gov"], rows)
    frame.loc[rng.uniform(size=rows) < 0.1, "income"] = np.nan
    return frame


def numbers(frame: pd.DataFrame, weak: np.ndarray | None = None, seed: int = 0) -> Predictions:
    """Errors whose squares are twice as large where `weak`."""
    error = np.random.default_rng(seed + 1000).normal(size=len(frame))
    factor = 1.0 if weak is None else np.where(weak, np.sqrt(2), 1.0)
    return number_predictions(error * factor, np.zeros(len(frame)))


def classes(frame: pd.DataFrame, weak: np.ndarray, probable: bool, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed + 2000)
    sure = rng.beta(0.5, 0.5, len(frame))
    truth = (rng.uniform(size=len(frame)) < np.where(weak, 0.5 + (sure - 0.5) * 0.3, sure)).astype(int)
    return class_predictions(truth, (sure > 0.5).astype(int), sure if probable else None, probable, [0, 1], None)


def rules(found: tuple[Weak, ...]) -> list[str]:
    return [weak.rule for weak in found]


def test_no_weak_segment_is_reported_where_there_is_none() -> None:
    false_alarms = 0
    for seed in range(200):
        frame = table(seed, 800)
        false_alarms += bool(weak_segments(frame, numbers(frame, seed=seed), FEATURES, 5, 50))
    assert false_alarms <= 12  # 5 % of 200, and what chance adds to it


@pytest.mark.parametrize("probable", [True, False])
def test_a_planted_word_is_named(probable: bool) -> None:
    named = 0
    for seed in range(10):
        frame = table(seed, 2000)
        weak = (frame["plan"] == "basic").to_numpy()
        found = weak_segments(frame, classes(frame, weak, probable, seed), FEATURES, 3, 50)
        named += rules(found) == ["plan = basic"]
    assert named >= 9


def test_what_is_reported_is_what_the_confirming_half_says() -> None:
    frame = table(5, 4000)
    weak = (frame["plan"] == "basic").to_numpy()
    (found,) = weak_segments(frame, numbers(frame, weak), FEATURES, 3, 50)
    assert found.rule == "plan = basic" and (found.mask == weak).all()
    assert 300 < found.n < 500 and found.loss == pytest.approx(2, rel=0.15) and found.rest == pytest.approx(1, rel=0.1)
    assert found.low < found.loss - found.rest < found.high and found.low > 0 and found.q < 1e-4


def test_a_range_of_numbers_missing_values_and_two_conditions() -> None:
    frame = table(6, 6000)
    old = ((frame["age"] >= 40) & (frame["age"] < 60)).to_numpy()
    (found,) = weak_segments(frame, numbers(frame, old), FEATURES, 3, 50)
    assert found.rule.startswith("age >= ") and " and age < " in found.rule
    assert (found.mask & old).sum() / (found.mask | old).sum() > 0.7
    gap = frame["income"].isna().to_numpy()
    assert rules(weak_segments(frame, numbers(frame, gap), FEATURES, 3, 50)) == ["income is null"]
    both = ((frame["age"] >= 54) & (frame["plan"] == "pro")).to_numpy()
    error = numbers(frame, seed=3).truth * np.where(both, 3.0, 1.0)
    (found,) = weak_segments(frame, number_predictions(error, np.zeros(6000)), FEATURES, 3, 50)
    assert found.rule.startswith("age >= ") and found.rule.endswith(" and plan = pro")


def test_two_segments_the_worst_first_and_no_more_than_asked() -> None:
    frame = table(7, 6000)
    factor = np.select([frame["plan"] == "basic", frame["plan"] == "gov"], [3.0, 2.0], 1.0)
    rows = number_predictions(numbers(frame).truth * factor, np.zeros(6000))
    assert rules(weak_segments(frame, rows, FEATURES, 5, 50)) == ["plan = basic", "plan = gov"]
    assert rules(weak_segments(frame, rows, FEATURES, 1, 50)) == ["plan = basic"]
    assert weak_segments(frame, rows, FEATURES, 0, 50) == ()


def test_the_same_rows_give_the_same_segments() -> None:
    frame = table(8, 2000)
    rows = numbers(frame, (frame["plan"] == "free").to_numpy())
    first, second = (weak_segments(frame, rows, FEATURES, 3, 50) for _ in range(2))
    assert [(weak.rule, weak.q, weak.low) for weak in first] == [(weak.rule, weak.q, weak.low) for weak in second]


def test_rows_that_belong_together_are_no_evidence_by_themselves() -> None:
    """One shop in each city has a bad day: many rows, one accident; nothing is sure about its city."""
    alarms = {True: 0, False: 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shop = np.repeat(np.arange(40), 50)
        frame = pd.DataFrame({"city": np.asarray([f"c{number % 5}" for number in shop])})
        error = rng.normal(size=2000) * np.repeat(np.exp(rng.normal(0, 0.8, 40)), 50)
        for clustered in alarms:
            clusters = shop if clustered else None
            rows = Predictions("regression", error, np.zeros(2000), None, False, clusters=clusters)
            alarms[clustered] += bool(weak_segments(frame, rows, ["city"], 3, 100))
    assert alarms[True] <= 6 < 20 < alarms[False]


def test_degenerate_tables_have_no_segments() -> None:
    frame = table(9, 400)
    weak = (frame["plan"] == "basic").to_numpy()
    frame["nothing"], frame["same"], frame["lists"] = None, 1.0, [[1]] * 400
    odd = ["nothing", "same", "lists", "not there"]
    assert weak_segments(frame, numbers(frame, weak), odd, 3, 20) == ()
    assert weak_segments(frame, numbers(frame, weak), [], 3, 20) == ()
    assert weak_segments(frame, number_predictions(np.ones(400), np.ones(400)), FEATURES, 3, 20) == ()
    assert weak_segments(frame[:1], numbers(frame[:1]), FEATURES, 3, 1) == ()
    assert weak_segments(frame[:0], numbers(frame[:0]), FEATURES, 3, 1) == ()
    assert weak_segments(frame, numbers(frame, weak), FEATURES, 3, 300) == ()


def test_a_perfect_rest_and_a_hopeless_segment() -> None:
    frame = table(10, 1000)
    frame.loc[:199, "plan"] = "größte"
    weak = (frame["plan"] == "größte").to_numpy()
    found = weak_segments(frame, number_predictions(weak.astype(float), np.zeros(1000)), FEATURES, 3, 20)
    assert rules(found) == ["plan = größte"]
    assert (found[0].loss, found[0].rest, found[0].q) == (1.0, 0.0, 0.0)


def test_a_column_of_mixed_values_does_no_harm() -> None:
    frame = table(12, 2000)
    frame["mixed"] = [number if number % 3 else str(number) for number in range(2000)]
    weak = (frame["plan"] == "basic").to_numpy()
    assert rules(weak_segments(frame, numbers(frame, weak), [*FEATURES, "mixed"], 3, 50)) == ["plan = basic"]


def test_losses() -> None:
    truth = np.asarray([0, 1])
    sure = class_predictions(truth, truth, np.asarray([0.0, 0.5]), True, [0, 1], None)
    assert losses(sure) == pytest.approx([-np.log(0.999), np.log(2)])
    assert losses(class_predictions(truth, 1 - truth, None, False, [0, 1], None)) == pytest.approx([1, 1])
    assert losses(number_predictions(np.asarray([1.0]), np.asarray([3.0]))) == pytest.approx([4])
    assert losses(number_predictions(np.asarray([1.0]), np.asarray([np.nan]))) is None
    ranking = Predictions("ranking", truth, truth, None, False)
    assert losses(ranking) is None


def test_edges_are_short_and_are_what_is_applied() -> None:
    column = read_column(pd.Series(np.linspace(0, 1, 1000)), "share")
    assert column is not None
    bins = bins_of(column, 1)
    assert bins.text(1, bins.named) == "share >= 0.062" and bins.text(0, bins.named) == "share is not null"
    assert (bins.codes(column) >= 1).tolist() == (column.numbers >= 0.062).tolist()
    day = read_column(pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(900), unit="h")), "at")
    assert day is not None
    assert bins_of(day, 1).text(0, 1) == "at < 2026-01-03"
    hour = read_column(pd.Series(pd.to_datetime(["2026-01-01T10:00", "2026-01-01T12:30"])), "at")
    assert hour is not None
    assert bins_of(hour, 1).text(1, 2) == "at >= 2026-01-01T12:30:00"
