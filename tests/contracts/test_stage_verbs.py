"""Every stage verb of ours: the same inputs give the same bytes, outputs lie in the work folder, mistakes have words."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.datasets import load_breast_cancer

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json, canonical, decode
from mlops_cli.spec.pipeline import Output
from mlops_cli.stages import fit, select, split, sql, validate
from mlops_cli.stages.base import Input, Job, Outcome
from mlops_cli.tables.read import write_table

DATA_SPEC = "kind: validation\nname: d\nexpect: {rows: {min: 10}, columns: {target: {in: [0, 1]}}}\n"
MODEL_SPEC = (
    "kind: validation\nname: m\nmodel: x\ntarget: target\nmin_rows: 20\nslices: [{mean radius: [0, 13, 40]}]\n"
    "expect: {roc_auc: {min: 0.8}, by_slice: {recall: {min: 0.1}}}\n"
)
VERBS: dict[str, tuple[Callable[[Job], Outcome], dict[str, Json], set[str]]] = {
    "split": (split.run, {"by": "random", "shares": [["a", 0.7], ["b", 0.3]], "column": None, "folds": 0}, {"a", "b"}),
    "fit": (
        fit.run,
        {"target_class": "sklearn.ensemble:RandomForestClassifier", "target": "target", "features": None},
        {"model"},
    ),
    "select": (select.run, {"metric": "roc_auc", "best": "max", "target": None}, {"model", "metrics"}),
    "validate": (validate.run, {"spec": "d.yaml", "text": DATA_SPEC}, {"rows", "report"}),
    "validate_model": (validate.run, {"spec": "m.yaml", "text": MODEL_SPEC}, {"model", "report", "metrics"}),
    "sql": (sql.run, {"query": "SELECT target, count(*) AS n FROM data GROUP BY target"}, {"table"}),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Input]:
    folder = tmp_path_factory.mktemp("inputs")
    path = folder / "data.csv"
    write_table(load_breast_cancer(as_frame=True).frame.iloc[:300, [0, 1, 2, -1]], path)
    data = Input(str(path), "table", Oid("0" * 64))
    made = fit.run(job("fit", folder, {"data": [data]}))
    return {"data": data, "model": Input(made.outputs["model"].path or "", "model", Oid("1" * 64))}


def job(verb: str, folder: Path, given: dict[str, list[Input]]) -> Job:
    folder.mkdir(exist_ok=True)
    arguments: dict[str, Json] = {"n_estimators": 3} if verb == "fit" else {}
    lists = ("models",) if "models" in given else ()
    made = Job(
        "s",
        verb,
        str(folder),
        str(folder),
        VERBS[verb][1],
        given,
        lists,
        arguments,
        (Output("table", "table"),),
        seed=4,
    )
    return decode(canonical(made), Job)


def given_to(verb: str, inputs: dict[str, Input]) -> dict[str, list[Input]]:
    given = {"data": [inputs["data"]]}
    if verb == "select":
        given["models"] = [inputs["model"], inputs["model"]]
    if verb == "validate_model":
        given["model"] = [inputs["model"]]
    return given


def files(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_inputs_give_the_same_bytes(verb: str, inputs: dict[str, Input], tmp_path: Path) -> None:
    run, _, outputs = VERBS[verb]
    first = run(job(verb, tmp_path / "one", given_to(verb, inputs)))
    run(job(verb, tmp_path / "two", given_to(verb, inputs)))
    assert files(tmp_path / "one") == files(tmp_path / "two") != {}
    assert set(first.outputs) == outputs
    for made in first.outputs.values():
        assert (made.path is None) != (made.same is None)
        assert made.path is None or made.path.startswith(str(tmp_path / "one"))
    assert decode(canonical(first), Outcome) == first


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_input_is_told(verb: str, tmp_path: Path) -> None:
    with pytest.raises(StageFailed):
        VERBS[verb][0](job(verb, tmp_path / "one", {}))


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "validate"])
def test_an_input_that_is_no_table_is_told(verb: str, inputs: dict[str, Input], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\x00\x01\x02")
    given = {**given_to(verb, inputs), "data": [Input(str(path), "table", Oid("2" * 64))]}
    with pytest.raises(StageFailed, match=r"bad.csv"):
        VERBS[verb][0](job(verb, tmp_path / "one", given))


def test_a_file_that_is_no_table_closes_the_gate(inputs: dict[str, Input], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\x00\x01\x02")
    given = {"data": [Input(str(path), "table", Oid("2" * 64))]}
    assert not validate.run(job("validate", tmp_path / "one", given)).passed
