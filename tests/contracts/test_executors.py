"""One suite for every executor of the table: it starts tasks, tells how they ended, and leaves nothing behind."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_cli.base.records import canonical, decode
from mlops_cli.pipeline.executors import EXECUTORS
from mlops_cli.pipeline.executors.base import Executor, Task
from mlops_cli.spec.pipeline import Output
from mlops_cli.stages.base import Job
from mlops_cli.stages.child import ANSWER, Answer

ENTRY = "mlops_cli.stages.child:main"


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    made: Executor = importlib.import_module(EXECUTORS[request.param]).create(ENTRY, 2, ("mlops_cli.stages.child",))
    yield made
    made.close()


def task(
    folder: Path,
    name: str,
    command: str,
    *,
    memory: int | None = None,
    timeout: float | None = None,
    out: tuple[str, ...] = (),
) -> Task:
    work = folder / name
    work.mkdir(parents=True)
    outputs = tuple(Output(item, "file") for item in out)
    job = Job(name, "sh", str(folder), str(work), {"command": command}, {}, (), {}, outputs)
    (work / "job.json").write_bytes(canonical(job))
    return Task(name, work / "job.json", work, work / "log.txt", memory, timeout, {"HELLO": "there"})


def answer(folder: Path, name: str) -> Answer:
    return decode((folder / name / ANSWER).read_bytes(), Answer)


def test_a_task_runs_in_its_folder_with_its_log_and_environment(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", "echo said $HELLO; echo bad >&2; echo made > {out.a}", out=("a",)))
    ended = executor.wait()
    assert (ended.id, ended.status, ended.cause) == ("one", 0, "done")
    assert ended.peak_memory > 0
    assert (tmp_path / "one/log.txt").read_text() == "said there\nbad\n"
    assert (tmp_path / "one/a").read_text() == "made\n"
    outcome = answer(tmp_path, "one").outcome
    assert outcome
    assert list(outcome.outputs) == ["a"]


def test_a_failing_task_says_why(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", "echo working; exit 7"))
    ended = executor.wait()
    assert (ended.status, ended.cause) == (3, "error")
    assert answer(tmp_path, "one").message == "the command ended with 7"


def test_a_missing_output_is_told(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", "true", out=("a",)))
    assert executor.wait().status == 3
    assert answer(tmp_path, "one").message == "the command did not write a"


def test_tasks_run_side_by_side(executor: Executor, tmp_path: Path) -> None:
    waits = "for i in $(seq 200); do [ -e ../{other} ] && exit 0; sleep 0.05; done; exit 1"
    for name, other in (("one", "two"), ("two", "one")):
        executor.submit(
            task(
                tmp_path,
                name,
                f"cd {tmp_path}/{name}; touch ../{name}.here; "
                + waits.format(other=f"{other}.here").replace("../", "../"),
            )
        )
    assert {executor.wait().status, executor.wait().status} == {0}


def test_a_timeout_kills_the_whole_group(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", f"sleep 300 & echo $! > {tmp_path}/pid; wait", timeout=1.0))
    ended = executor.wait()
    assert ended.cause == "timeout"
    assert _gone(int((tmp_path / "pid").read_text()))


def test_what_a_task_leaves_running_ends_with_it(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", f"sleep 300 >/dev/null 2>&1 & echo $! > {tmp_path}/pid"))
    assert executor.wait().status == 0
    assert _gone(int((tmp_path / "pid").read_text()))


def test_cancel_ends_everything(executor: Executor, tmp_path: Path) -> None:
    for name in ("one", "two"):
        executor.submit(task(tmp_path, name, "sleep 300"))
    executor.cancel()
    assert {executor.wait().cause, executor.wait().cause} == {"cancelled"}


def test_close_ends_everything(executor: Executor, tmp_path: Path) -> None:
    executor.submit(task(tmp_path, "one", f"echo $$ > {tmp_path}/pid; sleep 300"))
    _until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "")
    executor.close()
    assert _gone(int((tmp_path / "pid").read_text()))


def test_the_memory_cap_holds(executor: Executor, tmp_path: Path) -> None:
    hog = 'python3 -c "x = bytearray(400 << 20)"'
    executor.submit(task(tmp_path, "capped", hog, memory=150 << 20))
    assert executor.wait().cause == "error"
    assert "MemoryError" in (tmp_path / "capped/log.txt").read_text()
    executor.submit(task(tmp_path, "free", hog))
    assert executor.wait().status == 0


def _gone(pid: int) -> bool:
    def dead() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if Path(f"/proc/{pid}/stat").exists()
            else "X"
        )
        return state in "ZX"

    return _until(dead)


def _until(holds: object) -> bool:
    for _ in range(200):
        if callable(holds) and holds():
            return True
        time.sleep(0.05)
    return False
