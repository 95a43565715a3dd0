"""Snapshots of the work tree, and checkouts that lose nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.journal import Journal
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.stat_index import StatIndex
from mlops_cli.store.store import Store
from mlops_cli.store.trees import read_tree
from mlops_cli.store.verify import verify
from mlops_cli.store.worktree import checkout, identify, place_artifact, snapshot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Store.create(tmp_path / "project" / ".mlops")
    return tmp_path / "project"


@pytest.fixture
def store(root: Path) -> Store:
    return Store.open(root / ".mlops")


@pytest.fixture
def index(store: Store) -> StatIndex:
    return StatIndex.load(store)


def take(store: Store, index: StatIndex, path: Path, kind: str = "file") -> Artifact:
    with store.begin() as transaction:
        artifact = snapshot(store, transaction, index, path, kind)
        transaction.commit()
    return artifact


def fill(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_its_bytes(root: Path, store: Store, index: StatIndex) -> None:
    path = root / "x.csv"
    path.write_text("a,b\n")
    artifact = take(store, index, path, "table")
    assert artifact == Artifact("table", hash_bytes(b"a,b\n"), "file", "x.csv", 4, 1)
    assert identify(store, index, path, "table") == artifact
    assert identify(store, index, root / "missing", "table") is None


def test_a_folder_is_a_tree_and_knows_its_type(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1", b__c="22", b__d="333")
    (folder / "b" / "d").chmod(0o755)
    artifact = take(store, index, folder)
    assert (artifact.type, artifact.layout, artifact.name, artifact.bytes, artifact.files) == (
        "folder",
        "tree",
        "img",
        6,
        3,
    )
    rows = [(row.path, row.size, row.executable) for row in read_tree(store, artifact.oid)]
    assert rows == [("a", 1, False), ("b/c", 2, False), ("b/d", 3, True)]
    assert identify(store, index, folder, "file") == artifact
    assert take(store, index, folder, "model").type == "model"


def test_identify_stores_nothing(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1", b="2")
    artifact = identify(store, index, folder, "file")
    assert artifact and not store.has(artifact.oid)
    assert take(store, index, folder) == artifact


def test_an_empty_folder_has_an_identity(root: Path, store: Store, index: StatIndex) -> None:
    (root / "empty").mkdir()
    artifact = take(store, index, root / "empty")
    assert (artifact.files, artifact.bytes, list(read_tree(store, artifact.oid))) == (0, 0, [])
    place_artifact(store, artifact, root / "again")
    assert list((root / "again").iterdir()) == []


def test_links_are_followed(root: Path, store: Store, index: StatIndex, tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", deep__x="x")
    folder = fill(root / "data", y="y")
    (folder / "link").symlink_to(outside)
    (folder / "file").symlink_to(outside / "deep" / "x")
    rows = [row.path for row in read_tree(store, take(store, index, folder).oid)]
    assert rows == ["file", "link/deep/x", "y"]


@pytest.mark.parametrize("target", [".", "..", "../../data/sub"])
def test_a_circle_of_links_is_refused(root: Path, store: Store, index: StatIndex, target: str) -> None:
    folder = fill(root / "data", sub__x="x")
    (folder / "sub" / "loop").symlink_to(target)
    with pytest.raises(UserError, match="leads back"):
        take(store, index, folder)


def test_what_is_no_file_is_refused_by_name(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "data", x="x")
    os.mkfifo(folder / "pipe")
    with pytest.raises(UserError, match="pipe is a pipe"):
        take(store, index, folder)
    (folder / "pipe").unlink()
    (folder / "nowhere").symlink_to("gone")
    with pytest.raises(UserError, match="link to something"):
        identify(store, index, folder, "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "data", x="x")
    (folder / "x").chmod(0)
    with pytest.raises(UserError, match=r"cannot read .*x: Permission denied"):
        take(store, index, folder)


def test_the_store_is_no_data(root: Path, store: Store, index: StatIndex) -> None:
    with pytest.raises(UserError, match="belongs to the store"):
        take(store, index, root / ".mlops" / "store.json")
    fill(root, x="x")
    assert [row.path for row in read_tree(store, take(store, index, root).oid)] == ["x"]


def test_names_of_any_bytes_come_back(root: Path, store: Store, index: StatIndex) -> None:
    folder = root / "odd"
    folder.mkdir()
    names = [
        b"tab\tnew\nline",
        b"back\\slash",
        b"caf\xc3\xa9",
        b"latin\xe9",
        b"\x01",
        b" space ",
        "emoji \U0001f600".encode(),
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
    artifact = take(store, index, folder)
    index.save()
    place_artifact(store, artifact, root / "again", mode="copy")
    assert sorted(os.listdir(os.fsencode(root / "again"))) == sorted(names)
    assert identify(store, StatIndex.load(store), folder, "file") == artifact


def test_placing_links_what_it_can(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1", b__c="22")
    (folder / "a").chmod(0o755)
    artifact = take(store, index, folder)
    place_artifact(store, artifact, root / "in" / "img")
    assert contents(root / "in" / "img") == contents(folder)
    assert (root / "in/img/a").stat().st_mode & 0o100
    assert (root / "in/img/b/c").samefile(store.open_path(hash_bytes(b"22")))


def test_checkout_writes_what_differs_and_nothing_else(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1", b__c="2", b__d="3")
    first = take(store, index, folder)
    fill(folder, b__c="two")
    take(store, index, folder)
    kept = (folder / "a").stat()
    changes = checkout(store, first, folder, index=index)
    assert changes.written == (str(folder / "b" / "c"),) and changes.unchanged == 2 and changes.saved is None
    assert contents(folder) == {"a": "1", "b/c": "2", "b/d": "3"}
    assert (folder / "a").stat().st_mtime_ns == kept.st_mtime_ns
    assert checkout(store, first, folder, index=index).written == ()
    assert not (folder / "b" / "c").samefile(store.open_path(hash_bytes(b"2")))


def test_a_missing_file_comes_back(root: Path, store: Store, index: StatIndex) -> None:
    path = root / "data" / "x.csv"
    path.parent.mkdir()
    path.write_text("a\n")
    artifact = take(store, index, path)
    path.unlink()
    path.parent.rmdir()
    assert checkout(store, artifact, path, index=index).written == (str(path),)
    assert path.read_text() == "a\n"


def test_bytes_that_only_the_work_tree_has_are_kept_under_a_name(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1", b__c="2", d="3")
    artifact = take(store, index, folder)
    fill(folder, a="mine", b__c="mine too")
    changes = checkout(store, artifact, folder, index=index)
    assert changes.saved == "autosave/1"
    assert contents(folder) == {"a": "1", "b/c": "2", "d": "3"}
    version = store.read_record(Journal(store).names()["autosave/1"], "version", Version)
    assert (version.artifact.files, version.facts["path"]) == (2, "img")
    place_artifact(store, version.artifact, root / "rescued")
    assert contents(root / "rescued") == {"a": "mine", "b/c": "mine too"}
    fill(folder, d="again")
    assert checkout(store, artifact, folder, index=index).saved == "autosave/2"
    assert verify(store, True) == []


def test_a_changed_file_is_kept_too(root: Path, store: Store, index: StatIndex) -> None:
    path = root / "x.csv"
    path.write_text("old")
    artifact = take(store, index, path, "table")
    path.write_text("mine")
    assert checkout(store, artifact, path, index=index).saved == "autosave/1"
    version = store.read_record(Journal(store).names()["autosave/1"], "version", Version)
    assert store.read(version.artifact.oid) == b"mine" and path.read_text() == "old"


def test_untracked_files_stay_and_those_of_other_versions_go(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a="1")
    first = take(store, index, folder)
    fill(folder, new__b="2", new__c="3")
    second = take(store, index, folder)
    fill(folder, mine="m", new__c="changed")
    changes = checkout(store, first, folder, index=index, known=[first, second])
    assert changes.removed == (str(folder / "new" / "b"),)
    assert set(changes.left) == {str(folder / "mine"), str(folder / "new" / "c")}
    assert contents(folder) == {"a": "1", "mine": "m", "new/c": "changed"}
    (folder / "new" / "c").write_text("3")
    checkout(store, first, folder, index=index, known=[second])
    assert not (folder / "new").exists()


def test_modes_come_back(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "bin", run="#!/bin/sh\n", note="n")
    (folder / "run").chmod(0o755)
    artifact = take(store, index, folder)
    (folder / "run").chmod(0o644)
    changes = checkout(store, artifact, folder, index=index)
    assert changes.written == (str(folder / "run"),) and changes.saved is None
    assert (folder / "run").stat().st_mode & 0o100 and not (folder / "note").stat().st_mode & 0o100


def test_things_in_the_way_are_named_and_not_touched(root: Path, store: Store, index: StatIndex) -> None:
    folder = fill(root / "img", a__b="1")
    artifact = take(store, index, folder)
    lone = take(store, index, folder / "a" / "b")
    other = fill(root / "other", a="a file")
    with pytest.raises(StoreError, match="needs a folder"):
        checkout(store, artifact, other, index=index)
    with pytest.raises(StoreError, match="is a file"):
        checkout(store, artifact, other / "a", index=index)
    with pytest.raises(StoreError, match="is not a file"):
        checkout(store, lone, other, index=index)
    assert contents(other) == {"a": "a file"}


def test_a_checkout_of_a_damaged_version_changes_nothing_of_the_file(
    root: Path, store: Store, index: StatIndex
) -> None:
    path = root / "x.csv"
    path.write_text("old")
    artifact = take(store, index, path)
    solid = store.open_path(artifact.oid)
    solid.chmod(0o644)
    solid.write_text("bad")
    path.write_text("mine")
    with pytest.raises(StoreError, match="damaged"):
        checkout(store, artifact, path, index=index)
    assert path.read_text() == "mine"
    assert list((store.folder / "tmp").iterdir()) == []
