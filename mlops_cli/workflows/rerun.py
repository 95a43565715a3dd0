"""A run beside the run that it repeats: which results are the same, and what explains the first that is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, Json, parse
from mlops_cli.pipeline.explain import differences
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.records import Components, RunRecord, StageRecord, StageResult, spoken
from mlops_cli.store.records import Artifact
from mlops_cli.store.store import Store
from mlops_cli.store.trees import diff_trees
from mlops_cli.workflows.prepare import Prepared

Reason: TypeAlias = Literal["changed", "not_deterministic", "failed", "gone", "unknown"]
TOLD = frozenset({"report", "metrics"})
"""Outputs of a gate that speak of its baseline and of how long things took: their numbers are compared, not they."""
NOT_COUNTED = "latency"  # how metrics begin that no second run can give again
DONE = frozenset({"ran", "reused"})
SHOWN = 8  # files or values of a result that differ


@dataclass(frozen=True)
class Pair:
    """A value then and now; None: there was or is none."""

    name: str
    then: str | None
    now: str | None


@dataclass(frozen=True)
class Moved:
    """A metric then and now."""

    name: str
    then: float | None
    now: float | None


@dataclass(frozen=True)
class Compared:
    """One stage of both runs."""

    stage: str
    kind: str
    same: bool | None
    """None: there is nothing to compare."""
    then: str
    """How it ended; `gone` where a run lacks it."""
    now: str
    outputs: tuple[Pair, ...] = ()
    """Output -> identities."""
    metrics: tuple[Moved, ...] = ()
    """Those that differ."""
    changes: tuple[str, ...] = ()
    """What it depends on and differs, in words; of a stage that is the same, this has had no effect."""


@dataclass(frozen=True)
class FirstDifference:
    """The first stage whose results differ, and why."""

    stage: str
    reason: Reason
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Runs:
    """The recorded run with its store, and the one that repeats it with its own."""

    store: Store
    then: RunRecord
    prepared: Prepared
    sources: Mapping[str, Artifact]
    now: Mapping[str, StageResult]
    _records: dict[str, StageRecord | None] = field(default_factory=dict)

    def compare(self) -> list[Compared]:
        """Every stage that ran now, in the order of the graph, after the stages that are gone."""
        recorded = {result.stage: result for result in self.then.stages}
        nodes = self.prepared.graph.nodes
        gone = [name for name in recorded if name not in nodes]
        chosen = [name for name in nodes if self.prepared.chosen is None or name in self.prepared.chosen]
        return [self._compare(name, recorded.get(name)) for name in (*gone, *chosen)]

    def _compare(self, name: str, then: StageResult | None) -> Compared:
        now = self.now.get(name)
        kind = (then or now or StageResult(name, "", "skipped", "")).kind
        if then is None or now is None:
            return Compared(name, kind, None if now is None else False, _ended(then), _ended(now))
        outputs = tuple(_outputs(then, now))
        metrics = tuple(_moved(then.metrics, now.metrics))
        same = _ended(then) == _ended(now) and not metrics and all(pair.then == pair.now for pair in outputs)
        changes = tuple(self.changes(self.prepared.graph.nodes[name]) or ())
        unjudged = "cancelled" in (then.status, now.status) or (not same and self._only_retold(name, changes))
        return Compared(name, kind, None if unjudged else same, _ended(then), _ended(now), outputs, metrics, changes)

    def changes(self, node: Node) -> list[str] | None:
        """What a stage depends on that was another then, in words; None where that cannot be told any more."""
        then, now = self._record(node.id), self._components(node)
        return None if then is None or now is None else list(differences(then.components, now, node))

    def _record(self, stage: str) -> StageRecord | None:
        if stage not in self._records:
            oid = next((result.record for result in self.then.stages if result.stage == stage), None)
            try:
                found = self.store.read_record(oid, "stage", StageRecord) if oid else None
            except StoreError:
                found = None  # told as `unknown`, where it matters
            self._records[stage] = found
        return self._records[stage]

    def _components(self, node: Node) -> Components | None:
        """What the stage depends on now; None where something that it needs has no result."""
        try:
            inputs = {
                name: tuple(
                    self.sources[edge.output] if edge.node is None else self.now[edge.node].outputs[edge.output]
                    for edge in edges
                )
                for name, edges in node.edges.items()
            }
        except KeyError:
            return None
        context = self.prepared.context(node, inputs) if self.prepared.context else None
        given = {**inputs, **(context.inputs if context else {})}
        return self.prepared.keyer.components(node, given, self.prepared.pipeline.seed or 0)

    def _only_retold(self, stage: str, changes: tuple[str, ...]) -> bool:
        """Whether a stage differs only by reading what a gate has told, such as a page of its report."""
        node = self.prepared.graph.nodes[stage]
        retold = {
            name
            for name, edges in node.edges.items()
            if all(edge.node and self._kind(edge.node) == "validate" and edge.output in TOLD for edge in edges)
        }
        named = [line.split()[1].rstrip(":") if line.startswith("input ") else "" for line in changes]
        return bool(named) and all(name in retold for name in named)

    def _kind(self, node: str) -> str:
        return self.prepared.graph.nodes[node].stage.kind

    def explain(self, compared: Compared) -> FirstDifference:
        """Why the results of a stage differ."""
        now = self.now.get(compared.stage)
        then = next((result for result in self.then.stages if result.stage == compared.stage), None)
        if now is None or then is None:
            what = "is in the recorded run, and not in the pipeline" if now is None else "is not in the recorded run"
            return FirstDifference(compared.stage, "gone", (f"the stage {what}",))
        changes = self.changes(self.prepared.graph.nodes[compared.stage])
        ended = (f"then {_said(then)}; now {_said(now)}",) if compared.now != compared.then else ()
        if changes:
            return FirstDifference(compared.stage, "changed", (*changes, *ended))
        if compared.now != compared.then:
            return FirstDifference(compared.stage, "failed", ended)
        if changes is None:
            line = "the store has lost the record of what the stage depended on, so the cause cannot be told"
            return FirstDifference(compared.stage, "unknown", (line, *self._content(then, now)))
        line = "all that it is known to depend on is the same, and its result is not"
        return FirstDifference(compared.stage, "not_deterministic", (line, *self._content(then, now)))

    def _content(self, then: StageResult, now: StageResult) -> Iterator[str]:
        """Which files or values of the outputs differ."""
        for name, new in now.outputs.items():
            old = then.outputs.get(name)
            if old is not None and old.oid != new.oid and not (now.kind == "validate" and name in TOLD):
                yield from (f"{name}: {line}" for line in self._inside(old, new))

    def _inside(self, old: Artifact, new: Artifact) -> Iterator[str]:
        both = _Both(self.prepared.workspace.store, self.store)
        try:
            if old.layout == "tree" and new.layout == "tree":
                found = diff_trees(both, old.oid, new.oid)
                for item in found[:SHOWN]:
                    sizes = [f"{end.size} bytes" if end else "nothing" for end in (item.old, item.new)]
                    yield f"{item.path} differs ({sizes[0]} -> {sizes[1]})"
            elif old.type in ("json", "metrics"):
                pairs = _values(parse(both.read(old.oid)), parse(both.read(new.oid)))
                yield from (f"{name} {then} -> {now}" for name, then, now in list(pairs)[:SHOWN])
            else:
                yield f"{new.name} differs ({old.bytes} bytes -> {new.bytes} bytes)"
        except (StoreError, BadRecord) as error:
            yield f"what differs cannot be told: {error}"


@dataclass(frozen=True)
class _Both:
    """Reads from the first store that has an object."""

    first: Store
    second: Store

    def read(self, oid: Oid) -> bytes:
        return (self.first if self.first.has(oid) else self.second).read(oid)


def _ended(result: StageResult | None) -> str:
    if result is None:
        return "gone"
    return "done" if result.status in DONE else result.status


def _said(result: StageResult) -> str:
    return "done" if result.status in DONE else f"{spoken(result.status)}: {result.failure or result.reason}"


def _outputs(then: StageResult, now: StageResult) -> Iterator[Pair]:
    for name in dict.fromkeys((*then.outputs, *now.outputs)):
        if not (now.kind == "validate" and name in TOLD):
            old, new = then.outputs.get(name), now.outputs.get(name)
            yield Pair(name, old.oid if old else None, new.oid if new else None)


def _moved(then: Mapping[str, float], now: Mapping[str, float]) -> Iterator[Moved]:
    for name in dict.fromkeys((*then, *now)):
        if then.get(name) != now.get(name) and not name.startswith(NOT_COUNTED):
            yield Moved(name, then.get(name), now.get(name))


def _values(old: Json, new: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """The values of two JSON documents that differ, each with its path."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from _values(old.get(name), new.get(name), f"{path}.{name}" if path else name)
    elif old != new:
        yield path or "it", old, new


def first_difference(runs: Runs, compared: list[Compared]) -> FirstDifference | None:
    """The first stage, in the order of the graph, whose results differ. Raises UserError where its code is wrong."""
    found = next((item for item in compared if item.same is False), None)
    return runs.explain(found) if found else None
