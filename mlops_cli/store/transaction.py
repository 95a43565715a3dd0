"""The writing half of the store: objects gather in a private folder, then appear in the order that survives a crash."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.files import sync_folder
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import canonical
from mlops_cli.store.copying import READ_ONLY, copy_descriptor, hash_descriptor, hash_path, write_new, written_early
from mlops_cli.store.faults import store_faults, unreadable
from mlops_cli.store.index import Packed, build_index
from mlops_cli.store.lease import Lease
from mlops_cli.store.objects import Objects, header
from mlops_cli.store.packs import ROLL, PackWriter
from mlops_cli.store.stat_index import StatIndex, clock
from mlops_cli.store.trees import Entry, write_tree
from mlops_cli.store.walk import Found, regular, walk

SMALL = 256 << 10  # bytes; from here on an object is a solid
FEW = 16  # small objects of one transaction that still become solids
TRIES = 3  # readings of a file that changes meanwhile
FLUSHERS = 16  # the file system merges flushes that wait at the same time
FRESH = 2_000_000_000  # nanoseconds; a file changed so lately is not trusted by its times alone


class Transaction:
    """Objects on their way into the store; nothing is visible before `commit`, nothing is left behind without it."""

    def __init__(self, store: Objects, durable: bool, committed: Callable[[list[str]], None]) -> None:
        self._store = store
        self._durable = durable
        self._committed = committed
        self._lease = Lease(store.layout.leases)
        self._few: dict[Oid, bytes] = {}
        self._doubt = store.in_doubt
        self._seen: set[Oid] = set()
        self._fresh: set[Oid] = set()
        self._solids: dict[Oid, str] = {}
        self._pack: PackWriter | None = None
        self._packs: list[tuple[Packed, str]] = []
        self.new_bytes = 0
        """Bytes of files that the store did not have."""

    def __enter__(self) -> Transaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pack:
            self._pack.close()
        self._lease.close()

    def add_bytes(self, data: bytes) -> Oid:
        """Add an object. Raises StoreError."""
        oid = hash_bytes(data)
        if not self._is_new(oid, len(data)):
            return oid
        if len(data) >= SMALL:
            with store_faults("write to the store"):
                self._solids[oid] = path = self._lease.path()
                write_new(path, data)
        elif self._pack is None and len(self._few) < FEW:
            self._few[oid] = data
        else:
            with store_faults("write to the store"):
                self._add_to_pack(oid, data)
        return oid

    def add_record(self, kind: str, value: object) -> Oid:
        """Add a structured object: a header line that says its kind, then the canonical JSON of `value`."""
        return self.add_bytes(header(kind) + canonical(value))

    def add_file(self, path: Path, *, index: StatIndex | None = None) -> Oid:
        """Add a file as it is now; with `index`, an unchanged one is not read. Raises UserError, StoreError."""
        return self.add_found(os.path.abspath(path), regular(path), index)[0]

    def add_found(self, path: str, state: os.stat_result, index: StatIndex | None = None) -> tuple[Oid, int]:
        """As `add_file`, for an absolute path with its state at hand; returns identity and size."""
        known = index.find(path, state) if index else None
        if known and (known in self._seen or self._knows(known, state.st_size)):
            return known, state.st_size
        for _ in range(TRIES):
            began, fresh = clock(), len(self._fresh)
            try:
                oid = self._read_small(path, state) if state.st_size < SMALL else self._copy_big(path, state)
            except OSError as error:
                raise unreadable(path, error) from error
            if oid:
                if index:
                    index.remember(path, state, oid, began)
                self.new_bytes += state.st_size if len(self._fresh) > fresh else 0
                return oid, state.st_size
            state = regular(Path(path))
        raise UserError(f"{path} changes while it is read", "wait until the program that writes it is done")

    def take_file(self, path: Path) -> Oid:
        """Move a finished file of ours into the store without copying; small ones and foreign ones are copied."""
        state = regular(path)
        ours = stat.S_ISREG(os.lstat(path).st_mode) and state.st_nlink == 1
        if state.st_size < SMALL or not ours:
            return self.add_file(path)
        with store_faults(f"move {path} into the store"):
            target = self._lease.path()
            try:
                os.rename(path, target)
            except OSError:  # on another file system
                return self.add_file(path)
            os.chmod(target, READ_ONLY)
            return self._keep_solid(hash_path(target), target)

    def add_tree(self, folder: Path, *, take: bool = False) -> tuple[Oid, int, int]:
        """Add a folder: its tree, files, bytes. `take` moves big files out of it. Raises UserError, StoreError."""
        entries = []
        for found in walk(folder):
            oid, size = (
                (self.take_file(Path(found.full)), found.state.st_size)
                if take
                else self.add_found(found.full, found.state)
            )
            entries.append(entry(found, oid, size))
        return write_tree(self, entries), len(entries), sum(item.size for item in entries)

    def commit(self, durable: bool | None = None) -> None:
        """Make everything visible: containers first, then their index. `durable` also waits for the disk.

        `Store.flush` waits for the rest. The caller's journal line comes after. Raises StoreError.
        """
        durable = self._durable if durable is None else durable
        with store_faults("write to the store"):
            for oid, data in self._few.items():
                self._solids[oid] = path = self._lease.path()
                write_new(path, data)
            self._few = {}
            self._finish_pack()
            names = {path: self._store.layout.solid(oid) for oid, path in self._solids.items()}
            names |= {path: self._store.layout.pack(pack.name) for pack, path in self._packs}
            written = _publish(names, durable)
            if self._packs:
                written += self._publish_index(durable)
        self._solids, self._packs = {}, []
        self._committed([] if durable else written)

    def _publish_index(self, durable: bool) -> list[str]:
        data = build_index(pack for pack, _ in self._packs)
        path = self._lease.path()
        write_new(path, data)
        return _publish({path: f"{self._store.layout.indexes}/{hash_bytes(data)}.idx"}, durable)

    def _is_new(self, oid: Oid, size: int) -> bool:
        if oid in self._seen:
            return False
        self._seen.add(oid)
        if self._knows(oid, size):
            return False
        self._fresh.add(oid)
        return True

    def _knows(self, oid: Oid, size: int) -> bool:
        """Whether the store has an object; after damage was found only what is proven counts, the rest is new."""
        if not self._store.known(oid, size):
            return False
        if self._doubt:
            try:
                self._store.prove(oid)
            except StoreError:
                self._store.refresh()
                return False
        return True

    def _add_to_pack(self, oid: Oid, data: bytes) -> None:
        if self._pack is None:
            self._pack = PackWriter(self._lease.path())
            for other, waiting in self._few.items():
                self._pack.add(other, waiting)
            self._few = {}
        self._pack.add(oid, data)
        if self._pack.size >= ROLL:
            self._finish_pack()

    def _finish_pack(self) -> None:
        if self._pack:
            name = self._pack.finish()
            self._packs.append((Packed(name, self._pack.size, tuple(self._pack.rows)), self._pack.path))
            self._pack = None

    def _read_small(self, path: str, state: os.stat_result) -> Oid | None:
        """Add a small file in one reading; None when `state` is not true any more. Raises OSError, StoreError."""
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(source, state.st_size + 1)
            same = len(data) == state.st_size and _same(os.fstat(source), state)
        finally:
            os.close(source)
        return self.add_bytes(data) if same else None

    def _copy_big(self, path: str, state: os.stat_result) -> Oid | None:
        """Hash and copy a big file; None when it changed meanwhile. Raises OSError, StoreError."""
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            began = clock()
            oid = hash_descriptor(source, state.st_size)
            if oid in self._seen or self._knows(oid, state.st_size):
                return oid if _same(os.fstat(source), state) else None
            with store_faults("write to the store"):
                target = self._lease.path()
                copy = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READ_ONLY)
                try:
                    with written_early(copy) if self._durable else nullcontext():
                        copy_descriptor(source, copy)
                    same = _same(os.fstat(source), state)
                    # A change within the clock's tick leaves no trace in the times: then the copy itself must prove it.
                    if same and state.st_ctime_ns + FRESH > began:
                        same = hash_descriptor(copy, state.st_size) == oid
                finally:
                    os.close(copy)
                if not same:
                    os.unlink(target)
                    return None
                return self._keep_solid(oid, target)
        finally:
            os.close(source)

    def _keep_solid(self, oid: Oid, path: str) -> Oid:
        if self._is_new(oid, os.stat(path).st_size):
            self._solids[oid] = path
        else:
            os.unlink(path)
        return oid


def entry(found: Found, oid: Oid, size: int) -> Entry:
    """The row of a tree for a file that was found in a folder."""
    return Entry(found.path, oid, size, bool(found.state.st_mode & stat.S_IXUSR))


def _same(now: os.stat_result, then: os.stat_result) -> bool:
    return now.st_size == then.st_size and now.st_mtime_ns == then.st_mtime_ns and now.st_ctime_ns == then.st_ctime_ns


def _publish(names: dict[str, str], durable: bool) -> list[str]:
    """Rename files to their final names. Raises OSError."""
    if durable:
        sync_files(names)
    for path, target in names.items():
        try:
            os.rename(path, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(path, target)
    if durable:
        sync_folders(names.values())
    return list(names.values())


def sync_files(paths: Iterable[str]) -> None:
    """Wait until the disk has the contents of these files. Raises OSError."""
    paths = list(paths)
    if len(paths) < 2:
        for path in paths:
            _sync(path)
        return
    from concurrent.futures import ThreadPoolExecutor  # not before it is needed: it loads slowly

    with ThreadPoolExecutor(min(FLUSHERS, len(paths))) as pool:
        for _ in pool.map(_sync, paths):
            pass


def sync_folders(paths: Iterable[str]) -> None:
    """Wait until the disk has the names of these files, and those of their folders. Raises OSError."""
    folders = {os.path.dirname(path) for path in paths}
    for folder in sorted(folders | {os.path.dirname(folder) for folder in folders}):
        sync_folder(Path(folder))


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
