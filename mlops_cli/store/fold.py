"""What the lines of the journal come to: what each name means and meant, and where each line stands.

A journal of many thousand lines takes longer to read than most commands do, so the fold up to a line is kept in
`cache/journal.bin`, and only what came after that line is read. It is believed while the journal is the same file, is
no shorter, still has that line where it stood, and (where nothing came after it) was not written since. Each line that
is shown is proven by its own checksum all the same; `Journal.read_whole` believes nothing.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from blake3 import blake3

from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid

START = "0" * 64
"""What the first line names as the one before it."""
MAGIC = b"MLOPSJF1"
NONE = bytes(32)  # in the place of an identity: the name was removed
WORTH = 1 << 18  # bytes of lines, above which reading them again costs more than keeping what they come to


@dataclass
class History:
    """The moves of one name, oldest first: the numbers of the lines, and what it meant after each."""

    lines: array[int] = field(default_factory=lambda: array("I"))
    oids: bytearray = field(default_factory=bytearray)
    """32 bytes a move."""

    def values(self) -> list[Oid | None]:
        """What the name meant after each move; None: it was removed."""
        text, no = self.oids.hex(), NONE.hex()
        return [None if text[at : at + 64] == no else Oid(text[at : at + 64]) for at in range(0, len(text), 64)]


@dataclass(frozen=True)
class _Kept:
    """The file: a fold with what tells whether it is still true."""

    inode: int
    modified: int
    """When the journal was last written, in nanoseconds."""
    end: int
    last: str
    starts: bytes
    names: dict[str, str]
    history: dict[str, msgspec.Raw]


@dataclass
class Fold:
    """The fold of all good lines so far."""

    end: int = 0
    """Bytes of good lines; whatever follows is a line cut short."""
    inode: int = 0
    last: str = START
    """The checksum of the last line."""
    starts: array[int] = field(default_factory=lambda: array("Q"))
    """Where each line begins."""
    names: dict[str, Oid] = field(default_factory=dict)
    _packed: dict[str, msgspec.Raw] = field(default_factory=dict)
    _open: dict[str, History] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.starts)

    def known(self, name: str) -> bool:
        """Whether a line ever moved this name."""
        return name in self._open or name in self._packed

    def all_names(self) -> set[str]:
        """Every name that a line ever moved."""
        return {*self._open, *self._packed}

    def history(self, name: str) -> History:
        """The moves of a name; empty where there are none."""
        found = self._open.get(name)
        if found is None:
            found = History()
            packed = self._packed.get(name)
            if packed is not None:
                lines, oids = msgspec.msgpack.decode(packed, type=tuple[bytes, bytes])
                found.lines.frombytes(lines)
                found.oids += oids
                self._open[name] = found
        return found

    def take(self, moves: dict[str, Oid | None], length: int, checksum: str) -> None:
        """Add the next line: what it moves, its length in bytes, its checksum."""
        self.starts.append(self.end)
        for name, new in moves.items():
            history = self.history(name)
            self._open[name] = history
            history.lines.append(len(self.starts))
            if new is None:
                history.oids += NONE
                self.names.pop(name, None)
            else:
                history.oids += bytes.fromhex(new)
                self.names[name] = new
        self.end += length
        self.last = checksum


def load_fold(path: Path, journal: os.stat_result) -> Fold | None:
    """The fold that was kept for this very journal; None where there is none that can be believed. Raises OSError.

    The caller still compares the last line. What is damaged or by another version of ours counts as not there.
    """
    data = read_if_there(path)
    if data is None or data[:8] != MAGIC or blake3(data[40:]).digest() != data[8:40]:
        return None
    try:
        kept = msgspec.msgpack.decode(data[40:], type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    grown = journal.st_size > kept.end
    if kept.inode != journal.st_ino or not (
        grown or (journal.st_size, journal.st_mtime_ns) == (kept.end, kept.modified)
    ):
        return None
    starts = array("Q")
    starts.frombytes(kept.starts)
    names = {name: Oid(oid) for name, oid in kept.names.items()}
    return Fold(kept.end, kept.inode, kept.last, starts, names, kept.history)


def keep_fold(path: Path, fold: Fold, journal: os.stat_result) -> None:
    """Keep a fold of which `journal` was the state before its last lines were read. Raises OSError."""
    history = dict(fold._packed)
    for name, opened in fold._open.items():
        history[name] = msgspec.Raw(msgspec.msgpack.encode((opened.lines.tobytes(), bytes(opened.oids))))
    names: dict[str, str] = dict(fold.names.items())
    kept = _Kept(fold.inode, journal.st_mtime_ns, fold.end, fold.last, fold.starts.tobytes(), names, history)
    body = msgspec.msgpack.encode(kept)
    write_atomic(path, MAGIC + blake3(body).digest() + body)
