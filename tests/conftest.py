"""Fixtures: a real workspace in a temporary folder, the real command, a guard against writing elsewhere."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder in which the command runs."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def mlops(self, *words: str, code: int | None = 0) -> Ended:
        """Run the command in a process of its own."""
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **self.environment}
        ended = subprocess.run(
            [sys.executable, "-m", "mlops_cli", *words],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        result = Ended(ended.returncode, ended.stdout, ended.stderr)
        if code is not None:
            assert result.code == code, f"exit {result.code}, not {code}\n{result.out}\n{result.err}"
        assert "Traceback (most recent call last)" not in result.err, result.err
        return result

    def quick(self, *words: str, code: int | None = 0) -> Ended:
        """Run the command inside this process: for the many cases that need no process of their own."""
        from mlops_cli.cli.boundary import run

        out, err = io.StringIO(), io.StringIO()
        before = Path.cwd()
        os.chdir(self.root)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                ended = run(list(words))
        finally:
            os.chdir(before)
        result = Ended(ended, out.getvalue(), err.getvalue())
        if code is not None:
            assert result.code == code, f"exit {result.code}, not {code}\n{result.out}\n{result.err}"
        return result


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    made = Project(tmp_path / "project")
    made.root.mkdir()
    made.write("mlops.yaml", "name: test\n")
    return made


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example after its first run; tests that change anything take a copy (`demo`)."""
    folder = tmp_path_factory.mktemp("trained")
    Project(folder).mlops("init", "demo", "--example", "breast-cancer")
    made = Project(folder / "demo")
    made.mlops("run")
    return made


@pytest.fixture
def demo(trained: Project, tmp_path: Path) -> Project:
    """A copy of the trained example."""
    shutil.copytree(trained.root, tmp_path / "demo", symlinks=True)
    return Project(tmp_path / "demo")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No colours, no user settings, and a home that is not the user's."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("MLOPS_NOW", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


@pytest.fixture(autouse=True, scope="session")
def _guard() -> Any:
    """The repository is the same after the tests as before them."""
    before = _listing()
    yield
    changed = before ^ _listing()
    assert not changed, f"tests wrote into the repository: {sorted(changed)[:5]}"


def _listing() -> set[tuple[str, int]]:
    skipped = {
        ".git",
        ".venv",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".import_linter_cache",
        ".hypothesis",
        "build",
        "dist",
        "bench",
    }
    found = set()
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = [name for name in folders if name not in skipped and not name.endswith(".egg-info")]
        found |= {(os.path.join(folder, name), os.stat(os.path.join(folder, name)).st_mtime_ns) for name in files}
    return found
