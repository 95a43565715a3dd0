"""How long a command takes to say anything: `--help`, against the bare import of typer and against a peer."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Contender, Step, Timing, compare
from peers import Peer


def run(work: Path, us: Peer, dvc: Peer, rounds: int) -> list[Timing]:
    """Whole processes, everything in the page cache."""
    commands = {
        "mlops": [str(us.program), "--help"],
        "import typer": [sys.executable, "-c", "import typer"],
        "python": [sys.executable, "-c", ""],
    }
    if dvc.program:
        commands["dvc"] = [str(dvc.program), "--help"]
    folder = work / "startup"
    folder.mkdir(parents=True)
    contenders = [
        Contender(name, lambda _number: folder, [Step("help", command)]) for name, command in commands.items()
    ]
    return compare("startup", contenders, rounds, warmups=2)
