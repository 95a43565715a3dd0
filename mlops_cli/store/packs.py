"""Packs: containers of many small objects. Frames, then rows that say what they are, then a trailer.

A pack is named by the BLAKE3 of its bytes. Byte for byte: specs/store-format.md.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from blake3 import blake3

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.store.copying import write_all

MAGIC = b"MLOPSPK1"
ROW = struct.Struct("<32sBII")  # oid, codec, raw length, stored length
TRAILER = struct.Struct("<32sI8s")  # BLAKE3 of the rows, number of rows, magic
RAW, ZSTD = 0, 1
ROLL = 64 << 20  # bytes of frames after which a writer begins the next pack
BUFFER = 1 << 20
WORTH = 0.9  # compress when the result is smaller than this share
PATIENCE = 8  # objects in a row that did not shrink, after which only every 16th is tried


class BadPack(ValueError):
    """Bytes that are not a pack."""


@dataclass(frozen=True, slots=True)
class Row:
    """Where one object lies inside a pack."""

    oid: Oid
    codec: int
    raw: int
    stored: int
    offset: int


class PackWriter:
    """Writes one pack, streaming. Uses little memory however many objects come. Methods raise OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.rows: list[Row] = []
        self.size = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        self._hash = blake3()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._compress: _Compressor = _Compressor()

    def add(self, oid: Oid, data: bytes) -> None:
        """Append one object."""
        codec, frame = self._compress(data)
        self.rows.append(Row(oid, codec, len(data), len(frame), self.size))
        self._put(frame)

    def finish(self) -> str:
        """Write rows and trailer, close; returns the pack's name."""
        rows = b"".join(ROW.pack(bytes.fromhex(row.oid), row.codec, row.raw, row.stored) for row in self.rows)
        self._put(rows)
        self._put(TRAILER.pack(blake3(rows).digest(), len(self.rows), MAGIC))
        self._write()
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file, finished or not."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _put(self, data: bytes) -> None:
        self._waiting.append(data)
        self.size += len(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= BUFFER:
            self._write()

    def _write(self) -> None:
        data = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        self._hash.update(data)
        write_all(self._file, data)


class _Compressor:
    """zstd level 1 where it pays; after a row of objects that did not shrink it only tries now and then."""

    def __init__(self) -> None:
        import zstandard  # not before something is packed: reading names must stay fast

        self._zstd = zstandard.ZstdCompressor(level=1)
        self._failures = 0

    def __call__(self, data: bytes) -> tuple[int, bytes]:
        if self._failures >= PATIENCE and self._failures % 16:
            self._failures += 1
            return RAW, data
        frame = self._zstd.compress(data)
        if len(frame) < WORTH * len(data):
            self._failures = 0
            return ZSTD, frame
        self._failures += 1
        return RAW, data


def read_rows(path: str) -> list[Row]:
    """The rows at the end of a pack; raises BadPack when they are damaged, OSError when the file cannot be read."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < TRAILER.size:
            raise BadPack("shorter than a trailer")
        file.seek(size - TRAILER.size)
        digest, count, magic = TRAILER.unpack(file.read(TRAILER.size))
        start = size - TRAILER.size - count * ROW.size
        if magic != MAGIC or start < 0:
            raise BadPack("the trailer is not that of a pack")
        file.seek(start)
        rows = file.read(count * ROW.size)
    if blake3(rows).digest() != digest:
        raise BadPack("the rows do not match their checksum")
    found = list(_parse_rows(rows))
    if sum(row.stored for row in found) != start:
        raise BadPack("the rows do not cover the frames")
    return found


def _parse_rows(data: bytes) -> Iterator[Row]:
    offset = 0
    for oid, codec, raw, stored in ROW.iter_unpack(data):
        yield Row(Oid(oid.hex()), codec, raw, stored, offset)
        offset += stored


def decode_frame(oid: Oid, codec: int, raw: int, frame: bytes) -> bytes | None:
    """The object in a frame, or None when it is not what its name says."""
    data = frame
    if codec == ZSTD:
        import zstandard

        try:
            data = zstandard.ZstdDecompressor().decompress(frame, max_output_size=raw)
        except zstandard.ZstdError:
            return None
    return data if hash_bytes(data) == oid else None
