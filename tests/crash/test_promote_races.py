"""Two promoters at once, and promoters that are killed. Run as a program, this file is one of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
from conftest import Project

from mlops_cli.base.errors import UserError
from mlops_cli.store.records import Promoted
from mlops_cli.store.verify import verify
from mlops_cli.workflows.promote import promote
from mlops_cli.workflows.workspace import open_workspace

ROUNDS, KILLS = 6, 12
PRODUCTION = "iris@production"


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Three versions that their gate has passed; the first is in production."""
    folder = tmp_path_factory.mktemp("races")
    Project(folder).mlops("init", "iris", "--example", "iris-minimal")
    made = Project(folder / "iris")
    for depth in (3, 2, 4):
        made.quick("run", "-p", f"depth={depth}")
    made.quick("promote", "iris@v1", "production")
    return made


def answer(root: Path, reference: str) -> dict[str, object]:
    """What comes of one promotion."""
    try:
        decision = promote(open_workspace(root), reference, "production")
    except UserError as error:
        return {"outcome": "conflict", "code": error.exit_code, "message": str(error)}
    return {"outcome": decision.outcome, "number": decision.number}


def serve(root: Path) -> None:
    """Promote what each line of the input names, and say what came of it."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(root, line.strip())) + "\n")
        sys.stdout.flush()


def toggle(root: Path) -> None:
    """Promote one version after the other until somebody kills us."""
    for number in iter(lambda: random.choice((1, 2, 3)), 0):
        answer(root, f"iris@v{number}")


def kill_some(root: Path) -> None:
    """Let children promote and kill each at some moment; after each the store must be whole."""
    source = random.Random(7)
    for _ in range(KILLS):
        child = os.fork()
        if not child:
            toggle(root)
            os._exit(0)
        time.sleep(source.uniform(0.5, 3.0))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        look(root)


def look(root: Path) -> None:
    """The alias is what the last whole line says, that line's record is there, and nothing is damaged."""
    workspace = open_workspace(root)
    line, oid = workspace.journal.history(PRODUCTION)[-1]
    assert oid is not None and workspace.journal.names()[PRODUCTION] == oid
    assert line.about is not None
    record = workspace.store.read_record(line.about, "promotion", Promoted)
    assert (record.version, record.before) == (oid, line.set[PRODUCTION][0])
    assert verify(workspace.store, False) == []


def promoter(project: Project) -> subprocess.Popen[str]:
    line = [sys.executable, __file__, "serve", str(project.root)]
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parents[1])])
    return subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )


def tell(stream: IO[str] | None, text: str) -> None:
    assert stream is not None
    stream.write(text + "\n")
    stream.flush()


def heard(stream: IO[str] | None) -> dict[str, object]:
    assert stream is not None
    found: dict[str, object] = json.loads(stream.readline())
    return found


def test_one_wins_and_the_other_is_told(iris: Project) -> None:
    first, second = promoter(iris), promoter(iris)
    conflicts = 0
    for one in (first, second):  # both are ready before the races begin
        tell(one.stdin, "iris@v1")
        heard(one.stdout)
    for _ in range(ROUNDS):
        before = len(open_workspace(iris.root).journal.lines())
        tell(first.stdin, "iris@v2")
        tell(second.stdin, "iris@v3")
        answers = [heard(first.stdout), heard(second.stdout)]
        moved = [item for item in answers if item["outcome"] == "moved"]
        told = [item for item in answers if item["outcome"] == "conflict"]
        assert moved and len(moved) + len(told) == 2, answers
        assert len(open_workspace(iris.root).journal.lines()) == before + len(moved)
        for item in told:
            assert item["code"] == 4
            assert f"moved {PRODUCTION} to v{moved[0]['number']} at " in str(item["message"])
            assert "while this was checked" in str(item["message"])
        conflicts += len(told)
        look(iris.root)
        tell(first.stdin, "iris@v1")
        heard(first.stdout)
    for one in (first, second):
        one.communicate()
        assert one.returncode == 0
    assert conflicts, "none of the rounds was a race"


def test_a_kill_leaves_the_old_or_the_new(iris: Project) -> None:
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parents[1])])
    line = [sys.executable, __file__, "kill", str(iris.root)]
    ended = subprocess.run(line, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    look(iris.root)
    iris.quick("promote", "iris@v1", "production", code=None)
    assert iris.quick("promote", "iris@v1", "production").out.startswith("nothing to do")


if __name__ == "__main__":
    {"serve": serve, "kill": kill_some}[sys.argv[1]](Path(sys.argv[2]))
