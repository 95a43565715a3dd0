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

INNER = ("@passed.", "@judged.", "@signed.")
"""How aliases of ours begin: see `baselines.passed_name`, `evidence.judged_name`, `sign.signed_name`."""


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


@dataclass(frozen=True)
class Models:
    """The versions that `models` shows, and how many of each model it does not."""

    models: tuple[Named, ...]
    left_out: Mapping[str, int]


def log(workspace: Workspace, name: str | None, limit: int, *, everything: bool = False) -> list[Moved]:
    """The moves of a name (with its aliases), or of all names, newest first. Raises StoreError for an unknown name.

    Our own aliases, and without a name also outputs of pipelines, are left out, unless `everything` is asked for.
    """
    if name is not None:
        resolve(workspace.store, workspace.journal, name)
    shown = []
    for move in _moves(workspace, name):
        if everything or move.name == name or not _is_inner(workspace, move.name, None if name else move.oid):
            shown.append(move)
        if len(shown) == limit:
            break
    return shown


def _moves(workspace: Workspace, wanted: str | None) -> Iterator[Moved]:
    """The moves of a name and of its aliases (None: of all names), newest first."""
    numbers: dict[str, dict[Oid, int]] = {}
    journal = workspace.journal
    for line in journal.about(wanted) if wanted is not None else journal.newest():
        commit = (line.git.commit[:12] + ("+" if line.git.dirty else "")) if line.git else None
        for name, (_, new) in sorted(line.set.items(), key=lambda item: "/" in item[0]):
            base = name.partition("@")[0]
            if wanted is not None and wanted not in (name, base):
                continue
            if base not in numbers:
                numbers[base] = _numbers(workspace, base)
            number = numbers[base].get(new) if new else None
            yield Moved(line.time, line.who, name, number, new, line.why, line.run[:12] if line.run else None, commit)


def _numbers(workspace: Workspace, name: str) -> dict[Oid, int]:
    return {oid: number for number, oid in enumerate(workspace.journal.versions(name), 1)}


def is_inner_alias(name: str) -> bool:
    """Whether a name is an alias of ours: there are many, and few look at them."""
    return any(word in name for word in INNER)


def _is_inner(workspace: Workspace, name: str, oid: Oid | None) -> bool:
    """Whether a name is one of ours or an output under its default name."""
    if is_inner_alias(name):
        return True
    if oid is None:
        return False
    version = workspace.store.read_record(oid, "version", Version)
    return version.stage is not None and name.startswith(f"{version.facts.get('pipeline')}/")


def names(workspace: Workspace, *, everything: bool) -> list[Named]:
    """The names there are; without `everything` the outputs of pipelines under their default names are left out."""
    current = workspace.journal.names()
    aliases = aliases_of(current)
    plain = {name: oid for name, oid in sorted(current.items()) if "@" not in name}
    return [
        _named(workspace, name, oid, _numbers(workspace, name), aliases)
        for name, oid in plain.items()
        if everything or not _is_inner(workspace, name, oid)
    ]


def models(workspace: Workspace, limit: int | None) -> Models:
    """The newest versions of every model, `limit` of each (None: all), and those that an alias points at; newest first.

    Only the records of what is shown are read.
    """
    current = workspace.journal.names()
    aliases = aliases_of(current)
    found: list[Named] = []
    left: dict[str, int] = {}
    for name, newest in sorted(current.items()):
        if "@" in name or workspace.store.read_record(newest, "version", Version).kind != "model":
            continue
        numbers = _numbers(workspace, name)
        few = len(numbers) - limit if limit is not None else 0
        shown = [oid for oid, number in numbers.items() if number > few or (name, oid) in aliases]
        found += [_named(workspace, name, oid, numbers, aliases) for oid in reversed(shown)]
        if len(shown) < len(numbers):
            left[name] = len(numbers) - len(shown)
    return Models(tuple(found), left)


def aliases_of(current: Mapping[str, Oid]) -> dict[tuple[str, Oid], tuple[str, ...]]:
    """(name, version) -> the aliases that point at it, without our own."""
    found: dict[tuple[str, Oid], tuple[str, ...]] = {}
    for full, oid in current.items():
        name, sign, alias = full.partition("@")
        if sign and not is_inner_alias(full):
            found[name, oid] = (*found.get((name, oid), ()), alias)
    return found


def _named(
    workspace: Workspace,
    name: str,
    oid: Oid,
    numbers: Mapping[Oid, int],
    aliases: Mapping[tuple[str, Oid], tuple[str, ...]],
) -> Named:
    version = workspace.store.read_record(oid, "version", Version)
    return Named(
        name=name,
        kind=version.kind,
        version=numbers[oid],
        versions=len(numbers),
        oid=oid,
        artifact=version.artifact,
        created=version.created,
        aliases=aliases.get((name, oid), ()),
        metrics=version.metrics,
    )


def runs(workspace: Workspace, limit: int) -> list[RunLine]:
    """The recorded runs, newest first."""
    found: list[RunLine] = []
    for line in workspace.journal.newest():
        if len(found) == limit:
            break
        if line.run:
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
