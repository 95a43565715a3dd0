"""`log`, `ls`, `models`, `runs`: what names stand for and stood for, and the runs that moved them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.pipeline.records import RunRecord, StageResult
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.refs import resolve
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class Moved:
    """One move of a name, as `log` shows it."""

    time: str
    who: str
    name: str
    version: int | None
    """None: the name was removed."""
    oid: Oid | None
    why: str
    run: str | None
    commit: str | None


@dataclass(frozen=True)
class Named:
    """One name, as `ls` shows it."""

    name: str
    kind: str
    version: int
    versions: int
    oid: Oid
    artifact: Artifact
    created: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunLine:
    """One run, as `runs` shows it."""

    id: str
    pipeline: str
    outcome: str
    started: str
    seconds: float
    counts: Mapping[str, int]
    parameters: Mapping[str, Json]
    metrics: Mapping[str, float]


def log(workspace: Workspace, name: str | None, limit: int) -> list[Moved]:
    """The moves of a name (with its aliases), or of all names, newest first. Raises StoreError for an unknown name."""
    if name is not None:
        resolve(workspace.store, workspace.journal, name)
    found = [
        move for move in _moves(workspace) if name is None or move.name.partition("@")[0] == name or move.name == name
    ]
    return found[:limit]


def _moves(workspace: Workspace) -> Iterator[Moved]:
    numbers: dict[str, list[Oid]] = {}
    for line in reversed(workspace.journal.lines()):
        commit = (line.git.commit[:12] + ("+" if line.git.dirty else "")) if line.git else None
        for name, (_, new) in sorted(line.set.items(), key=lambda item: "/" in item[0]):
            base = name.partition("@")[0]
            versions = numbers.setdefault(base, workspace.journal.versions(base))
            number = versions.index(new) + 1 if new in versions else None
            yield Moved(line.time, line.who, name, number, new, line.why, line.run[:12] if line.run else None, commit)


def names(workspace: Workspace, *, everything: bool, kind: str | None = None) -> list[Named]:
    """The names there are; without `everything` the outputs of pipelines (names with a slash) are left out."""
    current = workspace.journal.names()
    found = []
    for name, oid in sorted(current.items()):
        if "@" in name or ("/" in name and not everything and kind is None):
            continue
        version = workspace.store.read_record(oid, "version", Version)
        if kind is not None and version.kind != kind:
            continue
        versions = workspace.journal.versions(name)
        aliases = tuple(
            alias.partition("@")[2]
            for alias, target in current.items()
            if alias.startswith(f"{name}@") and target == oid
        )
        shown = tuple(alias for alias in aliases if not alias.startswith("passed."))
        found.append(
            Named(
                name,
                version.kind,
                versions.index(oid) + 1,
                len(versions),
                oid,
                version.artifact,
                version.created,
                shown,
                version.metrics,
            )
        )
    return found


def models(workspace: Workspace) -> list[Named]:
    """Every version of every model, newest first; the aliases are those that point at it now."""
    current = workspace.journal.names()
    found = []
    for name, newest in sorted(current.items()):
        if "@" in name or workspace.store.read_record(newest, "version", Version).kind != "model":
            continue
        versions = workspace.journal.versions(name)
        for number, oid in reversed(list(enumerate(versions, 1))):
            version = workspace.store.read_record(oid, "version", Version)
            aliases = tuple(
                alias.partition("@")[2]
                for alias, target in current.items()
                if alias.startswith(f"{name}@") and target == oid
            )
            found.append(
                Named(
                    name,
                    "model",
                    number,
                    len(versions),
                    oid,
                    version.artifact,
                    version.created,
                    aliases,
                    version.metrics,
                )
            )
    return found


def runs(workspace: Workspace, limit: int) -> list[RunLine]:
    """The recorded runs, newest first."""
    found: list[RunLine] = []
    for line in reversed(workspace.journal.lines()):
        if line.run and len(found) < limit:
            run = workspace.store.read_record(line.run, "run", RunRecord)
            counts: dict[str, int] = {}
            for result in run.stages:
                counts[result.status] = counts.get(result.status, 0) + 1
            found.append(
                RunLine(
                    run.id,
                    run.pipeline,
                    run.outcome,
                    run.started,
                    run.seconds,
                    counts,
                    run.parameters,
                    model_metrics(run.stages),
                )
            )
    return found


def model_metrics(stages: tuple[StageResult, ...]) -> dict[str, float]:
    """What the model gates of a run measured."""
    return {name: value for result in stages if result.kind == "validate" for name, value in result.metrics.items()}
