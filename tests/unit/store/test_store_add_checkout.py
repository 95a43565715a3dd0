"""The use cases `add` and `checkout`: names, versions, what is shared, what comes back where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.journal import Move
from mlops_cli.store.refs import resolve
from mlops_cli.store.trees import Entry, write_tree
from mlops_cli.store.verify import verify
from mlops_cli.workflows.add_data import add_paths
from mlops_cli.workflows.checkout_data import checkout
from mlops_cli.workflows.workspace import Workspace, open_workspace


@pytest.fixture
def root(project: Any) -> Path:
    project.write("data/x.csv", "a,b\n1,2\n")
    for number in range(40):
        project.write(f"data/img/{number}.txt", f"image {number}")
    return Path(project.root)


@pytest.fixture
def workspace(root: Path) -> Workspace:
    return open_workspace(root)


def test_paths_become_versions_in_one_line(root: Path, workspace: Workspace) -> None:
    table, folder = add_paths(root, [root / "data/x.csv", root / "data/img"])
    assert (table.name, table.version_number, table.new, table.artifact.type) == ("data/x.csv", 1, True, "table")
    assert (folder.name, folder.artifact.files, folder.artifact.type) == ("data/img", 40, "folder")
    assert (folder.new_bytes, folder.shared_bytes) == (folder.artifact.bytes, 0)
    (line,) = workspace.journal.lines()
    assert set(line.set) == {"data/x.csv", "data/img"} and "data/img" in line.why
    assert verify(workspace.store, True) == []


def test_adding_again_moves_nothing(root: Path, workspace: Workspace) -> None:
    add_paths(root, [root / "data"])
    (again,) = add_paths(root, [root / "data"])
    assert (again.version_number, again.new, again.new_bytes) == (1, False, 0)
    assert len(workspace.journal.lines()) == 1


def test_a_change_is_a_new_version_and_going_back_is_the_old_one(root: Path, workspace: Workspace) -> None:
    path = root / "data/x.csv"
    old = path.read_bytes()
    numbers = []
    for content in (old, b"changed", old):
        path.write_bytes(content)
        (added,) = add_paths(root, [path])
        numbers.append((added.version_number, added.new))
    assert numbers == [(1, True), (2, True), (1, True)]
    assert len(workspace.journal.versions("data/x.csv")) == 2


def test_what_the_store_has_is_shared(root: Path) -> None:
    add_paths(root, [root / "data/img"])
    (root / "data/img/new.txt").write_text("12345")
    (root / "data/img/twin.txt").write_text("12345")
    (added,) = add_paths(root, [root / "data/img"])
    assert (added.new_bytes, added.shared_bytes) == (5, added.artifact.bytes - 5)


def test_a_dry_run_foresees_and_stores_nothing(root: Path, workspace: Workspace) -> None:
    paths = [root / "data/x.csv", root / "data/img"]
    foreseen = add_paths(root, paths, dry_run=True)
    assert workspace.journal.lines() == [] and not workspace.store.has(foreseen[0].artifact.oid)
    assert add_paths(root, paths) == foreseen
    (root / "data/x.csv").write_text("new")
    foreseen = add_paths(root, paths, dry_run=True)
    assert add_paths(root, paths) == foreseen


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".", "whole project"),
        ("../outside", "outside the project"),
        (".mlops/store.json", "belongs to the store"),
        ("missing.csv", "there is no file or folder"),
        ("data/line\nbreak", "cannot be written"),
    ],
)
def test_what_cannot_be_added_is_refused_before_anything_is_stored(root: Path, path: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        add_paths(root, [root / "data/x.csv", root / path])
    assert open_workspace(root).journal.names() == {}


def test_checkout_puts_a_version_back_where_it_came_from(root: Path) -> None:
    add_paths(root, [root / "data/x.csv", root / "data/img"])
    (root / "data/x.csv").write_text("second")
    (root / "data/img/more.txt").write_text("more")
    add_paths(root, [root / "data/x.csv", root / "data/img"])
    (root / "data/img/mine.txt").write_text("mine")
    assert checkout(root, "data/x.csv@v1").written
    changes = checkout(root, "data/img@v1")
    assert (changes.written, changes.saved) == ((), None)
    assert [Path(path).name for path in changes.removed] == ["more.txt"]
    assert [Path(path).name for path in changes.left] == ["mine.txt"]
    assert (root / "data/x.csv").read_text() == "a,b\n1,2\n"
    assert checkout(root, "data/x.csv").written and (root / "data/x.csv").read_text() == "second"


def test_what_was_not_added_is_kept_and_comes_back_by_its_name(root: Path) -> None:
    path = root / "data/x.csv"
    add_paths(root, [path])
    path.write_text("hours of work")
    changes = checkout(root, "data/x.csv")
    assert changes.saved == "autosave/1" and path.read_text() != "hours of work"
    checkout(root, "autosave/1")
    assert path.read_text() == "hours of work"


def test_checkout_into_a_path(root: Path) -> None:
    add_paths(root, [root / "data/x.csv", root / "data/img"])
    checkout(root, "data/x.csv", root / "copy.csv")
    assert (root / "copy.csv").read_text() == "a,b\n1,2\n"
    (root / "there").mkdir()
    checkout(root, "data/x.csv", root / "there")
    assert (root / "there/x.csv").exists()
    checkout(root, "data/img", root / "images")
    assert len(list((root / "images").iterdir())) == 40
    checkout(root, hash_bytes(b"image 7")[:12], root / "seven")
    assert (root / "seven").read_text() == "image 7"


def test_a_source_goes_where_the_lock_says(root: Path, workspace: Workspace) -> None:
    (added,) = add_paths(root, [root / "data/x.csv"])
    oid = workspace.journal.names()["data/x.csv"]
    version = workspace.store.read_record(oid, "version", dict)
    with workspace.store.begin() as transaction:
        renamed = transaction.add_record("version", {**version, "name": "customers", "facts": {}})
        transaction.commit()
    workspace.journal.append([Move("customers", None, renamed)], "test")
    with pytest.raises(UserError, match="where to put 'customers'"):
        checkout(root, "customers")
    fields = ("customers", "table", "file", added.artifact.oid, "8", "1", "data/customers.csv")
    (root / "mlops.lock").write_text("# lock\n" + "\t".join(fields) + "\n")
    checkout(root, "customers")
    assert (root / "data/customers.csv").read_text() == "a,b\n1,2\n"


def test_a_run_gives_its_code_into_a_path(root: Path, workspace: Workspace) -> None:
    with workspace.store.begin() as transaction:
        text = b"print('old code')\n"
        code = write_tree(transaction, [Entry("pkg/train.py", transaction.add_bytes(text), len(text), True)])
        run = transaction.add_record("run", {**RUN, "code": code})
        transaction.commit()
    workspace.journal.append([], "run 1", run=run)
    assert resolve(workspace.store, workspace.journal, "run:20260301-abcd").kind == "run"
    with pytest.raises(UserError, match="where to put the code of a run"):
        checkout(root, "run:20260301-abcd")
    checkout(root, "run:20260301-abcd", root / "old")
    assert (root / "old/pkg/train.py").read_bytes() == text
    assert os.access(root / "old/pkg/train.py", os.X_OK)


RUN = {
    "id": "20260301-abcd",
    "pipeline": "p",
    "spec": "specs/p.yaml",
    "outcome": "done",
    "started": "",
    "seconds": 1.0,
    "git": None,
    "environment": "0" * 64,
    "parameters": {},
    "seed": None,
    "inputs": {},
    "stages": [],
}


@pytest.mark.parametrize(
    ("ref", "path", "error"),
    [
        ("nothing", None, StoreError),
        ("data/x.csv@v2", None, StoreError),
        ("data/x.csv", ".mlops/c/x", UserError),
        ("data/x.csv", "data/img", None),
        ("data/img", "data/x.csv", StoreError),
    ],
)
def test_checkouts_that_cannot_be(root: Path, ref: str, path: str | None, error: type[UserError] | None) -> None:
    add_paths(root, [root / "data/x.csv", root / "data/img"])
    target = root / path if path else None
    if error is None:
        assert checkout(root, ref, target).written == (str(root / "data/img/x.csv"),)
    else:
        with pytest.raises(error):
            checkout(root, ref, target)
