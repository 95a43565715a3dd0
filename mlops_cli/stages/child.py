"""The life of one stage inside its own process: read the job, execute the verb, write down what came of it."""

from __future__ import annotations

import importlib
import os
import random
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal

from mlops_cli.base.errors import UserError
from mlops_cli.base.records import canonical, decode
from mlops_cli.stages import VERB_MODULES
from mlops_cli.stages.base import Job, Outcome, StageVerb
from mlops_cli.stages.reads import Reads

FAILED = 3
LONGEST = 2000  # characters of a message; the log has all of it
JOB, ANSWER = "@job.json", "@answer.json"  # no output can have such a name


@dataclass(frozen=True)
class Answer:
    """What a child leaves for its parent: an outcome, or why there is none."""

    outcome: Outcome | None = None
    message: str = ""
    hint: str | None = None
    cause: Literal["error", "oom"] = "error"
    reads: tuple[str, ...] = ()
    """Files of the project that the stage's own code opened without their being inputs."""


def main(job_file: str) -> int:
    """Execute the job; the exit code is 0, or FAILED with the reason in the answer and the traceback in the log."""
    job = decode(Path(job_file).read_bytes(), Job)
    reads = Reads(job.project)
    if job.verb in ("call", "fit"):
        reads.start()
    answer = replace(execute(job), reads=tuple(sorted(reads.found)))
    Path(job.work, ANSWER).write_bytes(canonical(answer))
    return 0 if answer.outcome else FAILED


def execute(job: Job, *, ours: bool = False) -> Answer:
    """Run the verb of `job` in this process; whatever goes wrong in it becomes an answer. `ours`: the process is that
    of the command, which is interrupted with it."""
    try:
        _settle(job)
        verb: StageVerb = importlib.import_module(VERB_MODULES[job.verb])
        return Answer(verb.run(job))
    except UserError as error:
        fault = error.faults[0]
        _print_causes(error)
        return Answer(message=fault.message, hint=fault.hint)
    except MemoryError as error:
        traceback.print_exc()
        return Answer(
            message=f"out of memory: {error}".rstrip(": "), hint="raise `resources: {memory: ...}`", cause="oom"
        )
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything; it is told in full in the log
        _print_user_part(error, job.project)
        return Answer(message=f"{type(error).__name__}: {_text(error)}{_where(error, job.project)}")
    except SystemExit as error:
        return Answer(message=f"the code called exit({error.code!r})", hint="return from the function instead")
    except BaseException as error:
        if ours and isinstance(error, KeyboardInterrupt):
            raise
        _print_user_part(error, job.project)
        return Answer(message=f"{type(error).__name__}: {_text(error)}{_where(error, job.project)}")


def _settle(job: Job) -> None:
    """Seed, thread limits and import path of a stage, before any code of the user's is loaded."""
    sys.path[:0] = [path for path in (job.project, f"{job.project}/src") if Path(path).is_dir()]
    sys.dont_write_bytecode = True  # the work tree is the user's
    importlib.invalidate_caches()
    random.seed(job.seed or 0)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(job.threads)
    if "numpy" in sys.modules:
        import numpy

        numpy.random.seed(job.seed or 0)
    if "threadpoolctl" in sys.modules:
        import threadpoolctl

        threadpoolctl.threadpool_limits(job.threads)
    if "pyarrow" in sys.modules:
        import pyarrow

        pyarrow.set_cpu_count(job.threads)


def _print_causes(error: UserError) -> None:
    cause = error.__cause__
    if cause is not None:
        traceback.print_exception(cause)


def _text(error: BaseException) -> str:
    """An exception's message as text that can be stored and shown, whatever the exception is like."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - the user's `__str__` is the user's code too
        return f"(its message cannot be made: {type(broken).__name__})"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _print_user_part(error: BaseException, project: str) -> None:
    """The traceback from the first frame of the project's code on; the whole one where there is none."""
    frame = error.__traceback__
    while frame is not None and not _is_theirs(frame, project):
        frame = frame.tb_next
    traceback.print_exception(error.with_traceback(frame) if frame else error)


def _where(error: BaseException, project: str) -> str:
    """The innermost line of the project's code in the error's path."""
    place = ""
    frame = error.__traceback__
    while frame is not None:
        if _is_theirs(frame, project):
            file = Path(frame.tb_frame.f_code.co_filename).relative_to(project)
            place = f" ({file}:{frame.tb_lineno})"
        frame = frame.tb_next
    return place


def _is_theirs(frame: TracebackType, project: str) -> bool:
    file = frame.tb_frame.f_code.co_filename
    return file.startswith(f"{project}/") and "/site-packages/" not in file
