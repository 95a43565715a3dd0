"""Models on disk: the same fit gives the same bytes, nothing is loaded that is not trusted, golden rows are held."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.fitting import fit_model
from mlops_cli.models.format import load_model, read_card, save_estimator, save_model
from mlops_cli.models.model import Model


def cancer() -> pd.DataFrame:
    return load_breast_cancer(as_frame=True).frame.iloc[:200, -6:]


def people() -> pd.DataFrame:
    source = np.random.default_rng(0)
    frame = pd.DataFrame({"age": source.normal(40, 9, 120), "city": source.choice(["oslo", "rome", "kyiv"], 120)})
    frame.loc[::9, "age"] = np.nan
    frame["left"] = np.where(source.uniform(size=120) > 0.5, "yes", "no")
    return frame


def columns() -> Any:
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_column_transformer((words, ["city"]), (numbers, make_column_selector(dtype_include=np.number)))


MODELS = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=5, random_state=1),
    "forest": lambda: RandomForestClassifier(n_estimators=5, random_state=1),
    "neighbours": lambda: KNeighborsClassifier(),
    "svm": lambda: SVC(),
    "voting": lambda: VotingClassifier([("a", LogisticRegression(max_iter=5000)), ("b", KNeighborsClassifier())]),
}


def fitted(estimator: Any, frame: pd.DataFrame, target: str) -> Model:
    return fit_model(estimator, frame, target, None)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_comes_back_as_it_was_and_twice_the_same(tmp_path: Path, kind: str) -> None:
    frame = cancer()
    for name in ("one", "two"):
        save_model(fitted(MODELS[kind](), frame, "target"), frame, tmp_path / name)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert set(content(tmp_path / "one")) == {
        "model.json", "estimator.skops", "input.parquet", "golden.json", "profile.json"
    }  # fmt: skip
    model, fresh = load_model(tmp_path / "one"), fitted(MODELS[kind](), frame, "target")
    assert np.array_equal(model.predict(frame), fresh.predict(frame))
    assert np.allclose(model.score(frame), fresh.score(frame), rtol=0, atol=0)


def test_text_columns_missing_values_and_text_classes(tmp_path: Path) -> None:
    frame = people()
    for name in ("one", "two"):
        save_model(fitted(make_pipeline(columns(), LogisticRegression()), frame, "left"), frame, tmp_path / name)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    model = load_model(tmp_path / "one")
    assert model.card.classes == ("no", "yes")
    assert model.card.task == "binary"
    assert set(model.predict(frame)) <= {"no", "yes"}
    assert model.score(frame).shape == (120,)


def test_regressions_and_more_than_two_classes(tmp_path: Path) -> None:
    frame = load_diabetes(as_frame=True).frame
    for estimator in (Ridge(), HistGradientBoostingRegressor(max_iter=3)):
        save_model(fitted(estimator, frame, "target"), frame, tmp_path / type(estimator).__name__)
        assert load_model(tmp_path / type(estimator).__name__).card.task == "regression"
    iris = load_iris(as_frame=True).frame
    save_model(fitted(LogisticRegression(max_iter=500), iris, "target"), iris, tmp_path / "iris")
    card = read_card(tmp_path / "iris")
    assert (card.task, card.classes, card.target, card.rows) == ("multiclass", (0, 1, 2), "target", 150)
    assert [feature.name for feature in card.features] == list(iris.columns[:-1])
    assert card.params["max_iter"] == 500


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from sklearn.datasets import load_iris\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from mlops_cli.models.fitting import fit_model; from mlops_cli.models.format import save_model\n"
        "frame = load_iris(as_frame=True).frame\n"
        "model = fit_model(RandomForestClassifier(n_estimators=3, random_state=0), frame, 'target', None)\n"
        "save_model(model, frame, Path(sys.argv[1]))\n"
    )
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", script, str(tmp_path / name)], check=True)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def double(values: Any) -> Any:
    return values * 2


def test_a_function_of_the_project_needs_trust(tmp_path: Path) -> None:
    frame = cancer()
    model = fitted(make_pipeline(FunctionTransformer(double), StandardScaler(), LogisticRegression()), frame, "target")
    name = f"{double.__module__}.double"
    with pytest.raises(StageFailed, match=name) as caught:
        save_model(model, frame, tmp_path / "m")
    assert f"trust: [{name}]" in (caught.value.faults[0].hint or "")
    save_model(model, frame, tmp_path / "m", [name])
    assert name in read_card(tmp_path / "m").types
    with pytest.raises(StageFailed, match="not trusted"):
        load_model(tmp_path / "m")
    assert np.array_equal(load_model(tmp_path / "m", [name]).predict(frame), model.predict(frame))


def test_a_lambda_cannot_be_saved(tmp_path: Path) -> None:
    frame = cancer()
    model = fitted(
        make_pipeline(FunctionTransformer(lambda values: values), LogisticRegression(max_iter=9999)), frame, "target"
    )
    with pytest.raises(StageFailed, match=r"lambda|cannot be saved safely"):
        save_model(model, frame, tmp_path / "m")


def test_a_card_cannot_widen_its_own_trust(tmp_path: Path) -> None:
    frame = cancer()
    save_model(fitted(LogisticRegression(max_iter=9999), frame, "target"), frame, tmp_path)
    archive = tmp_path / "estimator.skops"
    with zipfile.ZipFile(archive) as source:
        files = {name: source.read(name) for name in source.namelist()}
    schema = json.loads(files["schema.json"])
    hostile = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 99_999}
    schema["content"]["content"]["C"] = {**hostile, "content": "system"}
    files["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(archive, "w") as target:
        for name, data in files.items():
            target.writestr(name, data)
    card = json.loads((tmp_path / "model.json").read_text())
    card["types"] = ["os.system", "posix.system"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(StageFailed, match=r"not trusted: os\.system"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("file", "data", "words"),
    [
        ("model.json", None, "not a model"),
        ("model.json", b"{}", "damaged"),
        ("estimator.skops", b"junk", "is refused"),
        ("estimator.skops", None, "cannot be read"),
        ("golden.json", b'{"predictions": [1], "scores": [1]}', "something else"),
        ("golden.json", None, "golden rows"),
    ],
)
def test_a_damaged_model_is_told(tmp_path: Path, file: str, data: bytes | None, words: str) -> None:
    frame = cancer()
    save_model(fitted(LogisticRegression(max_iter=9999), frame, "target"), frame, tmp_path)
    (tmp_path / file).unlink()
    if data is not None:
        (tmp_path / file).write_bytes(data)
    with pytest.raises(StageFailed, match=words):
        load_model(tmp_path)


def test_an_estimator_that_a_function_returned(tmp_path: Path) -> None:
    frame = cancer()
    rows, truth = frame.drop(columns="target"), frame.target
    save_estimator(LogisticRegression(max_iter=9999).fit(rows, truth), tmp_path / "m")
    model = load_model(tmp_path / "m")
    assert model.card.target is None
    assert model.predict(frame).shape == (200,)
    with pytest.raises(StageFailed, match="names of its features"):
        save_estimator(LogisticRegression(max_iter=9999).fit(rows.to_numpy(), truth), tmp_path / "n")
    with pytest.raises(StageFailed, match="is not a model"):
        save_estimator({"a": 1}, tmp_path / "o")


def test_a_missing_feature_is_named(tmp_path: Path) -> None:
    frame = cancer()
    model = fitted(LogisticRegression(max_iter=9999), frame, "target")
    with pytest.raises(StageFailed, match="the data has no column 'worst symmetry'"):
        model.predict(frame.rename(columns={"worst symmetry": "worst simmetry"}))
