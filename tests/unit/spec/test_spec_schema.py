from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

import mlops_cli
from mlops_cli.base.errors import UserError
from mlops_cli.spec.metrics import EQUALIZED_ODDS, METRICS, RUNNING
from mlops_cli.spec.pipeline import VERBS
from mlops_cli.spec.schema import SCHEMAS, bundle, filled, kind_schema, schema_folder, stage_schema
from mlops_cli.spec.source import read_document
from mlops_cli.spec.structure import schema_name
from mlops_cli.spec.validation import ColumnType, Direction, Distance, NamedFormat, Probe, Task

VALID = Path(__file__).parents[2] / "specs" / "valid"
ALL = [*SCHEMAS, "validation", *VERBS]


def parts(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a property, an item or another key inside `schema`."""
    for key, part in schema.get("properties", {}).items():
        yield f"{path}.{key}", part
        yield from parts(part, f"{path}.{key}")
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            yield f"{path}.{key}", schema[key]
            yield from parts(schema[key], f"{path}.{key}")


@pytest.mark.parametrize("name", ALL)
def test_a_bundle_is_a_schema_in_one_file(name: str) -> None:
    schema = bundle(name)
    Draft202012Validator.check_schema(schema)
    references = [line for line in json.dumps(schema, indent=1).splitlines() if '"$ref"' in line]
    assert all('"#/$defs/' in line for line in references)


@pytest.mark.parametrize("name", ALL)
def test_every_property_is_described_with_examples_that_fit(name: str) -> None:
    schema: Any = stage_schema(name) if name in VERBS else kind_schema(name) if name in SCHEMAS else {}
    for path, part in parts(schema):
        assert part.get("description"), path
        assert part.get("examples"), path
        for example in part["examples"]:
            Draft202012Validator(part).validate(example)
        if "default" in part:
            Draft202012Validator(part).validate(part["default"])


@pytest.mark.parametrize("path", sorted(VALID.rglob("*.yaml")), ids=lambda path: path.stem)
def test_an_editor_with_the_bundle_accepts_what_lint_accepts(path: Path) -> None:
    document = read_document(path, path.name)
    name = schema_name(document)
    assert isinstance(name, str)
    Draft202012Validator(bundle(name)).validate(document.data)


def test_an_editor_with_the_bundle_refuses_a_wrong_stage() -> None:
    stage = {"call": "a:b", "tarket": "y"}
    spec = {"kind": "pipeline", "name": "x", "stages": {"a": stage}}
    assert not Draft202012Validator(bundle("pipeline")).is_valid(spec)
    spec["stages"] = {"a": {"call": "a:b", "sh": "make"}}
    assert not Draft202012Validator(bundle("pipeline")).is_valid(spec)


def test_tables_and_schemas_agree() -> None:
    files = {path.name.removesuffix(".schema.json") for path in (schema_folder() / "stages").glob("*.json")}
    assert files == {*VERBS, "common"}
    expect: Any = kind_schema("validation.model")["properties"]
    known = expect["expect"]["properties"]
    assert set(known) == {*METRICS, *RUNNING, "by_slice"}
    assert set(known["by_slice"]["properties"]) == {*METRICS, EQUALIZED_ODDS}
    robust = expect["robust"]["properties"]
    assert tuple(robust) == get_args(Probe)
    assert all(set(METRICS) <= set(probe["properties"]) for probe in robust.values())
    assert tuple(expect["task"]["enum"]) == get_args(Task)
    definitions = json.loads((schema_folder() / "defs.schema.json").read_text("utf-8"))["$defs"]
    assert list(definitions["metrics"]["properties"]) == list(METRICS)
    alone = [name for name, words in METRICS.items() if words.needs in ("labels", "scores", "probabilities")]
    assert definitions["metric"]["enum"] == alone


def test_the_bundle_of_validations_tells_those_of_models_as_lint_does() -> None:
    both = Draft202012Validator(bundle("validation"))
    start = {"kind": "validation", "name": "x"}
    for keys in (
        {"expect": {"rmse": {"max": 3}}},
        {"expect": {"size": {"max": "50MB"}}},
        {"predictions": {"truth": "y", "label": "said"}, "expect": {"accuracy": {"min": 0.5}}},
        {"expect": {"rows": {"min": 3}}},
    ):
        assert both.is_valid({**start, **keys}), keys
    assert not both.is_valid({**start, "expect": {"rmse": {"max": 3}, "rows": {"min": 3}}})


def test_words_of_a_data_validation_are_those_of_its_records() -> None:
    expect: Any = kind_schema("validation.data")["properties"]
    column = expect["expect"]["properties"]["columns"]["additionalProperties"]["properties"]
    assert tuple(column["type"]["enum"]) == get_args(ColumnType)
    assert tuple(column["is"]["enum"]) == get_args(NamedFormat)
    assert tuple(column["order"]["enum"]) == get_args(Direction)
    assert tuple(column["drift"]["properties"]["by"]["enum"]) == get_args(Distance)


def test_an_unknown_schema_names_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        bundle("pipelin")
    assert caught.value.faults[0].hint == "did you mean 'pipeline'?"


def test_defaults_are_filled_in() -> None:
    data = {"kind": "validation", "name": "x", "expect": {"columns": {"age": {"x-note": 1, "type": "integer"}}}}
    whole: Any = filled(kind_schema("validation.data"), data)
    age = {"x-note": 1, "type": "integer", "required": True, "unique": False, "severity": "fail"}
    assert whole["expect"]["columns"]["age"] == age
    assert data["expect"] == {"columns": {"age": {"x-note": 1, "type": "integer"}}}


def test_schemas_are_found_in_a_wheel(tmp_path: Path) -> None:
    package = tmp_path / "mlops_cli"
    shutil.copytree(Path(mlops_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "_specs"))
    shutil.copytree(schema_folder(), package / "_specs" / "schema")
    code = "from mlops_cli.spec.schema import schema_folder; print(schema_folder())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.stdout.strip() == str(package.resolve() / "_specs" / "schema"), ran.stderr
