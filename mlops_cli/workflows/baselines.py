"""What a gate compares with. A baseline is never the thing itself: it is the newest other version that the name had.

So a gate that passed once is not run again because its own pass moved the name it compares with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.plan import Baseline
from mlops_cli.spec.pipeline import Pipeline, Validate
from mlops_cli.spec.validation import DataValidation, Validation
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.refs import split_ref
from mlops_cli.workflows.naming import edge_name
from mlops_cli.workflows.workspace import Workspace

PREVIOUS = "previous"


def passed_name(data: str, validation: str) -> str:
    """The alias that points at the newest version of `data` which passed `validation`."""
    return f"{data}@passed.{validation}"


def find_baseline(workspace: Workspace, reference: str, current: Artifact) -> Baseline | None:
    """The newest version that `reference` names, or named, with another content than `current`."""
    name, moment = split_ref(reference)
    for oid in workspace.journal.before(name, moment):
        version = workspace.store.read_record(oid, "version", Version)
        if version.artifact.oid != current.oid:
            return Baseline(version.artifact, f"{reference} ({oid[:8]})")
    return None


@dataclass(frozen=True)
class Baselines:
    """Finds baselines for the gates of one pipeline."""

    workspace: Workspace
    pipeline: Pipeline
    validations: Mapping[str, Validation]

    def of(self, node: Node, inputs: Mapping[str, tuple[Artifact, ...]]) -> Baseline | None:
        """What `node` compares with, or None: it is no gate, states no baseline, or there is nothing yet."""
        verb = node.stage.verb
        if not isinstance(verb, Validate):
            return None
        validation = self.validations[verb.spec]
        argument = "data" if isinstance(validation, DataValidation) else "model"
        if validation.baseline is None or argument not in inputs:
            return None
        reference = validation.baseline
        if reference == PREVIOUS:
            reference = passed_name(edge_name(self.pipeline, node.edges[argument][0]), validation.name)
        return find_baseline(self.workspace, reference, inputs[argument][0])
