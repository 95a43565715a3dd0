"""What is kept of a long journal: when it is believed, and that it never says anything else than the journal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.fold import MAGIC, WORTH
from mlops_cli.store.journal import KEPT, Journal, Move
from mlops_cli.store.store import Store
from mlops_cli.store.verify import verify

LINES = 60
LONG = "." * (WORTH // LINES)  # behind what a line is about: a few lines are a long journal


def oid(number: int) -> Oid:
    return hash_bytes(str(number).encode())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose journal is long enough for its fold to be kept."""
    made = Store.create(tmp_path / ".mlops", "none")
    journal = Journal(made)
    for number in range(LINES):
        add(journal, number)
    Journal(made).names()
    assert (made.folder / KEPT).exists()
    return made


def add(journal: Journal, number: int) -> None:
    names = journal.names()
    moves = [Move("x", names.get("x"), oid(number))]
    if number % 7 == 0:
        moves.append(Move("x@live", names.get("x@live"), oid(number) if number % 14 else None))
    journal.append(moves, f"line {number}{LONG}")


def all_of(journal: Journal) -> object:
    return (
        journal.names(),
        journal.versions("x"),
        journal.history("x"),
        journal.history("x@live"),
        journal.lines(),
        list(journal.newest())[::-1],
        list(journal.about("x"))[::-1],
        list(journal.moves_to("x", oid(3))),
        journal.before("x"),
    )


def test_what_is_kept_says_what_the_journal_says(store: Store) -> None:
    believing, whole = Journal(store), Journal(store)
    lines = whole.read_whole()
    assert len(lines) == LINES and all_of(believing) == all_of(whole)
    add(believing, LINES)
    assert all_of(Journal(store)) == all_of(believing)
    (store.folder / KEPT).unlink()
    assert all_of(Journal(store)) == all_of(believing)
    assert Journal(store).versions("x") == [oid(number) for number in range(LINES + 1)]


def test_it_is_read_and_not_made_anew(store: Store) -> None:
    kept = (store.folder / KEPT).read_bytes()
    for number in range(3):
        add(Journal(store), LINES + number)
        assert Journal(store).names()["x"] == oid(LINES + number)
    assert (store.folder / KEPT).read_bytes() == kept
    for number in range(LINES):
        add(Journal(store), LINES + 3 + number)
    assert (store.folder / KEPT).read_bytes() != kept, "what came since is long enough to be kept too"
    assert len(Journal(store).lines()) == 2 * LINES + 3


@pytest.mark.parametrize("data", [b"", b"junk", MAGIC + bytes(32) + b"junk", MAGIC])
def test_what_is_damaged_counts_as_not_there(store: Store, data: bytes) -> None:
    (store.folder / KEPT).write_bytes(data)
    assert len(Journal(store).lines()) == LINES


def test_a_journal_that_was_written_since_is_read_whole(store: Store) -> None:
    path = store.folder / "journal"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"line 20", b"line 99"))
    os.utime(path, ns=(1, 1))
    with pytest.raises(StoreError, match="damaged at line 21"):
        Journal(store).names()


def test_another_journal_in_its_place_is_read_whole(store: Store) -> None:
    path = store.folder / "journal"
    data = path.read_bytes().splitlines(keepends=True)
    other = path.with_name("other")
    other.write_bytes(b"".join(data[:30]))
    other.replace(path)
    (store.folder / "witness").unlink()
    assert len(Journal(store).lines()) == 30


def test_damage_under_what_is_kept_is_found_where_it_is_shown_and_by_a_whole_reading(store: Store) -> None:
    path = store.folder / "journal"
    state = path.stat()
    data = path.read_bytes()
    with open(path, "r+b") as file:  # a bit that the disk has lost: the file is the same, and as old
        file.seek(data.index(b"line 20"))
        file.write(b"l")
        file.seek(data.index(b"line 21"))
        file.write(b"m")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    journal = Journal(store)
    assert journal.names()["x"] == oid(LINES - 1)
    with pytest.raises(StoreError, match="damaged at line 22"):
        journal.lines()
    found = [item.message for item in verify(store, False) if item.where == "journal"]
    assert found == ["the journal is damaged at line 22"]


def test_a_torn_end_behind_what_is_kept_is_passed_over(store: Store) -> None:
    path = store.folder / "journal"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"git":null,"n":61')
    assert Journal(store).names()["x"] == oid(LINES - 1)
    add(Journal(store), LINES)
    assert path.read_bytes().startswith(whole) and len(Journal(store).lines()) == LINES + 1
