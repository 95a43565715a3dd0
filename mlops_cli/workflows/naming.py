"""The names that a pipeline's results are published under: a source is its key, an output `pipeline/stage.out`."""

from __future__ import annotations

from typing import Literal

from mlops_cli.base.errors import Fault, Place, SpecError, StoreError, UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.graph import Edge, Graph, Node
from mlops_cli.spec.pipeline import Output, Pipeline, Register
from mlops_cli.spec.project import Project
from mlops_cli.store.whole import version_record
from mlops_cli.workflows.workspace import Workspace


def edge_name(pipeline: Pipeline, edge: Edge) -> str:
    """The name of what an edge carries."""
    if edge.node is None:
        return edge.output
    stage = pipeline.stages[edge.node.partition("[")[0]]
    output = next(item for item in stage.outputs if item.name == edge.output)
    return output.publish or f"{pipeline.name}/{edge.node}.{edge.output}"


def output_name(pipeline: Pipeline, node: Node, output: Output) -> str:
    """The name of an output of a node."""
    return edge_name(pipeline, Edge(node.id, output.name))


def refuse_other_kind(workspace: Workspace, name: str, kind: Literal["data", "model"]) -> None:
    """Raise UserError where `name` stands for the other kind: models and data share one namespace."""
    oid = workspace.journal.names().get(name)
    version = version_record(workspace.store, oid) if oid else None  # what is lost has no kind, and is made anew
    if version is not None and version.kind != kind:
        message = f"the name '{name}' belongs to a {version.kind}, and cannot become {kind}"
        raise UserError(message, "choose another name")


def number_of(workspace: Workspace, name: str, oid: Oid | None) -> int | None:
    """The number of a version of a name; None: it is no version of it."""
    versions = workspace.journal.versions(name)
    return versions.index(oid) + 1 if oid in versions else None


def check_names(workspace: Workspace, graph: Graph) -> None:
    """Raise SpecError where a run would give a name of the project another kind."""
    wanted: list[tuple[str, Literal["data", "model"], Place]] = [
        (source.name, "data", source.place) for source in graph.pipeline.sources.values()
    ]
    for stage in graph.pipeline.stages.values():
        wanted += [(output.publish, "data", stage.place) for output in stage.outputs if output.publish]
        if isinstance(stage.verb, Register):
            wanted.append((stage.verb.model, "model", stage.place))
    faults = []
    for name, kind, place in wanted:
        try:
            refuse_other_kind(workspace, name, kind)
        except StoreError:
            raise  # the names cannot be read: no fault of any line of the spec
        except UserError as error:
            fault = error.faults[0]
            faults.append(Fault(fault.message, place, fault.hint))
    if faults:
        raise SpecError.of(faults)


def promoted_faults(project: Project, pipeline: Pipeline) -> list[Fault]:
    """The stages that would move an alias which the project lets move with evidence only."""
    faults = []
    for stage in pipeline.stages.values():
        alias = stage.verb.alias if isinstance(stage.verb, Register) else None
        if isinstance(stage.verb, Register) and alias is not None and project.promotion_of(alias) is not None:
            message = f"the alias '{alias}' moves by `mlops promote` only: mlops.yaml says so under promotion"
            other = ""
            if alias not in project.promotion:
                message += ", where '*' stands for every alias that is neither named nor the `from` of another"
                other = f", name '{alias}' as `from`"
            hint = f"leave `alias` out{other}, or write another; then: mlops promote {stage.verb.model} {alias}"
            faults.append(Fault(message, stage.place, hint))
    return faults
