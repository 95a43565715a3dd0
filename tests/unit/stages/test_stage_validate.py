"""`validate` as a stage: outputs, baseline, labels, and whether the gate opens."""

from pathlib import Path

import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from mlops_cli.base.errors import SpecError, StageFailed
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json, decode
from mlops_cli.checks.verdict import Report
from mlops_cli.measures.summary import Profile
from mlops_cli.spec.pipeline import Output
from mlops_cli.stages import fit, validate
from mlops_cli.stages.base import Input, Job, Outcome
from mlops_cli.tables.read import read_table, write_table

ZERO = Oid("0" * 64)
DATA = (
    "kind: validation\nname: d\nbaseline: previous\nexpect: {columns: {mean radius: {mean: {change: 5%}, max: 100}}}\n"
)
MODEL = "kind: validation\nname: m\nmodel: x\nbaseline: x@production\nexpect: {roc_auc: {min: 0.9, not_worse: 0.02}}\n"


def cancer() -> pd.DataFrame:
    return load_breast_cancer(as_frame=True).frame


def table(folder: Path, frame: pd.DataFrame, name: str) -> Input:
    write_table(frame, folder / f"{name}.csv")
    return Input(str(folder / f"{name}.csv"), "table", ZERO)


def model(folder: Path, columns: list[str], name: str) -> Input:
    options: dict[str, Json] = {
        "target_class": "sklearn.ensemble:HistGradientBoostingClassifier",
        "target": "target",
        "features": None,
    }
    data = {"data": [table(folder, cancer()[[*columns, "target"]][:400], f"{name}-train")]}
    (folder / name).mkdir()
    made = fit.run(Job("s", "fit", str(folder), str(folder / name), options, data, (), {"max_iter": 20}, (), seed=1))
    return Input(made.outputs["model"].path or "", "model", ZERO)


def run(
    folder: Path,
    text: str,
    inputs: dict[str, Input],
    labels: dict[str, str] | None = None,
    outputs: tuple[Output, ...] = (),
    environment: str | None = None,
) -> tuple[Outcome, Report]:
    options: dict[str, Json] = {"spec": "specs/x.yaml", "text": text, "environment": environment}
    given = {name: [item] for name, item in inputs.items()}
    job = Job("s", "validate", str(folder), str(folder / "made"), options, given, (), {}, outputs, labels=labels or {})
    made = validate.run(job)
    return made, decode(Path(made.outputs["report"].path or "").read_bytes(), Report)


def test_data_passes_through_with_its_report(tmp_path: Path) -> None:
    now, before = table(tmp_path, cancer(), "now"), table(tmp_path, cancer()[:300], "before")
    made, report = run(
        tmp_path, DATA, {"data": now, "@baseline": before}, {"data": "cancer@v2", "@baseline": "cancer@v1"}
    )
    assert made.outputs["rows"].same == "data"
    assert (made.passed, report.passed) == (True, True)
    assert (report.subject, report.baseline, report.rows) == ("cancer@v2", "cancer@v1", 569)
    shifted = table(tmp_path, cancer().assign(**{"mean radius": cancer()["mean radius"] * 2}), "shifted")
    made, report = run(tmp_path, DATA, {"data": shifted, "@baseline": before})
    assert not made.passed
    assert [item.check for item in report.verdicts if item.blocks] == ["mean radius.mean.change"]


QUARANTINE = (
    "kind: validation\nname: d\nquarantine: {to: r, max: 40%}\n"
    "expect: {columns: {a: {type: integer, min: 0}, b: {in: [x], not_in: [serving]}}}\n"
)
GATE = (Output("rows", "table"), Output("report", "json"), Output("profile", "json"), Output("rejected", "table"))


def test_a_gate_makes_a_profile_where_it_is_an_output(tmp_path: Path) -> None:
    now = table(tmp_path, cancer(), "now")
    made, _ = run(tmp_path, DATA, {"data": now}, outputs=GATE[:3])
    assert set(made.outputs) == {"rows", "report", "profile"}
    profile = decode(Path(made.outputs["profile"].path or "").read_bytes(), Profile)
    assert (profile.rows, len(profile.columns)) == (569, 31)
    assert set(run(tmp_path, DATA, {"data": now})[0].outputs) == {"rows", "report"}


def test_rows_set_aside_are_an_output_and_the_others_go_on(tmp_path: Path) -> None:
    now = table(tmp_path, pd.DataFrame({"a": [1, -2, 3, 4], "b": ["x", "x", "x", "y"]}), "now")
    made, report = run(tmp_path, QUARANTINE, {"data": now}, outputs=GATE)
    assert not made.passed and report.aside == 2, "half of the rows are too many"
    assert Path(made.outputs["rows"].path or "").read_text().split() == ["a,b", '1,"x"', '3,"x"']
    assert read_table(Path(made.outputs["rejected"].path or "")).column("mlops_row").to_pylist() == [2, 4]
    made, report = run(tmp_path, QUARANTINE, {"data": now}, outputs=GATE, environment="serving")
    assert made.passed and report.aside == 1
    released = Input(made.outputs["rejected"].path or "", "table", ZERO)
    keep = tmp_path / "released.parquet"
    keep.write_bytes(Path(released.path).read_bytes())
    free = {"data": now, "@released": Input(str(keep), "table", ZERO)}
    made, report = run(tmp_path, QUARANTINE, free, outputs=GATE, environment="serving")
    assert (report.aside, report.released) == (0, 1)
    assert made.outputs["rows"].same == "data"
    assert read_table(Path(made.outputs["rejected"].path or "")).num_rows == 0


def test_a_model_is_judged_against_the_baseline(tmp_path: Path) -> None:
    good = model(tmp_path, ["mean radius", "mean texture", "worst area"], "good")
    poor = model(tmp_path, ["mean texture"], "poor")
    data = table(tmp_path, cancer()[400:], "test")
    made, report = run(tmp_path, MODEL, {"model": good, "data": data, "@baseline": poor}, {"@baseline": "x@v1"})
    assert made.passed
    assert made.outputs["model"].same == "model"
    assert report.baseline == "x@v1"
    assert made.metrics == report.metrics
    assert set(made.outputs) == {"model", "report", "metrics"}
    made, report = run(tmp_path, MODEL, {"model": poor, "data": data, "@baseline": good})
    assert not made.passed


def test_a_baseline_that_cannot_be_applied_blocks_and_says_why(tmp_path: Path) -> None:
    good = model(tmp_path, ["mean radius", "worst area"], "good")
    other = model(tmp_path, ["mean texture"], "other")
    data = table(tmp_path, cancer()[400:].drop(columns="mean texture"), "test")
    made, report = run(tmp_path, MODEL, {"model": good, "data": data, "@baseline": other})
    assert not made.passed
    (against,) = (item for item in report.verdicts if item.check.endswith(".not_worse"))
    assert "no column 'mean texture'" in against.message


def test_without_a_baseline_the_gate_can_still_open(tmp_path: Path) -> None:
    good = model(tmp_path, ["mean radius", "worst area"], "good")
    made, report = run(tmp_path, MODEL, {"model": good, "data": table(tmp_path, cancer()[400:], "test")})
    assert made.passed
    (against,) = (item for item in report.verdicts if item.check.endswith(".not_worse"))
    assert against.reason == "no_baseline"


def test_inputs_and_specs_that_are_wrong_are_told(tmp_path: Path) -> None:
    data = table(tmp_path, cancer(), "now")
    with pytest.raises(StageFailed, match="needs one input 'model'"):
        run(tmp_path, MODEL, {"data": data})
    with pytest.raises(StageFailed, match="is a table, and 'validate' needs a model"):
        run(tmp_path, MODEL, {"data": data, "model": data})
    with pytest.raises(SpecError):
        run(tmp_path, "kind: validation\nname: x\nname: y\n", {"data": data})
    with pytest.raises(StageFailed, match="has no rows"):
        good = model(tmp_path, ["mean radius"], "good")
        run(tmp_path, MODEL, {"model": good, "data": table(tmp_path, cancer()[:0], "none")})
