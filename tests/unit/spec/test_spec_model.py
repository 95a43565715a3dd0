from __future__ import annotations

from pathlib import Path

import pytest

from mlops_cli.base.errors import SpecError
from mlops_cli.measures.metrics import METRICS as MEASURED
from mlops_cli.spec.decode_stage import FIXED
from mlops_cli.spec.load import load_pipeline, load_spec
from mlops_cli.spec.metrics import METRICS
from mlops_cli.spec.validation import Bound, Check, Costs, Forecast, ModelValidation, Scored, Slice

VALID = Path(__file__).parents[2] / "specs" / "valid"


def model(name: str) -> ModelValidation:
    spec = load_spec(VALID / f"{name}.yaml", VALID)
    assert isinstance(spec, ModelValidation)
    return spec


def by_id(spec: ModelValidation) -> dict[str, Check]:
    found = {check.id: check for check in spec.checks}
    assert len(found) == len(spec.checks)
    return found


def said(check: Check) -> tuple[str, str, str, Bound | None, str]:
    return check.subject, check.measure, check.comparator, check.bound, check.severity


def test_what_a_spec_knows_of_metrics_is_what_they_are() -> None:
    assert METRICS.keys() == MEASURED.keys()
    for name, words in METRICS.items():
        metric = MEASURED[name]
        found = (metric.tasks, metric.better, metric.needs, metric.least, metric.most)
        assert (words.tasks, words.better, words.needs, words.least, words.most) == found, name


def test_bounds_of_metrics_overall() -> None:
    checks = by_id(model("gate_of_a_model"))
    auc = ("roc_auc", "roc_auc")
    assert said(checks["roc_auc.min"]) == (*auc, "min", Bound(0.8, "number", "0.8"), "warn")
    assert said(checks["roc_auc.not_worse"]) == (*auc, "not_worse", Bound(0.005, "number", "0.005"), "warn")
    assert said(checks["roc_auc.better"]) == (*auc, "better", Bound(0.0, "number", "0"), "warn")
    assert said(checks["roc_auc.beats"]) == (*auc, "beats", None, "warn")
    assert checks["roc_auc.beats"].values == ("constant", "linear")
    assert checks["calibration_bias.min"].bound == Bound(-0.02, "share", "-2%")


def test_what_the_model_itself_takes() -> None:
    checks = by_id(model("gate_of_a_model"))
    assert said(checks["latency_p99.max"]) == (
        *("latency_p99", "latency_p99", "max"),
        Bound(0.005, "seconds", "0.005s"),
        "fail",
    )
    assert said(checks["latency_p50.max"])[3:] == (Bound(0.002, "seconds", "2ms"), "warn")
    assert said(checks["size.max"])[1:] == ("size", "max", Bound(50e6, "bytes", "50MB"), "fail")


def test_bounds_on_every_slice() -> None:
    spec = model("gate_of_a_model")
    checks = {name: check for name, check in by_id(spec).items() if check.per_slice}
    assert list(checks) == [
        *(f"by_slice.roc_auc.{word}" for word in ("min", "max", "not_worse", "gap")),
        "by_slice.selection_rate.ratio",
        "by_slice.equalized_odds.gap",
    ]
    odds = checks["by_slice.equalized_odds.gap"]
    assert said(odds) == ("equalized_odds", "equalized_odds", "gap", Bound(0.1, "share", "10%"), "warn")
    gender, income = Slice("gender"), Slice("income", (0.0, 1000.0))
    assert spec.slices == (gender, Slice("age", (0.0, 30.0, 60.0, 120.0)))
    assert spec.crossed == ((gender, income), (gender, Slice("country")))


def test_spoilt_inputs() -> None:
    checks = {name: check for name, check in by_id(model("gate_of_a_model")).items() if check.comparator == "drop"}
    assert list(checks) == [
        *("robust.missing.roc_auc.drop", "robust.missing.f1.drop"),
        *("robust.noise.roc_auc.drop", "robust.unseen.roc_auc.drop"),
    ]
    missing, _, noise, unseen = checks.values()
    assert said(missing) == ("missing", "roc_auc", "drop", Bound(0.1, "number", "0.1"), "warn")
    assert (missing.probe, missing.columns, missing.amount) == ("missing", ("age", "income"), 0.0)
    assert (noise.probe, noise.columns, noise.amount) == ("noise", (), 0.2)
    assert (unseen.probe, unseen.severity) == ("unseen", "fail")


def test_leaks_and_weak_segments() -> None:
    spec = model("gate_of_a_model")
    checks = by_id(spec)
    assert said(checks["leakage.overlap.max"]) == ("overlap", "overlap", "max", Bound(0.01, "share", "1%"), "warn")
    assert said(checks["leakage.feature.max"])[1:] == ("feature_power", "max", Bound(0.995, "number", "0.995"), "fail")
    time = checks["leakage.time.max"]
    assert said(time) == ("time", "after_training", "max", Bound(0.0, "share", "0%"), "warn")
    assert time.columns == ("signed_up",)
    assert said(checks["leakage.uses.max"])[1:] == ("test_uses", "max", Bound(20.0, "number", "20"), "fail")
    assert spec.weak_segments == 5
    weak = checks["weak_segments.max"]
    assert said(weak) == ("weak_segments", "weak_segments", "max", Bound(0.0, "number", "0"), "fail")
    assert by_id(model("gate_of_rankings"))["weak_segments.max"].severity == "warn"


def test_settings_of_a_model_gate() -> None:
    spec = model("gate_of_a_model")
    assert spec.costs == Costs(10.0, 1.0, -2.0, 0.5)
    assert (spec.task, spec.cluster, spec.min_positives) == ("binary", "customer_id", 20)
    assert (spec.predictions, spec.forecast, spec.query, spec.at) == (None, None, None, 10)


def test_tables_of_predictions() -> None:
    classes = model("gate_of_classes")
    scores = (("benign", "p_b"), ("malignant", "p_m"), ("3", "p_3"))
    assert classes.predictions == Scored("scored.parquet", "y", "said", None, scores, "row")
    assert classes.costs == Costs(
        matrix=(("benign", "malignant", 1.0), ("malignant", "benign", 10.0), ("malignant", "3", 2.5))
    )
    assert (classes.model, classes.data, classes.baseline, classes.task) == (None, None, "earlier.parquet", None)
    ranking = model("gate_of_rankings")
    assert ranking.predictions == Scored(None, "relevance", score="score")
    assert (ranking.query, ranking.at, ranking.task) == ("session", 5, "ranking")
    sales = model("gate_of_forecasts")
    assert sales.forecast == Forecast("date", "store", 7)
    assert sales.predictions == Scored("sales@v3", "sold", "expected", low="low", high="high", level=0.8)
    assert sales.task == "forecast"


def test_a_gate_of_predictions_takes_a_table_and_gives_it_on(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(
        "kind: validation\nname: g\npredictions: {data: scored.csv, truth: y, label: z}\nexpect: {accuracy: {min: 0.5}}\n"
    )
    pipeline = tmp_path / "pipeline.yaml"
    pipeline.write_text(
        "kind: pipeline\nname: p\ndata: {scored: scored.csv}\nstages:\n"
        "  found: {validate: gate.yaml}\n  told: {validate: gate.yaml, in: {data: found.rows}}\n"
    )
    found, told = load_pipeline(pipeline, tmp_path).stages.values()
    assert found.outputs == told.outputs == FIXED["validate/predictions"]
    assert [output.name for output in found.outputs] == ["rows", "report", "metrics"]
    assert (found.inputs["data"].name, told.inputs["data"].output) == ("scored", "rows")


def test_a_spec_of_data_with_keys_of_models_is_one_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("kind: validation\nname: g\nweak_segments: 3\nexpect: {columns: {a: {type: number}}}\n")
    with pytest.raises(SpecError, match="unknown key 'columns'"):
        load_spec(path, tmp_path)
