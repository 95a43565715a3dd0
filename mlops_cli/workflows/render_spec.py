"""A spec as the program understands it: defaults filled in, references in full, parameters with their values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from mlops_cli.base.records import Json
from mlops_cli.pipeline.graph import bind_parameters
from mlops_cli.spec.load import load_spec, shown_path
from mlops_cli.spec.pipeline import Fit, Output, Parameter, Pipeline, Register, Select, Split, Stage, Validate
from mlops_cli.spec.schema import filled, kind_schema
from mlops_cli.spec.source import plain_scalar, read_document
from mlops_cli.spec.validation import ModelValidation
from mlops_cli.workflows.lint_specs import remember_folder

OWN_INPUT = {"split": "data", "select": "models"}  # verb -> the input that its own value names
DECLARES = ("call", "sh", "sql")


def render(root: Path, path: Path, params: Mapping[str, str]) -> str:
    """The spec at `path` as YAML, which says the same as the file; `params` are the values that `-p` gives.

    A matrix stays as it is written. Outputs that follow from the verb are listed under `x-out`. Raises SpecError.
    """
    spec = load_spec(path, root, remember_folder(root))
    if isinstance(spec, Pipeline):
        return _yaml(_pipeline(spec, bind_parameters(spec, params)))
    name = "validation.model" if isinstance(spec, ModelValidation) else "validation.data"
    return _yaml(filled(kind_schema(name), read_document(path, shown_path(path, root)).data))


def _pipeline(pipeline: Pipeline, values: Mapping[str, Json]) -> Json:
    seed: dict[str, Json] = {} if pipeline.seed is None else {"seed": pipeline.seed}
    return {
        "kind": "pipeline",
        "name": pipeline.name,
        **seed,
        "params": {name: _parameter(item, values[name]) for name, item in pipeline.parameters.items()},
        "data": {name: source.path for name, source in pipeline.sources.items()},
        "stages": {name: _stage(pipeline.name, stage) for name, stage in pipeline.stages.items()},
    }


def _parameter(parameter: Parameter, value: Json) -> Json:
    choices = None if parameter.choices is None else list(parameter.choices)
    limits: dict[str, Json] = {"min": _plain(parameter.minimum), "max": _plain(parameter.maximum), "choices": choices}
    said = {key: limit for key, limit in limits.items() if limit is not None}
    return {"type": parameter.type, "default": value, **said}


def _plain(number: float | None) -> int | float | None:
    """A whole number without its `.0`."""
    return int(number) if number is not None and number.is_integer() else number


def _stage(pipeline: str, stage: Stage) -> Json:
    inputs: dict[str, Json] = {argument: str(ref) for argument, ref in stage.inputs.items()}
    own = inputs.pop(OWN_INPUT.get(stage.kind, ""), None)
    body = {stage.kind: own, **_verb(stage)}
    if inputs:
        body["in"] = inputs
    if stage.params:
        body["params"] = dict(stage.params)
    if stage.with_:
        body["with"] = dict(stage.with_)
    if stage.matrix:
        body["matrix"] = {axis: list(axis_values) for axis, axis_values in stage.matrix.items()}
    if stage.when is not None:
        body["when"] = stage.when.text
    body["retry"] = {"max": stage.retry.max, "when": list(stage.retry.when)}
    if stage.timeout is not None:
        body["timeout"] = _plain(stage.timeout)
    memory: dict[str, Json] = {} if stage.resources.memory is None else {"memory": stage.resources.memory}
    body["resources"] = {"cpu": stage.resources.cpu, **memory}
    if stage.kind in DECLARES and stage.outputs:
        body["out"] = {output.name: _output(pipeline, stage, output) for output in stage.outputs}
    elif stage.outputs:
        body["x-out"] = {output.name: output.type for output in stage.outputs}
    return body


def _verb(stage: Stage) -> dict[str, Json]:
    match stage.verb:
        case Split(by, shares, column, folds):
            parts: dict[str, Json] = {"folds": folds} if folds else {"shares": dict(shares)}
            return {"by": by, **parts, **({"column": column} if column else {})}
        case Fit(target_class, target, features):
            chosen: dict[str, Json] = {} if features is None else {"features": list(features)}
            return {"fit": target_class, "target": target, **chosen}
        case Select(metric, best, target):
            return {best: metric, **({"target": target} if target else {})}
        case Register(model, alias):
            return {"register": model, **({"alias": alias} if alias else {})}
        case Validate(spec, environment):
            return {"validate": spec, **({"environment": environment} if environment else {})}
        case verb:
            (value,) = vars(verb).values()
            return {stage.kind: str(value)}


def _output(pipeline: str, stage: Stage, output: Output) -> Json:
    path: dict[str, Json] = {} if output.path is None else {"path": output.path}
    name = output.publish or f"{pipeline}/{stage.name}.{output.name}"
    # One name for all results of a matrix would be a mistake: each is published under its own.
    return {"type": output.type, **path} if stage.matrix else {"type": output.type, **path, "name": name}


class _Dumper(yaml.SafeDumper):
    """Writes YAML that the rules of YAML 1.2 read back as the same values."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class wants it
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if plain_scalar(text) == text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _list(dumper: _Dumper, items: list[Json]) -> yaml.SequenceNode:
    simple = not any(isinstance(item, dict | list) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=simple)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def _yaml(value: Json) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
