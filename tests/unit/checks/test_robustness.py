"""Spoilt inputs: what is spoilt and how, and what a model loses by it."""

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import Place, StageFailed
from mlops_cli.checks.robustness import Drop, drops, probe
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.spec.validation import Bound, Check, Probe

ROWS = 1000
TYPES = [("age", "int64"), ("height", "float64"), ("plan", "str"), ("flag", "bool"), ("when", "datetime64[us]")]


def table(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, rows), "height": rng.normal(170, 10, rows)})
    frame["plan"] = rng.choice(["basic", "größe"], rows)
    frame["flag"] = rng.integers(0, 2, rows).astype(bool)
    frame["when"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), unit="D")
    frame["y"] = (frame["age"] >= 50).astype(int)
    return frame


def check(kind: Probe, measure: str = "accuracy", amount: float = 0.0, columns: tuple[str, ...] = ()) -> Check:
    bound = Bound(0.05, "number", "0.05")
    return Check(
        f"{measure}.drop", measure, measure, "drop", bound, Place("g.yaml", 1, 1), probe=kind, amount=amount,
        columns=columns,
    )  # fmt: skip


def by_age(frame: pd.DataFrame) -> Predictions:
    """A model that only looks at the age, and takes a missing one for young."""
    said = (frame["age"].fillna(0) >= 50).astype(int).to_numpy()
    return class_predictions(frame["y"].to_numpy(), said, said.astype(float), True, [0, 1], None)


def strict(frame: pd.DataFrame) -> Predictions:
    """A model that takes neither a missing value nor a new plan."""
    if frame.isna().any(axis=None):
        raise StageFailed("Input X contains NaN")
    if not frame["plan"].isin(["basic", "größe"]).all():
        raise StageFailed("Found unknown categories")
    return by_age(frame)


def test_a_feature_that_carries_everything_is_missed_alone() -> None:
    frame = table()
    found = {item.label: item for item in drops(check("missing"), by_age, frame, by_age(frame), TYPES, 0.95)}
    assert list(found) == ["age missing", "height missing", "plan missing", "flag missing", "when missing"]
    lost = found["age missing"].estimate
    assert lost is not None and lost.value == pytest.approx(frame["y"].mean())
    assert lost.low is not None and lost.low > 0.4
    kept = found["height missing"].estimate
    assert kept is not None and (kept.value, kept.low, kept.high) == (0.0, 0.0, 0.0)


def test_a_drop_is_above_zero_whichever_way_the_metric_points() -> None:
    frame = table()
    for measure in ("brier", "roc_auc"):
        found = drops(check("missing", measure, columns=("age",)), by_age, frame, by_age(frame), TYPES, 0.95)
        assert len(found) == 1 and found[0].estimate is not None and found[0].estimate.value > 0.3


def test_a_model_that_refuses_spoilt_rows_says_so() -> None:
    frame = table()
    found = drops(check("missing"), strict, frame, strict(frame), TYPES, 0.95)
    assert {(item.estimate, item.fault) for item in found} == {(None, "Input X contains NaN")}
    assert drops(check("unseen"), strict, frame, strict(frame), TYPES, 0.95) == [
        Drop("plan unseen", None, "Found unknown categories")
    ]


def test_a_metric_without_a_value_is_no_fault() -> None:
    frame = table().assign(y=1)
    (found,) = drops(check("missing", "roc_auc", columns=("age",)), by_age, frame, by_age(frame), TYPES, 0.95)
    assert found == Drop("age missing", None)


def test_many_rows_are_asked_about_in_part_and_always_the_same() -> None:
    frame, asked = table(21_000), []

    def ask(rows: pd.DataFrame) -> Predictions:
        asked.append(rows.index)
        return by_age(rows)

    first, second = (
        drops(check("noise", amount=0.1), ask, frame, by_age(frame), TYPES, 0.95)[0].estimate for _ in range(2)
    )
    assert first == second and first is not None and first.n == 20_000 and first.value > 0
    assert len(asked[0]) == 20_000 and asked[0].equals(asked[1]) and asked[0].is_monotonic_increasing


def test_only_features_can_be_asked_for() -> None:
    frame = table()
    with pytest.raises(StageFailed, match="the model's features has no column 'ages'"):
        drops(check("missing", columns=("ages",)), by_age, frame, by_age(frame), TYPES, 0.95)
    with pytest.raises(StageFailed, match="no column 'age'"):
        list(probe("missing", frame.drop(columns="age"), TYPES))


# --- how inputs are spoilt -----------------------------------------------------------------------------------------


def test_a_missing_feature_has_the_type_that_files_give_it() -> None:
    frame = table(5)
    before = frame.copy()
    spoilt = dict(probe("missing", frame, TYPES))
    types = {label.split()[0]: str(part[label.split()[0]].dtype) for label, part in spoilt.items()}
    assert types == {
        "age": "float64", "height": "float64", "plan": "str", "flag": "object", "when": str(frame["when"].dtype),
    }  # fmt: skip
    for label, part in spoilt.items():
        name = label.split()[0]
        assert part[name].isna().all() and list(part.columns) == list(frame.columns)
        assert part.drop(columns=name).equals(before.drop(columns=name))
    assert frame.equals(before)


@pytest.mark.parametrize("kind", ["Int64", "float32", "category", "boolean", "string"])
def test_other_types_can_be_missing_too(kind: str) -> None:
    frame = pd.DataFrame({"c": pd.Series(["1", "0"]).astype("Int64" if kind == "boolean" else kind).astype(kind)})
    ((_, spoilt),) = probe("missing", frame, [("c", kind)])
    assert spoilt["c"].dtype == frame["c"].dtype and spoilt["c"].isna().all()


def test_noise_moves_numbers_by_a_share_of_their_deviation() -> None:
    frame = table()
    frame.loc[3, "height"] = np.nan
    ((label, spoilt),) = probe("noise", frame, TYPES, 0.1)
    assert label == "noise 10%"
    ratio = (spoilt["height"] - frame["height"]).std() / frame["height"].std()
    assert ratio == pytest.approx(0.1, rel=0.1) and bool(np.isnan(spoilt["height"][3]))
    assert spoilt["age"].dtype == "int64" and 0 < (spoilt["age"] != frame["age"]).mean() < 1
    assert spoilt[["plan", "flag", "when", "y"]].equals(frame[["plan", "flag", "when", "y"]])
    ((_, again),) = probe("noise", frame, TYPES, 0.1)
    ((_, other),) = probe("noise", frame, TYPES, 0.1, seed=1)
    assert again.equals(spoilt) and not other.equals(spoilt)


@pytest.mark.parametrize("kind", ["uint8", "int8", "int64", "Int16", "float32", "Float64"])
def test_noise_keeps_types_and_their_ranges(kind: str) -> None:
    frame = pd.DataFrame({"c": pd.Series([0, 127, 127, 0, 64, 3]).astype(kind)})
    ((_, spoilt),) = probe("noise", frame, [("c", kind)], 5.0)
    assert spoilt["c"].dtype == frame["c"].dtype and spoilt["c"].nunique() > 1
    edge = pd.DataFrame({"c": pd.Series([-(2**63), 2**63 - 1, 0])})
    ((_, spoilt),) = probe("noise", edge, [("c", "int64")], 1.0)
    assert spoilt["c"].dtype == "int64"


def test_whole_numbers_stay_whole_where_gaps_made_them_floats() -> None:
    frame = pd.DataFrame({"c": [1.0, np.nan, 30.0, 55.0]})
    ((_, spoilt),) = probe("noise", frame, [("c", "int64")], 0.5)
    assert (spoilt["c"].dropna() % 1 == 0).all() and spoilt["c"].isna().tolist() == [False, True, False, False]


def test_an_unseen_word_is_in_no_row() -> None:
    frame = table(6)
    frame["odd"] = ["never seen before", "never seen before!", "x", None, "", "y"]
    frame["kind"] = pd.Categorical(["a", "b"] * 3)
    frame["mixed"], frame["none"] = ["a", 1, "b", 2, "c", 3], None
    names = ["plan", "odd", "kind", "mixed", "none", "age", "flag", "when"]
    spoilt = dict(probe("unseen", frame, [(name, str(frame[name].dtype)) for name in names]))
    assert list(spoilt) == ["plan unseen", "odd unseen", "kind unseen"]
    assert spoilt["plan unseen"]["plan"].unique().tolist() == ["never seen before"]
    assert spoilt["odd unseen"]["odd"].unique().tolist() == ["never seen before!!"]
    assert spoilt["kind unseen"]["kind"].tolist() == ["never seen before"] * 6
    assert list(spoilt["kind unseen"]["kind"].cat.categories) == ["a", "b", "never seen before"]
    assert spoilt["plan unseen"]["plan"].dtype == frame["plan"].dtype


@pytest.mark.parametrize("kind", ["missing", "noise", "unseen"])
def test_nothing_to_spoil(kind: Probe) -> None:
    frame = pd.DataFrame({"same": [1, 1], "none": [np.nan, np.nan], "lists": [[1], [2]]})
    features = [(name, str(frame[name].dtype)) for name in frame]
    assert len(list(probe(kind, frame, features, 0.1))) == (3 if kind == "missing" else 0)
    assert list(probe(kind, frame, [], 0.1)) == []
    assert len(list(probe(kind, frame[:0], features, 0.1))) == (3 if kind == "missing" else 0)
    rows = number_predictions(np.ones(2), np.ones(2))
    assert drops(check(kind, "mae", 0.1), lambda _: rows, frame, rows, [], 0.95) == []
