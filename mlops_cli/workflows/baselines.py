"""What a gate compares with. A baseline is never the thing itself.

So a gate that passed once is not run again because its own pass moved the name it compares with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.plan import Baseline
from mlops_cli.spec.pipeline import Pipeline, Validate
from mlops_cli.spec.validation import DataValidation, Validation
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import split_ref
from mlops_cli.store.whole import version_record, whole_version
from mlops_cli.workflows.naming import edge_name
from mlops_cli.workflows.workspace import Workspace

PREVIOUS = "previous"


def passed_name(data: str, validation: str) -> str:
    """The alias that points at the newest version of `data` which passed `validation`."""
    return f"{data}@passed.{validation}"


def find_previous(workspace: Workspace, data: str, validation: str, current: Artifact) -> Baseline | None:
    """The version that had passed when `current` first came: so data that comes back meets the baseline of its day."""
    name = passed_name(data, validation)
    store = workspace.store
    records = {oid: version_record(store, oid) for oid in workspace.journal.versions(name)}
    versions = [oid for oid, record in records.items() if record]  # without those whose record is lost
    contents = [record.artifact.oid for record in records.values() if record]
    if current.oid in contents:
        versions = versions[: contents.index(current.oid)]
    elif newest := workspace.journal.names().get(name):
        versions.append(newest)
    else:
        return None
    return next((found for oid in reversed(versions) if (found := _baseline(workspace, oid, data))), None)


def find_baseline(workspace: Workspace, reference: str, current: Artifact) -> Baseline | None:
    """The newest version that `reference` names, or named, with another content than `current`."""
    name, moment = split_ref(reference)
    for oid in workspace.journal.before(name, moment):
        found = _baseline(workspace, oid, reference)
        if found is not None and found.artifact.oid != current.oid:
            return found
    return None


def _baseline(workspace: Workspace, oid: Oid, reference: str) -> Baseline | None:
    """The baseline that a version is; None where the store has lost it, so that a gate can be judged again at all."""
    version = whole_version(workspace.store, oid)
    if version is None:
        return None
    number = workspace.journal.versions(version.name).index(oid) + 1
    label = f"{version.name}@v{number}"
    return Baseline(
        version.artifact, label if label == reference else f"{label} ({reference})" if "@" in reference else label
    )


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
        current = inputs[argument][0]
        if validation.baseline == PREVIOUS:
            data = edge_name(self.pipeline, node.edges[argument][0])
            return find_previous(self.workspace, data, validation.name, current)
        return find_baseline(self.workspace, validation.baseline, current)
