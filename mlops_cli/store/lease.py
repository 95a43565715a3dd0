"""The private folder of one writer. A lock on a file in it says that the writer lives; the folders of the dead go."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path
from types import TracebackType

ALIVE = "lease"
GRACE = 3600  # seconds after which a folder without a lock file belongs to nobody


class Lease:
    """`tmp/<host>-<pid>-<random>/`, made on first use and removed at the end. Methods raise OSError."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._folder: Path | None = None
        self._lock = -1
        self._count = 0

    def path(self) -> str:
        """A fresh file name inside the folder."""
        if self._folder is None:
            self._make()
        self._count += 1
        return f"{self._folder}/{self._count}"

    def _make(self) -> None:
        while self._folder is None:
            folder = self._parent / f"{os.uname().nodename}-{os.getpid()}-{os.urandom(4).hex()}"
            folder.mkdir(parents=True)
            try:
                lock = os.open(folder / ALIVE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                continue  # a sweeper took the empty folder for a dead one
            if _lock(lock) and (folder / ALIVE).exists():
                self._folder, self._lock = folder, lock
            else:  # the same, between making the file and locking it
                os.close(lock)

    def close(self) -> None:
        """Remove the folder with whatever is left in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._folder = None

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep(parent: Path) -> int:
    """Remove the folders of writers that died; returns how many. What cannot be removed stays for the next time."""
    swept = 0
    try:
        folders = list(parent.iterdir())
    except FileNotFoundError:
        return 0
    for folder in folders:
        if _is_dead(folder):
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept


def _is_dead(folder: Path) -> bool:
    try:
        lock = os.open(folder / ALIVE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _is_abandoned(folder)  # being made this moment, or its writer or sweeper was killed
    except OSError:
        return False
    try:
        return _lock(lock)
    except OSError:
        return False  # a file system without locks: nobody can tell, so the folder stays
    finally:
        os.close(lock)


def _is_abandoned(folder: Path) -> bool:
    try:
        folder.rmdir()  # if it is empty; whoever is making it makes another
    except FileNotFoundError:
        return False
    except OSError:
        pass
    try:
        return time.time() - folder.stat().st_mtime > GRACE
    except OSError:
        return False
