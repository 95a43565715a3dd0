"""The seam between the scheduler and whatever runs stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Task:
    """One stage to run: a job file for the entry point, in a folder, within limits."""

    id: str
    job: Path
    folder: Path
    log: Path
    memory: int | None
    """Bytes of data that each process of the stage may hold; None: no cap."""
    timeout: float | None
    """Seconds."""
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """How a task ended. `status` is the exit code, or minus the signal's number."""

    id: str
    status: int
    seconds: float
    peak_memory: int
    """Bytes."""
    cause: Literal["done", "error", "signal", "timeout", "cancelled"]


class Executor(Protocol):
    """Starts tasks and tells when they end."""

    capacity: int
    """CPUs that tasks may use together."""

    def submit(self, task: Task) -> None:
        """Start a task now."""
        ...

    def wait(self) -> Finished:
        """Block until a started task ends."""
        ...

    def cancel(self) -> None:
        """Kill everything that runs; `wait` still reports each."""
        ...

    def close(self) -> None:
        """Kill what still runs and free all resources."""
        ...
