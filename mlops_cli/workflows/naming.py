"""The names that a pipeline's results are published under: a source is its key, an output `pipeline/stage.out`."""

from __future__ import annotations

from mlops_cli.pipeline.graph import Edge, Node
from mlops_cli.spec.pipeline import Output, Pipeline


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
