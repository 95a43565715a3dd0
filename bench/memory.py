"""The memory of a process and of all that it started, together: the kernel itself only tells the largest of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

PERIOD = 0.05


class Watch:
    """Looks at a tree of processes twenty times a second while the block runs; without /proc `peak_mb` stays 0."""

    def __init__(self, root: int) -> None:
        self.root = root
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PERIOD):
            self.peak_mb = max(self.peak_mb, sum(map(resident_mb, tree(self.root))))


def tree(root: int) -> Iterator[int]:
    """A process and all below it; those that end meanwhile are left out."""
    yield root
    try:
        threads = os.listdir(f"/proc/{root}/task")
    except OSError:
        return
    for thread in threads:
        try:
            children = Path(f"/proc/{root}/task/{thread}/children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def resident_mb(process: int) -> float:
    """MiB that are in memory for a process, shared pages included."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
