"""Every form in which a model is kept: the same bytes twice, the same answers back, and no other model in its place."""

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.fitting import fit_model, make_estimator
from mlops_cli.models.flavors import FLAVORS
from mlops_cli.models.format import load_model, read_card, save_estimator, save_model
from mlops_cli.models.profiles import read_profile

FEATURES = ["age", "spend", "visits"]
CODE = "import numpy as np\nimport pandas as pd\n\n\n"
SHARES = (
    CODE + "def predict(frame):\n    share = 1 / (1 + np.exp(-frame['age'].to_numpy() / 10))\n"
    "    return pd.DataFrame({'yes': share, 'no': 1 - share})\n\n\n"
    "predict.features = ['age', 'spend', 'visits']\npredict.classes = ['no', 'yes']\n"
)
LABELS = (
    CODE + "def predict(frame):\n    return np.where(frame['age'] > 0, 'yes', 'no')\n\n\n"
    "predict.features = ['age', 'spend', 'visits']\npredict.classes = ['no', 'yes']\n"
)
SUMS = (
    CODE + "def predict(frame):\n    return frame['age'] * 2 + frame['spend']\n\n\n"
    "predict.features = ('age', 'spend', 'visits')\n"
)


def people(classes: tuple[Any, ...] | None = ("no", "yes")) -> pd.DataFrame:
    source = np.random.default_rng(3)
    frame = pd.DataFrame({name: source.normal(size=300) for name in FEATURES})
    score = frame.age * 2 + frame.spend + source.normal(size=300) * 0.1
    if classes is None:
        return frame.assign(target=score)
    return frame.assign(target=np.asarray(classes)[np.digitize(score, np.quantile(score, (0.4, 0.7))) % len(classes)])


@dataclass
class Case:
    """One way to make a model. `make` gives what a function of the user may return."""

    flavor: str
    make: Callable[[pd.DataFrame, Path], Any]
    classes: tuple[Any, ...] | None = ("no", "yes")
    probable: bool = True
    trust: tuple[str, ...] = ()
    terms: dict[str, Any] = field(default_factory=dict)


def sklearn_model(frame: pd.DataFrame, _: Path) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(frame[FEATURES], frame.target)


def boosted(library: str, name: str, **arguments: Any) -> Callable[[pd.DataFrame, Path], Any]:
    def make(frame: pd.DataFrame, _: Path) -> Any:
        maker = getattr(pytest.importorskip(library), name)
        if library == "lightgbm":
            arguments["verbosity"] = -1
        truth = frame.target
        codes = np.unique(truth, return_inverse=True)[1] if library == "xgboost" and truth.dtype.kind == "O" else truth
        return maker(n_estimators=4, random_state=1, **arguments).fit(frame[FEATURES], codes)

    return make


def booster(library: str, objective: str) -> Callable[[pd.DataFrame, Path], Any]:
    def make(frame: pd.DataFrame, _: Path) -> Any:
        module = pytest.importorskip(library)
        truth = frame.target
        if library == "xgboost":
            return module.train({"objective": objective, "seed": 1}, module.DMatrix(frame[FEATURES], truth), 3)
        return module.train({"objective": objective, "verbosity": -1}, module.Dataset(frame[FEATURES], truth), 3)

    return make


def graph(kind: str, **options: Any) -> Callable[[pd.DataFrame, Path], Any]:
    def make(frame: pd.DataFrame, folder: Path) -> Any:
        import onnx
        from skl2onnx import to_onnx
        from sklearn.linear_model import LogisticRegression, Ridge

        estimator = (Ridge() if kind == "numbers" else LogisticRegression()).fit(
            frame[FEATURES].to_numpy(), frame.target
        )
        found = to_onnx(
            estimator,
            frame[FEATURES].to_numpy()[:1].astype(np.float32),
            options={id(estimator): options} if options else None,
        )
        onnx.helper.set_model_props(found, {"features": json.dumps(FEATURES)})
        return found.SerializeToString() if kind == "bytes" else found

    return make


def columns_graph(frame: pd.DataFrame, _: Path) -> Any:
    """A graph with one input a column, and one output."""
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in FEATURES]
    output = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [None, 1])
    steps = [helper.make_node("Add", FEATURES[:2], ["sum"]), helper.make_node("Add", ["sum", "visits"], ["answer"])]
    return helper.make_model(
        helper.make_graph(steps, "added", inputs, [output]), opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )


def function(text: str) -> Callable[[pd.DataFrame, Path], Any]:
    def make(_: pd.DataFrame, folder: Path) -> Any:
        import importlib

        (folder / "says.py").write_text(text)
        sys.modules.pop("says", None)
        importlib.invalidate_caches()
        return importlib.import_module("says").predict

    return make


class Own:
    """An estimator that has no safe form unless the project trusts it."""

    def fit(self, rows: pd.DataFrame, truth: Any) -> "Own":
        self.feature_names_in_ = np.asarray(rows.columns, dtype=object)
        self.classes_ = np.unique(truth)
        self.odd = {("a", 1): 2}
        return self

    def predict(self, rows: pd.DataFrame) -> Any:
        return self.classes_[(rows["age"] > 0).to_numpy().astype(int)]

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        second = (rows["age"] > 0).to_numpy() * 0.8 + 0.1
        return np.column_stack([1 - second, second])


THREE = ("a", "b", "c")
CASES = {
    "sklearn": Case("sklearn", sklearn_model),
    "xgboost": Case("xgboost", boosted("xgboost", "XGBClassifier"), (0, 1)),
    "xgboost-three": Case("xgboost", boosted("xgboost", "XGBClassifier"), (0, 1, 2)),
    "xgboost-numbers": Case("xgboost", boosted("xgboost", "XGBRegressor"), None),
    "xgboost-dart": Case("xgboost", boosted("xgboost", "XGBRegressor", booster="dart"), None),
    "xgboost-linear": Case(
        "xgboost", boosted("xgboost", "XGBRegressor", booster="gblinear", updater="coord_descent"), None
    ),
    "xgboost-booster": Case("xgboost", booster("xgboost", "binary:logistic"), (0, 1)),
    "xgboost-booster-numbers": Case("xgboost", booster("xgboost", "reg:squarederror"), None),
    "lightgbm": Case("lightgbm", boosted("lightgbm", "LGBMClassifier")),
    "lightgbm-three": Case("lightgbm", boosted("lightgbm", "LGBMClassifier"), THREE),
    "lightgbm-numbers": Case("lightgbm", boosted("lightgbm", "LGBMRegressor"), None),
    "lightgbm-linear": Case("lightgbm", boosted("lightgbm", "LGBMRegressor", linear_tree=True), None),
    "lightgbm-booster": Case("lightgbm", booster("lightgbm", "binary"), (0, 1)),
    "onnx": Case("onnx", graph("classes", zipmap=False)),
    "onnx-zipmap": Case("onnx", graph("bytes"), THREE),
    "onnx-numbers": Case("onnx", graph("numbers"), None),
    "onnx-columns": Case("onnx", columns_graph, None),
    "function": Case("function", function(SHARES)),
    "function-labels": Case("function", function(LABELS), probable=False),
    "function-numbers": Case("function", function(SUMS), None),
    "pickle": Case("pickle", lambda frame, _: Own().fit(frame[FEATURES], frame.target), terms={"pickle": True}),
}


def test_every_flavor_is_in_the_suite() -> None:
    assert {case.flavor for case in CASES.values()} == set(FLAVORS)
    assert all(name == member.NAME for name, member in FLAVORS.items())
    assert len({member.FILE for member in FLAVORS.values()}) == len(FLAVORS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder on whose modules functions are imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("says", None)


def keep(case: Case, frame: pd.DataFrame, home: Path, folder: Path) -> Any:
    """Save what the case makes, with golden rows as a fitted model has; the object itself."""
    made = case.make(frame, home)
    member = next((item for item in FLAVORS.values() if item.takes(made)), FLAVORS["sklearn"])
    from mlops_cli.models.flavors.base import Terms
    from mlops_cli.models.model import Model

    estimator, card = member.settle(made, Terms(case.trust, home, case.terms.get("pickle", False)))
    save_model(Model(card, estimator), frame, folder, case.trust, project=home, **case.terms)
    return estimator


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", CASES)
def test_a_model_comes_back_as_it_was_and_twice_the_same(name: str, home: Path) -> None:
    case, frame = CASES[name], people(CASES[name].classes)
    for folder in ("one", "two"):
        fitted = keep(case, frame, home, home / folder)
    assert content(home / "one") == content(home / "two")
    model = load_model(home / "one", case.trust, project=home, **case.terms)
    assert model.card.flavor == case.flavor
    assert FLAVORS[model.card.flavor].FILE in content(home / "one")
    said, expected = model.predict(frame), np.asarray(fitted.predict(frame[FEATURES])).reshape(-1)
    assert said.shape == (300,)
    assert np.array_equal(said, expected)
    if case.classes is None:
        assert model.card.task == "regression"
        assert model.scores(frame) is None
    else:
        assert model.card.classes == case.classes
        assert model.card.task == ("binary" if len(case.classes) == 2 else "multiclass")
        scores = model.scores(frame)
        assert (scores is not None) == case.probable
        if scores is not None:
            assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
            assert np.array_equal(scores, np.asarray(fitted.predict_proba(frame[FEATURES])))
            assert np.mean(np.asarray(model.card.classes)[scores.argmax(axis=1)] == said) == 1
    assert [feature.name for feature in model.card.features] == FEATURES
    assert bool(model.notes) == (case.flavor == "pickle")
    profile = read_profile(home / "one", model.card)
    assert profile is not None
    assert (profile.rows, len(profile.features)) == (300, 3)


@pytest.mark.parametrize("name", CASES)
def test_a_missing_column_is_named(name: str, home: Path) -> None:
    case, frame = CASES[name], people(CASES[name].classes)
    keep(case, frame, home, home / "m")
    model = load_model(home / "m", case.trust, project=home, **case.terms)
    with pytest.raises(StageFailed, match="no column 'spend'"):
        model.predict(frame.drop(columns="spend"))
    shuffled = frame[["target", "visits", "spend", "age"]]
    assert np.array_equal(model.predict(shuffled), model.predict(frame))


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_breaks_off_is_refused(name: str, home: Path) -> None:
    case, frame = CASES[name], people(CASES[name].classes)
    keep(case, frame, home, home / "m")
    path = home / "m" / FLAVORS[read_card(home / "m").flavor].FILE
    data = path.read_bytes()
    for part in (b"", data[: len(data) // 2], b"junk" + data, data[:-9]):
        path.write_bytes(part)
        with pytest.raises(StageFailed):
            load_model(home / "m", case.trust, project=home, **case.terms)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(StageFailed, match="is refused: it is a link"):
        load_model(home / "m", case.trust, project=home, **case.terms)


@pytest.mark.parametrize("name", CASES)
def test_another_model_in_its_place_is_found_out(name: str, home: Path) -> None:
    case, frame = CASES[name], people(CASES[name].classes)
    keep(case, frame, home, home / "m")
    golden = home / "m" / "golden.json"
    said = json.loads(golden.read_text())
    turned = [value + 1 if isinstance(value, float) else "maybe" for value in said["predictions"]]
    golden.write_text(json.dumps({**said, "predictions": turned}))
    with pytest.raises(StageFailed, match="says something else about its golden rows"):
        load_model(home / "m", case.trust, project=home, **case.terms)


@pytest.mark.parametrize(
    "name", ["xgboost:XGBRegressor", "xgboost:XGBClassifier", "lightgbm:LGBMRegressor", "lightgbm:LGBMClassifier"]
)
@pytest.mark.parametrize("classes", [("no", "yes"), THREE, (3, 7)])
def test_boosted_trees_are_fitted_like_any_other(name: str, classes: Any, tmp_path: Path) -> None:
    library, _, kind = name.partition(":")
    maker = getattr(pytest.importorskip(library), kind)
    numbers = kind.endswith("Regressor")
    frame = people(None if numbers else classes)
    for threads, folder in ((1, "one"), (2, "two")):
        estimator = make_estimator(maker, name, {"n_estimators": 9, "subsample": 0.7}, seed=5, threads=threads)
        save_model(fit_model(estimator, frame, "target", None), frame, tmp_path / folder)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    model = load_model(tmp_path / "one")
    assert model.card.params["random_state"] == 5
    if not numbers:
        assert model.card.classes == classes
        assert np.mean(model.predict(frame) == frame.target) > 0.7


@pytest.mark.parametrize(("library", "name"), [("xgboost", "XGBClassifier"), ("lightgbm", "LGBMClassifier")])
def test_boosted_trees_at_the_end_of_a_pipeline(library: str, name: str, tmp_path: Path) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    maker = getattr(pytest.importorskip(library), name)
    frame = people()
    quiet = {"verbosity": -1} if library == "lightgbm" else {}
    for folder in ("one", "two"):
        estimator = make_pipeline(
            StandardScaler().set_output(transform="pandas"), maker(n_estimators=9, n_jobs=1, **quiet)
        )
        save_model(fit_model(estimator, frame, "target", None), frame, tmp_path / folder)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    model = load_model(tmp_path / "one")
    assert (model.card.flavor, model.card.classes) == ("sklearn", ("no", "yes"))
    assert np.mean(model.predict(frame) == frame.target) > 0.7
    assert library in model.card.libraries


def test_a_function_whose_code_has_changed_is_another_model(home: Path) -> None:
    keep(CASES["function"], people(), home, home / "m")
    (home / "says.py").write_text(SHARES.replace("/ 10", "/ 11"))
    with pytest.raises(StageFailed, match="its code has changed"):
        load_model(home / "m", project=home)
    (home / "says.py").write_text("# only a comment\n" + SHARES)
    load_model(home / "m", project=home)
    with pytest.raises(StageFailed, match="of a project"):
        load_model(home / "m")
    (home / "says.py").unlink()
    with pytest.raises(StageFailed, match="not in the project"):
        load_model(home / "m", project=home)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SHARES.replace("predict.features", "predict.columns"), "does not say which columns it takes"),
        (SHARES.replace("['no', 'yes']", "['no']"), "not two or more"),
    ],
)
def test_a_function_says_what_it_takes(text: str, words: str, home: Path) -> None:
    with pytest.raises(StageFailed, match=words):
        save_estimator(function(text)(people(), home), home / "m", project=home)


@pytest.mark.parametrize("value", [{"a": 1}, b"junk", lambda frame: frame, 7])
def test_what_is_no_model_is_told(value: Any, tmp_path: Path) -> None:
    with pytest.raises(StageFailed):
        save_estimator(value, tmp_path / "m", project=tmp_path)


def test_a_pickle_is_neither_written_nor_read_unless_the_project_says_so(home: Path) -> None:
    frame = people()
    with pytest.raises(StageFailed):
        save_estimator(Own().fit(frame[FEATURES], frame.target), home / "n")
    keep(CASES["pickle"], frame, home, home / "m")
    with pytest.raises(StageFailed, match="the model is a pickle") as caught:
        load_model(home / "m", project=home)
    assert "pickle: allow" in (caught.value.faults[0].hint or "")
    assert isinstance(pickle.loads((home / "m" / "estimator.pkl").read_bytes()), Own)
