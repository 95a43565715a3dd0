"""What has been promised: a factor against a peer, measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """`ours` must be at least `factor` times as fast as the fastest of `peers` in `case` (below 1: may be slower)."""

    bench: str
    case: str
    """The beginning of the case's name."""
    peers: tuple[str, ...]
    factor: float
    ours: str = "mlops"


TARGETS = (
    Target("startup", "help", ("import typer",), 1 / 2.5),
    Target("graph", "first run", ("dvc",), 8),
    Target("graph", "nothing to do", ("dvc",), 5),
    Target("files", "add 10,000 files of 4096 B", ("dvc, copy", "dvc, hardlink"), 3),
    Target("blob", "add one file of 512 MiB", ("dvc, copy",), 2),
)
