"""What a gate compares with, and what else it is given. A baseline is never the thing itself.

So a gate that passed once is not run again because its own pass moved the name it compares with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_cli.base.errors import SpecError
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.plan import NO_CONTEXT, Context
from mlops_cli.pipeline.records import BASELINE, HISTORY, RELEASED, TRAIN
from mlops_cli.spec.pipeline import Pipeline, Validate
from mlops_cli.spec.validation import COMPARING, DataValidation, ModelValidation, Validation
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import split_ref
from mlops_cli.store.whole import version_record, whole_version
from mlops_cli.workflows.model_cards import training_data
from mlops_cli.workflows.naming import edge_name
from mlops_cli.workflows.sign import demand_signature
from mlops_cli.workflows.workspace import Workspace

PREVIOUS = "previous"


@dataclass(frozen=True)
class Baseline:
    """A version to compare with, and what to call it."""

    artifact: Artifact
    label: str


def passed_name(data: str, validation: str) -> str:
    """The alias that points at the newest version of `data` which passed `validation`."""
    return f"{data}@passed.{validation}"


def released_name(quarantine: str) -> str:
    """The dataset of the rows that somebody has released from a quarantine."""
    return f"{quarantine}.released"


def find_earlier(workspace: Workspace, data: str, validation: str, current: Artifact, most: int) -> list[Baseline]:
    """Up to `most` versions that had passed when `current` first came, the newest first: so data that comes back meets
    the baseline of its day."""
    name = passed_name(data, validation)
    store = workspace.store
    records = {oid: version_record(store, oid) for oid in workspace.journal.versions(name)}
    versions = [oid for oid, record in records.items() if record]  # without those whose record is lost
    contents = [record.artifact.oid for record in records.values() if record]
    if current.oid in contents:
        versions = versions[: contents.index(current.oid)]
    elif newest := workspace.journal.names().get(name):
        versions.append(newest)
    found: list[Baseline] = []
    for oid in reversed(list(dict.fromkeys(versions))):
        if len(found) >= most:
            break
        baseline = _baseline(workspace, oid, data)
        if baseline is not None:
            found.append(baseline)
    return found


def find_baseline(workspace: Workspace, reference: str, current: Artifact) -> Baseline | None:
    """The newest version that `reference` names, or named, with another content than `current`."""
    name, moment = split_ref(reference)
    for oid in workspace.journal.before(name, moment):
        found = _baseline(workspace, oid, reference)
        if found is not None and found.artifact.oid != current.oid:
            return found
    return None


def path_of_baseline(workspace: Workspace, validation: Validation) -> str | None:
    """The baseline where it is a file of the work tree and no name: then only a gate by hand can compare with it."""
    said = validation.baseline
    if said is None or said == PREVIOUS or workspace.journal.history(split_ref(said)[0]):
        return None
    return said if (workspace.root / said).is_file() else None


def _baseline(workspace: Workspace, oid: Oid, reference: str) -> Baseline | None:
    """The baseline that a version is; None where the store has lost it, so that a gate can be judged again at all."""
    version = whole_version(workspace.store, oid)
    if version is None:
        return None
    number = workspace.journal.versions(version.name).index(oid) + 1
    label = f"{version.name}@v{number}"
    if "@" in reference and label != reference:
        moved = workspace.journal.names().get(reference, oid) != oid
        label += f" ({reference}{' before' if moved else ''})"
    demand_signature(workspace, oid)
    return Baseline(version.artifact, label)


def context_for(workspace: Workspace, validation: Validation, data: str, current: Artifact) -> Context:
    """What a gate is given besides what it judges; `data` is the name under which that has its versions."""
    inputs: dict[str, tuple[Artifact, ...]] = {}
    labels: dict[str, str] = {}
    baseline, history = _compared(workspace, validation, data, current)
    if baseline is not None:
        inputs[BASELINE], labels[BASELINE] = (baseline.artifact,), baseline.label
    if history:
        inputs[HISTORY] = tuple(item.artifact for item in history)
    if isinstance(validation, DataValidation) and validation.quarantine is not None:
        oid = workspace.journal.names().get(released_name(validation.quarantine.name))
        released = _baseline(workspace, oid, "") if oid is not None else None
        if released is not None:
            inputs[RELEASED] = (released.artifact,)
    if isinstance(validation, ModelValidation) and validation.predictions is None:
        trained = training_data(workspace, current)
        if trained is not None:
            inputs[TRAIN] = (trained,)
    return Context(inputs, labels)


def _compared(
    workspace: Workspace, validation: Validation, data: str, current: Artifact
) -> tuple[Baseline | None, list[Baseline]]:
    """The baseline, and the earlier versions that show what variation is natural (the newest last)."""
    if validation.baseline is None:
        return None, []
    if not isinstance(validation, DataValidation):
        return find_baseline(workspace, validation.baseline, current), []
    comparing = any(check.comparator in COMPARING for check in validation.checks)
    most = validation.history if comparing else 0
    earlier = find_earlier(workspace, data, validation.name, current, max(most, 1))
    if validation.baseline == PREVIOUS:
        return next(iter(earlier), None), earlier[:most][::-1]
    return find_baseline(workspace, validation.baseline, current), earlier[:most][::-1]


def judged_argument(validation: Validation) -> str:
    """The argument of a gate that it judges: a model, else data (predictions are data too)."""
    return "model" if isinstance(validation, ModelValidation) and validation.predictions is None else "data"


@dataclass(frozen=True)
class Contexts:
    """Finds what the gates of one pipeline are given."""

    workspace: Workspace
    pipeline: Pipeline
    validations: Mapping[str, Validation]

    def of(self, node: Node, inputs: Mapping[str, tuple[Artifact, ...]]) -> Context:
        """What `node` is given besides its inputs; nothing where it is no gate."""
        verb = node.stage.verb
        if not isinstance(verb, Validate):
            return NO_CONTEXT
        validation = self.validations[verb.spec]
        argument = judged_argument(validation)
        if argument not in inputs:
            return NO_CONTEXT
        path = path_of_baseline(self.workspace, validation)
        if path is not None:
            hint = f"a file can change unseen: keep it with `mlops add {path}`, and the spec may stay as it is"
            raise SpecError(f"the baseline of {validation.file} is the file '{path}'", hint, node.stage.place)
        name = edge_name(self.pipeline, node.edges[argument][0])
        return context_for(self.workspace, validation, name, inputs[argument][0])
