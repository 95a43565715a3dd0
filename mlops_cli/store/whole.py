"""Is what a record names still in the store? What is damaged is set aside here, so that it can be made again."""

from __future__ import annotations

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.objects import Objects
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.trees import Entry, read_tree


def is_whole(store: Objects, artifact: Artifact, *, prove: bool = False) -> bool:
    """Whether all files of an artifact are there with their sizes; `prove` also compares every byte with its hash."""
    found = [_is_there(store, entry, prove=prove) for entry in _entries(store, artifact)]  # each damaged one goes aside
    return all(found)


def whole_version(store: Objects, oid: Oid) -> Version | None:
    """The version, or None where its record or its content is missing: then publishing the content again mends it."""
    version = version_record(store, oid)
    return version if version and is_whole(store, version.artifact) else None


def version_record(store: Objects, oid: Oid) -> Version | None:
    """The record of a version, or None where it is missing or damaged."""
    try:
        return store.read_record(oid, "version", Version)
    except StoreError:
        return None


def _entries(store: Objects, artifact: Artifact) -> list[Entry | None]:
    """The files of an artifact; None for those that a missing node of its tree would tell."""
    if artifact.layout == "file":
        return [Entry(artifact.name, artifact.oid, artifact.bytes)]
    try:
        return list(read_tree(store, artifact.oid))
    except StoreError:
        return [None]


def _is_there(store: Objects, entry: Entry | None, *, prove: bool) -> bool:
    if entry is None:
        return False
    if not prove and store.known(entry.oid, entry.size):
        return True
    try:
        right = store.size(entry.oid) == entry.size
        if prove or not right:
            store.prove(entry.oid)
    except StoreError:
        return False
    return right
