"""`log`, `ls`, `models`, `runs`, `show`, `diff`: what names stand for, stood for, and how versions differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, Json, parse, plain
from mlops_cli.pipeline.explain import differences
from mlops_cli.pipeline.records import RunRecord, StageRecord, StageResult
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.refs import Resolved, resolve
from mlops_cli.store.trees import diff_trees
from mlops_cli.workflows.workspace import Workspace

SHOWN_BYTES = 1 << 16  # of an object that is text


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
class Shown:
    """An object as `show` tells it: what it is, and where it comes from."""

    reference: str
    kind: str
    oid: Oid
    version: Version | None = None
    number: int | None = None
    run: RunRecord | None = None
    stage: StageRecord | None = None
    """The record of the stage that made it."""
    data: Json = None
    """The content of other objects, where it is JSON."""
    text: str | None = None


@dataclass(frozen=True)
class Difference:
    """What differs between two versions or runs, plane by plane."""

    first: str
    second: str
    same: bool
    content: tuple[str, ...]
    code: tuple[str, ...]
    data: tuple[str, ...]
    parameters: tuple[str, ...]
    environment: tuple[str, ...]
    metrics: tuple[tuple[str, float | None, float | None], ...]


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
                    _metrics(run.stages),
                )
            )
    return found


def _metrics(stages: tuple[StageResult, ...]) -> dict[str, float]:
    """What the model gates of a run measured."""
    return {name: value for result in stages if result.kind == "validate" for name, value in result.metrics.items()}


def show(workspace: Workspace, reference: str) -> Shown:
    """Everything about a REF; raises StoreError where it names nothing."""
    found = resolve(workspace.store, workspace.journal, reference)
    if found.kind == "run":
        return Shown(reference, "run", found.oid, run=workspace.store.read_record(found.oid, "run", RunRecord))
    if found.version is None:
        return _show_object(workspace, reference, found)
    run = _run_of(workspace, found.version)
    stage = _stage_of(workspace, run, found.version)
    return Shown(reference, found.version.kind, found.oid, found.version, found.version_number, run, stage)


def _show_object(workspace: Workspace, reference: str, found: Resolved) -> Shown:
    content = workspace.store.read(found.oid)
    head, _, rest = content.partition(b"\n")
    kind = head.split(b"/")[1].decode() if head.startswith(b"mlops/") and head.count(b"/") == 2 else "file"
    try:
        return Shown(reference, kind, found.oid, data=parse(rest if kind != "file" else content))
    except BadRecord:
        text = content[:SHOWN_BYTES].decode("utf-8", "replace") if b"\0" not in content[:SHOWN_BYTES] else None
        return Shown(reference, kind, found.oid, text=text)


def _run_of(workspace: Workspace, version: Version) -> RunRecord | None:
    return workspace.store.read_record(version.run, "run", RunRecord) if version.run else None


def _stage_of(workspace: Workspace, run: RunRecord | None, version: Version) -> StageRecord | None:
    """The record of the first stage in the run that made this content."""
    for result in run.stages if run else ():
        if result.record and any(artifact.oid == version.artifact.oid for artifact in result.outputs.values()):
            return workspace.store.read_record(result.record, "stage", StageRecord)
    return None


def diff(workspace: Workspace, first: str, second: str) -> Difference:
    """How two versions, or two runs, differ in content, code, data, parameters, environment and metrics."""
    one, other = show(workspace, first), show(workspace, second)
    if (one.version is None) != (other.version is None) or not (one.version or (one.run and other.run)):
        raise UserError(f"'{first}' is a {one.kind} and '{second}' a {other.kind}", "compare two versions or two runs")
    lines = list(differences(one.stage.components, other.stage.components)) if one.stage and other.stage else []
    code, data = _run_code(workspace, one.run, other.run), _run_inputs(one.run, other.run)
    return Difference(
        first,
        second,
        one.oid == other.oid
        or (
            one.version is not None
            and other.version is not None
            and one.version.artifact.oid == other.version.artifact.oid
        ),
        tuple(_content(workspace, one, other)),
        tuple(code),
        tuple(data),
        tuple(_pairs(one.run.parameters if one.run else {}, other.run.parameters if other.run else {})),
        tuple(_environment(workspace, one.run, other.run))
        or tuple(line for line in lines if line.startswith(("library", "Python"))),
        tuple(_metric_pairs(one, other)),
    )


def _content(workspace: Workspace, one: Shown, other: Shown) -> Iterator[str]:
    if not one.version or not other.version:
        return
    old, new = one.version.artifact, other.version.artifact
    if old.layout == "tree" and new.layout == "tree":
        yield from _tree_lines(workspace, old.oid, new.oid)
    elif old.oid != new.oid:
        yield f"{old.name}: {old.oid[:12]} ({old.bytes} bytes) -> {new.oid[:12]} ({new.bytes} bytes)"


def _run_code(workspace: Workspace, one: RunRecord | None, other: RunRecord | None) -> Iterator[str]:
    if one and other:
        yield from _tree_lines(workspace, one.code, other.code)


def _tree_lines(workspace: Workspace, old: Oid, new: Oid) -> Iterator[str]:
    for item in diff_trees(workspace.store, old, new):
        what = "added" if item.old is None else "removed" if item.new is None else "changed"
        yield f"{item.path} {what}"


def _run_inputs(one: RunRecord | None, other: RunRecord | None) -> Iterator[str]:
    old = {name: item.oid[:12] for name, item in one.inputs.items()} if one else {}
    new = {name: item.oid[:12] for name, item in other.inputs.items()} if other else {}
    yield from _pairs(old, new)


def _environment(workspace: Workspace, one: RunRecord | None, other: RunRecord | None) -> Iterator[str]:
    if one and other and one.environment != other.environment:
        old, new = (plain(workspace.store.read_record(run.environment, "environment", dict)) for run in (one, other))
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _pairs(_flat(old), _flat(new))


def _flat(record: Mapping[str, Json]) -> dict[str, Json]:
    inner = record.get("distributions")
    rest = {name: value for name, value in record.items() if name not in ("distributions", "format")}
    return {**rest, **(inner if isinstance(inner, dict) else {})}


def _pairs(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            before = old.get(name, "nothing")
            after = new.get(name, "nothing")
            yield f"{name}: {before} -> {after}"


def _metric_pairs(one: Shown, other: Shown) -> Iterator[tuple[str, float | None, float | None]]:
    old = one.version.metrics if one.version else _metrics(one.run.stages) if one.run else {}
    new = other.version.metrics if other.version else _metrics(other.run.stages) if other.run else {}
    for name in sorted({*old, *new}):
        yield name, old.get(name), new.get(name)
