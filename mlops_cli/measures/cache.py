"""What was measured of a part, kept under what it was measured from: parts that come again are not read again."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import zstandard

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.measures.summary import ColumnSummary, Kind
from mlops_cli.measures.tallies import Tally

LIMIT = 2 << 30
"""Bytes of entries that are kept."""
DAY = 86_400


@dataclass(frozen=True)
class Piece:
    """What was found in one column of one part, for all its rows (label None) or for those of one slice."""

    label: str | None
    rows: int
    summary: ColumnSummary | None
    tallies: tuple[Tally, ...]
    """In the order of the checks that were asked."""


@dataclass(frozen=True)
class Unit:
    """Everything that was measured of one column of one part."""

    rows: int
    pieces: tuple[Piece, ...]
    kind: Kind = "nothing"
    """The type that the column was read as."""


@dataclass(frozen=True)
class Cache:
    """A folder of entries; losing it, or any part of it, costs time and nothing else."""

    folder: Path
    keep: bool

    def path(self, key: Oid, ending: str) -> Path:
        """Where an entry, or a run of hashes, lies."""
        return self.folder / key[:2] / f"{key[2:]}{ending}"

    def get(self, key: Oid) -> Unit | None:
        """The entry, if it is there and whole."""
        if not self.keep:
            return None
        try:
            path = self.path(key, ".unit")
            unit = decode(zstandard.ZstdDecompressor().decompress(path.read_bytes()), Unit)
            self.used(path)
            return unit
        except (OSError, BadRecord, zstandard.ZstdError):
            return None

    def used(self, path: Path) -> None:
        """Note that a file was used now: the others are forgotten first."""
        with suppress(OSError):
            os.utime(path)

    def put(self, key: Oid, unit: Unit) -> None:
        """Keep an entry; a disk that is full or may not be written to is no reason to stop."""
        if not self.keep:
            return
        path = self.path(key, ".unit")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
            temporary.write_bytes(zstandard.ZstdCompressor(level=1).compress(canonical(unit)))
            temporary.replace(path)

    def get_names(self, key: Oid) -> tuple[str, ...] | None:
        """The columns of a part, if they are known."""
        unit = self.get(key)
        return tuple(piece.label or "" for piece in unit.pieces) if unit is not None else None

    def put_names(self, key: Oid, names: Sequence[str]) -> None:
        """Keep the columns of a part."""
        self.put(key, Unit(0, tuple(Piece(name, 0, None, ()) for name in names)))


@contextmanager
def open_cache(folder: Path | None) -> Iterator[Cache]:
    """The cache in a folder; without one that may be written to, a temporary folder for what does not fit into
    memory."""
    if folder is not None and is_writable(folder):
        tidy(folder)
        yield Cache(folder, True)
        return
    with tempfile.TemporaryDirectory(prefix="mlops-measures-") as temporary:
        yield Cache(Path(temporary), False)


def tidy(folder: Path, limit: int = LIMIT) -> None:
    """Once a day, forget what has not been used for longest where a folder holds more than `limit` bytes. Others may
    be at work in it: what they still need they measure again."""
    mark = folder / "tidied"
    with suppress(OSError):
        if mark.exists() and abs(time.time() - mark.stat().st_mtime) < DAY:
            return
        mark.touch()
        files = [(file.stat(), file) for file in folder.rglob("*") if file.is_file() and file != mark]
        held = sum(state.st_size for state, _ in files)
        for state, file in sorted(files, key=lambda item: item[0].st_mtime):
            if held <= limit:
                return
            file.unlink(missing_ok=True)
            held -= state.st_size


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
