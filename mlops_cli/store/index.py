"""The index: object -> place inside a pack. Immutable files in `i/`, memory-mapped; rebuildable from the packs."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_cli.base.files import write_atomic
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.layout import Layout
from mlops_cli.store.packs import Row

MAGIC = b"MLOPSIX1"
HEADER = struct.Struct("<8sII")  # magic, number of packs, number of objects
PACK = struct.Struct("<32sQ")  # name, size in bytes
FAN = struct.Struct("<256I")  # entry b: how many objects have a first byte <= b
PLACE = struct.Struct("<IQIIB")  # pack number, offset, stored length, raw length, codec
KEY = 32


class BadIndex(ValueError):
    """Bytes that are not an index file."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the frame of an object lies."""

    pack: str
    offset: int
    stored: int
    raw: int
    codec: int


@dataclass(frozen=True)
class Packed:
    """One pack, as an index file lists it."""

    name: str
    size: int
    rows: tuple[Row, ...]


def build_index(packs: Iterable[Packed]) -> bytes:
    """The bytes of an index file over these packs. An object that two packs hold is listed once."""
    packs = list(packs)
    places: dict[bytes, bytes] = {}
    for number, pack in enumerate(packs):
        for row in pack.rows:
            places[bytes.fromhex(row.oid)] = PLACE.pack(number, row.offset, row.stored, row.raw, row.codec)
    keys = sorted(places)
    counts = [0] * 256
    for key in keys:
        counts[key[0]] += 1
    for byte in range(1, 256):
        counts[byte] += counts[byte - 1]
    table = b"".join(PACK.pack(bytes.fromhex(pack.name), pack.size) for pack in packs)
    return b"".join(
        [HEADER.pack(MAGIC, len(packs), len(keys)), table, FAN.pack(*counts), *keys, *(places[key] for key in keys)]
    )


def merge(layout: Layout, files: Iterable[IndexFile]) -> None:
    """Replace index files by one that says the same; readers find every object at all times. Raises OSError.

    Two writers may do so at once: each removes only files whose content its own file has.
    """
    files = list(files)
    data = build_index(pack for index in files for pack in index.packed())
    name = f"{hash_bytes(data)}.idx"
    write_atomic(layout.indexes / name, data, durable=True)
    for index in files:
        path = Path(index.path)
        if path.name != name:
            path.unlink(missing_ok=True)


class IndexFile:
    """One index file, mapped into memory. Raises BadIndex when its size is not what its header says, OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < HEADER.size:
                raise BadIndex("shorter than a header")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, packs, self.count = HEADER.unpack_from(self._map)
        self._fan = HEADER.size + packs * PACK.size
        self._keys = self._fan + FAN.size
        self._places = self._keys + self.count * KEY
        if magic != MAGIC or size != self._places + self.count * PLACE.size:
            raise BadIndex("the size is not what the header says")
        rows = [PACK.unpack_from(self._map, HEADER.size + n * PACK.size) for n in range(packs)]
        self.packs = [(name.hex(), size) for name, size in rows]
        self.lost: set[int] = set()
        """Numbers of packs that are not there any more."""

    def find(self, oid: Oid) -> Location | None:
        """Where an object is, or None."""
        number = self._search(bytes.fromhex(oid))
        if number < 0:
            return None
        pack, offset, stored, raw, codec = PLACE.unpack_from(self._map, self._places + number * PLACE.size)
        return None if pack in self.lost else Location(self.packs[pack][0], offset, stored, raw, codec)

    def objects(self, prefix: str = "") -> Iterator[Oid]:
        """All objects whose name begins with `prefix`, in order."""
        first = int(prefix[:2], 16) if len(prefix) >= 2 else None
        low = 0 if not first else self._upto(first - 1)
        high = self.count if first is None else self._upto(first)
        for number in range(low, high):
            oid = self._key(number).hex()
            if oid.startswith(prefix):
                yield Oid(oid)

    def packed(self) -> list[Packed]:
        """What the file was built from; serves merging."""
        rows: list[list[Row]] = [[] for _ in self.packs]
        for number in range(self.count):
            pack, offset, stored, raw, codec = PLACE.unpack_from(self._map, self._places + number * PLACE.size)
            rows[pack].append(Row(Oid(self._key(number).hex()), codec, raw, stored, offset))
        return [Packed(name, size, tuple(rows[n])) for n, (name, size) in enumerate(self.packs) if n not in self.lost]

    @cached_property
    def fan(self) -> tuple[int, ...]:
        return FAN.unpack_from(self._map, self._fan)

    @property
    def digest(self) -> Oid:
        """What the file's name must be."""
        return hash_bytes(memoryview(self._map))

    def _upto(self, byte: int) -> int:
        return self.fan[byte]

    def _key(self, number: int) -> bytes:
        start = self._keys + number * KEY
        return self._map[start : start + KEY]

    def _search(self, key: bytes) -> int:
        low = self._upto(key[0] - 1) if key[0] else 0
        high = self._upto(key[0])
        while low < high:
            middle = (low + high) // 2
            found = self._key(middle)
            if found == key:
                return middle
            if found < key:
                low = middle + 1
            else:
                high = middle
        return -1
