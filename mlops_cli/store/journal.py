"""The journal: the one thing in the store that changes. It says what every name means, meant, and who moved it why.

One append-only file of checksummed lines, each naming the one before it; a line moves any number of names at once.
Byte for byte: specs/store-format.md.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, sync_folder, write_atomic
from mlops_cli.base.hashing import Oid, hash_bytes, is_oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.store.copying import write_all
from mlops_cli.store.faults import store_faults
from mlops_cli.store.fold import START, WORTH, Fold, keep_fold, load_fold
from mlops_cli.store.git import git_state
from mlops_cli.store.lock import locked
from mlops_cli.store.records import GitState
from mlops_cli.store.store import Store

KEPT = "cache/journal.bin"
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


class Journal:
    """The names of one store. Reading takes no lock and sees every line that is complete."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.layout.journal
        self._fold = Fold()
        self._seen: dict[int, Line] = {}

    def names(self) -> dict[str, Oid]:
        """What every name means now. Raises StoreError for a damaged journal, as all methods do."""
        return dict(self._read().names)

    def lines(self) -> list[Line]:
        """All lines, oldest first."""
        return list(self._lines(range(1, self._read().count + 1)))

    def newest(self) -> Iterator[Line]:
        """All lines, newest first, each read when it is asked for."""
        return self._lines(range(self._read().count, 0, -1))

    def about(self, name: str) -> Iterator[Line]:
        """The lines that moved a name or an alias of it, newest first, each read when it is asked for."""
        fold = self._read()
        names = [full for full in fold.all_names() if full == name or full.startswith(f"{name}@")]
        return self._lines(sorted({number for full in names for number in fold.history(full).lines}, reverse=True))

    def history(self, name: str) -> list[tuple[Line, Oid | None]]:
        """The lines that moved a name and what it meant after each, oldest first; None: it was removed."""
        history = self._read().history(name)
        return list(zip(self._lines(history.lines), history.values(), strict=True))

    def moves_to(self, name: str, oid: Oid) -> Iterator[Line]:
        """The lines after which a name meant `oid`, newest first, each read when it is asked for."""
        history = self._read().history(name)
        numbers = [number for number, value in zip(history.lines, history.values(), strict=True) if value == oid]
        return self._lines(numbers[::-1])

    def versions(self, name: str) -> list[Oid]:
        """Everything that a name ever meant, each once, in the order of first appearance: v1, v2, ..."""
        return list(dict.fromkeys(oid for oid in self._read().history(name).values() if oid))

    def value_at(self, name: str, time: datetime) -> Oid | None:
        """What a name meant at a moment; None: it did not exist then."""
        past = self._until(name, time)
        return past[-1] if past else None

    def before(self, name: str, moment: datetime | None = None) -> list[Oid]:
        """Everything that a name meant up to `moment` (None: now), each once, newest first. Knows `name@v3` too."""
        base, _, tag = name.rpartition("@")
        if tag[:1] == "v" and tag[1:].isdigit() and not self._read().known(name):
            return self.versions(base)[max(int(tag[1:]) - 1, 0) : int(tag[1:])]
        return list(dict.fromkeys(oid for oid in reversed(self._until(name, moment)) if oid))

    def read_whole(self) -> list[Line]:
        """All lines, oldest first, from the file alone: nothing that was kept of earlier readings is believed."""
        self._fold, self._seen = Fold(), {}
        self._read(believe=False)
        return self.lines()

    def append(self, moves: Iterable[Move], why: str, *, run: Oid | None = None, about: Oid | None = None) -> Line:
        """Move names, all or none, and return the line that says so. Flush what they and the line point at before.

        Raises Conflict when a name does not mean its `old` any more, StoreError when the line cannot be written.
        """
        moves = list(moves)
        git = git_state(self._store.folder.parent)
        durable = self._store.durability == "commit"
        with store_faults("write the journal"), locked(self._store.layout.lock):
            fold = self._read()
            _compare(moves, fold.names)
            line = Line(
                n=fold.count + 1,
                prev=fold.last,
                time=timestamp(),
                who=_who(),
                why=why,
                git=git,
                run=run,
                set={move.name: (move.old, move.new) for move in moves},
                about=about,
            )
            data, line = encode_line(line)
            self._write(data, fold.end, durable)
            fold.inode = os.stat(self._path).st_ino
            self._take(line, len(data))
            self._note_end(line)
        return line

    def _take(self, line: Line, length: int) -> None:
        self._fold.take({name: new for name, (_, new) in line.set.items()}, length, line.sum)
        self._seen[line.n] = line

    def _lines(self, numbers: Iterable[int]) -> Iterator[Line]:
        """Lines by their numbers; those that only the fold knows are read now, each proven by its checksum."""
        file = -1
        try:
            for number in numbers:
                line = self._seen.get(number)
                if line is None:
                    with store_faults("read the journal"):
                        file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC) if file < 0 else file
                        line = self._line(file, number)
                yield line
        finally:
            if file >= 0:
                os.close(file)

    def _line(self, file: int, number: int) -> Line:
        starts = self._fold.starts
        start, end = starts[number - 1], starts[number] if number < len(starts) else self._fold.end
        line = _parse(os.pread(file, end - start, start)[:-1])
        if line is None or line.n != number:
            raise damaged(number)
        return line

    def _until(self, name: str, moment: datetime | None) -> list[Oid | None]:
        if moment is None:
            return self._read().history(name).values()
        last = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [oid for line, oid in self.history(name) if line.time <= last]

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

    def _read(self, *, believe: bool = True) -> Fold:
        """Fold the lines that were added since the last look. `believe`: what earlier processes have folded counts."""
        with store_faults("read the journal"):
            witness = None
            if not self._is_same():
                self._fold, self._seen = Fold(), {}
                witness = self._witness()  # before the lines: a line that comes meanwhile may only be one too many
                if believe:
                    self._remember()
            fold = self._fold
            try:
                now = os.stat(self._path)
                if now.st_size == fold.end and not witness:
                    fold.inode = now.st_ino
                    return fold
                with open(self._path, "rb") as file:
                    file.seek(fold.end)
                    data = file.read()
            except FileNotFoundError:
                if witness is None:
                    return fold
                raise StoreError("the journal of the store is missing: every name stands in it", LOST) from None
        began = fold.end
        for line, length in parse_lines(data, fold.count, fold.last):
            self._take(line, length)
        fold.inode = now.st_ino
        if witness:
            self._compare_end(*witness)
        if fold.end - began > WORTH:
            with suppress(OSError):  # it only saves time
                keep_fold(self._store.folder / KEPT, fold, now)
        return fold

    def _remember(self) -> None:
        """Go on from what was folded before, where the journal is the same file and still has the last line of it."""
        try:
            kept = load_fold(self._store.folder / KEPT, os.stat(self._path))
        except FileNotFoundError:
            return
        if kept is None or not kept.count:
            return
        with open(self._path, "rb") as file:
            file.seek(kept.starts[-1])
            line = _parse(file.read(kept.end - kept.starts[-1])[:-1])
        if line is not None and (line.n, line.sum) == (kept.count, kept.last):
            self._fold = kept

    def _is_same(self) -> bool:
        """Whether the journal is the one that was read, or has grown since."""
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return False
        return now.st_ino == self._fold.inode and now.st_size >= self._fold.end

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
        count = self._fold.count
        line = next(self._lines([number])) if 0 < number <= count else None
        if number <= count and (line is None or line.sum == checksum):
            return
        self._fold, self._seen = Fold(), {}  # so that the next look finds the same
        if count >= number:
            raise StoreError(f"line {number} of the journal is not the one that was written here", LOST)
        had = f"line {number}" if count == number - 1 else f"lines {count + 1} to {number}"
        raise StoreError(f"the journal has lost {had}{'' if count else ', all that it had'}", LOST)


def encode_line(line: Line) -> tuple[bytes, Line]:
    """A line as bytes, and itself with its checksum: the BLAKE3 of its canonical JSON without `sum`."""
    fields = {name: getattr(line, name) for name in ("n", "prev", "time", "who", "why", "git", "run", "set")}
    if line.about is not None:  # a line that rests on nothing more looks as it always did
        fields["about"] = line.about
    body = canonical(fields)
    digest = hash_bytes(body)
    return body[:-1] + SUM + digest.encode() + b'"}\n', replace(line, sum=digest)


def parse_lines(data: bytes, number: int = 0, prev: str = START) -> Iterator[tuple[Line, int]]:
    """Lines with their lengths in bytes, behind line `number` whose checksum is `prev`. A torn end is passed over.

    Raises StoreError for damage anywhere else.
    """
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1
        text = data[start : end - 1] if end else b""
        line = _parse(text)
        if line is None or line.n != number + 1 or line.prev != prev:
            torn = not end or (end == len(data) and b"\0" in text)
            if torn:
                return
            raise damaged(number + 1)
        yield line, end - start
        number, prev, start = line.n, line.sum, end


def damaged(number: int) -> StoreError:
    """The error for a line that is not what its checksum and its neighbours say."""
    hint = "bring the journal back from a copy of the store; the objects are not harmed"
    return StoreError(f"the journal is damaged at line {number}", hint)


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
