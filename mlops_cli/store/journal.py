"""The journal: the one thing in the store that changes. It says what every name means, meant, and who moved it why.

One append-only file of checksummed lines, each naming the one before it; a line moves any number of names at once.
Byte for byte: specs/store-format.md.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, sync_folder, write_atomic
from mlops_cli.base.hashing import Oid, hash_bytes, is_oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.store.copying import write_all
from mlops_cli.store.faults import store_faults
from mlops_cli.store.git import git_state
from mlops_cli.store.lock import locked
from mlops_cli.store.records import GitState
from mlops_cli.store.store import Store

START = "0" * 64
"""What the first line names as the one before it."""
LOST = (
    "bring .mlops/journal back from a copy of the store; "
    "or delete .mlops/witness to go on without what is lost: the objects stay, names begin anew from what is left"
)
SUM = b',"sum":"'
SUM_LENGTH = len(SUM) + 64 + len(b'"}')


class Conflict(StoreError):
    """Somebody else moved one of the names first."""


@dataclass(frozen=True)
class Move:
    """A name's wish to go from `old` (None: there is no such name) to `new` (None: remove it)."""

    name: str
    old: Oid | None
    new: Oid | None


@dataclass(frozen=True)
class Line:
    """One line of the journal. Its number counts from 1."""

    n: int
    prev: str
    """The checksum of the line before."""
    time: str
    who: str
    why: str
    git: GitState | None
    run: Oid | None
    set: Mapping[str, tuple[Oid | None, Oid | None]]
    about: Oid | None = None
    """What the line rests on, besides a run: the report of a gate, the record of a promotion, a signature."""
    sum: str = ""


@dataclass
class _State:
    """The fold of all good lines so far."""

    end: int = 0
    """Bytes of good lines; whatever follows is a line cut short."""
    inode: int = 0
    lines: list[Line] = field(default_factory=list)
    names: dict[str, Oid] = field(default_factory=dict)
    history: dict[str, list[tuple[Line, Oid | None]]] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        self.lines.append(line)
        for name, (_, new) in line.set.items():
            self.history.setdefault(name, []).append((line, new))
            if new is None:
                self.names.pop(name, None)
            else:
                self.names[name] = new


class Journal:
    """The names of one store. Reading takes no lock and sees every line that is complete."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.layout.journal
        self._state = _State()

    def names(self) -> dict[str, Oid]:
        """What every name means now. Raises StoreError for a damaged journal, as all methods do."""
        return dict(self._read().names)

    def lines(self) -> list[Line]:
        """All lines, oldest first."""
        return list(self._read().lines)

    def history(self, name: str) -> list[tuple[Line, Oid | None]]:
        """The lines that moved a name and what it meant after each, oldest first; None: it was removed."""
        return list(self._read().history.get(name, ()))

    def versions(self, name: str) -> list[Oid]:
        """Everything that a name ever meant, each once, in the order of first appearance: v1, v2, ..."""
        return list(dict.fromkeys(oid for _, oid in self._read().history.get(name, ()) if oid))

    def value_at(self, name: str, time: datetime) -> Oid | None:
        """What a name meant at a moment; None: it did not exist then."""
        past = self._until(name, time)
        return past[-1] if past else None

    def before(self, name: str, moment: datetime | None = None) -> list[Oid]:
        """Everything that a name meant up to `moment` (None: now), each once, newest first. Knows `name@v3` too."""
        base, _, tag = name.rpartition("@")
        if tag[:1] == "v" and tag[1:].isdigit() and name not in self._read().history:
            return self.versions(base)[max(int(tag[1:]) - 1, 0) : int(tag[1:])]
        return list(dict.fromkeys(oid for oid in reversed(self._until(name, moment)) if oid))

    def append(self, moves: Iterable[Move], why: str, *, run: Oid | None = None, about: Oid | None = None) -> Line:
        """Move names, all or none, and return the line that says so. Flush what they and the line point at before.

        Raises Conflict when a name does not mean its `old` any more, StoreError when the line cannot be written.
        """
        moves = list(moves)
        git = git_state(self._store.folder.parent)
        durable = self._store.durability == "commit"
        with store_faults("write the journal"), locked(self._store.layout.lock):
            state = self._read()
            _compare(moves, state.names)
            line = Line(
                n=len(state.lines) + 1,
                prev=state.lines[-1].sum if state.lines else START,
                time=timestamp(),
                who=_who(),
                why=why,
                git=git,
                run=run,
                set={move.name: (move.old, move.new) for move in moves},
                about=about,
            )
            data, line = encode_line(line)
            self._write(data, state.end, durable)
            state.inode = os.stat(self._path).st_ino
            state.take(line)
            state.end += len(data)
            self._note_end(line)
        return line

    def _until(self, name: str, moment: datetime | None) -> list[Oid | None]:
        history = self._read().history.get(name, ())
        if moment is None:
            return [oid for _, oid in history]
        last = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [oid for line, oid in history if line.time <= last]

    def _write(self, data: bytes, end: int, durable: bool) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(file).st_size > end:
                os.ftruncate(file, end)  # a line that a crash cut short
            os.lseek(file, end, os.SEEK_SET)
            try:
                write_all(file, data)
                if durable:
                    os.fdatasync(file)
                    if not end:
                        sync_folder(self._path.parent)
            except OSError:
                os.ftruncate(file, end)
                raise
        finally:
            os.close(file)

    def _read(self) -> _State:
        """Fold the lines that were added since the last look."""
        with store_faults("read the journal"):
            witness = None
            if not self._is_same():
                self._state = _State()
                witness = self._witness()  # before the lines: a line that comes meanwhile may only be one too many
            state = self._state
            try:
                now = os.stat(self._path)
                if now.st_size == state.end and not witness:
                    state.inode = now.st_ino
                    return state
                with open(self._path, "rb") as file:
                    file.seek(state.end)
                    data = file.read()
            except FileNotFoundError:
                if witness is None:
                    return state
                raise StoreError("the journal of the store is missing: every name stands in it", LOST) from None
        for line, length in parse_lines(data, state.lines[-1] if state.lines else None):
            state.take(line)
            state.end += length
        state.inode = now.st_ino
        if witness:
            self._compare_end(*witness)
        return state

    def _is_same(self) -> bool:
        """Whether the journal is the one that was read, or has grown since."""
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        return now.st_ino == self._state.inode and now.st_size >= self._state.end

    def _witness(self) -> tuple[int, str] | None:
        """Number and checksum of a line that was written, the last one unless a crash came in between."""
        words = (read_if_there(self._store.layout.witness) or b"").decode("ascii", "replace").split()
        if len(words) != 2 or not (words[0].isascii() and words[0].isdigit()) or not is_oid(words[1]):
            return None  # a power failure can leave it empty; the next line writes it anew
        return int(words[0]), words[1]

    def _note_end(self, line: Line) -> None:
        with suppress(OSError):  # the line stands; the witness may stay behind
            write_atomic(self._store.layout.witness, f"{line.n} {line.sum}\n".encode())

    def _compare_end(self, number: int, checksum: str) -> None:
        lines = self._state.lines
        if len(lines) >= number and (not number or lines[number - 1].sum == checksum):
            return
        self._state = _State()  # so that the next look finds the same
        if len(lines) >= number:
            raise StoreError(f"line {number} of the journal is not the one that was written here", LOST)
        had = f"line {number}" if len(lines) == number - 1 else f"lines {len(lines) + 1} to {number}"
        raise StoreError(f"the journal has lost {had}{'' if lines else ', all that it had'}", LOST)


def encode_line(line: Line) -> tuple[bytes, Line]:
    """A line as bytes, and itself with its checksum: the BLAKE3 of its canonical JSON without `sum`."""
    fields = {name: getattr(line, name) for name in ("n", "prev", "time", "who", "why", "git", "run", "set")}
    if line.about is not None:  # a line that rests on nothing more looks as it always did
        fields["about"] = line.about
    body = canonical(fields)
    digest = hash_bytes(body)
    return body[:-1] + SUM + digest.encode() + b'"}\n', replace(line, sum=digest)


def parse_lines(data: bytes, last: Line | None = None) -> Iterator[tuple[Line, int]]:
    """Lines with their lengths in bytes, `last` being the one before them. A torn end is passed over.

    Raises StoreError for damage anywhere else.
    """
    number, prev = (last.n, last.sum) if last else (0, START)
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1
        text = data[start : end - 1] if end else b""
        line = _parse(text)
        if line is None or line.n != number + 1 or line.prev != prev:
            torn = not end or (end == len(data) and b"\0" in text)
            if torn:
                return
            hint = "bring the journal back from a copy of the store; the objects are not harmed"
            raise StoreError(f"the journal is damaged at line {number + 1}", hint)
        yield line, end - start
        number, prev, start = line.n, line.sum, end


def _parse(text: bytes) -> Line | None:
    if text[-SUM_LENGTH : -SUM_LENGTH + len(SUM)] != SUM:
        return None
    body = text[:-SUM_LENGTH] + b"}"
    if hash_bytes(body).encode() != text[-66:-2]:
        return None
    try:
        return decode(text, Line)
    except BadRecord:
        return None


def _compare(moves: list[Move], names: Mapping[str, Oid]) -> None:
    moved = [move for move in moves if names.get(move.name) != move.old]
    if not moved:
        return
    found = "; ".join(f"'{m.name}' is {_short(names.get(m.name))}, not {_short(m.old)}" for m in moved)
    raise Conflict(f"somebody else moved a name meanwhile: {found}", "repeat the command")


def _short(oid: Oid | None) -> str:
    return oid[:12] if oid else "absent"


def _who() -> str:
    name = os.environ.get("LOGNAME") or os.environ.get("USER")
    if not name:
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = str(os.getuid())
    return f"{name}@{os.uname().nodename}"
