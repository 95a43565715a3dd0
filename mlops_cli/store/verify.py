"""Is the store whole? Containers against their names, the index against the containers, names against all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.copying import hash_path
from mlops_cli.store.faults import store_faults
from mlops_cli.store.index import BadIndex, IndexFile
from mlops_cli.store.journal import Journal
from mlops_cli.store.layout import check_layout
from mlops_cli.store.objects import header
from mlops_cli.store.packs import BadPack, read_rows
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Store
from mlops_cli.store.trees import Entry, read_node

NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it must be."""

    where: str
    """A path inside the store, or a name of the journal."""
    message: str


def verify(store: Store, data: bool) -> list[Problem]:
    """Everything that is wrong with a store; empty when it is whole. `data` also hashes every byte. Raises StoreError.

    Objects that nothing names are no problem: a crash leaves some. What is found damaged is set aside, so that the next
    run or `add` makes it anew.
    """
    check_layout(store.folder)
    store.refresh()
    problems: list[Problem] = []
    with store_faults("verify the store"):
        problems += _check_solids(store, data)
        packs = {path.stem: path for path in store.layout.containers.glob("*/*.pack")}
        problems += _check_packs(store, packs, data)
        problems += _check_indexes(store, packs)
    return problems + list(_check_names(store))


def _check_solids(store: Store, data: bool) -> Iterator[Problem]:
    for path in store.solids():
        if not NAME.fullmatch(path.stem) or path.parent.name != path.stem[:2]:
            yield Problem(_inside(store, path), "is not named like an object")
        elif not store.known(Oid(path.stem)):
            yield Problem(_inside(store, path), "is empty")
        elif data and hash_path(path) != path.stem:
            yield Problem(_inside(store, path), "is damaged: its bytes do not match its name")
            _set_aside(store, [Oid(path.stem)])


def _set_aside(store: Store, oids: Iterable[Oid]) -> None:
    for oid in oids:
        with suppress(StoreError):  # what cannot be moved was reported all the same
            store.prove(oid)


def _check_packs(store: Store, packs: dict[str, Path], data: bool) -> Iterator[Problem]:
    listed = {pack for index in store.refresh().values() for pack, _ in index.packs}
    for name, path in packs.items():
        try:
            rows = list(read_rows(str(path)))
        except BadPack as error:
            # Before its index is written nothing counts on a pack: what a power failure left is no problem.
            if name in listed:
                yield Problem(_inside(store, path), f"is damaged: {error}")
            continue
        if data and hash_path(path) != name:
            yield Problem(_inside(store, path), "is damaged: its bytes do not match its name")
            _set_aside(store, [row.oid for row in rows])


def _check_indexes(store: Store, packs: dict[str, Path]) -> Iterator[Problem]:
    for path in store.layout.indexes.glob("*.idx"):
        try:
            index = IndexFile(str(path))
        except BadIndex as error:
            yield Problem(_inside(store, path), f"is damaged: {error}")
            continue
        if index.digest != path.stem:
            yield Problem(_inside(store, path), "is damaged: its bytes do not match its name")
            continue
        for item in index.packed():
            there = packs.get(item.name)
            if there is None or not there.exists():
                continue  # set aside as damaged; what needs an object of it is reported by name
            if there.stat().st_size != item.size:
                yield Problem(_inside(store, there), f"has {there.stat().st_size} bytes, its index says {item.size}")
            else:
                yield from _compare_rows(store, there, {row.oid: row for row in item.rows})


def _compare_rows(store: Store, pack: Path, listed: dict[Oid, object]) -> Iterator[Problem]:
    try:
        real = {row.oid: row for row in read_rows(str(pack))}
    except BadPack:
        return  # reported with the packs
    if any(real.get(oid) != row for oid, row in listed.items()):
        yield Problem(_inside(store, pack), "has other objects than its index says")


def _check_names(store: Store) -> Iterator[Problem]:
    journal = Journal(store)
    try:
        lines = journal.read_whole()
    except StoreError as error:
        yield Problem("journal", str(error))
        return
    seen: set[Oid] = set()
    for line in lines:
        if line.run and line.run not in seen and not _is_record(store, line.run, "run"):
            yield Problem("journal", f"line {line.n} names run {line.run[:12]}, which is missing or damaged")
        for name, (_, new) in line.set.items():
            if new and new not in seen:
                seen.add(new)
                for message in _check_version(store, new, seen):
                    yield Problem(name, f"{message} (set by line {line.n} of the journal)")
        if line.about and line.about not in seen and not store.has(line.about):
            yield Problem("journal", f"line {line.n} rests on object {line.about[:12]}, which is missing")
        seen.update(oid for oid in (line.run, line.about) if oid)


def _check_version(store: Store, oid: Oid, seen: set[Oid]) -> Iterator[str]:
    try:
        version = store.read_record(oid, "version", Version)
    except StoreError as error:
        yield str(error)
        return
    yield from _check_artifact(store, version.artifact, seen)
    if version.run and not store.has(version.run):
        yield f"its run {version.run[:12]} is missing"
    for report in version.evidence:
        if not store.has(report):
            yield f"its report {report[:12]} is missing"


def _check_artifact(store: Store, artifact: Artifact, seen: set[Oid]) -> Iterator[str]:
    if artifact.layout == "tree":
        yield from _check_tree(store, artifact.oid, seen)
    elif not store.has(artifact.oid):
        yield f"its content {artifact.oid[:12]} is missing"
    elif store.size(artifact.oid) != artifact.bytes:
        yield f"its content has {store.size(artifact.oid)} bytes, not {artifact.bytes}"


def _check_tree(store: Store, root: Oid, seen: set[Oid]) -> Iterator[str]:
    if root in seen:
        return
    seen.add(root)
    try:
        _, rows = read_node(store, root)
    except StoreError as error:
        yield str(error)
        return
    for row in rows:
        if not isinstance(row, Entry):
            yield from _check_tree(store, row.oid, seen)
        elif not store.has(row.oid):
            yield f"its file {row.path} ({row.oid[:12]}) is missing"
        elif store.size(row.oid) != row.size:
            yield f"its file {row.path} has {store.size(row.oid)} bytes, not {row.size}"


def _is_record(store: Store, oid: Oid, kind: str) -> bool:
    try:
        return store.read(oid).startswith(header(kind))
    except StoreError:
        return False


def _inside(store: Store, path: Path) -> str:
    return path.relative_to(store.folder).as_posix()
