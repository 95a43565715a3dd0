"""What the gates on data and on models share."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_cli.base.errors import StageFailed
from mlops_cli.pipeline.records import BASELINE
from mlops_cli.stages.base import Input, Job


@dataclass(frozen=True)
class Text:
    """The options of the stage: the spec's path as shown in messages, and its text."""

    spec: str
    text: str
    environment: str | None = None
    modified: float | None = None
    """When the file that is judged was last written, in seconds since 1970, where it lies in the work tree."""
    uses: int | None = None
    """How many other models have been judged on these rows before."""


def baseline_of(job: Job) -> Input | None:
    """The input that the run resolved the spec's baseline to."""
    found = job.inputs.get(BASELINE, [])
    if len(found) > 1:
        raise StageFailed("a validation has one baseline")
    return found[0] if found else None


def label_of(job: Job, argument: str, default: str) -> str:
    """What to call an input."""
    return job.labels.get(argument, default)
