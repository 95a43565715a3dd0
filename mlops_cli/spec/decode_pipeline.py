"""From a document of `kind: pipeline` to its record: parameters, sources, stages, and the graph that they must make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.spec.decode_stage import Draft, Lookup, check_limits, decode_stage, is_query_file
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.edges import Edges, Names
from mlops_cli.spec.pipeline import Parameter, Pipeline, Source, Sql, Stage, Validate
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import describe, shown

ParameterType = Literal["integer", "number", "string", "boolean", "any"]
OURS: Mapping[str, str] = {
    ".git": "git",
    "mlops.yaml": "the project file",
    "mlops.lock": "the lock of the sources",
    "specs": "the specs",
}
"""Places in a project that no output may have."""
OF_TYPE: Mapping[str, Callable[[Json], bool]] = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "any": lambda value: True,  # noqa: ARG005  # takes a value as its siblings do
}


def decode_pipeline(decoding: Decoding, lookup: Lookup) -> Pipeline:
    """The pipeline that a document says; faults are noted in `decoding`. `lookup` reads the spec of a gate."""
    name = decoding.text(("name",)) or ""
    parameters = {key: _parameter(decoding, key, value, path) for key, value, path in decoding.items(("params",))}
    sources = _sources(decoding)
    drafts: dict[str, Draft] = {}
    for key, value, path in decoding.items(("stages",)):
        draft = decode_stage(decoding, key, value if isinstance(value, dict) else {}, path, lookup)
        if draft is not None:
            drafts[key] = draft
    for key in decoding.mapping(("stages",)):
        if key not in drafts:
            check_limits(decoding, ("stages", key))
    names = _names(decoding, parameters, sources, drafts)
    edges = Edges(decoding, names)
    stages = {key: edges.stage(draft) for key, draft in drafts.items()}
    _check_names(decoding, name, stages, sources)
    _check_paths(decoding, stages, sources)
    _check_cycles(decoding, names.order, edges.needs)
    seed = decoding.get(("seed",))
    seed = seed if isinstance(seed, int) else None
    return Pipeline(name, decoding.document.file, parameters, sources, stages, seed)


def _names(
    decoding: Decoding, parameters: Mapping[str, Parameter], sources: Mapping[str, Source], drafts: Mapping[str, Draft]
) -> Names:
    """All names of the document: also those of broken parts, so that naming them is no second fault."""
    written = decoding.get(("stages",))
    order = tuple(written) if isinstance(written, dict) else ()
    given = decoding.get(("params",))
    sourced = decoding.get(("data",))
    return Names(
        parameters=frozenset(parameters) | frozenset(given if isinstance(given, dict) else ()),
        sources=frozenset(sources) | frozenset(sourced if isinstance(sourced, dict) else ()),
        source_paths={source.path: source.name for source in sources.values()},
        drafts=drafts,
        order=order,
    )


def _parameter(decoding: Decoding, name: str, value: Json, path: KeyPath) -> Parameter:
    body: dict[str, Json] = value if isinstance(value, dict) else {"default": value}
    default, place = body["default"], decoding.place(path)
    kind = _parameter_type(body)
    choices, low, high = body.get("choices"), body.get("min"), body.get("max")
    parameter = Parameter(
        name,
        kind,
        default,
        place,
        float(low) if isinstance(low, int | float) else None,
        float(high) if isinstance(high, int | float) else None,
        tuple(choices) if isinstance(choices, list) else None,
    )
    here: KeyPath = (*path, "default") if isinstance(value, dict) else path
    if not OF_TYPE[kind](default):
        decoding.fault(f"the default {describe(default)} is not of type {kind}", here)
    else:
        _check_limits(decoding, parameter, path)
    for at, choice in enumerate(parameter.choices or ()):
        if not OF_TYPE[kind](choice):
            decoding.fault(f"the choice {describe(choice)} is not of type {kind}", (*path, "choices", at))
    return parameter


def _parameter_type(body: Mapping[str, Json]) -> ParameterType:
    if (said := body.get("type")) is not None:
        kinds: tuple[ParameterType, ...] = ("integer", "number", "string", "boolean", "any")
        return next(kind for kind in kinds if kind == said)
    limits = (body.get("min"), body.get("max"))
    match body["default"]:
        case bool():
            return "boolean"
        case int() if not any(isinstance(limit, float) for limit in limits):
            return "integer"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "any"


def _check_limits(decoding: Decoding, parameter: Parameter, path: KeyPath) -> None:
    low, high, default = parameter.minimum, parameter.maximum, parameter.default
    if (low is not None or high is not None) and parameter.type not in ("integer", "number"):
        key = "min" if low is not None else "max"
        decoding.fault(
            f"`{key}` is for numbers, and '{parameter.name}' is of type {parameter.type}", (*path, key), of="key"
        )
    elif low is not None and high is not None and low > high:
        decoding.fault(f"the least value, {low:g}, is above the greatest, {high:g}", (*path, "min"))
    elif isinstance(default, int | float) and low is not None and default < low:
        decoding.fault(f"the default {shown(default)} is below the least value, {low:g}", (*path, "default"))
    elif isinstance(default, int | float) and high is not None and default > high:
        decoding.fault(f"the default {shown(default)} is above the greatest value, {high:g}", (*path, "default"))
    if parameter.choices is not None and default not in parameter.choices:
        known = ", ".join(map(shown, parameter.choices))
        decoding.fault(
            f"the default {describe(default)} is not one of the choices", (*path, "default"), f"choices: {known}"
        )


def _sources(decoding: Decoding) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    paths: dict[str, str] = {}
    for name, _, path in decoding.items(("data",)):
        file = decoding.inner_path(path, "the source")
        if file is None:
            continue
        if "*" in file or "?" in file:
            decoding.fault("a source is one file or folder, not a pattern", path, "name the folder")
        elif file in paths:
            decoding.fault(f"'{paths[file]}' is this source already", path, "use one name for one source")
        else:
            paths[file] = name
            sources[name] = Source(name, file, decoding.place(path))
    return sources


def _check_names(decoding: Decoding, pipeline: str, stages: Mapping[str, Stage], sources: Mapping[str, Source]) -> None:
    """Sources, outputs and models share one namespace: a name that two of them claim is a fault of the second."""
    claims = _Claims(decoding)
    for name, source in sources.items():
        claims.names[name] = f"the source on line {source.place.line}"
        if name in stages:
            decoding.fault(
                f"'{name}' is the name of a source already", ("stages", name), "give the stage another", of="key"
            )
    for stage in stages.values():
        for output in stage.outputs:
            path: KeyPath = ("stages", stage.name, "out", output.name, "name")
            claims.claim(
                output.publish or f"{pipeline}/{stage.name}.{output.name}", f"{stage.name}.{output.name}", path
            )
        if stage.kind == "register":
            model = decoding.text(("stages", stage.name, "register")) or ""
            claims.claim(model, f"the stage '{stage.name}'", ("stages", stage.name, "register"))


@dataclass
class _Claims:
    decoding: Decoding
    names: dict[str, str] = field(default_factory=dict)

    def claim(self, name: str, who: str, path: KeyPath) -> None:
        if name in self.names:
            hint = "data and models share one namespace"
            self.decoding.fault(f"the name '{name}' is taken by {self.names[name]}", path, hint)
        else:
            self.names[name] = who


def _check_paths(decoding: Decoding, stages: Mapping[str, Stage], sources: Mapping[str, Source]) -> None:
    """No two outputs go to one place in the work tree, and none over what the project is written in."""
    taken = {**OURS, decoding.document.file: "this spec"}
    for stage in stages.values():
        if isinstance(stage.verb, Validate):
            taken[stage.verb.spec] = f"the spec of '{stage.name}'"
        elif isinstance(stage.verb, Sql) and is_query_file(stage.verb.query):
            taken[stage.verb.query] = f"the query of '{stage.name}'"
    taken |= {source.path: f"the source '{source.name}'" for source in sources.values()}
    for stage in stages.values():
        for output in stage.outputs:
            if output.path is None:
                continue
            here: KeyPath = ("stages", stage.name, "out", output.name, "path")
            other = next((path for path in taken if _overlap(path, output.path)), None)
            if other is None:
                taken[output.path] = f"{stage.name}.{output.name}"
            else:
                decoding.fault(f"this path is taken by {taken[other]}, which is at {other}", here)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def _check_cycles(decoding: Decoding, order: tuple[str, ...], needs: Mapping[str, Mapping[str, Place]]) -> None:
    """Each circle of stages is one fault, at the reference that closes it."""
    graph = {name: dict(sources) for name, sources in needs.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
            return
        except CycleError as error:
            circle: list[str] = error.args[1][:-1]
        first = circle.index(min(circle, key=order.index))
        circle = circle[first:] + circle[:first]
        place = graph[circle[0]].pop(circle[-1])
        if len(circle) == 1:
            decoding.fault_at(f"the stage '{circle[0]}' reads its own output", place)
        else:
            spelled = " -> ".join([*circle, circle[0]])
            decoding.fault_at(f"these stages wait for each other: {spelled}", place, "one of them must come first")
