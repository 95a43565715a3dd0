"""From the work tree into the store and back into folders of ours: snapshot, identify, place."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.checkout import Changes, checkout
from mlops_cli.store.copying import hash_path
from mlops_cli.store.faults import store_faults, unreadable
from mlops_cli.store.objects import Objects
from mlops_cli.store.records import Artifact
from mlops_cli.store.stat_index import StatIndex, clock
from mlops_cli.store.transaction import Transaction, entry
from mlops_cli.store.trees import Entry, Sink, read_tree, write_tree
from mlops_cli.store.walk import regular, walk

__all__ = ["Changes", "artifact_of", "checkout", "identify", "list_files", "place_artifact", "snapshot"]

Taker = Callable[[str, os.stat_result], tuple[Oid, int]]
"""Absolute path and state of a file -> identity and size."""


def snapshot(store: Objects, transaction: Transaction, index: StatIndex, path: Path, type: str) -> Artifact:  # noqa: A002
    """Store a file or a folder as it is now. Raises UserError for what cannot be read, StoreError."""
    state = regular(path)
    full = os.path.abspath(path)
    if f"{full}/".startswith(f"{os.path.abspath(store.folder)}/"):
        raise UserError(f"{path} belongs to the store", "name a file or folder of your own")
    if stat.S_ISREG(state.st_mode):
        entries = [Entry(path.name, *transaction.add_found(full, state, index))]
    else:
        entries = scan(full, lambda name, seen: transaction.add_found(name, seen, index), index)
    return _artifact(transaction, path, type, entries)


def identify(store: Objects, index: StatIndex, path: Path, type: str) -> Artifact | None:  # noqa: A002, ARG001
    """What `snapshot` would make of a path, without storing it; None when nothing is there. Raises UserError."""
    return artifact_of(path, type, list_files(index, path)) if os.path.lexists(path) else None


def list_files(index: StatIndex, path: Path) -> list[Entry]:
    """A row for every file of a folder, or the one row of a file, without storing anything. Raises UserError."""
    state = regular(path)
    full = os.path.abspath(path)
    if stat.S_ISREG(state.st_mode):
        return [Entry(path.name, *identify_file(index, full, state))]
    return scan(full, lambda name, seen: identify_file(index, name, seen), index)


def artifact_of(path: Path, type: str, entries: list[Entry]) -> Artifact:  # noqa: A002
    """The artifact of a path whose rows are known. Raises StoreError for names that clash."""
    return _artifact(Hashes(), path, type, entries)


class Hashes:
    """Takes objects for their identity only."""

    def add_bytes(self, data: bytes) -> Oid:
        return hash_bytes(data)


def identify_file(index: StatIndex, path: str, state: os.stat_result) -> tuple[Oid, int]:
    """The identity and size of a file from the stat index, else by reading it. Raises UserError."""
    known = index.find(path, state)
    if known is None:
        began = clock()
        try:
            known = hash_path(path)
        except OSError as error:
            raise unreadable(path, error) from error
        index.remember(path, state, known, began)
    return known, state.st_size


def scan(folder: str, take: Taker, index: StatIndex) -> list[Entry]:
    """A row for every file of a folder; the stat index forgets files that are gone. Raises UserError."""
    entries = []
    names: dict[str, set[str]] = {}
    for found in walk(Path(folder)):
        entries.append(entry(found, *take(found.full, found.state)))
        parent, _, name = found.full.rpartition("/")
        names.setdefault(parent, set()).add(name)
    for parent, present in names.items():
        index.keep_only(parent, present)
    return entries


def place_artifact(store: Objects, artifact: Artifact, target: Path, mode: Literal["link", "copy"] = "link") -> None:
    """Make the file or folder `target`, which must not exist, with the content of an artifact. Raises StoreError."""
    if artifact.layout == "file":
        store.place(artifact.oid, target, mode)
        return
    with store_faults(f"write {target}"):
        target.mkdir(parents=True)
        made = {""}
        for item in read_tree(store, artifact.oid):
            parent = item.path.rpartition("/")[0]
            if parent not in made:
                (target / parent).mkdir(parents=True, exist_ok=True)
                made.add(parent)
            store.place(item.oid, target / item.path, mode, item.executable)


def _artifact(sink: Sink, path: Path, type: str, entries: list[Entry]) -> Artifact:  # noqa: A002
    size = sum(item.size for item in entries)
    if not os.path.isdir(path):
        return Artifact(type, entries[0].oid, "file", path.name, size, 1)
    root = write_tree(sink, entries)
    return Artifact("folder" if type == "file" else type, root, "tree", path.name, size, len(entries))
