"""The card of a model in the store, and what it leads to: the data that the model was fitted on."""

from __future__ import annotations

from mlops_cli.base.errors import StoreError
from mlops_cli.base.records import BadRecord, decode
from mlops_cli.models.card import Card, Trained
from mlops_cli.store.records import Artifact
from mlops_cli.store.trees import read_tree
from mlops_cli.store.whole import is_whole
from mlops_cli.workflows.workspace import Workspace

CARD = "model.json"


def card_of(workspace: Workspace, model: Artifact) -> Card | None:
    """The card that lies in a model's folder; None: there is none. Raises StoreError where it is lost or damaged."""
    if model.layout != "tree":
        return None
    place = next((entry.oid for entry in read_tree(workspace.store, model.oid) if entry.path == CARD), None)
    if place is None:
        return None
    try:
        return decode(workspace.store.read(place), Card)
    except BadRecord as error:
        raise StoreError(f"the {CARD} of the model is damaged: {error}") from None


def training_data(workspace: Workspace, model: Artifact) -> Artifact | None:
    """The data that a model was fitted on; None where its card does not name any, or the store has lost them: then what
    needs them says so, and the rest is judged."""
    try:
        card = card_of(workspace, model)
        found = card.trained_on if card is not None else None
        artifact = None if found is None else _artifact(workspace, found)
    except StoreError:
        return None
    return artifact if artifact is not None and is_whole(workspace.store, artifact) else None


def _artifact(workspace: Workspace, found: Trained) -> Artifact:
    if found.layout == "file":
        return Artifact("table", found.oid, "file", found.name, workspace.store.size(found.oid), 1)
    entries = list(read_tree(workspace.store, found.oid))
    return Artifact("table", found.oid, "tree", found.name, sum(entry.size for entry in entries), len(entries))
