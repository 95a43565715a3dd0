"""Trees: their bytes, their cuts, their differences."""

from __future__ import annotations

import pytest

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.trees import CUT, Entry, diff_trees, escape, parse_node, read_tree, unescape, write_tree


class Memory:
    """Objects in a dictionary; counts what is read."""

    def __init__(self) -> None:
        self.objects: dict[Oid, bytes] = {}
        self.reads = 0

    def add_bytes(self, data: bytes) -> Oid:
        oid = hash_bytes(data)
        self.objects[oid] = data
        return oid

    def read(self, oid: Oid) -> bytes:
        self.reads += 1
        return self.objects[oid]


def entry(path: str, content: str = "", executable: bool = False) -> Entry:
    return Entry(path, hash_bytes(content.encode()), len(content), executable)


def test_a_small_tree_is_one_readable_leaf() -> None:
    memory = Memory()
    root = write_tree(memory, [entry("b/c", "22"), entry("a", "1", executable=True)])
    one, two = hash_bytes(b"1"), hash_bytes(b"22")
    assert memory.objects[root] == f"mlops/tree/1 0\nx\t1\t{one}\ta\nf\t2\t{two}\tb/c\n".encode()


def test_a_big_tree_is_cut_and_one_changed_file_changes_one_node_a_level() -> None:
    memory = Memory()
    entries = [entry(f"part{number % 10}/{number:06d}.txt", str(number)) for number in range(20_000)]
    root = write_tree(memory, entries)
    assert list(read_tree(memory, root)) == sorted(entries, key=lambda item: item.path)
    level, rows = parse_node(memory.objects[root])
    assert level == 1 and 20_000 / CUT / 3 < len(rows) < 3 * 20_000 / CUT
    assert sum(row.count for row in rows) == 20_000
    before = set(memory.objects)
    entries[777] = entry(entries[777].path, "changed")
    other = write_tree(memory, entries)
    assert len(set(memory.objects) - before) == 2
    memory.reads = 0
    (found,) = diff_trees(memory, root, other)
    assert (found.path, found.old and found.old.size, found.new and found.new.size) == (entries[777].path, 3, 7)
    assert memory.reads == 4


def test_differences_tell_added_removed_and_changed() -> None:
    memory = Memory()
    old = write_tree(memory, [entry("a", "1"), entry("b", "2"), entry("c", "3")])
    new = write_tree(memory, [entry("b", "two"), entry("c", "3", executable=True), entry("d", "4")])
    found = {item.path: (item.old is not None, item.new is not None) for item in diff_trees(memory, old, new)}
    assert found == {"a": (True, False), "b": (True, True), "c": (True, True), "d": (False, True)}
    assert diff_trees(memory, old, old) == []


def test_trees_of_different_height_are_compared() -> None:
    memory = Memory()
    many = [entry(f"{number:05d}", str(number)) for number in range(9000)]
    small, big = write_tree(memory, many[:10]), write_tree(memory, many)
    assert parse_node(memory.objects[small])[0] == 0 and parse_node(memory.objects[big])[0] == 1
    assert [item.path for item in diff_trees(memory, small, big)] == [item.path for item in many[10:]]
    assert [item.new for item in diff_trees(memory, big, small)] == [None] * 8990


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "a/b"], ["x/y/z", "x/y", "q"]])
def test_paths_that_clash_are_refused(paths: list[str]) -> None:
    with pytest.raises(StoreError, match=r"twice|file and a folder"):
        write_tree(Memory(), [entry(path) for path in paths])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"plain/name.csv", b"plain/name.csv"),
        (b"a\tb\nc", b"a\\x09b\\x0ac"),
        (b"back\\slash", b"back\\\\slash"),
        ("é😀".encode(), "é😀".encode()),
        (b"latin\xe9", b"latin\\xe9"),
        (b"\x7f", b"\\x7f"),
    ],
)
def test_paths_are_escaped_as_the_format_page_says(path: bytes, text: bytes) -> None:
    assert escape(path) == text
    assert unescape(text).encode("utf-8", "surrogateescape") == path


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../b", "a//b", "./a", "a/.", "", "a\\x00b", "bad\\q"])
def test_a_path_that_leaves_its_folder_is_refused_whoever_wrote_it(path: str) -> None:
    memory = Memory()
    oid = memory.add_bytes(f"mlops/tree/1 0\nf\t1\t{'0' * 64}\t{path}\n".encode())
    with pytest.raises(StoreError, match="no tree"):
        list(read_tree(memory, oid))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mlops/tree/2 0\n",
        "mlops/tree/1 0\nf\t1\tzz\ta\n",
        "mlops/tree/1 0\nf\t1\n",
        "mlops/tree/1 0\nq\t1\t" + "0" * 64 + "\ta\n",
    ],
)
def test_bytes_that_are_no_tree_are_an_error(text: str) -> None:
    memory = Memory()
    with pytest.raises(StoreError, match="no tree"):
        list(read_tree(memory, memory.add_bytes(text.encode())))
