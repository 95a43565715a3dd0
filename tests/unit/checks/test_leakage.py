"""Leaks: rows in both tables whatever their types, features that are the answer, tests that are not after training."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_cli.base.errors import StageFailed
from mlops_cli.checks.leakage import Overlap, after, feature_power, overlap
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions


def table(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"whole": rng.integers(0, 1000, rows), "number": rng.normal(size=rows)})
    frame["word"] = rng.choice(["a", "größe", "東京"], rows)
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 9999, rows), unit="h")
    frame["flag"] = rng.integers(0, 2, rows).astype(bool)
    return frame


def classes(truth: np.ndarray) -> Predictions:
    return class_predictions(truth, truth, None, False, [0, 1], None)


# --- overlap -------------------------------------------------------------------------------------------------------


def test_rows_that_were_trained_on_are_counted_and_shown() -> None:
    train, test = table(200, 1), table(100, 2)
    test.loc[[3, 50]] = train.loc[[7, 7]].to_numpy()
    found = overlap(train, test.infer_objects(), list(train))
    assert found == Overlap(2, 0.02, 0.0, ({"row": 4, "training_row": 8}, {"row": 51, "training_row": 8}))


def test_equal_in_all_columns_is_what_counts() -> None:
    train = table(200, 1)
    assert overlap(train, train.assign(number=train["number"] + 1e-9), list(train)).rows == 0
    assert overlap(train, train.assign(number=train["number"] + 1e-9), ["whole", "word", "when"]).share == 1.0
    swapped = pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    assert overlap(swapped, swapped.rename(columns={"a": "b", "b": "a"})[["a", "b"]][:1], ["a", "b"]).rows == 1
    assert overlap(swapped[:1], swapped[1:], ["a", "b"]).rows == 0


@pytest.mark.parametrize(
    "change",
    [
        {"whole": "float64"}, {"whole": "Int64"}, {"whole": "int16"}, {"whole": object}, {"whole": str},
        {"word": object}, {"word": "category"}, {"flag": object}, {"flag": "int8"}, {"flag": "boolean"},
        {"when": "datetime64[ms]"}, {"when": "datetime64[us, UTC]"}, {"when": str}, {"when": object},
    ],
)  # fmt: skip
def test_the_type_of_a_column_hides_nothing(change: dict[str, object]) -> None:
    train = table()
    other = train.astype(change) if "UTC" not in str(change) else train.assign(when=train["when"].dt.tz_localize("UTC"))
    assert overlap(train, other, list(train)).share == 1.0
    assert overlap(other, train, list(train)).share == 1.0


def test_zones_missing_values_and_zeros() -> None:
    one = pd.DataFrame({"t": pd.to_datetime(["2026-03-01T12:00Z"]), "x": [0.0], "m": [np.nan], "w": [None]})
    two = pd.DataFrame({"t": ["2026-03-01T13:00:00+01:00"], "x": [-0.0], "m": pd.array([None], dtype="Int64")})
    two["w"] = pd.Series([None], dtype=object)
    assert overlap(one, two, ["t", "x", "m", "w"]).rows == 1
    assert overlap(one, two.assign(m=1), ["t", "x", "m", "w"]).rows == 0
    assert overlap(one, two.assign(t="soon"), ["t"]).rows == 0
    assert overlap(one, two.assign(t=None), ["t"]).rows == 0


def test_large_whole_numbers_are_compared_by_all_their_digits() -> None:
    ids = pd.DataFrame({"id": [2**60, 2**60 + 2, -(2**63)]})
    assert overlap(ids, ids + 1, ["id"]).rows == 0
    assert overlap(ids, pd.DataFrame({"id": [float(2**60)]}), ["id"]).rows == 1
    assert overlap(ids[:2].astype("uint64"), ids, ["id"]).rows == 2


def test_what_repeats_by_itself_is_told() -> None:
    train = pd.DataFrame({"a": [1, 1, 2, 3]})
    found = overlap(train, pd.DataFrame({"a": [1, 9]}), ["a"])
    assert (found.rows, found.share, found.natural) == (1, 0.5, 0.5)


def test_empty_odd_and_missing_columns() -> None:
    train = table(5)
    assert overlap(train, train[:0], list(train)) == Overlap(0, 0.0, 0.0)
    assert overlap(train[:0], train, list(train)) == Overlap(0, 0.0, 0.0)
    lists = pd.DataFrame({"l": [[1, 2], [3]]})
    assert overlap(lists, lists, ["l"]).rows == 2
    same = pd.DataFrame({"c": [None, None]})
    assert overlap(same, same[:1], ["c"]).natural == 1.0
    with pytest.raises(StageFailed, match="the test data has no column 'word'"):
        overlap(train, train.drop(columns="word"), list(train))
    with pytest.raises(StageFailed, match="without columns"):
        overlap(train, train, [])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(["", "a", "b", None])), max_size=12),
    st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(["", "a", "b", None])), max_size=12),
)
def test_overlap_is_what_a_set_says(first: list[tuple[int, str | None]], second: list[tuple[int, str | None]]) -> None:
    train, test = (pd.DataFrame(rows, columns=["n", "w"]).astype({"w": object}) for rows in (first, second))
    found = overlap(train, test.astype({"n": float}), ["n", "w"])
    assert found.rows == sum(row in set(first) for row in second)
    assert found.natural == pytest.approx(np.mean([first.count(row) > 1 for row in first]) if first else 0)


# --- the power of single features ----------------------------------------------------------------------------------


def test_a_copy_of_the_answer_stands_out() -> None:
    frame = table(2000)
    truth = np.random.default_rng(5).integers(0, 2, 2000)
    frame["copy"], frame["word_copy"] = truth * 7.0 + 1, np.where(truth == 1, "yes", "no")
    frame["against"], frame["half"] = 1 - truth, np.where(np.arange(2000) % 2 == 0, truth, 0.5)
    found = dict(feature_power(frame, classes(truth), list(frame)))
    assert found["copy"] == found["word_copy"] == found["against"] == 1.0
    assert 0.85 < found["half"] < 0.9
    assert all(found[name] < 0.56 for name in ("whole", "number", "word", "when", "flag"))
    assert next(iter(found.values())) == 1.0


def test_an_id_has_no_power_by_being_remembered() -> None:
    truth = np.random.default_rng(6).integers(0, 2, 1000)
    frame = pd.DataFrame({"id": [f"user-{number}" for number in range(1000)]})
    frame["number"] = np.random.default_rng(7).permutation(1000)
    frame["pair"] = [f"p{number // 2}" for number in range(1000)]
    found = dict(feature_power(frame, classes(truth), list(frame)))
    assert found["id"] == 0.5 and found["number"] < 0.56 and found["pair"] < 0.56
    assert feature_power(frame[["id"]], number_predictions(truth, truth), ["id"]) == [("id", 0.0)]


def test_the_order_of_sorted_rows_is_a_leak() -> None:
    truth = (np.arange(1000) >= 500).astype(int)
    frame = pd.DataFrame({"index": np.arange(1000)})
    assert feature_power(frame, classes(truth), ["index"])[0][1] > 0.98


def test_numbers_and_many_classes() -> None:
    rng = np.random.default_rng(8)
    truth = rng.lognormal(size=2000)
    frame = pd.DataFrame({"inches": truth / 2.54 + 3, "square": truth**2, "noise": rng.normal(size=2000)})
    frame["rough"] = np.where(rng.uniform(size=2000) < 0.1, np.nan, np.round(truth))
    found = dict(feature_power(frame, number_predictions(truth, truth), list(frame)))
    assert found["inches"] == pytest.approx(1) and found["square"] > 0.9 and 0.5 < found["rough"] < 0.99
    assert found["noise"] < 0.05
    names = rng.choice(["low", "mid", "high"], 2000, p=[0.9, 0.05, 0.05])
    like = class_predictions(names, names, None, False, ["low", "mid", "high", "never"], None)
    frame = pd.DataFrame({"copy": names, "noise": rng.normal(size=2000)})
    found = dict(feature_power(frame, like, list(frame)))
    assert found["copy"] == 1.0 and found["noise"] < 0.5


def test_features_that_say_nothing_have_no_power() -> None:
    truth = np.asarray([0, 1] * 20)
    frame = pd.DataFrame({"same": 1, "none": None, "word": "a", "lists": [[1]] * 40, "far": [np.inf] * 40})
    assert {power for _, power in feature_power(frame, classes(truth), list(frame))} == {0.0}
    assert feature_power(frame, classes(np.zeros(40, dtype=int)), ["same"]) == [("same", 0.0)]
    frame = pd.DataFrame({"x": [1.0]})
    assert feature_power(frame, classes(np.asarray([1])), ["x"]) == [("x", 0.0)]
    assert feature_power(frame[:0], classes(np.zeros(0, dtype=int)), ["x"]) == [("x", 0.0)]
    assert feature_power(frame, classes(np.asarray([1])), []) == []
    with pytest.raises(StageFailed, match="no column 'y'"):
        feature_power(frame, classes(np.asarray([1])), ["y"])


def test_wild_numbers_do_no_harm() -> None:
    truth = np.random.default_rng(9).normal(size=400)
    frame = pd.DataFrame({"huge": truth * 1e307, "tiny": truth * 1e-308, "gaps": truth})
    frame.loc[::3, "gaps"] = np.nan
    found = dict(feature_power(frame, number_predictions(truth, truth), list(frame)))
    assert found["huge"] > 0.9 and found["tiny"] > 0.9 and found["gaps"] > 0.4


# --- time ----------------------------------------------------------------------------------------------------------

DAYS = ["2026-01-01", "2026-01-03", "2026-01-05"]


@pytest.mark.parametrize(
    "train",
    [
        pd.Series(DAYS),
        pd.Series(DAYS, dtype="category"),
        pd.Series(pd.to_datetime(DAYS)),
        pd.Series(pd.to_datetime(DAYS, utc=True)),
        pd.Series([datetime.date.fromisoformat(day) for day in DAYS], dtype=object),
        pd.Series(["2026-01-05T01:00:00+01:00", "2025-12-31T23:00-05:00", None]),
    ],
)
@pytest.mark.parametrize("test", [["2026-01-05", "2026-01-06"], ["2026-01-05T00:00:00Z", "2026-01-05T00:00:01Z"]])
def test_rows_that_are_not_after_the_training(train: pd.Series, test: list[str]) -> None:
    frame = pd.DataFrame({"t": train})
    assert after(frame, pd.DataFrame({"t": test}), "t") == 0.5
    assert after(frame, pd.DataFrame({"t": pd.to_datetime(test)}), "t") == 0.5


def test_numbers_gaps_and_nothing() -> None:
    train = pd.DataFrame({"t": [1, 2, 3]})
    assert after(train, pd.DataFrame({"t": [3.0, 4.0, np.nan, 5.0]}), "t") == 0.5
    assert after(train, pd.DataFrame({"t": pd.array([4, None], dtype="Int64")}), "t") == 0.5
    assert after(train, train[:0], "t") == 0.0
    assert after(train, pd.DataFrame({"t": [None]}), "t") == 1.0
    with pytest.raises(StageFailed, match="no training row says when"):
        after(train[:0], train, "t")


def test_what_is_no_time_is_refused() -> None:
    train = pd.DataFrame({"t": DAYS})
    with pytest.raises(StageFailed, match="has 'soon', which is not a moment"):
        after(train, pd.DataFrame({"t": ["2026-01-01", "soon"]}), "t")
    with pytest.raises(StageFailed, match="is a moment in the training data and a number in the test data"):
        after(train, pd.DataFrame({"t": [1]}), "t")
    with pytest.raises(StageFailed, match="does not say when"):
        after(pd.DataFrame({"t": [True]}), train, "t")
    with pytest.raises(StageFailed, match="the test data has no column 't'"):
        after(train, pd.DataFrame({"u": [1]}), "t")
