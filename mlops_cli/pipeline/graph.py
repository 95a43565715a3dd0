"""Spec to graph: matrix stages multiplied, references bound to nodes, nodes in the order they can run."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from mlops_cli.base.errors import Fault, SpecError, UserError
from mlops_cli.base.records import Json, canonical
from mlops_cli.spec.expression import references
from mlops_cli.spec.pipeline import Parameter, Pipeline, Ref, Scalar, Stage, Validate


@dataclass(frozen=True)
class Edge:
    """One end of a reference: an output of a node, or a source."""

    node: str | None
    """None: `output` is the name of a source."""
    output: str

    def __str__(self) -> str:
        return f"{self.node}.{self.output}" if self.node else self.output


@dataclass(frozen=True)
class Node:
    """One stage to run: a stage of the spec with one binding of its matrix."""

    id: str
    stage: Stage
    binding: Mapping[str, Scalar]
    edges: Mapping[str, tuple[Edge, ...]]
    """Argument -> where it comes from; several for `[*]`."""
    lists: frozenset[str]
    arguments: Mapping[str, Json]
    conditions: Mapping[str, tuple[Edge, tuple[str, ...]]]
    """Name in `when` -> the output it reads and the path of keys inside it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The nodes that must have finished before this one."""
        ends = itertools.chain(*self.edges.values(), (edge for edge, _ in self.conditions.values()))
        return tuple(dict.fromkeys(edge.node for edge in ends if edge.node))


@dataclass(frozen=True)
class Graph:
    """All nodes in an order in which each comes after what it needs."""

    pipeline: Pipeline
    parameters: Mapping[str, Json]
    nodes: Mapping[str, Node]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that some node reads, in the order of the spec."""
        used = {
            edge.output
            for node in self.nodes.values()
            for ends in node.edges.values()
            for edge in ends
            if not edge.node
        }
        return tuple(name for name in self.pipeline.sources if name in used)


def family(end: Edge | str) -> str:
    """The name of a node or an edge with all instances of a matrix as one word, such as `train[*].model`."""
    stage, bracket, rest = str(end).partition("[")
    return f"{stage}[*]{rest.rpartition(']')[2]}" if bracket else stage


def bind_parameters(pipeline: Pipeline, given: Mapping[str, str]) -> dict[str, Json]:
    """The value of every parameter: its default, or what `-p NAME=VALUE` gave. Raises UserError for all bad ones."""
    faults = []
    values = {name: parameter.default for name, parameter in pipeline.parameters.items()}
    for name, text in given.items():
        parameter = pipeline.parameters.get(name)
        if parameter is None:
            near = difflib.get_close_matches(name, pipeline.parameters, 1)
            known = ", ".join(pipeline.parameters) or "none"
            hint = f"did you mean '{near[0]}'?" if near else f"{pipeline.file} has: {known}"
            faults.append(Fault(f"unknown parameter '{name}'", None, hint))
            continue
        try:
            values[name] = read_value(parameter, text)
        except ValueError as error:
            faults.append(Fault(f"parameter '{name}': {error}", parameter.place))
    if faults:
        raise UserError.of(faults)
    return values


def read_value(parameter: Parameter, text: str) -> Json:
    """The value that `text` means for `parameter`; raises ValueError with what was expected."""
    value = _typed(parameter, text)
    if parameter.choices is not None and value not in parameter.choices:
        raise ValueError(f"'{text}' is not one of {', '.join(map(str, parameter.choices))}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if parameter.minimum is not None and value < parameter.minimum:
            raise ValueError(f"{text} is below the minimum {parameter.minimum:g}")
        if parameter.maximum is not None and value > parameter.maximum:
            raise ValueError(f"{text} is above the maximum {parameter.maximum:g}")
    return value


def _typed(parameter: Parameter, text: str) -> Json:
    match parameter.type:
        case "integer":
            return _number(int, text, "a whole number")
        case "number":
            return _number(float, text, "a number")
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError(f"'{text}' is not true or false")
            return text == "true"
        case "string" | "any":
            return text


def _number(kind: type[int] | type[float], text: str, what: str) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"'{text}' is not {what}") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(f"'{text}' is not {what}")
    return value


def compile_graph(pipeline: Pipeline, parameters: Mapping[str, Json]) -> Graph:
    """The graph of a pipeline whose spec is sound; raises SpecError for references that a matrix makes wrong."""
    instances = {stage.name: _bindings(stage) for stage in pipeline.stages.values()}
    builder = _Builder(pipeline, parameters, instances)
    nodes = {node.id: node for stage in pipeline.stages.values() for node in builder.nodes(stage)}
    if builder.faults:
        raise SpecError.of(builder.faults)
    order = TopologicalSorter({node.id: node.needs for node in nodes.values()}).static_order()
    return Graph(pipeline, parameters, {name: nodes[name] for name in order})


def _bindings(stage: Stage) -> dict[str, dict[str, Scalar]]:
    if not stage.matrix:
        return {stage.name: {}}
    found: dict[str, dict[str, Scalar]] = {}
    for values in itertools.product(*stage.matrix.values()):
        row = dict(zip(stage.matrix, values, strict=True))
        name = f"{stage.name}[{_label(row)}]"
        if name in found:
            raise SpecError(f"two instances would be called {name}", "their values differ only in type", stage.place)
        found[name] = row
    return found


def _label(binding: Mapping[str, Scalar]) -> str:
    return ",".join(
        f"{axis}={value if isinstance(value, str) else canonical(value).decode()}" for axis, value in binding.items()
    )


class _Builder:
    """Turns stages into nodes and gathers the faults on the way."""

    def __init__(
        self,
        pipeline: Pipeline,
        parameters: Mapping[str, Json],
        instances: Mapping[str, Mapping[str, Mapping[str, Scalar]]],
    ) -> None:
        self.pipeline, self.parameters, self.instances = pipeline, parameters, instances
        self.faults: list[Fault] = []

    def nodes(self, stage: Stage) -> Iterable[Node]:
        edges = {argument: self._ends(ref) for argument, ref in stage.inputs.items()}
        lists = frozenset(argument for argument, ref in stage.inputs.items() if ref.instances == "all")
        conditions = self._conditions(stage)
        for name, binding in self.instances[stage.name].items():
            yield Node(name, stage, binding, edges, lists, self._arguments(stage, binding), conditions)

    def _arguments(self, stage: Stage, binding: Mapping[str, Scalar]) -> dict[str, Json]:
        values: dict[str, Json] = {**self.parameters, **binding}
        mapped = {argument: values[name] for argument, name in stage.params.items()}
        axes = {axis: value for axis, value in binding.items() if axis not in stage.params.values()}
        return {**stage.with_, **axes, **mapped}

    def _ends(self, ref: Ref) -> tuple[Edge, ...]:
        if ref.name in self.pipeline.sources:
            return (Edge(None, ref.name),)
        names = list(self.instances[ref.name])
        output = ref.output or self.pipeline.stages[ref.name].outputs[0].name
        if ref.instances == "all":
            return tuple(Edge(name, output) for name in names)
        wanted = ref.name if ref.instances == "one" else f"{ref.name}[{ref.instances}]"
        if wanted in names:
            return (Edge(wanted, output),)
        if ref.instances == "one":
            hint = f"write {ref.name}[*] for all of them, or one, such as {names[0]}"
            self.faults.append(Fault(f"'{ref.name}' has a matrix and so {len(names)} results", ref.place, hint))
        else:
            near = difflib.get_close_matches(wanted, names, 1, 0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"it has: {', '.join(names)}"
            self.faults.append(Fault(f"'{ref.name}' has no instance [{ref.instances}]", ref.place, hint))
        return ()

    def _conditions(self, stage: Stage) -> dict[str, tuple[Edge, tuple[str, ...]]]:
        found: dict[str, tuple[Edge, tuple[str, ...]]] = {}
        for name in references(stage.when) if stage.when else ():
            head, *rest = name.split(".")
            if head in self.pipeline.stages and head not in stage.matrix and head not in self.parameters:
                outputs = [output.name for output in self.pipeline.stages[head].outputs]
                output, path = (rest[0], rest[1:]) if rest and rest[0] in outputs else (outputs[0], rest)
                found[name] = (Edge(head, output), tuple(path))
        return found


def gates(graph: Graph, source: str) -> tuple[str, ...]:
    """The gates that judge `source` itself: nodes that validate it."""
    return tuple(
        node.id
        for node in graph.nodes.values()
        if isinstance(node.stage.verb, Validate) and Edge(None, source) in node.edges.get("data", ())
    )
