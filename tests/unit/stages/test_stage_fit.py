"""`fit` and `select`: parameters, seeds, and what the data must be like."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.models.format import load_model, read_card
from mlops_cli.stages import fit, select
from mlops_cli.stages.base import Input, Job
from mlops_cli.tables.read import write_table

TREE = "sklearn.tree:DecisionTreeClassifier"
MODULE = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def build(strength: float = 1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength))

def nothing():
    return 3

number = 4
"""


def table(folder: Path, frame: pd.DataFrame) -> Input:
    path = folder / "in.parquet"
    write_table(frame, path)
    return Input(str(path), "table", Oid("0" * 64))


def iris() -> pd.DataFrame:
    return load_iris(as_frame=True).frame.rename(columns=lambda name: name.replace(" (cm)", ""))


def run(
    folder: Path,
    frame: pd.DataFrame,
    maker: str = TREE,
    arguments: dict[str, Json] | None = None,
    seed: int | None = None,
    features: list[Json] | None = None,
    name: str = "one",
) -> Path:
    (folder / name).mkdir(exist_ok=True)
    options: dict[str, Json] = {"target_class": maker, "target": "target", "features": features}
    data = {"data": [table(folder, frame)]}
    made = fit.run(Job("s", "fit", str(folder), str(folder / name), options, data, (), arguments or {}, (), seed=seed))
    return Path(made.outputs["model"].path or "")


def test_features_are_every_other_column_or_those_that_are_named(tmp_path: Path) -> None:
    card = read_card(run(tmp_path, iris()))
    assert [feature.name for feature in card.features] == iris().columns[:-1].tolist()
    card = read_card(run(tmp_path, iris(), features=["petal width", "petal length"], name="two"))
    assert [feature.name for feature in card.features] == ["petal width", "petal length"]


def test_the_seed_fills_a_random_state_that_is_unset(tmp_path: Path) -> None:
    assert read_card(run(tmp_path, iris(), seed=5)).params["random_state"] == 5
    assert read_card(run(tmp_path, iris(), arguments={"random_state": 1}, seed=5, name="b")).params["random_state"] == 1
    assert read_card(run(tmp_path, iris(), name="c")).params["random_state"] is None


def test_a_function_of_the_project_makes_the_estimator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "makers_of_test.py").write_text(MODULE)
    folder = run(tmp_path, iris(), "makers_of_test:build", {"strength": 0.5}, seed=3)
    card = read_card(folder)
    assert card.estimator == "sklearn.pipeline.Pipeline"
    assert card.params["logisticregression__C"] == 0.5
    assert card.params["logisticregression__random_state"] == 3
    for maker, words in (
        ("makers_of_test:nothing", "which has no fit"),
        ("makers_of_test:number", "not a function or class"),
        ("makers_of_test:biuld", "has no 'biuld'"),
        ("makers_of_tests:build", "no module 'makers_of_tests'"),
    ):
        with pytest.raises(StageFailed, match=words):
            run(tmp_path, iris(), maker)


@pytest.mark.parametrize(
    ("change", "maker", "arguments", "words", "hint"),
    [
        ({"target": 1}, TREE, {}, "is '1' in all 150 rows", "nothing to tell apart"),
        ({"target": None}, TREE, {}, "has no value in 150 of 150 rows", "leave these rows out"),
        ({"target": "x"}, "sklearn.linear_model:Ridge", {}, "'x' in all", None),
        ({"word": "x"}, "sklearn.linear_model:LogisticRegression", {}, "cannot be fitted", "not numbers: word"),
        (
            {"petal width": np.nan},
            "sklearn.linear_model:LogisticRegression",
            {},
            "cannot be fitted",
            "petal width (150 of 150)",
        ),
        ({}, TREE, {"max_dept": 3}, "has no parameter 'max_dept'", "max_depth"),
        ({}, TREE, {"max_depth": "deep"}, "cannot be fitted", None),
        ({}, "sklearn.preprocessing:StandardScaler", {}, "has no fit and predict", None),
    ],
)
def test_a_fit_that_cannot_be_is_told(
    tmp_path: Path, change: dict[str, object], maker: str, arguments: dict[str, Json], words: str, hint: str | None
) -> None:
    with pytest.raises(StageFailed) as caught:
        run(tmp_path, iris().assign(**change), maker, arguments)
    assert words in str(caught.value)
    assert hint is None or hint in (caught.value.faults[0].hint or "")


def test_missing_columns_and_empty_data_are_told(tmp_path: Path) -> None:
    with pytest.raises(StageFailed, match="no column 'target'"):
        run(tmp_path, iris().drop(columns="target"))
    with pytest.raises(StageFailed, match="no column 'petal widht'"):
        run(tmp_path, iris(), features=["petal widht"])
    with pytest.raises(StageFailed, match="also a feature"):
        run(tmp_path, iris(), features=["target"])
    with pytest.raises(StageFailed, match="nothing to fit on"):
        run(tmp_path, iris()[:0])
    with pytest.raises(StageFailed, match="is not a number"):
        run(tmp_path, iris().assign(target=["a", "b"] * 75), "sklearn.linear_model:Ridge")


def test_select_takes_the_best_and_of_equals_the_first(tmp_path: Path) -> None:
    names = {"weak": 1, "good": 3, "same": 3}
    models = [run(tmp_path, iris(), arguments={"max_depth": depth}, seed=0, name=name) for name, depth in names.items()]
    given = {
        "models": [Input(str(path), "model", Oid("1" * 64)) for path in models],
        "data": [table(tmp_path, iris())],
    }
    for metric, best, expected in (
        ("accuracy", "max", "models[1]"),
        ("accuracy", "min", "models[0]"),
        ("log_loss", "min", "models[1]"),
    ):
        options: dict[str, Json] = {"metric": metric, "best": best, "target": None}
        made = select.run(Job("s", "select", str(tmp_path), str(tmp_path), options, given, ("models",), {}, ()))
        assert made.outputs["model"].same == expected
        assert json.loads(Path(made.outputs["metrics"].path or "").read_text()) == dict(made.metrics)
    assert load_model(models[0]).card.task == "multiclass"
    with pytest.raises(StageFailed, match="cannot be compared: selection_rate"):
        options = {"metric": "selection_rate", "best": "max", "target": None}
        select.run(Job("s", "select", str(tmp_path), str(tmp_path), options, given, ("models",), {}, ()))
