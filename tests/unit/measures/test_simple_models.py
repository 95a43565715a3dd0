"""The simple models: the best constant and the linear one, deterministic, on whatever columns there are."""

import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.columns import read_column, read_columns
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.measures.simple import Unfit, constant, linear


def binary(truth: np.ndarray) -> Predictions:
    return class_predictions(truth, truth, np.full(len(truth), 0.5), True, [0, 1], None)


def table(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"x": rng.normal(50, 10, rows), "plan": rng.choice(["basic", "pro", "größte"], rows)})
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), unit="D")
    logit = (frame["x"] - 50) / 5 + 2.0 * (frame["plan"] == "pro") - 0.5
    frame["y"] = (rng.uniform(size=rows) < 1 / (1 + np.exp(-logit))).astype(int)
    frame.loc[rng.uniform(size=rows) < 0.1, "x"] = np.nan
    return frame


def test_the_constant_takes_the_training_truth() -> None:
    rows = binary(np.asarray([1, 1, 1, 0]))
    said = constant(rows, np.asarray([0, 0, 0, 1]))
    assert said.scores is not None
    assert said.label.tolist() == [0, 0, 0, 0] and said.scores[0].tolist() == [0.75, 0.25] and said.probable
    alone = constant(rows)
    assert alone.scores is not None
    assert alone.label.tolist() == [1, 1, 1, 1] and alone.scores[0].tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    "train", [np.asarray([], dtype=object), np.asarray([None, None]), np.asarray(["purple", "green"], dtype=object)]
)
def test_training_truth_without_any_class_is_no_help(train: np.ndarray) -> None:
    assert constant(binary(np.asarray([1, 1, 0])), train).label.tolist() == [1, 1, 1]


def test_classes_are_the_same_however_they_are_written() -> None:
    rows = class_predictions(np.asarray(["1", "0"]), np.asarray(["1", "0"]), None, False, ["0", "1"], None)
    for train in ([1.0, 1.0, 0.0, None], [True, True, False, None], ["1", "1", "0", "7"]):
        assert constant(rows, np.asarray(train, dtype=object)).label.tolist() == [1, 1]


def test_the_constant_of_numbers_is_their_mean() -> None:
    rows = number_predictions(np.asarray([1.0, 2.0]), np.asarray([0.0, 0.0]))
    assert constant(rows, np.asarray(["10", "20", "?"], dtype=object)).label.tolist() == [15.0, 15.0]
    assert constant(rows).label.tolist() == [1.5, 1.5]
    assert constant(number_predictions(np.zeros(0), np.zeros(0))).label.tolist() == []


def test_the_constant_of_a_ranking_has_no_order() -> None:
    scores = np.asarray([[0.1], [0.9], [0.5]])
    rows = Predictions("ranking", np.asarray([0.0, 1.0, 2.0]), scores[:, 0], scores, False)
    said = constant(rows)
    assert said.scores is not None
    assert np.unique(said.scores).tolist() == [0.0] and np.unique(said.label).tolist() == [0.0]


def test_the_linear_model_finds_what_is_linear_and_is_the_same_each_time() -> None:
    train, test = table(3000, 1), table(1000, 2)
    like = binary(test["y"].to_numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said, again = (linear(train, test, "y", ["x", "plan", "when", "y"], like) for _ in range(2))
    assert isinstance(said, Predictions) and isinstance(again, Predictions)
    assert said.scores is not None and again.scores is not None
    assert (said.label == like.truth).mean() > 0.75
    assert said.probable and np.allclose(said.scores.sum(axis=1), 1)
    assert (said.scores == again.scores).all()


def test_the_linear_model_of_numbers_and_of_many_classes() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=900), "word": rng.choice(["a", "b"], 900)})
    frame["y"] = 3 * frame["x"] + 5 * (frame["word"] == "b") + rng.normal(0, 0.1, 900)
    train, test = frame[:600], frame[600:]
    said = linear(train, test, "y", ["x", "word"], number_predictions(test["y"].to_numpy(), test["y"].to_numpy()))
    assert isinstance(said, Predictions)
    assert np.abs(said.label - test["y"]).mean() < 0.2
    train = train.assign(y=np.where(train["x"] > 0.5, "high", np.where(train["x"] < -0.5, "low", "mid")))
    truth = np.where(test["x"] > 0.5, "high", "low")
    like = class_predictions(truth, truth, None, False, ["low", "mid", "high", "never"], None)
    said = linear(train, test, "y", ["x"], like)
    assert isinstance(said, Predictions) and said.scores is not None
    assert said.scores.shape == (300, 4) and said.scores[:, 3].max() == 0
    assert (said.label[test["x"] > 1] == 2).mean() > 0.9


def test_words_and_gaps_that_training_never_had() -> None:
    train, test = table(500, 1), table(50, 2)
    train["x"] = train["x"].fillna(50.0)
    test["plan"] = "other"
    test.loc[test.index[:3], "x"] = [np.inf, -1e300, np.nan]
    said = linear(train, test, "y", ["x", "plan"], binary(test["y"].to_numpy()))
    assert isinstance(said, Predictions) and said.scores is not None
    assert np.isfinite(said.scores).all()
    blank = linear(train, test.assign(plan=np.nan), "y", ["plan"], binary(test["y"].to_numpy()))
    assert isinstance(blank, Predictions)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"y": 1}, "fewer than two different values"),
        ({"y": None}, "fewer than two different values"),
        ({"x": 1.0, "plan": "same"}, "no feature"),
        ({"x": None, "plan": None}, "no feature"),
    ],
)
def test_nothing_to_fit_is_said(change: dict[str, object], reason: str) -> None:
    test = table(20, 2)
    said = linear(table(100, 1).assign(**change), test, "y", ["x", "plan", "gone"], binary(test["y"].to_numpy()))
    assert isinstance(said, Unfit) and reason in said.reason


def test_no_rows_and_no_target() -> None:
    train, test = table(100, 1), table(20, 2)
    assert isinstance(linear(train[:0], test, "y", ["x"], binary(test["y"].to_numpy())), Unfit)
    nobody = linear(train, test[:0], "y", ["x"], binary(np.zeros(0, dtype=int)))
    assert isinstance(nobody, Predictions) and len(nobody) == 0
    with pytest.raises(StageFailed, match="no column 'y'"):
        linear(train.drop(columns="y"), test, "y", ["x"], binary(test["y"].to_numpy()))


def test_a_column_of_another_kind_is_left_out() -> None:
    train, test = table(300, 1), table(30, 2)
    said = linear(train, test.assign(x="text"), "y", ["x"], binary(test["y"].to_numpy()))
    assert isinstance(said, Unfit)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "number"),
        ([Decimal("1.5"), None], "number"),
        ([True, False, None], "word"),
        (["a", 1, None], "word"),
        (["", "ü", None], "word"),
        ([datetime.date(2026, 3, 1), None], "moment"),
        ([None, None], "word"),
        ([[1], [2]], None),
        ([1 + 2j, 3], None),
    ],
)
def test_what_a_column_of_python_values_is(values: list[object], kind: str | None) -> None:
    found = read_column(pd.Series(values, dtype=object), "c")
    assert (found.kind if found else None) == kind
    if found is not None:
        assert len(found.missing) == len(values) and found.missing.tolist() == [value is None for value in values]


def test_stored_types_are_read_as_what_they_stand_for() -> None:
    moment = pd.Series(pd.to_datetime(["2026-03-02T01:00:00+01:00"], utc=True)).dt.tz_convert("Asia/Tokyo")
    frame = pd.DataFrame({"zone": moment, "span": pd.to_timedelta(["36h"]), "flag": [True]})
    frame["whole"] = pd.array([None], dtype="Int64")
    frame["few"] = pd.Categorical(["b"], categories=["a", "b"])
    found = {column.name: column for column in read_columns(frame, [*frame.columns, "gone"])}
    assert {name: column.kind for name, column in found.items()} == {
        "zone": "moment", "span": "number", "flag": "word", "whole": "number", "few": "word",
    }  # fmt: skip
    assert found["zone"].numbers.tolist() == [20514.0] and found["span"].numbers.tolist() == [1.5]
    assert found["whole"].missing.all() and found["few"].words == ("b",)
