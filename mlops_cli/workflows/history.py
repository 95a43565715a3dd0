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

PASSED = "@passed."  # how an alias of ours begins; see `baselines.passed_name`


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


def log(workspace: Workspace, name: str | None, limit: int, *, everything: bool = False) -> list[Moved]:
    """The moves of a name (with its aliases), or of all names, newest first. Raises StoreError for an unknown name.

    Outputs of pipelines and our own aliases are left out, unless they are named or `everything` is asked for.
    """
    if name is not None:
        resolve(workspace.store, workspace.journal, name)
    shown = []
    for move in _moves(workspace):
        named = name is not None and name in (move.name, move.name.partition("@")[0])
        if named or (name is None and (everything or not _is_inner(workspace, move.name, move.oid))):
            shown.append(move)
        if len(shown) == limit:
            break
    return shown


def _moves(workspace: Workspace) -> Iterator[Moved]:
    for line in reversed(workspace.journal.lines()):
        commit = (line.git.commit[:12] + ("+" if line.git.dirty else "")) if line.git else None
        for name, (_, new) in sorted(line.set.items(), key=lambda item: "/" in item[0]):
            versions = workspace.journal.versions(name.partition("@")[0])
            number = versions.index(new) + 1 if new in versions else None
            yield Moved(line.time, line.who, name, number, new, line.why, line.run[:12] if line.run else None, commit)


def _is_inner(workspace: Workspace, name: str, oid: Oid | None) -> bool:
    """Whether a name is one of ours or an output under its default name: there are many, and few look at them."""
    if PASSED in name:
        return True
    if oid is None:
        return False
    version = workspace.store.read_record(oid, "version", Version)
    return version.stage is not None and name.startswith(f"{version.facts.get('pipeline')}/")


def names(workspace: Workspace, *, everything: bool) -> list[Named]:
    """The names there are; without `everything` the outputs of pipelines under their default names are left out."""
    current = workspace.journal.names()
    plain = {name: oid for name, oid in sorted(current.items()) if "@" not in name}
    return [
        _named(workspace, name, oid, current)
        for name, oid in plain.items()
        if everything or not _is_inner(workspace, name, oid)
    ]


def models(workspace: Workspace) -> list[Named]:
    """Every version of every model, newest first; the aliases are those that point at it now."""
    current = workspace.journal.names()
    found = []
    for name in sorted(current):
        if "@" not in name:
            versions = [_named(workspace, name, oid, current) for oid in reversed(workspace.journal.versions(name))]
            found += [item for item in versions if item.kind == "model"]
    return found


def _named(workspace: Workspace, name: str, oid: Oid, current: Mapping[str, Oid]) -> Named:
    version = workspace.store.read_record(oid, "version", Version)
    versions = workspace.journal.versions(name)
    pointing = [
        alias.partition("@")[2] for alias, target in current.items() if target == oid and alias.startswith(f"{name}@")
    ]
    return Named(
        name=name,
        kind=version.kind,
        version=versions.index(oid) + 1,
        versions=len(versions),
        oid=oid,
        artifact=version.artifact,
        created=version.created,
        aliases=tuple(alias for alias in pointing if not f"@{alias}".startswith(PASSED)),
        metrics=version.metrics,
    )


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
