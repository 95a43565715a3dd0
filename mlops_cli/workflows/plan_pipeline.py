"""`mlops plan` and `mlops explain STAGE`: what would run, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.records import decode
from mlops_cli.checks.verdict import Report
from mlops_cli.pipeline.explain import differences
from mlops_cli.pipeline.plan import Decision
from mlops_cli.pipeline.records import StageRecord
from mlops_cli.workflows.prepare import Prepared, choose, prepare
from mlops_cli.workflows.sources import identify_sources
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class PlannedStage:
    """One line of a plan."""

    stage: str
    kind: str
    action: str
    """run, reuse, maybe, blocked, or skip."""
    reason: str
    changes: tuple[str, ...]
    expected_seconds: float | None
    """How long it took last time."""


@dataclass(frozen=True)
class Explanation:
    """Why a stage would run or not, and why it last ran."""

    stage: str
    action: str
    reason: str
    changes: tuple[str, ...]
    last_run: str | None
    last_time: str | None
    last_reason: str | None
    last_changes: tuple[str, ...]
    notes: tuple[str, ...]
    refusals: tuple[str, ...] = ()
    """For a gate that says no: the checks that block, each with what was found."""


def decide(prepared: Prepared, *, force: bool = False) -> list[Decision]:
    """A decision for each chosen stage; nothing is stored, nothing runs."""
    sources = identify_sources(prepared.workspace, prepared.pipeline, prepared.needed_sources)
    forced = frozenset(prepared.chosen or prepared.graph.nodes) if force else frozenset()
    return prepared.planner(sources, forced).plan(prepared.chosen)


def plan_pipeline(
    workspace: Workspace,
    spec: Path | None,
    parameters: Mapping[str, str],
    select: Sequence[str] = (),
    *,
    force: bool = False,
) -> list[PlannedStage]:
    """The plan of a pipeline; raises UserError where the spec, the code or a source is wrong."""
    prepared = prepare(workspace, spec, parameters, select)
    planned = []
    for decision in decide(prepared, force=force):
        records = workspace.cache.records_of(prepared.pipeline.name, decision.node)
        seconds = records[0].seconds if records and decision.action != "reuse" else None
        kind = prepared.graph.nodes[decision.node].stage.kind
        planned.append(PlannedStage(decision.node, kind, decision.action, decision.reason, decision.changes, seconds))
    return planned


def explain_stage(
    workspace: Workspace, stage: str, spec: Path | None, parameters: Mapping[str, str]
) -> list[Explanation]:
    """Why `stage` (each of its instances) would run now, and why it ran last."""
    prepared = prepare(workspace, spec, parameters)
    wanted = choose(prepared.graph, [stage]) or frozenset()
    names = [name for name, node in prepared.graph.nodes.items() if name in wanted and stage in (name, node.stage.name)]
    decisions = {decision.node: decision for decision in decide(prepared)}
    return [_explain(prepared, decisions[name]) for name in names]


def _explain(prepared: Prepared, decision: Decision) -> Explanation:
    records = prepared.workspace.cache.records_of(prepared.pipeline.name, decision.node)
    last = records[0] if records else None
    changes = _last_changes(prepared, decision.node, records)
    reason = None if last is None else changes[0] if changes else "never ran before"
    return Explanation(
        decision.node,
        decision.action,
        decision.reason,
        decision.changes,
        last.run if last else None,
        last.started if last else None,
        reason,
        changes,
        last.notes if last else (),
        _refusals(prepared, decision),
    )


def _refusals(prepared: Prepared, decision: Decision) -> tuple[str, ...]:
    record = decision.record
    if record is None or record.passed or "report" not in record.outputs:
        return ()
    report = decode(prepared.workspace.store.read(record.outputs["report"].oid), Report)
    return tuple(
        f"{verdict.check}{f' [{verdict.slice}]' if verdict.slice else ''}: {verdict.message}"
        for verdict in report.verdicts
        if verdict.state == "fail"
    )


def _last_changes(prepared: Prepared, name: str, records: list[StageRecord]) -> tuple[str, ...]:
    """What made the last execution differ from the one before it that was nearest."""
    if len(records) < 2:
        return ()
    node = prepared.graph.nodes[name]
    options = [tuple(differences(other.components, records[0].components, node)) for other in records[1:]]
    return min(options, key=len)
