"""The end of a run: its record, and the names that move, all in one line of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mlops_cli.base.clock import timestamp
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.pipeline.graph import Edge, Graph, Node, gates
from mlops_cli.pipeline.records import RunRecord, StageResult
from mlops_cli.spec.pipeline import Register, Validate
from mlops_cli.spec.validation import Validation
from mlops_cli.store.journal import Conflict, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Transaction
from mlops_cli.store.whole import version_record
from mlops_cli.workflows.baselines import passed_name
from mlops_cli.workflows.evidence import is_recorded, judged_name
from mlops_cli.workflows.naming import edge_name, output_name
from mlops_cli.workflows.workspace import Workspace

Target: TypeAlias = tuple[Literal["data", "model"], Artifact, str | None]
"""What a name shall stand for: its kind, the content, and the stage that made it (None: a source)."""
PASSED = frozenset({"ran", "reused"})
ATTEMPTS = 20  # runs that may finish at the same moment before one of them gives up


@dataclass(frozen=True)
class Published:
    """A name that a run has moved."""

    name: str
    number: int
    """The version's number: `name@v<number>`."""
    oid: Oid
    artifact: Artifact
    kind: str
    alias: str | None = None


@dataclass(frozen=True)
class Judged:
    """What a gate said, in this run, of a content that a model's name stands for or will."""

    model: str
    gate: str
    content: Oid
    report: Oid
    fresh: bool
    """The gate ran in this run; else its result was reused."""


@dataclass(frozen=True)
class Publisher:
    """Decides which names a run moves, and moves them."""

    workspace: Workspace
    graph: Graph
    validations: Mapping[str, Validation]
    sources: Mapping[str, Artifact]
    results: Mapping[str, StageResult]

    def targets(self, complete: bool) -> dict[str, Target]:
        """Name -> (kind, content, stage). An incomplete run moves the sources whose own gates passed, and registers the
        models whose own stages are all done."""
        wanted: dict[str, Target] = {}
        for source, artifact in self.sources.items():
            if complete or self._gated_and_passed(source):
                wanted[source] = ("data", artifact, None)
        wanted.update(self._passes(complete))
        wanted.update(self._set_aside())
        for node in self._done():
            for output in node.stage.outputs if complete else ():
                content = self.results[node.id].outputs[output.name]
                wanted[output_name(self.graph.pipeline, node, output)] = ("data", content, node.id)
            if isinstance(node.stage.verb, Register):
                # All that it comes from is done: what failed elsewhere is nothing to it.
                content = self._content(node.edges["model"][0])
                wanted[node.stage.verb.model] = ("model", content, node.id)
                if node.stage.verb.alias:
                    wanted[f"{node.stage.verb.model}@{node.stage.verb.alias}"] = ("model", content, node.id)
        return wanted

    def _nodes(self) -> Iterable[Node]:
        return self.graph.nodes.values()

    def _done(self) -> Iterable[Node]:
        return (node for node in self._nodes() if node.id in self.results and self.results[node.id].status in PASSED)

    def _gated_and_passed(self, source: str) -> bool:
        names = gates(self.graph, source)
        return bool(names) and all(name in self.results and self.results[name].status in PASSED for name in names)

    def _passes(self, complete: bool) -> dict[str, Target]:
        """The aliases that say which version last passed which validation of data."""
        found: dict[str, Target] = {}
        for node in self._done():
            edges = node.edges.get("data", ())
            if (
                isinstance(node.stage.verb, Validate)
                and "model" not in node.edges
                and edges
                and (complete or edges[0].node is None)
            ):
                validation = self.validations[node.stage.verb.spec]
                name = passed_name(edge_name(self.graph.pipeline, edges[0]), validation.name)
                found[name] = ("data", self._content(edges[0]), edges[0].node)
        return found

    def _set_aside(self) -> dict[str, Target]:
        """The rows that gates have set aside, also where a gate said no: somebody will want to see them."""
        found: dict[str, Target] = {}
        for name, result in self.results.items():
            node = self.graph.nodes[name]
            for output in node.stage.outputs if isinstance(node.stage.verb, Validate) else ():
                if output.publish is not None and output.name in result.outputs:
                    found[output.publish] = ("data", result.outputs[output.name], name)
        return found

    def _content(self, edge: Edge) -> Artifact:
        return self.sources[edge.output] if edge.node is None else self.results[edge.node].outputs[edge.output]

    def changed(self, complete: bool) -> dict[str, Target]:
        """The targets whose name stands for another content now."""
        current = self.workspace.journal.names()
        return {
            name: target
            for name, target in self.targets(complete).items()
            if name not in current or not self._stands_for(current[name], target[1])
        }

    def _stands_for(self, oid: Oid, content: Artifact) -> bool:
        """Whether a version has this content, which is in the store; one whose record is lost stands for nothing."""
        version = version_record(self.workspace.store, oid)
        return version is not None and version.artifact.oid == content.oid

    def judged(self) -> list[Judged]:
        """What the gates said of the models that this pipeline registers."""
        models = sorted({node.stage.verb.model for node in self._nodes() if isinstance(node.stage.verb, Register)})
        found: list[Judged] = []
        for name, result in self.results.items():
            node = self.graph.nodes[name]
            edges = node.edges.get("model", ())
            if isinstance(node.stage.verb, Validate) and edges and "report" in result.outputs:
                gate = self.validations[node.stage.verb.spec].name
                content, report = self._content(edges[0]).oid, result.outputs["report"].oid
                fresh = result.status != "reused" and result.seconds > 0
                found += [Judged(model, gate, content, report, fresh) for model in models]
        return found

    def unrecorded(self) -> bool:
        """Whether a gate has said something of a registered version that the journal does not know."""
        return any(oid is not None for oid in (self._due(item, {}) for item in self.judged()))

    def _due(self, item: Judged, made: Mapping[tuple[str, Oid], Oid]) -> Oid | None:
        """The version of which a judgement has to be recorded; None: there is none, or the journal knows."""
        version = made.get((item.model, item.content)) or self._earlier(item.model, item.content)
        if version is None or item.fresh:
            return version
        known = is_recorded(self.workspace, item.model, item.gate, version, item.report)
        return None if known else version

    def publish(self, transaction: Transaction, run: RunRecord, complete: bool) -> list[Published]:
        """Write versions and the run, flush, then move all names at once; two runs at the same moment both land."""
        targets = self.changed(complete)
        run_id = transaction.add_record("run", run)
        made: dict[tuple[str, Oid], Oid] = {}
        for name, target in targets.items():
            content = (name.partition("@")[0], target[1].oid)
            if content not in made:
                made[content] = self._oid_for(transaction, content[0], target, run_id)
        versions = {name: made[name.partition("@")[0], target[1].oid] for name, target in targets.items()}
        judgements = self._judgements(made)
        transaction.commit()
        self.workspace.store.flush()
        why = f"run {run.id} of {run.pipeline}: {run.outcome}"
        self._move(versions, judgements[0] if judgements else {}, why, run_id)
        for more in judgements[1:]:
            self._move({}, more, why, run_id)
        return [self._published(name, oid, targets[name]) for name, oid in versions.items()]

    def _judgements(self, made: Mapping[tuple[str, Oid], Oid]) -> list[dict[str, Oid]]:
        """The aliases that record what the gates said; a line holds each once, so several versions take several."""
        lines: list[dict[str, Oid]] = []
        for item in self.judged():
            version, name = self._due(item, made), judged_name(item.model, item.gate)
            if version is not None:
                line = next((line for line in lines if name not in line), None)
                if line is None:
                    lines.append(line := {})
                line[name] = version
        return lines

    def _move(self, versions: Mapping[str, Oid], judgements: Mapping[str, Oid], why: str, run: Oid) -> None:
        """Move names in one line. A judgement is recorded also where its alias stands there already."""
        for _ in range(ATTEMPTS):
            before = self.workspace.journal.names()
            moves = [Move(name, before.get(name), oid) for name, oid in versions.items() if before.get(name) != oid]
            moves += [Move(name, before.get(name), oid) for name, oid in judgements.items()]
            try:
                self.workspace.journal.append(moves, why, run=run)
                return
            except Conflict:
                continue  # another run moved one of the names in between: the newest line is the newest version
        raise Conflict(
            f"{why.partition(':')[0]} could not move its names: too many others did at the same time",
            "run again: nothing is lost",
        )

    def _oid_for(self, transaction: Transaction, base: str, target: Target, run: Oid) -> Oid:
        """The earlier version of this name with the same content, or a new one; an alias points at the same one."""
        kind, artifact, stage = target
        if earlier := self._earlier(base, artifact.oid):
            return earlier
        evidence, metrics = self._evidence(artifact) if kind == "model" else ((), {})
        facts: dict[str, Json] = {"pipeline": self.graph.pipeline.name, "parameters": dict(self.graph.parameters)}
        version = Version(kind, base, artifact, timestamp(), run, stage, evidence, metrics, facts)
        return transaction.add_record("version", version)

    def _earlier(self, base: str, content: Oid) -> Oid | None:
        """The version of a name that has this content. The newest are asked first: most runs make what they made."""
        for oid in reversed(self.workspace.journal.versions(base)):
            version = version_record(self.workspace.store, oid)
            if version is not None and version.artifact.oid == content:
                return oid
        return None

    def _evidence(self, model: Artifact) -> tuple[tuple[Oid, ...], dict[str, float]]:
        """The reports of the gates that judged this very model in this run, and what they measured."""
        reports: list[Oid] = []
        metrics: dict[str, float] = {}
        for node in self._done():
            edges = node.edges.get("model", ())
            if isinstance(node.stage.verb, Validate) and edges and self._content(edges[0]).oid == model.oid:
                reports.append(self.results[node.id].outputs["report"].oid)
                metrics.update(self.results[node.id].metrics)
        return tuple(reports), metrics

    def _published(self, name: str, oid: Oid, target: Target) -> Published:
        base, _, alias = name.partition("@")
        number = self.workspace.journal.versions(base).index(oid) + 1
        return Published(base, number, oid, target[1], target[0], alias or None)
