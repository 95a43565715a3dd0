"""What is known of the work tree's files without reading them: size, times and inode -> identity. Disposable.

git's rule against races: a file that was changed so shortly before it was read that a later change could have the
same time is not remembered, hence read again the next time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import TypeAlias

import msgspec
from blake3 import blake3

from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid
from mlops_cli.store.faults import store_faults
from mlops_cli.store.objects import Objects

Row: TypeAlias = tuple[int, int, int, int, bytes]
"""Size, mtime and ctime in nanoseconds, inode, identity."""
MAGIC = b"MLOPSST1"
TICK = 20_000_000  # nanoseconds; more than any clock of a kernel is late
COARSE_TICK = 2_000_000_000  # file systems that keep whole seconds
_ROWS = msgspec.msgpack.Decoder(dict[str, Row])
_FOLDERS = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])


class StatIndex:
    """`cache/stat.bin`. Folders are decoded when they are first asked for; losing the file costs time only."""

    def __init__(self, path: Path, root: str, folders: dict[str, msgspec.Raw]) -> None:
        self._path = path
        self._root = root + "/"
        self._packed = folders
        self._open: dict[str, dict[str, Row]] = {}
        self._changed = False

    @classmethod
    def load(cls, store: Objects) -> StatIndex:
        """The index of a store; empty when there is none or it is damaged."""
        path = store.folder / "cache" / "stat.bin"
        with store_faults("read the stat index"):
            data = read_if_there(path) or b""
        folders: dict[str, msgspec.Raw] = {}
        if data[:8] == MAGIC and blake3(data[40:]).digest() == data[8:40]:
            try:
                folders = _FOLDERS.decode(data[40:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                folders = {}
        return cls(path, os.path.abspath(store.folder.parent), folders)

    def find(self, path: str, state: os.stat_result) -> Oid | None:
        """The identity of the file at the absolute `path`, if it is still as it was when it was read."""
        folder, name = self._split(path)
        row = self._rows(folder).get(name)
        if row and row[:4] == (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino):
            return Oid(row[4].hex())
        return None

    def remember(self, path: str, state: os.stat_result, oid: Oid, began: int) -> None:
        """Note what a file is. `state` is from before the reading, `began` the clock then, in nanoseconds."""
        tick = TICK if state.st_ctime_ns % 1_000_000_000 else COARSE_TICK
        if state.st_ctime_ns + tick >= began or not _is_text(path):
            return
        folder, name = self._split(path)
        row = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, bytes.fromhex(oid))
        self._rows(folder)[name] = row
        self._changed = True

    def keep_only(self, folder: str, names: Collection[str]) -> None:
        """Forget files of a folder that are gone."""
        rows = self._rows(self._split(f"{folder}/")[0])
        gone = [name for name in rows if name not in names]
        for name in gone:
            del rows[name]
        self._changed = self._changed or bool(gone)

    def save(self) -> None:
        """Write the index if anything in it changed; raises StoreError."""
        if not self._changed:
            return
        folders: dict[str, object] = {**self._packed, **{name: rows for name, rows in self._open.items() if rows}}
        for name, rows in self._open.items():
            if not rows:
                folders.pop(name, None)
        body = msgspec.msgpack.encode(folders)
        with store_faults("write the stat index"):
            write_atomic(self._path, MAGIC + blake3(body).digest() + body)
        self._changed = False

    def _split(self, path: str) -> tuple[str, str]:
        folder, _, name = path.rpartition("/")
        inside = folder + "/"
        return (inside[len(self._root) :] if inside.startswith(self._root) else inside), name

    def _rows(self, folder: str) -> dict[str, Row]:
        rows = self._open.get(folder)
        if rows is None:
            packed = self._packed.get(folder)
            try:
                rows = _ROWS.decode(packed) if packed else {}
            except (msgspec.DecodeError, UnicodeDecodeError):
                rows = {}
            self._open[folder] = rows
        return rows


def clock() -> int:
    """The moment before a reading begins, for `remember`."""
    return time.time_ns()


def _is_text(path: str) -> bool:
    """Whether a path can be written as UTF-8; the few that cannot are read every time."""
    if path.isascii():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
