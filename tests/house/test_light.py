"""Starting up and doing nothing must cost nothing: no heavy library is loaded on a light path."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import Project

HEAVY = ("pandas", "numpy", "sklearn", "pyarrow", "duckdb", "jsonschema")
PROBE = """
import json, sys
from mlops_cli.cli.boundary import run
code = run({words!r})
print(json.dumps([code, [name for name in {heavy!r} if name in sys.modules]]), file=sys.stderr)
"""


def probe(project: Project, *words: str) -> list[str]:
    """The heavy modules that a command has loaded."""
    script = PROBE.format(words=list(words), heavy=HEAVY)
    ended = subprocess.run([sys.executable, "-c", script], cwd=project.root, capture_output=True, text=True, check=True)
    code, loaded = json.loads(ended.stderr.strip().splitlines()[-1])
    assert code == 0, ended.stderr + ended.stdout
    return list(loaded)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("light")
    Project(folder).mlops("init", "demo", "--example", "breast-cancer")
    return Project(folder / "demo")


def test_help_plan_status_and_log_are_light(example: Project) -> None:
    for words in (["--help"], ["run", "--help"], ["plan"], ["status"], ["dag"]):
        assert probe(example, *words) == [], words


def test_a_run_that_has_nothing_to_do_is_light(example: Project) -> None:
    example.mlops("run")
    second = example.mlops("run", "--json").json
    assert {stage["status"] for stage in second["stages"]} == {"reused"}
    assert probe(example, "run") == []
    for words in (
        ["plan"],
        ["status"],
        ["log"],
        ["ls"],
        ["models"],
        ["runs"],
        ["explain", "train"],
        ["run", "--check"],
    ):
        assert probe(example, *words) == [], words
