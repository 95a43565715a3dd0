"""Names: moves, history, conflicts, torn ends and damage."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from blake3 import blake3

from mlops_cli.base.clock import parse_time
from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.git import git_state
from mlops_cli.store.journal import START, Conflict, Journal, Line, Move
from mlops_cli.store.store import Store

A, B, C = (hash_bytes(text) for text in (b"a", b"b", b"c"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / ".mlops")


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


def move(journal: Journal, name: str, new: Oid | None, run: Oid | None = None) -> Line:
    return journal.append([Move(name, journal.names().get(name), new)], f"move {name}", run=run)


def test_names_mean_what_was_last_said(journal: Journal, store: Store) -> None:
    assert (journal.names(), journal.lines(), journal.versions("x")) == ({}, [], [])
    move(journal, "x", A)
    journal.append([Move("x", A, B), Move("y", None, C), Move("x@production", None, A)], "a run", run=C)
    for reader in (journal, Journal(store)):
        assert reader.names() == {"x": B, "y": C, "x@production": A}
        assert [line.n for line in reader.lines()] == [1, 2]
        assert reader.lines()[1].run == C
        assert reader.history("x") == [(reader.lines()[0], A), (reader.lines()[1], B)]


def test_a_version_number_is_the_place_of_first_appearance(journal: Journal) -> None:
    for oid in (A, B, A, C, B):
        move(journal, "x", oid)
    assert journal.versions("x") == [A, B, C]
    assert journal.before("x") == [B, C, A]
    assert journal.before("x@v2") == [B]
    assert journal.before("x@v9") == journal.before("x@v0") == journal.before("nothing") == []


def test_a_removed_name_keeps_its_history(journal: Journal) -> None:
    move(journal, "x", A)
    move(journal, "x", None)
    assert journal.names() == {}
    assert journal.versions("x") == [A]
    assert [oid for _, oid in journal.history("x")] == [A, None]
    move(journal, "x", B)
    assert journal.versions("x") == [A, B]


def test_a_name_at_a_time(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, oid in ((1, A), (3, B), (5, None)):
        monkeypatch.setenv("MLOPS_NOW", f"2026-03-0{day}T12:00:00Z")
        move(journal, "x", oid)
    asked = {day: journal.value_at("x", parse_time(f"2026-03-0{day}")) for day in range(1, 8)}
    assert asked == {1: None, 2: A, 3: A, 4: B, 5: B, 6: None, 7: None}
    assert journal.value_at("x", parse_time("2026-03-03T13:00:00+01:00")) == B
    assert journal.before("x", parse_time("2026-03-04")) == [B, A]
    assert journal.value_at("y", parse_time("2026-03-04")) is None


def test_a_move_from_something_else_than_the_present_is_a_conflict(journal: Journal, store: Store) -> None:
    move(journal, "x", A)
    other = Journal(store)
    move(other, "x", B)
    with pytest.raises(Conflict, match="'x' is") as caught:
        journal.append([Move("y", None, A), Move("x", A, C)], "late")
    assert B[:12] in str(caught.value) and A[:12] in str(caught.value)
    assert journal.names() == {"x": B}
    with pytest.raises(Conflict, match="absent"):
        journal.append([Move("z", A, B)], "never was")
    with pytest.raises(Conflict):
        journal.append([Move("x", None, B)], "is there")


def test_a_line_without_moves_records_a_run(journal: Journal) -> None:
    line = journal.append([], "run 1 failed", run=A)
    assert (line.set, line.run, journal.names()) == ({}, A, {})


def test_lines_are_chained_and_checksummed(journal: Journal, store: Store) -> None:
    lines = [move(journal, "x", oid) for oid in (A, B)]
    first, second = (store.folder / "journal").read_bytes().splitlines()
    assert lines[0].prev == START and lines[1].prev == lines[0].sum
    body, _, rest = second.rpartition(b',"sum":"')
    assert blake3(body + b"}").hexdigest() == rest.decode().rstrip('"}') == lines[1].sum
    assert "@" in lines[0].who and first


@pytest.mark.parametrize("torn", [b"{", b'{"git":null,"n":3', b"\0" * 50, b'{"n":3,' + b"\0" * 9 + b'"}\n'])
def test_a_torn_end_is_passed_over_and_cut_by_the_next_writer(journal: Journal, store: Store, torn: bytes) -> None:
    move(journal, "x", A)
    move(journal, "x", B)
    path = store.folder / "journal"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    for reader in (journal, Journal(store)):
        assert reader.names() == {"x": B}
    move(Journal(store), "x", C)
    assert path.read_bytes().startswith(whole) and path.read_bytes().count(b"\n") == 3
    assert journal.names() == Journal(store).names() == {"x": C}


def test_every_cut_of_the_last_line_leaves_the_lines_before(journal: Journal, store: Store) -> None:
    move(journal, "x", A)
    path = store.folder / "journal"
    start = path.stat().st_size
    move(journal, "x", B)
    whole = path.read_bytes()
    (store.folder / "witness").unlink()  # a crash cuts a line before the witness tells of it
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        assert Journal(store).names() == {"x": A}


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_changed_byte_anywhere_is_damage(journal: Journal, store: Store, line: int) -> None:
    for oid in (A, B, C):
        move(journal, "x", oid)
    path = store.folder / "journal"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"move x", b"moved x")
    path.write_bytes(b"".join(lines))
    with pytest.raises(StoreError, match=f"damaged at line {line + 1}"):
        Journal(store).names()
    with pytest.raises(StoreError, match="damaged"):
        Journal(store).append([], "more")


def test_a_missing_or_doubled_line_is_damage(journal: Journal, store: Store) -> None:
    for oid in (A, B, C):
        move(journal, "x", oid)
    path = store.folder / "journal"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for lines, number in (((first, third), 2), ((first, first, second), 2), ((second, third), 1)):
        path.write_bytes(b"".join(lines))
        with pytest.raises(StoreError, match=f"line {number}"):
            Journal(store).lines()


def test_a_journal_that_was_replaced_is_read_anew(journal: Journal, store: Store) -> None:
    move(journal, "x", A)
    path = store.folder / "journal"
    copy = path.read_bytes()
    move(journal, "x", B)
    other = path.with_name("other")
    other.write_bytes(copy)
    other.replace(path)
    with pytest.raises(StoreError, match="has lost line 2"):
        journal.names()
    (store.folder / "witness").unlink()
    assert journal.names() == {"x": A}


def test_a_crash_before_the_witness_is_no_false_alarm(journal: Journal, store: Store) -> None:
    witness = store.folder / "witness"
    move(journal, "x", A)
    behind = witness.read_bytes()
    move(journal, "x", B)
    for data in (behind, b"", b"junk", b"\xb2 " + b"0" * 64):
        witness.write_bytes(data)
        assert Journal(store).names() == {"x": B}
    move(journal, "x", C)
    (store.folder / "journal").write_bytes(b"")
    with pytest.raises(StoreError, match="lines 1 to 3, all that it had"):
        Journal(store).append([], "more")


def test_lines_say_where_git_stood(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
        return subprocess.run(
            ["git", *who, *words], cwd=root, check=True, capture_output=True, text=True
        ).stdout.strip()

    root = tmp_path / "project"
    root.mkdir()
    git("init")
    assert git_state(root) is None
    git_state.cache_clear()
    (root / "code.py").write_text("1")
    git("add", "code.py")
    git("commit", "-m", "first")
    line = move(Journal(Store.create(root / ".mlops")), "x", A)
    assert line.git and (line.git.commit, line.git.dirty) == (git("rev-parse", "HEAD"), False)
    git_state.cache_clear()
    (root / "code.py").write_text("2")
    assert git_state(root) and git_state(root).dirty
    git_state.cache_clear()


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    git_state.cache_clear()
    assert git_state(tmp_path) is None
