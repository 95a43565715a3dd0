"""What would run and why: one decision a stage, made from keys and earlier records, without running anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.base.errors import SpecError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, Json, parse
from mlops_cli.pipeline.cache import RunCache
from mlops_cli.pipeline.explain import nearest
from mlops_cli.pipeline.graph import Edge, Graph, Node, family
from mlops_cli.pipeline.key import Keyer
from mlops_cli.pipeline.records import Components, StageRecord
from mlops_cli.spec.expression import evaluate
from mlops_cli.store.records import Artifact

Action: TypeAlias = Literal["run", "reuse", "maybe", "blocked", "skip"]
ContextOf: TypeAlias = Callable[[Node, Mapping[str, tuple[Artifact, ...]]], "Context"]


@dataclass(frozen=True)
class Context:
    """What a gate is given besides what its spec names, under arguments that begin with `@`: the baseline, earlier
    versions that passed, rows that were released. `labels` says what to call it."""

    inputs: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


NO_CONTEXT = Context()


@dataclass(frozen=True)
class Decision:
    """What happens to one stage. `maybe`: it depends on results that are not there yet."""

    node: str
    action: Action
    reason: str
    components: Components | None = None
    inputs: Mapping[str, tuple[Artifact, ...]] = field(default_factory=dict)
    context: Context = NO_CONTEXT
    record: StageRecord | None = None
    record_id: Oid | None = None
    changes: tuple[str, ...] = ()


@dataclass
class Planner:
    """Decides stage after stage; what is already known grows with every result."""

    graph: Graph
    keyer: Keyer
    cache: RunCache
    sources: Mapping[str, Artifact]
    context_of: ContextOf
    force: frozenset[str] = frozenset()
    """Nodes to execute although a record exists."""
    results: dict[str, Mapping[str, Artifact]] = field(default_factory=dict)
    """Finished node -> its outputs."""
    stopped: dict[str, Literal["gate", "failed", "skip"]] = field(default_factory=dict)
    """Node that has no outputs for others -> why."""

    def plan(self, chosen: frozenset[str] | None = None) -> list[Decision]:
        """A decision for every node (or the chosen ones) in an order in which they could run."""
        decisions = []
        for node in self.graph.nodes.values():
            if chosen is None or node.id in chosen:
                decision = self.decide(node)
                self.note(decision)
                decisions.append(decision)
        return decisions

    def note(self, decision: Decision) -> None:
        """Take a decision's consequences into account for the nodes downstream."""
        if decision.action == "reuse" and decision.record:
            self.finish(decision.node, decision.record)
        elif decision.action in ("blocked", "skip"):
            self.stopped[decision.node] = "skip" if decision.action == "skip" else "failed"

    def finish(self, node: str, record: StageRecord) -> None:
        """Take a node's result into account: executed or reused."""
        if record.passed:
            self.results[node] = record.outputs
        else:
            self.stopped[node] = "gate"

    def decide(self, node: Node) -> Decision:
        """What happens to `node`, given everything known; raises UserError where its code or condition is wrong."""
        for need in node.needs:
            if need in self.stopped:
                return _held_up(node.id, need, self.stopped[need])
        waiting = [need for need in node.needs if need not in self.results]
        if waiting:
            return Decision(node.id, "maybe", f"after {', '.join(dict.fromkeys(map(family, waiting)))}")
        if node.stage.when is not None and not self._holds(node):
            return Decision(node.id, "skip", f"when: {node.stage.when.text} is false")
        return self._look_up(node)

    def _look_up(self, node: Node) -> Decision:
        inputs = {name: tuple(map(self._artifact, edges)) for name, edges in node.edges.items()}
        context = self.context_of(node, inputs)
        components = self.keyer.components(node, {**inputs, **context.inputs}, self.graph.pipeline.seed or 0)
        found = self.cache.find(components.key)
        if found and node.id not in self.force:
            oid, record = found
            reason = (
                f"unchanged since run {record.run}"
                if record.passed
                else f"said no in run {record.run}, and nothing changed"
            )
            return Decision(node.id, "reuse", reason, components, inputs, context, record, oid)
        reason, changes = self._why(node, components, forced=found is not None)
        return Decision(node.id, "run", reason, components, inputs, context, changes=changes)

    def _why(self, node: Node, components: Components, *, forced: bool) -> tuple[str, tuple[str, ...]]:
        if forced:
            return "forced", ()
        closest = nearest(components, self.cache.records_of(self.graph.pipeline.name, node.id), node)
        if closest is None:
            return "no result yet", ()
        record, changes = closest
        if not changes and record.key != components.key:
            return "the order of what it is told changed", ()
        if not changes:
            return f"its outputs of run {record.run} are no longer in the store", ()
        more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
        return changes[0] + more, tuple(changes)

    def _artifact(self, edge: Edge) -> Artifact:
        return self.sources[edge.output] if edge.node is None else self.results[edge.node][edge.output]

    def _holds(self, node: Node) -> bool:
        when = node.stage.when
        if when is None:
            return True
        value = evaluate(when, lambda name: self._value(node, name))
        if not isinstance(value, bool):
            raise SpecError(f"`when` of '{node.id}' is {value!r}, not true or false", None, node.stage.place)
        return value

    def _value(self, node: Node, name: str) -> Json:
        if name in node.conditions:
            edge, path = node.conditions[name]
            return self._inside(node, name, self._artifact(edge), path)
        values: dict[str, Json] = {**self.graph.parameters, **node.binding}
        return values[name.removeprefix("params.")]

    def _inside(self, node: Node, name: str, artifact: Artifact, path: tuple[str, ...]) -> Json:
        try:
            value = parse(self.cache.store.read(artifact.oid))
        except BadRecord:
            raise SpecError(
                f"`{name}` is a {artifact.type}, not JSON that `when` can read", None, node.stage.place
            ) from None
        for key in path:
            if not isinstance(value, dict) or key not in value:
                known = f"it has: {', '.join(value)}" if isinstance(value, dict) else None
                raise SpecError(f"`{name}` has no '{key}'", known, node.stage.place)
            value = value[key]
        return value


def _held_up(node: str, need: str, why: Literal["gate", "failed", "skip"]) -> Decision:
    match why:
        case "gate":
            return Decision(node, "blocked", f"the gate {need} said no")
        case "failed":
            return Decision(node, "blocked", f"{need} has no result")
        case "skip":
            return Decision(node, "skip", f"{need} was skipped")
