"""Which files of the project a stage opened by itself: nobody declared them, so a change to them would not be seen."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

CODE = (".py", ".pyc", ".so", ".pyd")  # code is tracked from its source
STORE = ".mlops/"


@dataclass
class Reads:
    """Watches the `open` events of this process from `start` on; what C libraries open by themselves raises none."""

    project: str
    found: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Begin to watch. A hook cannot be taken away again, so this is for processes that end with their stage."""
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        writes = isinstance(arguments[1], str) and not arguments[1].startswith("r")
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - a Path keeps the dots of `..`
        if writes or not path.startswith(f"{self.project}/") or path.endswith(CODE):
            return
        inside = path.removeprefix(f"{self.project}/")
        if not inside.startswith(STORE):
            self.found.add(inside)
