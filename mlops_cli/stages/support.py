"""What the stage verbs of ours share: their options, their inputs, their files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import canonical
from mlops_cli.stages.base import Input, Job, Made

T = TypeVar("T")


def options(job: Job, kind: type[T]) -> T:
    """The verb's record. A mismatch is a fault of the caller, so that it is not caught here."""
    return msgspec.convert(dict(job.options), kind)


def only_input(job: Job, argument: str, type_: str | None = None) -> Input:
    """The one input under `argument`; raises StageFailed where there is none or another type."""
    found = job.inputs.get(argument, [])
    if len(found) != 1:
        raise StageFailed(
            f"'{job.verb}' needs one input '{argument}', and there are {len(found)}", f"write in: {{{argument}: ...}}"
        )
    if type_ is not None and found[0].type != type_:
        raise StageFailed(f"the input '{argument}' is a {found[0].type}, and '{job.verb}' needs a {type_}")
    return found[0]


def data_path(job: Job, argument: str = "data") -> Path:
    """The file of a table input. A source counts as a table, whatever its type word."""
    found = only_input(job, argument)
    if found.type == "model":
        raise StageFailed(f"the input '{argument}' is a model, and '{job.verb}' needs a table")
    return Path(found.path)


def output_path(job: Job, name: str) -> Path:
    """Where to write an output."""
    path = Path(job.out) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_json(job: Job, name: str, value: object) -> Made:
    """Write an output as canonical JSON."""
    path = output_path(job, f"{name}.json")
    path.write_bytes(canonical(value) + b"\n")
    return Made(path=str(path))
