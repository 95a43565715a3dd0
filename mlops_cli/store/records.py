"""What the store keeps about content: the artifact (which bytes), the version (what a name meant, and why)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json


@dataclass(frozen=True)
class Artifact:
    """Content in the store: one file, or a tree of files."""

    type: str
    """`table`, `model`, `metrics`, `plot`, `json`, `file` or `folder`."""
    oid: Oid
    """The hash of the file's bytes, or of the tree's root."""
    layout: Literal["file", "tree"]
    name: str
    """The file's or folder's own name with its ending, such as `customers.csv`."""
    bytes: int
    files: int


@dataclass(frozen=True)
class Version:
    """One version of a dataset or a model. Immutable; its number is its place in the history of its name."""

    kind: Literal["data", "model"]
    name: str
    artifact: Artifact
    created: str
    run: Oid | None
    """The record of the run that made it; None: somebody added it."""
    stage: str | None
    evidence: tuple[Oid, ...] = ()
    """Reports of the gates that judged it."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What else is worth knowing; `path` is where the content lies in the work tree."""
    format: int = 1


@dataclass(frozen=True)
class Promoted:
    """Why an alias of a model was moved by hand: what the move's line in the journal is about."""

    action: Literal["promote", "rollback"]
    model: str
    alias: str
    version: Oid
    """What the alias means from here on."""
    number: int
    before: Oid | None
    """What it meant before."""
    evidence: Mapping[str, Oid] = field(default_factory=dict)
    """Gate -> the report of its latest judgement of this version."""
    missing: tuple[str, ...] = ()
    """What the project's policy asks for and was not there, where somebody has overridden it."""
    policy: str | None = None
    """The hash of what the project asked of the alias at that moment; None: it asked for nothing of its own."""
    because: str | None = None
    format: int = 1


@dataclass(frozen=True)
class GitState:
    """Where the code stood: the commit, and whether the work tree differed from it."""

    commit: str
    dirty: bool
