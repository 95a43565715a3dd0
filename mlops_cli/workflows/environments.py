"""The environment of a recorded run: how it differs from this one, and a virtual environment made like it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mlops_cli.base.assets import PACKAGE, asset_folder
from mlops_cli.base.errors import StageFailed, StoreError, UserError
from mlops_cli.pipeline.distributions import Environment
from mlops_cli.pipeline.records import RunRecord, StageRecord
from mlops_cli.workflows.workspace import Workspace

OURS = "mlops-cli"
NOT_OURS_TO_SET = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")  # what would bring other libraries in


def environment_differences(workspace: Workspace, run: RunRecord) -> list[str]:
    """The interpreter, and the libraries that the run's stages name, where they are others now; then how many more."""
    try:
        then = workspace.store.read_record(run.environment, "environment", Environment)
    except StoreError:
        return ["the store has lost the record of the run's environment"]
    now = workspace.installed.environment()
    lines = [
        f"{what}: the run had {old}, this is {new}"
        for what, old, new in (("Python", then.python, now.python), ("platform", then.platform, now.platform))
        if old != new
    ]
    used = _used(workspace, run)
    names = [
        name
        for name in sorted({*then.distributions, *now.distributions})
        if then.distributions.get(name) != now.distributions.get(name)
        and (name != OURS or name in now.distributions)  # a bare checkout of ours does not tell its version
    ]
    lines += [
        f"{name}: the run had {_version(then, name)}, here is {_version(now, name)}" for name in names if name in used
    ]
    more = sum(name not in used for name in names)
    if more:
        lines.append(f"{more} other installed {'library differs' if more == 1 else 'libraries differ'} from the run's")
    return lines


def _version(environment: Environment, name: str) -> str:
    return environment.distributions.get(name, "none")


def _used(workspace: Workspace, run: RunRecord) -> set[str]:
    """The distributions that the stages of a run depend on."""
    used: set[str] = set()
    for result in run.stages:
        if result.record is not None:
            with suppress(StoreError):  # what is lost is told where stages are compared
                used |= {*workspace.store.read_record(result.record, "stage", StageRecord).components.distributions}
    return used


def recorded_environment(workspace: Workspace, run: RunRecord) -> Environment:
    """The environment of a run; raises StoreError where its record is lost."""
    try:
        return workspace.store.read_record(run.environment, "environment", Environment)
    except StoreError as error:
        message = f"the environment of run:{run.id} cannot be installed: the store has lost its record"
        raise StoreError(message, error.faults[0].message) from error


def install(environment: Environment, folder: Path, tell: Callable[[str], None]) -> Path:
    """Make the virtual environment `folder` with the recorded distributions and this program; returns its interpreter.

    Raises UserError where there is no such Python, StageFailed where a distribution cannot be installed.
    """
    tell(f"making an environment with Python {environment.python}")
    _call([_interpreter(environment.python), "-m", "venv", str(folder)], "a virtual environment cannot be made")
    python = folder / "bin" / "python"
    wanted = [f"{name}=={version}" for name, version in environment.distributions.items() if name not in (OURS, "pip")]
    listed = folder / "recorded.txt"
    listed.write_text("".join(f"{line}\n" for line in wanted), "utf-8")
    tell(f"installing {len(wanted)} recorded libraries")
    pip = [str(python), "-m", "pip", "install", "--no-deps", "--no-input", "--disable-pip-version-check", "--quiet"]
    if wanted:
        _call([*pip, "-r", str(listed)], "the recorded libraries cannot be installed")
    _place_program(
        Path(_call([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], "").strip())
    )
    return python


def _interpreter(version: str) -> str:
    """A Python of the recorded minor version: this one, or one on the path."""
    minor = ".".join(version.split(".")[:2])
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(f"python{minor}")
    if found is None:
        raise UserError(f"the run used Python {version}, and there is no python{minor} here", "install it")
    return found


def _call(command: Sequence[str], failing: str) -> str:
    ended = subprocess.run(command, env=clean_variables(), capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = [line for line in (ended.stderr + ended.stdout).splitlines() if line.strip()]
        told = next((line for line in lines if line.startswith("ERROR:")), lines[-1] if lines else "no message")
        hint = "pip needs a place that has these versions: an index, or PIP_FIND_LINKS with a folder of wheels"
        raise StageFailed(f"{failing}: {told.removeprefix('ERROR:').strip()}", hint)
    return ended.stdout


def clean_variables() -> dict[str, str]:
    """The variables for an interpreter that shall see its own libraries only."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS_TO_SET}
    return {**kept, "PYTHONNOUSERSITE": "1"}


def _place_program(site: Path) -> None:
    """This program as it runs now, whatever was recorded: it is the program that reads the record."""
    target = site / PACKAGE.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("specs", "examples"):
        if not (target / f"_{name}").exists():
            shutil.copytree(
                asset_folder(name), target / f"_{name}", ignore=shutil.ignore_patterns("__pycache__", ".mlops")
            )


def run_there(python: Path, root: Path, words: Sequence[str]) -> int:
    """Run this program in a virtual environment, on the same screen; returns its exit code."""
    return subprocess.run(
        [str(python), "-P", "-m", PACKAGE.name, *words], cwd=root, env=clean_variables(), check=False
    ).returncode
