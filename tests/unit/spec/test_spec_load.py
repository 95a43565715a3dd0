from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_cli.base.errors import SpecError, UserError
from mlops_cli.cli.render.faults import render_faults
from mlops_cli.spec.load import decode, load_pipeline, load_spec, load_validation, parse_validation, shown_path
from mlops_cli.spec.pipeline import Output, Parameter, Pipeline, Resources, Retry, Validate
from mlops_cli.spec.project import find_root, load_project
from mlops_cli.spec.source import parse_document
from mlops_cli.spec.validation import EVERY, Bound, DataValidation, ModelValidation, Quarantine, Slice

VALID = Path(__file__).parents[2] / "specs" / "valid"


@pytest.fixture(scope="module")
def every() -> Pipeline:
    return load_pipeline(VALID / "every_verb.yaml", VALID)


def test_parameters_take_their_type_from_the_default(every: Pipeline) -> None:
    types = {name: parameter.type for name, parameter in every.parameters.items()}
    assert types == {
        "depth": "integer",
        "rate": "number",
        "penalty": "string",
        "columns": "any",
        "fast": "boolean",
        "seed": "integer",
    }
    depth = every.parameters["depth"]
    assert isinstance(depth, Parameter)
    assert (depth.default, depth.minimum, depth.maximum, depth.place.line) == (6, 1.0, 32.0, 8)
    assert every.parameters["penalty"].choices == ("l1", "l2")
    assert every.seed == 7


def test_paths_are_in_their_shortest_form(every: Pipeline) -> None:
    assert {name: source.path for name, source in every.sources.items()} == {
        "customers": "data/customers.csv",
        "logs": "logs",
    }


def test_references_are_bound_in_full(every: Pipeline) -> None:
    refs = {f"{stage.name}.{name}": str(ref) for stage in every.stages.values() for name, ref in stage.inputs.items()}
    assert refs["check.data"] == "customers", "a gate without `in` judges the source that its spec names"
    assert refs["by-plan.in" if "by-plan.in" in refs else "by-plan.rows"] == "adults.table"
    assert refs["parts.data"] == "adults.table"
    assert refs["choose.models"] == "train[*].model"
    assert refs["judge.model"] == "choose.model"
    assert refs["one.model"] == "train[C=0.1,solver=saga].model", "axes come in the order of the matrix"


def test_outputs_follow_from_the_verb_or_from_out(every: Pipeline) -> None:
    made = {stage.name: [(output.name, output.type) for output in stage.outputs] for stage in every.stages.values()}
    assert made["check"] == [("rows", "table"), ("report", "json"), ("profile", "json"), ("rejected", "table")]
    assert made["judge"] == [("model", "model"), ("report", "json"), ("metrics", "metrics")]
    assert made["adults"] == [("table", "table")]
    assert made["by-plan"] == [("plans", "table")]
    assert made["folds"] == [("fold_1", "table"), ("fold_2", "table"), ("fold_3", "table")]
    assert made["parts"] == [("train", "table"), ("valid", "table"), ("test", "table")]
    assert made["publish"] == []
    assert every.stages["clean"].outputs == (
        Output("rows", "table", "out/rows.parquet", "churn/clean"),
        Output("page", "file"),
    )


def test_a_gate_knows_the_environment_of_its_data(every: Pipeline) -> None:
    assert every.stages["check"].verb == Validate("specs/customers.yaml", "serving")
    assert every.stages["judge"].verb == Validate("specs/churn.model.yaml")


def test_limits(every: Pipeline) -> None:
    train, judge = every.stages["train"], every.stages["judge"]
    assert train.retry == Retry(2, ("signal", "oom"))
    assert (train.timeout, train.resources) == (90, Resources(2, 512 << 20))
    assert (judge.timeout, judge.resources, judge.retry) == (5400, Resources(), Retry())


def test_a_gate_of_everything() -> None:
    spec = load_validation(VALID / "gate_of_everything.yaml", VALID)
    assert isinstance(spec, DataValidation)
    checks = {check.id: check for check in spec.checks}
    assert checks["mean radius.std.change"].bound == Bound(2.0, "percent", "200%")
    assert checks["plan.nulls.max"].bound == Bound(0, "share", "0")
    assert checks["plan.in"].values == ("1", "free")
    assert "1.10.required" not in checks
    assert checks["22:22.unique"].severity == "warn"
    assert checks["rows_where.plans"].bound == Bound(0.5, "share", "0.5")
    assert checks["rows_where.3"].sql == "day < current_date"
    assert spec.types[0] == ("x-ray", "number")
    assert len(checks) == len(spec.checks), "ids are unique"


@pytest.fixture(scope="module")
def history() -> DataValidation:
    spec = load_validation(VALID / "gate_of_history.yaml", VALID)
    assert isinstance(spec, DataValidation)
    return spec


def test_a_gate_with_a_history(history: DataValidation) -> None:
    assert history.slices == (Slice("vendor"), Slice("distance", (0.0, 2.5, 30.0)))
    assert (history.data, history.time, history.history, history.false_discovery) == (
        "data/2026-*.parquet",
        "pickup",
        12,
        0.05,
    )
    assert history.quarantine == Quarantine("trips/rejected", Bound(0.02, "share", "2%"))
    checks = {check.id: check for check in history.checks}
    assert len(checks) == len(history.checks), "ids are unique, also where a column is called `rows`"
    assert checks["file.age.max"].bound == Bound(129600, "seconds", "36h")
    assert (checks["rows.within"].comparator, checks["rows.within"].bound) == ("within", Bound(0.3, "percent", "30%"))
    assert checks["columns.closed"].values[:3] == ("pickup", "id", "version")
    assert "x-ray" in checks["columns.closed"].values and EVERY not in checks["columns.closed"].values
    key = checks["id, version.unique"]
    assert (key.columns, key.tolerance, key.severity, key.measure) == (("id", "version"), 0.001, "warn", "keys")
    assert checks["columns.rows.min"].subject == "rows"


def test_checks_of_columns_carry_all_that_the_column_says(history: DataValidation) -> None:
    checks = {check.id: check for check in history.checks}
    assert (checks["*.drift"].subject, checks["*.drift"].distance, checks["*.drift"].per_slice) == (EVERY, "auto", True)
    assert (checks["distance.drift"].distance, checks["distance.drift"].measure) == ("psi", "distribution")
    assert checks["pickup.min"].bound == Bound(1546300800, "seconds", "2019-01-01")
    assert (checks["id.is"].measure, checks["id.is"].comparator, checks["id.is"].named) == ("named", "matches", "uuid")
    assert (checks["id.length.max"].measure, checks["id.length.max"].tolerance) == ("length_max", 0.005)
    assert checks["distance.sentinels.change"].values == (-999, "N/A")
    assert checks["distance.sentinels.change"].bound == Bound(0.02, "points", "2pp")
    assert (checks["version.gaps.max"].bound, checks["pickup.gaps.max"].bound) == (
        Bound(1, "number", "1"),
        Bound(3600, "seconds", "1h"),
    )
    assert checks["version.order"].direction == "strictly_ascending"
    assert (checks["zone.references"].table, checks["zone.references"].columns) == ("data/zones.csv", ("location_id",))
    tip = [check for check in history.checks if check.subject == "tip"]
    assert {(check.absent_before, check.not_in) for check in tip} == {("2019-02-01", ("serving",))}


def test_shares_statistics_and_tolerant_checks_are_asked_of_slices(history: DataValidation) -> None:
    sliced = {check.id for check in history.checks if check.per_slice}
    assert {"distance.min", "distance.nulls.max", "distance.mean.within", "id.unique", "vendor.drift"} <= sliced
    assert not {"pickup.min", "version.type", "rows.within", "id.required", "id, version.unique", "tip.type"} & sliced


def test_a_gate_of_a_model() -> None:
    spec = load_validation(VALID / "specs" / "churn.model.yaml", VALID)
    assert isinstance(spec, ModelValidation)
    ids = [check.id for check in spec.checks]
    assert ids == [
        "roc_auc.min",
        "roc_auc.not_worse",
        "log_loss.max",
        "by_slice.roc_auc.min",
        "by_slice.roc_auc.gap",
        "by_slice.selection_rate.ratio",
    ]
    assert [check.per_slice for check in spec.checks] == [False] * 3 + [True] * 3
    assert spec.slices == (Slice("gender"), Slice("country"), Slice("age", (0.0, 30.0, 60.0, 120.0)))
    assert (spec.confidence, spec.min_rows, spec.positive) == (0.95, 100, None)


def test_the_text_alone_gives_the_same_record() -> None:
    for path in (VALID / "gate_of_everything.yaml", VALID / "gate_by_metric.yaml"):
        assert parse_validation(path.read_text("utf-8"), path.name) == load_validation(path, VALID)


def test_other_kinds_are_refused_kindly() -> None:
    with pytest.raises(SpecError) as caught:
        load_pipeline(VALID / "gate_by_metric.yaml", VALID)
    assert caught.value.faults[0].hint == "judge it with: mlops validate gate_by_metric.yaml"
    with pytest.raises(SpecError) as caught:
        load_validation(VALID / "smallest.yaml", VALID)
    assert caught.value.faults[0].hint == "run it with: mlops run smallest.yaml"


def test_a_valid_document_is_remembered_and_jsonschema_stays_out(tmp_path: Path) -> None:
    spec, cache = tmp_path / "p.yaml", tmp_path / "cache"
    spec.write_text((VALID / "smallest.yaml").read_text("utf-8"), "utf-8")
    code = (
        "import sys; from pathlib import Path; from mlops_cli.spec.load import load_spec;"
        f"load_spec(Path({str(spec)!r}), Path({str(tmp_path)!r}), Path({str(cache)!r}));"
        "print('jsonschema' in sys.modules)"
    )

    def imported() -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert imported() == "True"
    assert imported() == "False"
    spec.write_text(spec.read_text("utf-8") + "# another text\n", "utf-8")
    assert imported() == "True"


def test_a_faulty_document_is_never_remembered(tmp_path: Path) -> None:
    spec, cache = tmp_path / "p.yaml", tmp_path / "cache"
    for text in ("kind: pipeline\nname: x\n", "kind: pipeline\nname: x\nname: y\nstages: {a: {sh: x}}\n"):
        spec.write_text(text, "utf-8")
        for _ in range(2):
            with pytest.raises(SpecError):
                load_spec(spec, tmp_path, cache)
    assert not cache.exists() or not list(cache.iterdir())


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    assert load_spec(VALID / "smallest.yaml", VALID, tmp_path / "cache")


def test_files_are_called_as_seen_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    assert shown_path(tmp_path / "specs" / "p.yaml", tmp_path) == "specs/p.yaml"
    assert shown_path(Path("/elsewhere/p.yaml"), tmp_path) == "/elsewhere/p.yaml"
    (tmp_path / "link").symlink_to(tmp_path / "specs")
    assert shown_path(tmp_path / "specs" / "p.yaml", tmp_path / "link") == "p.yaml"


def test_the_project_file(tmp_path: Path) -> None:
    text = "name: churn\nenv: [TZ]\ndurability: none\ntrust: [churn.features.Clip]\n"
    (tmp_path / "mlops.yaml").write_text(text, "utf-8")
    (tmp_path / "a" / "b").mkdir(parents=True)
    root = find_root(tmp_path / "a" / "b")
    assert root == tmp_path.resolve()
    project = load_project(root)
    assert (project.name, project.env, project.durability) == ("churn", ("TZ",), "none")
    assert project.trust == ("churn.features.Clip",)


def test_outside_a_project(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no mlops\.yaml"):
        find_root(tmp_path)


PIECES = st.sampled_from(
    [*"{}[]:,*&!|>'\"#%@-? \n\t\0", "\n  ", "- ", ": ", "<<: ", "x-a: ", "null", "é", "😀", "\u2028", "{{", "*x", "&x "]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_specs_give_faults_and_nothing_else(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([VALID / "every_verb.yaml", *sorted(VALID.glob("gate*.yaml"))]))
    text = path.read_text("utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(PIECES) + text[at + gone :]
    loads(text)


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.sampled_from(["", "a", "a.b", "1%", "a:b", "x[*]"])
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(data=st.data())
def test_values_of_other_types_give_faults_and_nothing_else(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([VALID / "every_verb.yaml", *sorted(VALID.glob("gate*.yaml"))]))
    document: Any = json.loads(json.dumps(parse_document(path.read_text("utf-8"), path.name).data))
    node, other = document, data.draw(st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.just({"a": {"b": 1}})))
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.integers(0, 3)) == 0:
            node[key] = other
            break
        node = node[key]
    loads(json.dumps(document, ensure_ascii=False))  # JSON is YAML


def loads(text: str) -> None:
    """Load `text` as a spec of the valid corpus: faults must have a place inside the text."""
    try:
        decode(parse_document(text, "fuzzed.yaml"), VALID, None)
    except SpecError as error:
        assert render_faults(error.faults)
        for fault in error.faults:
            assert fault.place is not None
            assert 1 <= fault.place.column <= len(fault.place.text) + 1, fault
