"""The reading half of the store: is an object there, what are its bytes, put it somewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeVar

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid, hash_bytes, is_oid
from mlops_cli.base.records import BadRecord, decode
from mlops_cli.store.copying import READ_ONLY, copy_new, hash_path, write_new
from mlops_cli.store.faults import store_faults
from mlops_cli.store.heal import salvage, set_aside
from mlops_cli.store.index import BadIndex, IndexFile, Location
from mlops_cli.store.layout import Layout
from mlops_cli.store.packs import decode_frame

T = TypeVar("T")
EMPTY = hash_bytes(b"")
NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})
AGAIN = "add the file again, or run the pipeline again: what is missing is then made anew"


def header(kind: str) -> bytes:
    """The line that a structured object begins with."""
    return f"mlops/{kind}/1\n".encode()


class Objects:
    """Objects by identity. Needs no lock; another process's commits are seen as soon as they happen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout(folder)
        self._indexes: dict[str, IndexFile] | None = None
        self._checked: set[Oid] = set()

    def has(self, oid: Oid) -> bool:
        """Whether the store holds this object."""
        return self._solid_size(oid) is not None or self._locate(oid) is not None

    def size(self, oid: Oid) -> int:
        """The length of an object in bytes; raises StoreError when it is missing."""
        size = self._solid_size(oid)
        if size is not None:
            return size
        location = self._locate(oid)
        if location is None:
            raise _missing(oid)
        return location.raw

    def read(self, oid: Oid) -> bytes:
        """The bytes of an object, proven to be the right ones; raises StoreError when it is missing or damaged."""
        if self._solid_size(oid) is None:
            return self._read_packed(oid)
        path = self.layout.solid(oid)
        with store_faults(f"read object {oid[:12]}"), open(path, "rb") as file:
            data = file.read()
        if hash_bytes(data) != oid:
            raise self._give_up(oid, path)
        return data

    def read_record(self, oid: Oid, kind: str, form: type[T]) -> T:
        """A structured object as a record; raises StoreError when it is missing, damaged, or of another kind."""
        data = self.read(oid)
        start = header(kind)
        if not data.startswith(start):
            raise StoreError(f"object {oid[:12]} is no {kind}", f"it begins with {data[:24]!r}")
        try:
            return decode(data[len(start) :], form)
        except BadRecord as error:
            raise StoreError(
                f"object {oid[:12]} is a {kind} that this mlops cannot read: {error}", "use a newer mlops"
            ) from error

    def open_path(self, oid: Oid) -> Path | None:
        """The file that holds exactly this object's bytes, for reading only; None when it lies in a pack."""
        return Path(self.layout.solid(oid)) if self._solid_size(oid) is not None else None

    def place(self, oid: Oid, target: Path, mode: Literal["link", "copy"], executable: bool = False) -> None:
        """Make the file `target`, which must not exist, with an object's bytes, proven to be right.

        `link` gives a read-only hard link where the file system can, `copy` a file of its own. Raises StoreError.
        """
        with store_faults(f"write {target}"):
            mask = READ_ONLY if mode == "link" else 0o666
            mask |= 0o111 if executable else 0
            if self._solid_size(oid) is None:
                write_new(str(target), self._read_packed(oid), mask)
                return
            solid = self.layout.solid(oid)
            self._check(oid, solid)
            if mode == "copy" or executable or not _link(solid, target):
                copy_new(solid, str(target), mask)

    def objects(self, prefix: str = "") -> Iterator[Oid]:
        """The objects whose name begins with `prefix`, each once, in no order."""
        seen: set[Oid] = set()
        for path in self.solids(prefix):
            seen.add(Oid(path.stem))
        for index in self.refresh().values():
            seen.update(index.objects(prefix))
        yield from seen

    def solids(self, prefix: str = "") -> Iterator[Path]:
        """The solids whose object's name begins with `prefix`."""
        for folder in sorted(self.layout.containers.glob(f"{prefix[:2]}*" if len(prefix) >= 2 else "*")):
            yield from folder.glob(f"{prefix}*.raw")

    def refresh(self) -> dict[str, IndexFile]:
        """Take notice of index files that came or went since the last look. Raises StoreError."""
        known = self._indexes or {}
        while True:
            with store_faults("read the index of the store"):
                try:
                    names = [name for name in os.listdir(self.layout.indexes) if name.endswith(".idx")]
                except FileNotFoundError:
                    names = []
                try:
                    found = {name: known.get(name) or self._load(name) for name in names}
                except FileNotFoundError:
                    continue  # merged into another one this moment: that one is in the next listing
            self._indexes = {name: index for name, index in found.items() if index}
            return self._indexes

    def known(self, oid: Oid, size: int | None = None) -> bool:
        """As `has`, without a look at what others wrote since the last `refresh`: for many questions at once.

        A solid that has not the expected `size` is damaged: it is set aside, so that it is stored again.
        """
        if self._indexes:
            for index in self._indexes.values():
                if index.find(oid):
                    return True
        solid = self.layout.solid(oid)
        if not os.access(solid, os.F_OK):
            return False
        found = self._solid_size(oid)
        if found is not None and size is not None and found != size:
            self._give_up(oid, solid)
            return False
        return found is not None

    def _load(self, name: str) -> IndexFile | None:
        path = str(self.layout.indexes / name)
        try:
            index = IndexFile(path)
        except BadIndex:
            return None  # cut short by a power failure before anything named it; `fsck` reports it
        for number, (pack, size) in enumerate(index.packs):
            try:
                if os.stat(self.layout.pack(pack)).st_size != size:
                    index.lost.add(number)
            except FileNotFoundError:
                index.lost.add(number)
        return index

    def _solid_size(self, oid: Oid) -> int | None:
        if not is_oid(oid):
            return None  # records come from anywhere, and an identity becomes a path here
        try:
            size = os.stat(self.layout.solid(oid)).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        # A power failure can leave a file with a name and no bytes.
        return size if size or oid == EMPTY else None

    def _locate(self, oid: Oid) -> Location | None:
        if not is_oid(oid):
            return None
        for index in (self._indexes or {}).values():
            if found := index.find(oid):
                return found
        for index in self.refresh().values():
            if found := index.find(oid):
                return found
        return None

    def _read_packed(self, oid: Oid) -> bytes:
        location = self._locate(oid)
        if location and not os.access(self.layout.pack(location.pack), os.F_OK):
            self._indexes = None  # the pack was set aside by another process; its objects may be elsewhere
            location = self._locate(oid)
        if location is None:
            raise _missing(oid)
        path = self.layout.pack(location.pack)
        with store_faults(f"read object {oid[:12]}"), open(path, "rb") as file:
            file.seek(location.offset)
            frame = file.read(location.stored)
        data = decode_frame(oid, location.codec, location.raw, frame)
        if data is None:
            raise self._give_up(oid, path, location.pack)
        return data

    @property
    def in_doubt(self) -> bool:
        """Whether damage was found here before and is not dealt with: then what is relied on should be proven first."""
        try:
            with os.scandir(self.layout.quarantine) as entries:
                return any(True for _ in entries)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def prove(self, oid: Oid) -> None:
        """Read an object once in the life of this process; raises StoreError when it is missing or damaged."""
        if self._solid_size(oid) is None:
            self._read_packed(oid)
            return
        with store_faults(f"read object {oid[:12]}"):
            self._check(oid, self.layout.solid(oid))

    def prove_again(self, oid: Oid) -> None:
        """Read a solid once more after something had the chance to change it; raises StoreError when it is damaged."""
        self._checked.discard(oid)
        if self._solid_size(oid) is not None:
            self._check(oid, self.layout.solid(oid))

    def _check(self, oid: Oid, solid: str) -> None:
        """Prove a solid once in the life of this process."""
        if oid not in self._checked:
            if hash_path(solid) != oid:
                raise self._give_up(oid, solid)
            self._checked.add(oid)

    def _give_up(self, oid: Oid, container: str, pack: str | None = None) -> StoreError:
        """Set a damaged container aside; returns the error to raise."""
        with store_faults(f"set the damaged container of object {oid[:12]} aside"):
            if pack is None:
                set_aside(self.layout, container)
            else:
                indexes = self.refresh().values()
                rows = {
                    row.oid: row
                    for index in indexes
                    for item in index.packed()
                    if item.name == pack
                    for row in item.rows
                }
                salvage(self.layout, pack, rows.values())
                self._indexes = None
        return StoreError(f"object {oid[:12]} is damaged; its container is now in {self.layout.quarantine}", AGAIN)


def _link(solid: str, target: Path) -> bool:
    try:
        os.link(solid, target)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        return False
    return True


def _missing(oid: Oid) -> StoreError:
    return StoreError(f"object {oid[:12]} is not in this store", AGAIN)
