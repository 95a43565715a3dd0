"""The seam between the executor and the stage verbs: what a verb is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.spec.pipeline import Output


@dataclass(frozen=True)
class Input:
    """One input of a stage as files: `path` is a read-only file or folder whose name bears the format's ending."""

    path: str
    type: str
    oid: Oid


@dataclass(frozen=True)
class Job:
    """One stage to execute, complete in itself: it crosses to the child process as JSON."""

    stage: str
    verb: str
    project: str
    """The project root, on whose modules `call` and `fit` import."""
    work: str
    """The private work folder; the process starts in it, and outputs are written into it."""
    options: Mapping[str, Json]
    """The verb's record of `mlops_cli.spec.pipeline` as plain data, references resolved."""
    inputs: Mapping[str, list[Input]]
    """Argument -> its input; several where the reference was `[*]`."""
    lists: tuple[str, ...]
    """The arguments of `inputs` that are lists even with one member."""
    arguments: Mapping[str, Json]
    """Argument -> value, from `params` and `with`."""
    outputs: tuple[Output, ...]
    threads: int = 1
    memory: int | None = None
    """Bytes that the stage may hold before it is stopped; None: no cap."""
    seed: int | None = None
    trust: tuple[str, ...] = ()
    """Qualified names of types that model files may contain besides the built-in list."""
    pickle: bool = False
    """Whether the project takes models that are pickles."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Input argument -> what to call it in messages and reports, such as `customers@v3`."""
    cache: str | None = None
    """A folder for what was measured of data; losing it costs time."""

    @property
    def query_memory(self) -> int | None:
        """Bytes that the query engine may hold before it spills to disk; the rest is for the process around it."""
        return None if self.memory is None else self.memory // 2

    @property
    def out(self) -> str:
        """The folder that outputs are written to; our own files in it begin with `@`, which no output's name does."""
        return self.work


@dataclass(frozen=True)
class Made:
    """One output that a verb has produced: a path under `job.out`, or `same`, an input passed through unchanged."""

    path: str | None = None
    same: str | None = None
    """The name of an input argument, or `argument[2]` for a member of a list."""


@dataclass(frozen=True)
class Outcome:
    """What a verb gives back: its outputs, numbers worth showing, and for a gate whether it passed."""

    outputs: Mapping[str, Made]
    metrics: Mapping[str, float] = field(default_factory=dict)
    passed: bool = True
    """False: a gate said no; nothing downstream runs, and this is a result, not an error."""
    notes: tuple[str, ...] = ()
    """What people should know of this stage, beside its result."""


class StageVerb(Protocol):
    """A module of `mlops_cli.stages`, one for each verb."""

    def run(self, job: Job) -> Outcome:
        """Execute the stage; raises StageFailed with a message for the user where the stage cannot be done."""
        ...
