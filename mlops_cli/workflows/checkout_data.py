"""`mlops checkout`: put a version of data or a model, or the code of a run, into the work tree."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.base.files import read_if_there
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.checkout import Changes
from mlops_cli.store.checkout import checkout as check_out
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import Resolved, resolve
from mlops_cli.store.trees import read_tree
from mlops_cli.store.whole import version_record
from mlops_cli.workflows.sources import LOCK
from mlops_cli.workflows.workspace import FOLDER, Workspace, open_workspace


def checkout(root: Path, ref: str, path: Path | None = None) -> Changes:
    """Make `path`, else the place that the data came from, what `ref` names; a run gives its code and needs a `path`.

    Touches only what differs, keeps bytes that only the work tree has as `autosave/<n>`. Raises UserError, StoreError.
    """
    workspace = open_workspace(root)
    found = resolve(workspace.store, workspace.journal, ref)
    artifact = _artifact(workspace, found)
    target = _target(workspace, found, path, ref)
    if path is not None and artifact.layout == "file" and target.is_dir():
        target = target / artifact.name
    store_folder = (workspace.root / FOLDER).resolve()
    if target.resolve().is_relative_to(store_folder):
        raise UserError(f"{target} belongs to the store", "check out into a folder of your own")
    known = _other_versions(workspace, found)
    changes = check_out(workspace.store, artifact, target, index=workspace.index, known=known)
    workspace.index.save()
    return changes


def _artifact(workspace: Workspace, found: Resolved) -> Artifact:
    if found.version:
        return found.version.artifact
    store = workspace.store
    if found.kind == "run":
        root = store.read_record(found.oid, "run", RunRecord).code
    elif store.read(found.oid).startswith(b"mlops/tree/1 "):
        root = found.oid
    else:
        return Artifact("file", found.oid, "file", found.oid[:12], store.size(found.oid), 1)
    entries = list(read_tree(store, root))
    return Artifact("folder", root, "tree", found.name, sum(entry.size for entry in entries), len(entries))


def _target(workspace: Workspace, found: Resolved, path: Path | None, ref: str) -> Path:
    if path is not None:
        return path.absolute()
    place = _place(workspace, found) if found.version else None
    if place is None:
        what = "the code of a run" if found.kind == "run" else f"'{ref}'"
        raise UserError(
            f"where to put {what}? It has no place of its own in the work tree", f"mlops checkout '{ref}' PATH"
        )
    return workspace.root / place


def _place(workspace: Workspace, found: Resolved) -> str | None:
    """Where the data lies: what `mlops.lock` says of a source, else what its version says."""
    text = (read_if_there(workspace.root / LOCK) or b"").decode("utf-8", "replace")
    for line in text.splitlines():
        fields = line.split("\t")
        if fields[0] == found.name and len(fields) == 7:
            return _inside(fields[6])
    place = found.version.facts.get("path") if found.version else None
    return _inside(place) if isinstance(place, str) else None


def _inside(place: str) -> str | None:
    """A place that was read from a file, when it is one inside the project."""
    parts = place.split("/")
    return None if place.startswith("/") or ".." in parts or not place.isprintable() else place


def _other_versions(workspace: Workspace, found: Resolved) -> list[Artifact]:
    if not found.version:
        return []
    oids: list[Oid] = workspace.journal.versions(found.version.name)
    records = (version_record(workspace.store, oid) for oid in oids)  # a lost one leaves its files untouched
    return [record.artifact for record in records if record]
