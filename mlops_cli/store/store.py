"""The store: content by identity under `.mlops`. Reading is in objects.py, writing in transaction.py."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from mlops_cli.store.faults import store_faults
from mlops_cli.store.index import merge
from mlops_cli.store.layout import check_layout, create_layout
from mlops_cli.store.lease import sweep
from mlops_cli.store.objects import Objects
from mlops_cli.store.transaction import Transaction, sync_files, sync_folders

MANY = 16  # index files, above which a writer merges them into one
Durability: TypeAlias = Literal["commit", "none"]

__all__ = ["Durability", "Store", "Transaction"]


class Store(Objects):
    """One store, opened. `create` or `open` make it."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        super().__init__(folder)
        self.durability = durability
        self._swept = False
        self._unflushed: list[str] = []

    @classmethod
    def create(cls, folder: Path, durability: Durability = "commit") -> Store:
        """Make the store `folder`, or open it where it exists. Raises StoreError."""
        create_layout(folder)
        return cls.open(folder, durability)

    @classmethod
    def open(cls, folder: Path, durability: Durability = "commit") -> Store:
        """Open an existing store; raises StoreError when there is none, it is damaged, or of a later format.

        `commit` waits for the disk before names move; `none` leaves the waiting to the operating system.
        """
        check_layout(folder)
        return cls(folder, durability)

    def begin(self) -> Transaction:
        """Begin to write; use it in a `with` block and end with `commit`. Raises StoreError."""
        if not self._swept:
            self._swept = True
            with store_faults("sweep what writers that died left behind"):
                sweep(self.layout.leases)
        self.refresh()
        return Transaction(self, self.durability == "commit", self._after_commit)

    def flush(self) -> None:
        """Wait until the disk has everything that this process committed without waiting. Raises StoreError."""
        paths, self._unflushed = self._unflushed, []
        if paths and self.durability == "commit":
            with store_faults("write to the disk"):
                there = [path for path in paths if Path(path).exists()]  # what was set aside or merged since is gone
                sync_files(there)
                sync_folders(there)

    def _after_commit(self, unflushed: list[str]) -> None:
        self._unflushed += unflushed
        if len(self.refresh()) > MANY:
            with store_faults("merge the index of the store"):
                merge(self.layout, self.refresh().values())
            self.refresh()
