"""The data that a model was fitted on, found through the model's own card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, decode
from mlops_cli.store.records import Artifact
from mlops_cli.store.trees import read_tree
from mlops_cli.store.whole import is_whole
from mlops_cli.workflows.workspace import Workspace

CARD = "model.json"


@dataclass(frozen=True)
class Trained:
    """See `models.model.Trained`, whose module brings libraries that planning must not load."""

    oid: Oid
    layout: Literal["file", "tree"]
    name: str


@dataclass(frozen=True)
class _Card:
    """The part of a card that is needed here."""

    trained_on: Trained | None = None


def trained_on(workspace: Workspace, model: Artifact) -> Artifact | None:
    """The training data of a model; None where its card does not name any, or the store has lost them: then what needs
    them says so, and the rest is judged."""
    if model.layout != "tree":
        return None
    try:
        card = next((entry.oid for entry in read_tree(workspace.store, model.oid) if entry.path == CARD), None)
        found = decode(workspace.store.read(card), _Card).trained_on if card is not None else None
        if found is None:
            return None
        artifact = _artifact(workspace, found)
    except (StoreError, BadRecord):
        return None
    return artifact if is_whole(workspace.store, artifact) else None


def _artifact(workspace: Workspace, found: Trained) -> Artifact:
    if found.layout == "file":
        return Artifact("table", found.oid, "file", found.name, workspace.store.size(found.oid), 1)
    entries = list(read_tree(workspace.store, found.oid))
    return Artifact("table", found.oid, "tree", found.name, sum(entry.size for entry in entries), len(entries))
