"""The JSON Schemas of the specs: where they are, and one whole schema for each kind and stage verb."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeAlias

from mlops_cli.base.assets import asset_folder
from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import Json, parse
from mlops_cli.spec.metrics import METRICS, RUNNING
from mlops_cli.spec.pipeline import VERBS
from mlops_cli.spec.places import suggestion

Schema: TypeAlias = "dict[str, Json]"

KINDS = ("pipeline", "validation")
SCHEMAS = ("pipeline", "validation.data", "validation.model", "project")
MODEL_KEYS = (
    *("model", "predictions", "target", "positive", "task", "cluster", "query", "forecast", "costs", "robust"),
    *("leakage", "weak_segments"),
)
"""Keys of a validation that only one of a model has: by them it is known."""
DEFINITIONS, COMMON = "defs.schema.json", "stages/common.schema.json"


@cache
def schema_folder() -> Path:
    """The folder of the schemas."""
    folder = asset_folder("specs") / "schema"
    if not (folder / DEFINITIONS).is_file():
        raise UserError("the schemas of the specs are missing", "install mlops-cli again")
    return folder


@cache
def schemas_id() -> Oid:
    """The identity of all schemas together; it changes when any of them does."""
    folder = schema_folder()
    return hash_bytes(b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*.json"))))


@cache
def kind_schema(name: str) -> Schema:
    """The schema of one of SCHEMAS, complete in itself; a pipeline's stages are checked apart, by their verbs."""
    return _whole(_read(f"{name}.schema.json"), _read(f"{name}.schema.json"))


@cache
def stage_schema(verb: str) -> Schema:
    """The schema of a stage with `verb`, joined with the keys that it shares with others."""
    own, common = _read(f"stages/{verb}.schema.json"), _mapping(_read(COMMON)["properties"])
    names = own.pop("x-common")
    if not isinstance(names, list):
        raise TypeError("x-common is a list")
    own["properties"] = {**_mapping(own["properties"]), **{str(name): common[str(name)] for name in names}}
    return _whole(own, own)


def bundle(name: str) -> Schema:
    """What `mlops schema NAME` prints: one file for an editor, with the stage schemas inside. Raises UserError."""
    if name in VERBS:
        return stage_schema(name)
    if name == "validation":
        whole = {part: kind_schema(f"validation.{part}") for part in ("data", "model")}
        return {
            "$schema": whole["data"]["$schema"],
            "title": "Validation",
            "if": _of_a_model(),
            "then": _inner(whole["model"]),
            "else": _inner(whole["data"]),
        }
    if name not in SCHEMAS:
        known = (*SCHEMAS, "validation", *VERBS)
        raise UserError(f"there is no schema '{name}'", suggestion(name, known, "schemas"))
    return _with_stages(kind_schema(name)) if name == "pipeline" else kind_schema(name)


def _of_a_model() -> Schema:
    """What tells a validation of a model from one of data, as `structure.schema_name` does."""
    keys: list[Json] = [{"required": [key]} for key in MODEL_KEYS]
    metrics: list[Json] = [{"required": [name]} for name in (*METRICS, *RUNNING, "by_slice")]
    return {"anyOf": [*keys, {"properties": {"expect": {"anyOf": metrics}}, "required": ["expect"]}]}


def filled(schema: Json, value: Json) -> Json:
    """`value` with the defaults of its schema filled in, in the order of the schema."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        return [filled(schema.get("items"), item) for item in value]
    if not isinstance(value, dict):
        return value
    properties, others = _mapping(schema.get("properties", {})), schema.get("additionalProperties")
    defaults = {
        key: part["default"] for key, part in properties.items() if isinstance(part, dict) and "default" in part
    }
    whole = {**value, **{key: default for key, default in defaults.items() if key not in value}}
    return {key: filled(properties.get(key, others), item) for key, item in whole.items()}


def _with_metrics(schema: Schema, metrics: Schema) -> Schema:
    """`schema` with every metric as a key, each with the schema that `x-metrics` says."""
    each = _mapping(schema["x-metrics"])
    keys: Schema = {name: {**each, **_mapping(words)} for name, words in metrics.items()}
    whole: Schema = {**keys, **_mapping(schema.get("properties", {}))}
    return {key: item for key, item in {**schema, "properties": whole}.items() if key != "x-metrics"}


def _with_stages(pipeline: Schema) -> Schema:
    properties = _mapping(pipeline["properties"])
    stages = _mapping(properties["stages"])
    verbs: list[Json] = [
        {"if": {"required": [verb]}, "then": {"$ref": f"#/$defs/{verb}"}, "else": True} for verb in VERBS
    ]
    one: Json = [{"required": [verb]} for verb in VERBS]
    stage = {**_mapping(stages["additionalProperties"]), "oneOf": one, "allOf": verbs}
    whole = {**properties, "stages": {**stages, "additionalProperties": stage}}
    return {**pipeline, "properties": whole, "$defs": {verb: _inner(stage_schema(verb)) for verb in VERBS}}


def _inner(schema: Schema) -> Schema:
    """A schema as a part of another one."""
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id")}


def _read(name: str) -> Schema:
    return _mapping(parse((schema_folder() / name).read_bytes()))


def _mapping(value: Json) -> Schema:
    if not isinstance(value, dict):
        raise TypeError(f"a schema is a mapping, not {value!r}")
    return value


def _whole(schema: Schema, root: Schema) -> Schema:
    """`schema` with its references replaced by what they mean, and with `x-*` keys allowed wherever keys are closed."""
    definitions = {"#/$defs/": _mapping(root.get("$defs", {}))}
    definitions["defs.schema.json#/$defs/"] = _mapping(_read(DEFINITIONS)["$defs"])
    definitions["../defs.schema.json#/$defs/"] = definitions["defs.schema.json#/$defs/"]

    metrics = _mapping(_mapping(definitions["defs.schema.json#/$defs/"]["metrics"])["properties"])

    def expand(value: Json) -> Json:
        if isinstance(value, list):
            return [expand(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(reference := value.get("$ref"), str):
            start = reference.rindex("/") + 1
            target = _mapping(definitions[reference[:start]][reference[start:]])
            return expand({**target, **{key: item for key, item in value.items() if key != "$ref"}})
        if "x-metrics" in value:
            value = _with_metrics(value, metrics)
        expanded = {key: item if key in ("examples", "default") else expand(item) for key, item in value.items()}
        if value.get("additionalProperties") is False and "properties" in value:
            expanded["patternProperties"] = {"^x-": True}
        return expanded

    return _mapping(expand({key: value for key, value in schema.items() if key != "$defs"}))
