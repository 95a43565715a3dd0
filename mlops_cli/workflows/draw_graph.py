"""`mlops dag`: the graph of a pipeline with what a run would do to each stage."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.reports.graph import Box, GraphView
from mlops_cli.workflows.plan_pipeline import decide
from mlops_cli.workflows.prepare import Prepared, prepare
from mlops_cli.workflows.workspace import Workspace


def graph_view(workspace: Workspace, spec: Path | None) -> GraphView:
    """Boxes and arrows of a pipeline; the states are left out where the sources are not there to plan with."""
    prepared = prepare(workspace, spec, {})
    states = _states(prepared)
    boxes = [Box(name, "source") for name in prepared.graph.sources]
    boxes += [Box(name, node.stage.kind, states.get(name, "")) for name, node in prepared.graph.nodes.items()]
    arrows = {
        (edge.node or edge.output, name, edge.output if edge.node else "")
        for name, node in prepared.graph.nodes.items()
        for ends in [*node.edges.values(), [edge for edge, _ in node.conditions.values()]]
        for edge in ends
    }
    return GraphView(prepared.pipeline.name, tuple(boxes), tuple(sorted(arrows)))


def _states(prepared: Prepared) -> dict[str, str]:
    try:
        return {decision.node: decision.action for decision in decide(prepared)}
    except UserError:
        return {}  # a drawing needs no data
