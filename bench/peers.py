"""The programs that we measure ourselves against: found where a variable points, else installed."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

VENVS = Path(__file__).resolve().parent / "venvs"
PACKAGES = {"dvc": ("dvc",), "snakemake": ("snakemake",), "mlops": (str(VENVS.parents[1]),)}


@dataclass(frozen=True)
class Peer:
    """A program: where it is and its version, or why it is not there."""

    name: str
    program: Path | None
    version: str
    problem: str | None = None

    @property
    def python(self) -> Path:
        """The interpreter that the program runs on."""
        if self.program is None:
            raise FileNotFoundError(self.name)
        return self.program.parent / "python"


def ours() -> Peer:
    """This checkout, installed the way a user installs it: into an environment of its own, without our tools."""
    program = VENVS / "mlops" / "bin" / "mlops"
    problem = None if program.exists() else _install("mlops")
    problem = problem or _pip("mlops", "--force-reinstall", "--no-deps", str(VENVS.parents[1]))
    return Peer("mlops", None, "", problem) if problem else _known("mlops", program)


def find(name: str) -> Peer:
    """A peer, installed into `bench/venvs/NAME` when it is not there yet."""
    given = os.environ.get(f"BENCH_{name.upper()}")
    if given:
        return _known(name, Path(given))
    program = VENVS / name / "bin" / name
    if not program.exists():
        problem = _install(name)
        if problem:
            return Peer(name, None, "", problem)
    return _known(name, program)


def _install(name: str) -> str | None:
    """Make the environment; returns what went wrong, if anything."""
    sys.stderr.write(f"installing {name} into {VENVS / name}\n")
    venv.create(VENVS / name, with_pip=True, clear=True)
    return _pip(name, *PACKAGES[name])


def _pip(name: str, *words: str) -> str | None:
    pip = [str(VENVS / name / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ended = subprocess.run([*pip, *words], capture_output=True, text=True, check=False)
    return ended.stderr.strip()[-600:] if ended.returncode else None


def _known(name: str, program: Path) -> Peer:
    try:
        ended = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        return Peer(name, None, "", str(error))
    if ended.returncode:
        return Peer(name, None, "", f"{program} --version ended with {ended.returncode}: {ended.stderr[-300:]}")
    return Peer(name, program, ended.stdout.split()[-1])
