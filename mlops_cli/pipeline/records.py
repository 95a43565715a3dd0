"""What a pipeline leaves behind: the components of a key, the record of a stage, the record of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.base.hashing import Oid, hash_record
from mlops_cli.base.records import Json
from mlops_cli.store.records import Artifact, GitState

BASELINE, HISTORY, RELEASED, TRAIN = "@baseline", "@history", "@released", "@train"
"""Arguments of a gate that its spec does not name: what it compares with, earlier versions, rows that were released,
the data that the model was trained on."""
Status: TypeAlias = Literal["ran", "reused", "failed", "gate_failed", "blocked", "skipped", "cancelled"]


@dataclass(frozen=True)
class Components:
    """Everything that a stage's result depends on. Its hash is the stage's key; nothing else enters."""

    verb: str
    """The verb and the version of our own code for it, such as `fit/1`."""
    options: Mapping[str, Json]
    """What the verb is told: the callable, the command, the query, the checks."""
    arguments: Mapping[str, Json]
    inputs: Mapping[str, tuple[str, ...]]
    """Argument -> identities, each followed by the ending that tells its format."""
    outputs: Mapping[str, str]
    """Declared output -> type."""
    code: Mapping[str, str]
    """Symbol of the project's code, or a file that a command names -> digest."""
    distributions: Mapping[str, str]
    environment: Mapping[str, str | None]
    python: str
    seed: int | None

    @property
    def key(self) -> Oid:
        """The identity under which the result is kept."""
        return hash_record(self)


@dataclass(frozen=True)
class StageRecord:
    """The result of one executed stage, kept under its key."""

    pipeline: str
    stage: str
    key: Oid
    components: Components
    outputs: Mapping[str, Artifact]
    metrics: Mapping[str, float]
    passed: bool
    """False: the stage is a gate and said no."""
    log: Oid | None
    run: str
    started: str
    seconds: float
    peak_memory: int
    """Bytes, of the largest process of the stage."""
    notes: tuple[str, ...] = ()
    format: int = 1


@dataclass(frozen=True)
class StageResult:
    """What became of one stage in one run."""

    stage: str
    kind: str
    status: Status
    reason: str
    """Why it ran, was reused, or did not run; one line."""
    key: Oid | None = None
    record: Oid | None = None
    seconds: float = 0.0
    attempts: int = 1
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    """The components that differ from the nearest earlier execution, in words."""
    notes: tuple[str, ...] = ()
    """What the user should know about how its result was tracked."""
    failure: str | None = None
    hint: str | None = None
    log: Oid | None = None


@dataclass(frozen=True)
class RunRecord:
    """One run: exact code, data, parameters, environment, and every stage's result."""

    id: str
    pipeline: str
    spec: str
    """The spec's path inside the project."""
    outcome: Literal["done", "gate_failed", "failed", "interrupted"]
    started: str
    seconds: float
    code: Oid
    """Tree of the project files that the run read as code: specs, and the modules that its stages reach."""
    git: GitState | None
    environment: Oid
    """Record of interpreter, platform and installed distributions."""
    parameters: Mapping[str, Json]
    seed: int | None
    inputs: Mapping[str, Artifact]
    """Source -> what it was."""
    stages: tuple[StageResult, ...]
    format: int = 1


def spoken(word: str) -> str:
    """A status or an outcome as people say it."""
    return "said no" if word == "gate_failed" else word.replace("_", " ")
