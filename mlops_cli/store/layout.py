"""Where everything lies inside `.mlops`, and the file `store.json` that says how to read the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, sync_folder, write_atomic
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.store.faults import store_faults

FORMAT = 1
MEASURES = "cache/measures"
"""Where it is kept what was measured of data."""
FOLDERS = ("c", "i", "a", "cache", "tmp", "quarantine")


@dataclass(frozen=True)
class StoreFile:
    """`store.json`: the format number, the store's own id, the hash, the time of creation."""

    format: int
    id: str
    hash: str
    created: str


@dataclass(frozen=True)
class Layout:
    """Paths inside one store."""

    folder: Path

    def solid(self, oid: Oid) -> str:
        """The file that holds exactly the bytes of one object."""
        return f"{self.folder}/c/{oid[:2]}/{oid}.raw"

    def pack(self, name: str) -> str:
        """The file that holds many objects."""
        return f"{self.folder}/c/{name[:2]}/{name}.pack"

    @property
    def containers(self) -> Path:
        return self.folder / "c"

    @property
    def indexes(self) -> Path:
        return self.folder / "i"

    @property
    def leases(self) -> Path:
        return self.folder / "tmp"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def witness(self) -> Path:
        """What tells a journal that lost lines from one that never had them."""
        return self.folder / "witness"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"


def create_layout(folder: Path) -> None:
    """Make an empty store; `store.json` comes last, so a store that has it is whole. Finishes a creation cut short."""
    with store_faults(f"make the store {folder}"):
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_atomic(folder / ".gitignore", b"*\n")
        about = StoreFile(FORMAT, os.urandom(8).hex(), "blake3", timestamp())
        if not (folder / "store.json").exists():
            write_atomic(folder / "store.json", canonical(about) + b"\n", durable=True)
            sync_folder(folder.parent)


def check_layout(folder: Path) -> StoreFile:
    """Read `store.json`; raises StoreError for a folder that is no store, is damaged, or is of a later format."""
    path = folder / "store.json"
    with store_faults(f"open the store {folder}"):
        data = read_if_there(path)
    if data is None:
        if not folder.is_dir():
            raise StoreError(f"there is no store at {folder}", "`mlops init` or the first `mlops run` makes one")
        if os.path.lexists(folder / "journal"):
            raise StoreError(f"{folder} has lost its store.json", "bring the file back from a copy of the store")
        create_layout(folder)  # its creation was cut short; there is nothing in it yet
        return check_layout(folder)
    try:
        about = decode(data, StoreFile)
    except BadRecord as error:
        raise StoreError(f"{path} is damaged: {error}", "bring the file back from a copy of the store") from error
    if about.format > FORMAT:
        raise StoreError(
            f"{folder} has store format {about.format}, this mlops reads up to {FORMAT}", "use a newer mlops"
        )
    if about.format != FORMAT or about.hash != "blake3":
        raise StoreError(
            f"{path} is damaged: format {about.format}, hash '{about.hash}'",
            "bring the file back from a copy of the store",
        )
    return about
