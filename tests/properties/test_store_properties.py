"""Laws of the store that hold for any content, any names, any order."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.index import IndexFile, Packed, build_index
from mlops_cli.store.journal import Journal, Line, Move, encode_line, parse_lines
from mlops_cli.store.packs import Row
from mlops_cli.store.store import Store
from mlops_cli.store.trees import Entry, diff_trees, escape, read_tree, unescape, write_tree
from mlops_cli.store.verify import verify

OIDS = st.binary(min_size=1, max_size=3).map(hash_bytes)
PARTS = st.binary(min_size=1, max_size=5).filter(
    lambda part: b"/" not in part and b"\0" not in part and part not in (b".", b"..")
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: os.fsdecode(b"/".join(parts)))
NAMES = st.sampled_from(["churn", "churn@production", "data/x.csv", "ü"])


class Memory(dict[Oid, bytes]):
    def add_bytes(self, data: bytes) -> Oid:
        oid = hash_bytes(data)
        self[oid] = data
        return oid

    def read(self, oid: Oid) -> bytes:
        return self[oid]


def clash_free(paths: set[str]) -> set[str]:
    return {path for path in paths if not any(other.startswith(path + "/") for other in paths)}


TREES = (
    st.sets(PATHS, max_size=40)
    .map(clash_free)
    .flatmap(
        lambda paths: st.fixed_dictionaries(
            {path: st.tuples(OIDS, st.integers(0, 2**40), st.booleans()) for path in paths}
        )
    )
)


def entries(tree: dict[str, tuple[Oid, int, bool]]) -> list[Entry]:
    return [Entry(path, *row) for path, row in tree.items()]


@contextmanager
def new_store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        yield Store.create(Path(folder) / ".mlops", "none")


@given(TREES, st.randoms())
def test_trees_come_back_and_their_identity_knows_no_order(
    tree: dict[str, tuple[Oid, int, bool]], random: object
) -> None:
    memory = Memory()
    rows = entries(tree)
    root = write_tree(memory, rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert write_tree(memory, rows) == root
    assert list(read_tree(memory, root)) == sorted(rows, key=lambda row: os.fsencode(row.path))


@given(TREES, TREES)
def test_a_difference_is_what_turns_one_tree_into_the_other(old: dict, new: dict) -> None:
    memory = Memory()
    roots = [write_tree(memory, entries(tree)) for tree in (old, new)]
    patched = {row.path: row for row in entries(old)}
    for item in diff_trees(memory, *roots):
        assert patched.get(item.path) == item.old
        if item.new is None:
            del patched[item.path]
        else:
            patched[item.path] = item.new
    assert patched == {row.path: row for row in entries(new)}
    assert (roots[0] == roots[1]) == (old == new)


@given(st.binary(max_size=40))
def test_escaping_is_lossless_and_leaves_no_separators(path: bytes) -> None:
    text = escape(path)
    assert os.fsencode(unescape(text)) == path
    assert b"\t" not in text and b"\n" not in text
    text.decode("utf-8")


@given(st.binary(max_size=30))
def test_no_text_crashes_the_reader_of_escapes(text: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(unescape(text), str)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=60) | st.binary(min_size=300, max_size=400), max_size=40), max_size=4))
def test_every_object_comes_back_however_the_writing_was_split(groups: list[list[bytes]]) -> None:
    with new_store() as store:
        for group in groups:
            with store.begin() as transaction:
                oids = [transaction.add_bytes(item) for item in group]
                transaction.commit()
            assert oids == [hash_bytes(item) for item in group]
        other = Store.open(store.folder)
        for item in (item for group in groups for item in group):
            assert store.read(hash_bytes(item)) == other.read(hash_bytes(item)) == item
            assert other.size(hash_bytes(item)) == len(item)
        assert set(other.objects()) == {hash_bytes(item) for group in groups for item in group}
        assert verify(other, True) == []


@given(st.lists(st.sets(OIDS, max_size=30), min_size=1, max_size=3), OIDS)
def test_an_index_finds_what_was_put_in_and_nothing_else(packs: list[set[Oid]], absent: Oid) -> None:
    built, expected = [], {}
    for number, oids in enumerate(packs):
        rows = tuple(Row(oid, 0, 7, 7, 7 * place) for place, oid in enumerate(sorted(oids)))
        built.append(Packed(f"{number:064x}", 7 * len(rows), rows))
        expected |= {row.oid: (f"{number:064x}", row.offset) for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.idx"
        path.write_bytes(build_index(built))
        index = IndexFile(str(path))
        found = {oid: index.find(oid) for oid in {*expected, absent}}
        assert {oid: (place.pack, place.offset) for oid, place in found.items() if place} == expected
        assert list(index.objects()) == sorted(expected)
        assert list(index.objects(absent[:3])) == sorted(oid for oid in expected if oid.startswith(absent[:3]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(NAMES, st.none() | OIDS, max_size=4), max_size=12))
def test_the_journal_is_the_fold_of_its_moves(lines: list[dict[str, Oid | None]]) -> None:
    model: dict[str, Oid] = {}
    versions: dict[str, list[Oid]] = {}
    with new_store() as store:
        journals = [Journal(store), Journal(store)]
        for number, moves in enumerate(lines):
            # Two readers take turns at writing: neither may rely on what it remembers.
            journal = journals[number % 2]
            journal.append([Move(name, model.get(name), new) for name, new in moves.items()], "any")
            for name, new in moves.items():
                if new is None:
                    model.pop(name, None)
                else:
                    model[name] = new
                    versions.setdefault(name, []).append(new)
            assert [reader.names() for reader in journals] == [model, model]
        for reader in (*journals, Journal(store)):
            assert reader.names() == model
            assert {name: reader.versions(name) for name in versions} == {
                n: list(dict.fromkeys(v)) for n, v in versions.items()
            }
            assert len(reader.lines()) == len(lines)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_journal_is_an_error_or_a_shorter_one_but_never_another(tail: bytes, place: int, byte: int) -> None:
    good, lines, prev = b"", [], "0" * 64
    for number in range(1, 4):
        data, line = encode_line(Line(number, prev, "2026", "me", "why", None, None, {"x": (None, hash_bytes(b"x"))}))
        good, lines, prev = good + data, [*lines, line], line.sum
    damaged = bytearray(good + tail)
    damaged[place % len(damaged)] = byte
    try:
        found = [line for line, _ in parse_lines(bytes(damaged))]
    except StoreError:
        return
    assert found == lines[: len(found)]
