"""Trees: a folder as sorted rows, cut into leaves where a path's hash says so.

One changed file among a million rewrites one leaf and one root; two trees are compared by their unequal leaves only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from blake3 import blake3

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid

CUT = 1024  # a row ends its leaf when its path's hash is a multiple of this
LIMIT = 4096  # rows of a leaf at most
NAME = re.compile(r"[0-9a-f]{64}")


class Reader(Protocol):
    """Gives the bytes of objects."""

    def read(self, oid: Oid) -> bytes: ...


class Sink(Protocol):
    """Takes objects."""

    def add_bytes(self, data: bytes) -> Oid: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree. `path` is relative, with `/`; bytes that are no UTF-8 are lone surrogates, as in Python."""

    path: str
    oid: Oid
    size: int
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A row of an inner node: a lower node, the first path under it, how many files and bytes it holds."""

    path: str
    oid: Oid
    count: int
    size: int


def write_tree(sink: Sink, entries: Iterable[Entry]) -> Oid:
    """Store a tree; the same entries in any order give the same identity. Raises StoreError for paths that clash."""
    keyed = sorted((os.fsencode(entry.path), entry) for entry in entries) if entries else []
    _check_paths([key for key, _ in keyed])
    rows = [(key, _row("x" if item.executable else "f", item.size, item.oid, key), 1, item.size) for key, item in keyed]
    level = 0
    while True:
        nodes = [_store(sink, level, part) for part in _cut(rows, level)]
        if len(nodes) == 1:
            return nodes[0][1]
        rows = [(key, _row(str(count), size, oid, key), count, size) for key, oid, count, size in nodes]
        level += 1


Rows = list[tuple[bytes, bytes, int, int]]
"""Path, encoded row, files, bytes."""


def _store(sink: Sink, level: int, rows: Rows) -> tuple[bytes, Oid, int, int]:
    oid = sink.add_bytes(f"mlops/tree/1 {level}\n".encode() + b"".join(row for _, row, _, _ in rows))
    return rows[0][0] if rows else b"", oid, sum(count for _, _, count, _ in rows), sum(size for _, _, _, size in rows)


def _cut(rows: Rows, level: int) -> Iterator[Rows]:
    """Each level asks other bits of the hash, or every leaf would begin a new node above."""
    start, begin = 0, 4 * (level % 8)
    for number, (key, _, _, _) in enumerate(rows, 1):
        bits = blake3(key).digest()[begin : begin + 4]
        if int.from_bytes(bits, "little") % CUT == 0 or number - start == LIMIT:
            yield rows[start:number]
            start = number
    if start < len(rows) or not rows:
        yield rows[start:]


def _row(mode: str, size: int, oid: Oid, path: bytes) -> bytes:
    return b"%s\t%d\t%s\t%s\n" % (mode.encode(), size, oid.encode(), escape(path))


def _check_paths(paths: Sequence[bytes]) -> None:
    files = set(paths)
    if len(files) != len(paths):
        raise StoreError("a tree cannot hold one path twice")
    parents = {key[:end] for key in paths for end in _slashes(key)}
    if clash := files & parents:
        raise StoreError(f"'{os.fsdecode(min(clash))}' cannot be a file and a folder at once")


def _slashes(path: bytes) -> Iterator[int]:
    end = path.find(b"/")
    while end >= 0:
        yield end
        end = path.find(b"/", end + 1)


def escape(path: bytes) -> bytes:
    r"""A path as UTF-8 text: `\\` for a backslash, `\xHH` for control bytes and for bytes that are no UTF-8."""
    if path.isalnum() or (b"\\" not in path and path.isascii() and path.decode("ascii").isprintable()):
        return path
    text = path.decode("utf-8", "surrogateescape")
    return "".join(_escape_character(one) for one in text).encode()


def _escape_character(one: str) -> str:
    if one == "\\":
        return "\\\\"
    if "\udc80" <= one <= "\udcff":
        return f"\\x{ord(one) - 0xDC00:02x}"
    return f"\\x{ord(one):02x}" if one < " " or one == "\x7f" else one


def unescape(text: bytes) -> str:
    """The inverse of `escape`, as a path that the operating system takes. Raises ValueError."""
    if b"\\" not in text:
        return text.decode("utf-8")
    parts = re.split(rb"\\(\\|x[0-9a-f]{2})", text)
    if any(b"\\" in part for part in parts[::2]):
        raise ValueError("a backslash that begins nothing")
    for number in range(1, len(parts), 2):
        parts[number] = b"\\" if parts[number] == b"\\" else bytes([int(parts[number][1:], 16)])
    return os.fsdecode(b"".join(parts))


def parse_node(data: bytes) -> tuple[int, list[Entry] | list[Branch]]:
    """The level of a tree node and its rows; raises ValueError for bytes that are no tree node."""
    head, _, body = data.partition(b"\n")
    match = re.fullmatch(rb"mlops/tree/1 (\d{1,2})", head)
    if not match:
        raise ValueError("no tree")
    lines = body.split(b"\n")
    if lines.pop():
        raise ValueError("the last row has no end")
    level = int(match[1])
    fields = [line.split(b"\t") for line in lines]
    if level == 0:
        return 0, [Entry(_path(path), _oid(oid), int(size), _executable(mode)) for mode, size, oid, path in fields]
    return level, [Branch(_path(path), _oid(oid), int(count), int(size)) for count, size, oid, path in fields]


def _oid(text: bytes) -> Oid:
    name = text.decode("ascii")
    if not NAME.fullmatch(name):
        raise ValueError("no identity")
    return Oid(name)


def _executable(mode: bytes) -> bool:
    if mode not in (b"f", b"x"):
        raise ValueError(f"no mode: {mode!r}")
    return mode == b"x"


def _path(text: bytes) -> str:
    """A path that stays inside its folder, whoever wrote the tree."""
    path = unescape(text)
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"no path inside a folder: {path!r}")
    return path


def read_node(reader: Reader, oid: Oid) -> tuple[int, list[Entry] | list[Branch]]:
    """As `parse_node`, from a store; raises StoreError."""
    data = reader.read(oid)
    try:
        return parse_node(data)
    except ValueError as error:
        raise StoreError(f"object {oid[:12]} is no tree that this mlops can read: {error}") from error


def read_tree(reader: Reader, root: Oid) -> Iterator[Entry]:
    """All files of a tree, sorted by the bytes of their paths. Raises StoreError."""
    _, rows = read_node(reader, root)
    for row in rows:
        if isinstance(row, Entry):
            yield row
        else:
            yield from read_tree(reader, row.oid)


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that two trees do not agree on; None on the side that lacks it."""

    path: str
    old: Entry | None
    new: Entry | None


def diff_trees(reader: Reader, old: Oid, new: Oid) -> list[Difference]:
    """What differs between two trees, sorted by path; nodes that both have are never read. Raises StoreError."""
    sides = [{old}, {new}]
    files: list[dict[str, Entry]] = [{}, {}]
    while sides[0] != sides[1]:
        nodes = [{oid: read_node(reader, oid) for oid in side - other} for side, other in (sides, reversed(sides))]
        top = max(level for side in nodes for level, _ in side.values())
        sides = [set(), set()]
        for number, side in enumerate(nodes):
            for oid, (level, rows) in side.items():
                if level < top:
                    sides[number].add(oid)
                    continue
                for row in rows:
                    if isinstance(row, Entry):
                        files[number][row.path] = row
                    else:
                        sides[number].add(row.oid)
    paths = sorted(files[0].keys() | files[1].keys(), key=os.fsencode)
    found = (Difference(path, files[0].get(path), files[1].get(path)) for path in paths)
    return [item for item in found if item.old != item.new]
