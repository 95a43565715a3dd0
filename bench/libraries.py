"""Peers that are libraries: each in a virtual environment of its own, with the versions that it can live with.

python bench/libraries.py [NAME...]       installs what is not there yet and prints what was found
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from peers import VENVS, Peer

MARK = "installed.txt"
LISTED = 1500  # seconds that one installation may take


@dataclass(frozen=True)
class Recipe:
    """What to install for a peer, the module that must load afterwards, and the newest Python that it runs on."""

    packages: tuple[str, ...]
    distribution: str
    module: str
    newest: tuple[int, int] = (3, 13)


RECIPES = {
    "polars": Recipe(("polars",), "polars", "polars"),
    "duckdb": Recipe(("duckdb",), "duckdb", "duckdb"),
    "pandera": Recipe(("pandera[polars]", "pandas", "pyarrow"), "pandera", "pandera.polars"),
    "pointblank": Recipe(
        ("pointblank", "polars", "duckdb", "ibis-framework[duckdb]", "pyarrow", "pandas"), "pointblank", "pointblank"
    ),
    "gx": Recipe(("great_expectations>=1,<2", "pyarrow"), "great_expectations", "great_expectations"),
    # Its pins are so old that pip searches for minutes and gives up.
    "tfdv": Recipe(
        ("tensorflow-data-validation==1.16.*", "setuptools<81", "dill"),
        "tensorflow-data-validation",
        "tensorflow_data_validation",
        (3, 11),
    ),
    "whylogs": Recipe(("whylogs", "numpy<2", "pandas<2.3", "pyarrow<18"), "whylogs", "whylogs", (3, 12)),
    "evidently": Recipe(("evidently", "pyarrow", "pandas<3"), "evidently", "evidently"),
    "nannyml": Recipe(
        ("nannyml", "statsmodels", "pandas<2.3", "numpy<2", "scipy<1.14", "pyarrow<18"), "nannyml", "nannyml", (3, 11)
    ),
    "fairlearn": Recipe(("fairlearn", "pandas<3", "pyarrow"), "fairlearn", "fairlearn.metrics"),
    "tfma": Recipe(
        ("tensorflow-model-analysis", "setuptools<81", "dill"),
        "tensorflow-model-analysis",
        "tensorflow_model_analysis",
        (3, 11),
    ),
    "ydata": Recipe(("ydata-profiling", "pyarrow", "setuptools<81"), "ydata-profiling", "ydata_profiling"),
}


def library(name: str) -> Peer:
    """The peer in its environment, installed when it is not there; a `problem` says why it cannot be."""
    place = VENVS / name
    if not (place / MARK).is_file():
        problem = _install(name)
        if problem:
            return Peer(name, None, "", problem)
    return Peer(name, place / "bin" / "python", (place / MARK).read_text("utf-8").strip())


def _install(name: str) -> str | None:
    recipe, place = RECIPES[name], VENVS / name
    python = interpreter(recipe.newest)
    if python is None:
        return f"needs Python {recipe.newest[0]}.{recipe.newest[1]} or lower, and none was found"
    sys.stderr.write(f"installing {name} into {place}\n")
    uv = installer()
    if isinstance(uv, str):
        return uv
    shutil.rmtree(place, ignore_errors=True)
    into = str(place / "bin" / "python")
    steps = (
        [python, "-m", "venv", "--without-pip", str(place)],
        # Compiled as pip would: else every start of a peer would pay for that where Python may not write it down.
        [str(uv), "pip", "install", "--quiet", "--compile-bytecode", "--python", into, *recipe.packages],
        [into, "-W", "ignore", "-c", f"import {recipe.module}"],
    )
    for step in steps:
        problem = _problem(step)
        if problem:
            return problem
    asked = f"import importlib.metadata as found; print(found.version({recipe.distribution!r}))"
    version = subprocess.run([into, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    (place / MARK).write_text(version + "\n", "utf-8")
    return None


def installer() -> Path | str:
    """uv, which resolves in seconds what takes pip minutes; or the reason why it is not to be had."""
    program = VENVS / "uv" / "bin" / "uv"
    if not program.exists():
        pip = [str(program.parent / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
        for step in ([sys.executable, "-m", "venv", str(VENVS / "uv")], pip):
            problem = _problem(step)
            if problem:
                return problem
    return program


def interpreter(newest: tuple[int, int]) -> str | None:
    """This Python when it is old enough, else the newest on the path that is and that works."""
    if sys.version_info[:2] <= newest:
        return sys.executable
    for minor in range(newest[1], 9, -1):
        found = shutil.which(f"python3.{minor}")
        # A shim may be on the path without an interpreter behind it.
        if found and not _problem([found, "-c", "import venv"]):
            return found
    return None


def _problem(command: list[str]) -> str | None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LISTED)
    except subprocess.TimeoutExpired:
        return f"{Path(command[0]).name} took more than {LISTED} s"
    return ended.stderr.strip()[-600:] if ended.returncode else None


def main(names: list[str]) -> int:
    """Install the peers named, or all; those that cannot be installed are told, not fatal."""
    for name in names or list(RECIPES):
        start = time.monotonic()
        peer = library(name)
        state = peer.version if peer.program else f"cannot be installed: {peer.problem}"
        sys.stdout.write(f"{name:12} {state} ({time.monotonic() - start:.0f} s)\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
