"""Verifying: a whole store has no problems, and every kind of damage is found and named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_cli.base.errors import StoreError
from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.stat_index import StatIndex
from mlops_cli.store.store import Store
from mlops_cli.store.transaction import SMALL
from mlops_cli.store.verify import verify
from mlops_cli.store.worktree import snapshot


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a packed folder `many`, a big file `big` and a run."""
    root = tmp_path / "project"
    (root / "many").mkdir(parents=True)
    for number in range(60):
        (root / "many" / f"{number}.txt").write_text(f"number {number}")
    (root / "big").write_bytes(os.urandom(SMALL + 1))
    store = Store.create(root / ".mlops")
    index = StatIndex.load(store)
    with store.begin() as transaction:
        run = transaction.add_record("run", {"id": "1", "code": "0" * 64})
        moves = []
        for name in ("many", "big"):
            content = snapshot(store, transaction, index, root / name, "file")
            moves.append(
                Move(name, None, transaction.add_record("version", Version("data", name, content, "", run, None)))
            )
        transaction.commit()
    Journal(store).append(moves, "test", run=run)
    return store


def one(store: Store, ending: str) -> Path:
    (path,) = (path for path in store.folder.rglob(f"*{ending}") if path.stat().st_size > 20_000 or ending != ".raw")
    return path


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def problems(store: Store, data: bool = False) -> str:
    return "\n".join(f"{problem.where}: {problem.message}" for problem in verify(Store.open(store.folder), data))


def test_a_whole_store_has_no_problems(store: Store) -> None:
    assert problems(store, True) == ""


def test_containers_that_nothing_names_are_no_problem(store: Store) -> None:
    with store.begin() as transaction:
        for number in range(30):
            transaction.add_bytes(os.urandom(100 + number))
        transaction.commit()
    (store.folder / "c" / "aa").mkdir(exist_ok=True)
    (store.folder / "c" / "aa" / ("aa" + "0" * 62 + ".pack")).write_bytes(b"half a pack")
    assert problems(store) == ""


@pytest.mark.parametrize(
    ("damage", "data", "said"),
    [
        (lambda s: flip(one(s, ".raw"), 9), True, "do not match its name"),
        (lambda s: one(s, ".raw").unlink(), False, "big: its content"),
        (lambda s: flip(one(s, ".pack"), 9), True, "do not match its name"),
        (lambda s: flip(one(s, ".pack"), -50), False, "rows do not match"),
        (lambda s: os.truncate(one(s, ".pack"), 500), False, "its index says"),
        (lambda s: one(s, ".pack").unlink(), False, "many: "),
        (lambda s: flip(one(s, ".idx"), -3), False, "do not match its name"),
        (lambda s: os.truncate(one(s, ".idx"), 900), False, "size is not what the header says"),
        (lambda s: one(s, ".idx").unlink(), False, "run"),
        (lambda s: flip(s.folder / "journal", 5), False, "damaged at line 1"),
        (
            lambda s: (s.folder / "c" / "ab").mkdir(exist_ok=True) or (s.folder / "c/ab/odd.raw").touch(),
            False,
            "not named",
        ),
    ],
)
def test_damage_is_found(store: Store, damage: Callable[[Store], object], data: bool, said: str) -> None:
    for path in store.folder.rglob("*.*"):
        if path.is_file():
            path.chmod(0o644)
    damage(store)
    assert said in problems(store, data)


def test_a_name_of_something_else_than_a_version_is_found(store: Store) -> None:
    with store.begin() as transaction:
        oid = transaction.add_bytes(b"no version")
        lost = Version("data", "y", Artifact("file", oid, "file", "y", 3, 1), "", oid, None, evidence=(oid[::-1],))
        version = transaction.add_record("version", lost)
        transaction.commit()
    Journal(store).append([Move("x", None, oid), Move("y", None, version)], "wrong", run=oid)
    found = problems(store)
    assert "x: object" in found and "is no version" in found
    assert "10 bytes, not 3" in found and "its report" in found
    assert "journal: line 2 names run" in found


def test_what_is_no_store_is_an_error(tmp_path: Path) -> None:
    store = Store.create(tmp_path / ".mlops")
    (store.folder / "store.json").write_text("x")
    with pytest.raises(StoreError, match="damaged"):
        verify(store, False)
