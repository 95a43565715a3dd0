"""`mlops add`: store files and folders of the work tree as new versions of data, without a pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.journal import Conflict, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Transaction
from mlops_cli.store.trees import Entry
from mlops_cli.store.whole import version_record
from mlops_cli.store.worktree import artifact_of, list_files, snapshot
from mlops_cli.workflows.naming import refuse_other_kind
from mlops_cli.workflows.sources import type_of
from mlops_cli.workflows.workspace import FOLDER, Workspace, open_workspace

ATTEMPTS = 20  # others that may move the same names at the same moment before we give up


@dataclass(frozen=True)
class Added:
    """One path that was added."""

    name: str
    version_number: int
    artifact: Artifact
    new: bool
    """False: the name meant this content before."""
    new_bytes: int
    """Bytes of files that the store did not have; the others are shared with what it had."""
    shared_bytes: int


def add_paths(root: Path, paths: Sequence[Path], dry_run: bool = False) -> list[Added]:
    """Store each path and move its name, all names in one line of the journal; `dry_run` only says what would happen.

    A name is the path inside the project. Raises UserError for a path outside it or that cannot be read, StoreError.
    """
    workspace = open_workspace(root)
    named = {_name(workspace.root, path): path.absolute() for path in paths}
    for name in named:
        refuse_other_kind(workspace, name, "data")
    added = _foresee(workspace, named) if dry_run else _add(workspace, named)
    workspace.index.save()
    return added


def _name(root: Path, path: Path) -> str:
    full = os.path.normpath(path.absolute())
    name = os.path.relpath(full, root.absolute())
    if name == ".":
        raise UserError("the whole project cannot be added", "name files or folders inside it, such as data/")
    if Path(name).parts[0] == os.pardir:
        raise UserError(f"{path} is outside the project {root}", "copy it, or link to it, inside the project")
    if Path(name).parts[0] == FOLDER:
        raise UserError(f"{path} belongs to the store", "name a file or folder of your own")
    if "@" in name:
        hint = "rename what has it, or add a folder above it: @ stands between a name and its version or alias"
        raise UserError(f"the name '{name}' has an @", hint)
    if "\n" in name or not name.isprintable():
        raise UserError(f"the name {name!r} has characters that cannot be written", "rename the file or add its folder")
    return name


def _add(workspace: Workspace, named: dict[str, Path]) -> list[Added]:
    store, journal = workspace.store, workspace.journal
    with store.begin() as transaction:
        taken: dict[str, tuple[Artifact, int]] = {}
        for name, path in named.items():
            had = transaction.new_bytes
            artifact = snapshot(store, transaction, workspace.index, path, type_of(name))
            taken[name] = artifact, transaction.new_bytes - had
        for _ in range(ATTEMPTS):
            before = journal.names()
            wanted = {name: _version(workspace, name, artifact, transaction) for name, (artifact, _) in taken.items()}
            moves = [Move(name, before.get(name), oid) for name, oid in wanted.items() if before.get(name) != oid]
            transaction.commit()
            try:
                if moves:
                    journal.append(moves, "add " + ", ".join(move.name for move in moves))
                break
            except Conflict:
                continue  # somebody else added the same path this moment: ours becomes the version after
        else:
            raise Conflict(
                "could not move the names: too many others did at the same time", "add again: nothing is lost"
            )
    moved = {move.name for move in moves}
    return [
        Added(name, journal.versions(name).index(wanted[name]) + 1, item, name in moved, fresh, item.bytes - fresh)
        for name, (item, fresh) in taken.items()
    ]


def _foresee(workspace: Workspace, named: dict[str, Path]) -> list[Added]:
    names, added = workspace.journal.names(), []
    for name, path in named.items():
        entries = list_files(workspace.index, path)
        item = artifact_of(path, type_of(name), entries)
        versions = workspace.journal.versions(name)
        old = _find(workspace, versions, item.oid)
        fresh = _missing_bytes(workspace, entries)
        number = versions.index(old) + 1 if old else len(versions) + 1
        added.append(Added(name, number, item, old is None or names.get(name) != old, fresh, item.bytes - fresh))
    return added


def _version(workspace: Workspace, name: str, artifact: Artifact, transaction: Transaction) -> Oid:
    """The earlier version of this name with the same content, or a new one."""
    old = _find(workspace, workspace.journal.versions(name), artifact.oid)
    if old:
        return old
    return transaction.add_record(
        "version", Version("data", name, artifact, timestamp(), None, None, facts={"path": name})
    )


def _find(workspace: Workspace, versions: Sequence[Oid], content: Oid) -> Oid | None:
    for oid in reversed(versions):
        version = version_record(workspace.store, oid)
        if version is not None and version.artifact.oid == content:
            return oid
    return None


def _missing_bytes(workspace: Workspace, entries: Iterable[Entry]) -> int:
    sizes = {entry.oid: entry.size for entry in entries}
    return sum(size for oid, size in sizes.items() if not workspace.store.known(oid))
