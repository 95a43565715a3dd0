"""The stat index: unchanged files are not read, and no change is ever missed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.stat_index import TICK, StatIndex, clock
from mlops_cli.store.store import Store
from mlops_cli.store.worktree import identify

A = hash_bytes(b"a")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / ".mlops")


def later(state: os.stat_result) -> int:
    return state.st_ctime_ns + 10 * TICK


def test_a_settled_file_is_known_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "data" / "x"
    path.parent.mkdir()
    path.write_text("a")
    state = path.stat()
    index = StatIndex.load(store)
    index.remember(str(path), state, A, later(state))
    index.save()
    again = StatIndex.load(store)
    assert again.find(str(path), path.stat()) == A
    assert again.find(str(tmp_path / "data" / "y"), path.stat()) is None
    path.write_text("ab")
    assert again.find(str(path), path.stat()) is None


def test_the_same_size_and_a_restored_mtime_do_not_hide_a_change(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("a")
    state = path.stat()
    index = StatIndex.load(store)
    index.remember(str(path), state, A, later(state))
    time.sleep(0.02)
    path.write_text("b")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert index.find(str(path), path.stat()) is None


def test_a_file_changed_just_before_it_was_read_is_not_trusted(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("a")
    state = path.stat()
    index = StatIndex.load(store)
    index.remember(str(path), state, A, state.st_ctime_ns + TICK)
    assert index.find(str(path), state) is None
    index.remember(str(path), state, A, state.st_ctime_ns + TICK + 1)
    known = A if state.st_ctime_ns % 1_000_000_000 else None
    assert index.find(str(path), state) == known


def test_changes_in_quick_succession_are_all_seen(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "x"
    for number in range(300):
        text = f"{number:04d}"
        path.write_text(text)
        index = StatIndex.load(store)
        found = identify(store, index, path, "file")
        index.save()
        assert found and found.oid == hash_bytes(text.encode())


@pytest.mark.parametrize("damage", [b"", b"MLOPSST1", b"x" * 100])
def test_a_damaged_index_is_empty(store: Store, tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "x"
    path.write_text("a")
    state = path.stat()
    index = StatIndex.load(store)
    index.remember(str(path), state, A, later(state))
    index.save()
    (store.folder / "cache" / "stat.bin").write_bytes(damage)
    assert StatIndex.load(store).find(str(path), state) is None


def test_folders_that_are_not_asked_for_stay_in_the_file(store: Store, tmp_path: Path) -> None:
    states = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
        states[name] = (tmp_path / name / "x").stat()
        index = StatIndex.load(store)
        index.remember(str(tmp_path / name / "x"), states[name], A, later(states[name]))
        index.save()
    index = StatIndex.load(store)
    index.keep_only(str(tmp_path / "one"), set())
    index.save()
    again = StatIndex.load(store)
    assert again.find(str(tmp_path / "one" / "x"), states["one"]) is None
    assert again.find(str(tmp_path / "two" / "x"), states["two"]) == A


def test_an_unchanged_index_is_not_written(store: Store) -> None:
    StatIndex.load(store).save()
    assert not (store.folder / "cache" / "stat.bin").exists()
    assert clock() <= time.time_ns()
