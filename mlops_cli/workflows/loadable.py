"""Does a version of a model still load, and say what it said when it was made? Asked before anybody relies on it.

A process of its own finds out: a model may hold code of the project, which can raise, print, hang or end its process.
"""

from __future__ import annotations

import importlib
import signal
from pathlib import Path

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.files import read_if_there
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.pipeline.executors import EXECUTORS
from mlops_cli.pipeline.executors.base import Executor, Finished, Task
from mlops_cli.stages.base import Input, Job
from mlops_cli.stages.child import ANSWER, JOB, Answer
from mlops_cli.stages.work import LOG
from mlops_cli.store.lease import Lease
from mlops_cli.store.records import Version
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.run_pipeline import ENTRY
from mlops_cli.workflows.sign import demand_signature
from mlops_cli.workflows.workspace import Workspace


def check_loadable(workspace: Workspace, oid: Oid) -> None:
    """Load the version of a model as a `register` stage does, and ask it about its golden rows.

    Raises StageFailed where it says something else or cannot be loaded, StoreError where it is lost, or not signed and
    the project asks for that before anything is loaded.
    """
    demand_signature(workspace, oid)
    version = workspace.store.read_record(oid, "version", Version)
    with Lease(workspace.store.layout.leases) as lease:
        folder = Path(lease.path()).resolve()
        model = folder / "@in" / version.artifact.name
        model.parent.mkdir(parents=True)
        place_artifact(workspace.store, version.artifact, model, mode="link")
        job = Job(
            stage=f"load {version.name}",
            verb="register",
            project=str(workspace.root),
            work=str(folder),
            options={},
            inputs={"model": [Input(str(model), "model", version.artifact.oid)]},
            lists=(),
            arguments={},
            outputs=(),
            trust=workspace.project.trust,
            pickle=workspace.project.pickle == "allow",
        )
        (folder / JOB).write_bytes(canonical(job))
        answer = _answer(folder, _executed(folder))
    if answer.outcome is None:
        raise StageFailed(answer.message, answer.hint)


def _executed(folder: Path) -> Finished:
    executor: Executor = importlib.import_module(EXECUTORS["local"]).create(ENTRY, 1, ("mlops_cli.stages.child",))
    try:
        executor.submit(Task("load", folder / JOB, folder, folder / LOG, None, None, {"TMPDIR": str(folder)}))
        return executor.wait()
    finally:
        executor.close()


def _answer(folder: Path, finished: Finished) -> Answer:
    """What the process has left; where it left nothing, how it ended and what it printed last."""
    text = read_if_there(folder / ANSWER) if finished.status >= 0 else None
    try:
        if text:
            return decode(text, Answer)
    except BadRecord:
        pass  # it died while it wrote: as good as none
    end = f"ended with {finished.status}" if finished.status >= 0 else f"was killed by {_signal(-finished.status)}"
    lines = (read_if_there(folder / LOG) or b"").decode("utf-8", "replace").strip().splitlines()
    return Answer(message=f"its process {end} and gave no answer", hint=f"it said: {lines[-1]}" if lines else None)


def _signal(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
