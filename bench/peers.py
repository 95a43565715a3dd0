"""The programs that we measure ourselves against: found where a variable points, else installed."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

VENVS = Path(__file__).resolve().parent / "venvs"
PACKAGES = {"dvc": ("dvc",), "snakemake": ("snakemake",)}


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
    """The program of this interpreter's environment."""
    program = Path(sys.executable).parent / "mlops"
    if not program.exists():
        return Peer("mlops", None, "", f"there is no {program}")
    return Peer("mlops", program, version("mlops-cli"))


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
    pip = [str(VENVS / name / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ended = subprocess.run([*pip, *PACKAGES[name]], capture_output=True, text=True, check=False)
    return ended.stderr.strip()[-600:] if ended.returncode else None


def _known(name: str, program: Path) -> Peer:
    try:
        ended = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        return Peer(name, None, "", str(error))
    if ended.returncode:
        return Peer(name, None, "", f"{program} --version ended with {ended.returncode}: {ended.stderr[-300:]}")
    return Peer(name, program, ended.stdout.split()[-1])
