"""`sh: command`: run a shell command in the stage's own folder.

`{in.x}` is the path of input x, `{out.y}` the path that output y must be written to, `{params.z}` the value of argument
z; all are quoted for the shell. `{{` and `}}` stand for braces. Any other brace is left to the shell.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlops_cli.base.errors import StageFailed
from mlops_cli.spec.pipeline import Sh
from mlops_cli.stages.base import Job, Made, Outcome

PLACE = re.compile(r"\{\{|\}\}|\{(in|out|params)\.([A-Za-z_][\w-]*)\}")


def run(job: Job) -> Outcome:
    """Run the command; raises StageFailed when it ends with anything but 0 or an output is missing."""
    outputs = {output.name: Path(job.out, output.name + Path(output.path or "").suffix) for output in job.outputs}
    command = fill(msgspec.convert(dict(job.options), Sh).command, job, outputs)
    ended = subprocess.run([*_shell(), command], cwd=job.project, check=False)
    if ended.returncode:
        what = f"was killed by signal {-ended.returncode}" if ended.returncode < 0 else f"ended with {ended.returncode}"
        raise StageFailed(f"the command {what}", f"it was: {command}")
    missing = [name for name, path in outputs.items() if not path.exists()]
    if missing:
        raise StageFailed(f"the command did not write {', '.join(missing)}", f"write to {{out.{missing[0]}}}")
    return Outcome({name: Made(str(path)) for name, path in outputs.items()})


def fill(command: str, job: Job, outputs: Mapping[str, Path]) -> str:
    """The command with its places filled in; raises StageFailed for a place that names nothing."""
    known = {
        "in": {name: [item.path for item in items] for name, items in job.inputs.items()},
        "out": {name: [str(path)] for name, path in outputs.items()},
        "params": {name: [_text(value)] for name, value in job.arguments.items()},
    }

    def value(match: re.Match[str]) -> str:
        kind, name = match.group(1), match.group(2)
        if kind is None:
            return match.group(0)[0]
        if name not in known[kind]:
            raise StageFailed(f"{match.group(0)} names nothing", f"there is: {', '.join(known[kind]) or 'none'}")
        return " ".join(map(shlex.quote, known[kind][name]))

    return PLACE.sub(value, command)


def _text(value: object) -> str:
    return (
        {True: "true", False: "false", None: ""}.get(value, str(value))
        if isinstance(value, bool | None)
        else str(value)
    )


def _shell() -> list[str]:
    bash = shutil.which("bash")
    return [bash, "-euo", "pipefail", "-c"] if bash else ["/bin/sh", "-eu", "-c"]
