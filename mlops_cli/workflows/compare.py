"""`show` and `diff`: one version, run or object with its origin, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, Json, parse, plain
from mlops_cli.pipeline.explain import differences
from mlops_cli.pipeline.records import RunRecord, StageRecord
from mlops_cli.store.records import Version
from mlops_cli.store.refs import Resolved, resolve
from mlops_cli.store.trees import diff_trees
from mlops_cli.workflows.history import model_metrics
from mlops_cli.workflows.model_diff import ModelDifference, model_difference, pairs
from mlops_cli.workflows.model_facts import ModelFacts, model_facts
from mlops_cli.workflows.workspace import Workspace

SHOWN_BYTES = 1 << 16  # of an object that is text


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
    model: ModelFacts | None = None
    """Of a version of a model."""


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
    model: ModelDifference | None = None
    """Of two versions of models."""


def show(workspace: Workspace, reference: str) -> Shown:
    """Everything about a REF; raises StoreError where it names nothing."""
    found = resolve(workspace.store, workspace.journal, reference)
    if found.kind == "run":
        return Shown(reference, "run", found.oid, run=workspace.store.read_record(found.oid, "run", RunRecord))
    if found.version is None:
        return _show_object(workspace, reference, found)
    run = _run_of(workspace, found.version)
    stage = _stage_of(workspace, run, found.version)
    return Shown(
        reference,
        found.version.kind,
        found.oid,
        found.version,
        found.version_number,
        run,
        stage,
        _small(workspace, found.version),
        model=model_facts(workspace, found.oid, found.version, run) if found.version.kind == "model" else None,
    )


def _small(workspace: Workspace, version: Version) -> Json:
    """The content of a small JSON artifact."""
    artifact = version.artifact
    if artifact.type not in ("json", "metrics") or artifact.layout != "file" or artifact.bytes > SHOWN_BYTES:
        return None
    try:
        return parse(workspace.store.read(artifact.oid))
    except BadRecord:
        return None  # a file of another program that only bears the type: there is nothing to show


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
        tuple(_parameters(one, other, lines)),
        tuple(_environment(workspace, one.run, other.run))
        or tuple(line for line in lines if line.startswith(("library", "Python"))),
        tuple(_metric_pairs(one, other)),
        _models(one, other, lines),
    )


def _models(one: Shown, other: Shown, lines: list[str]) -> ModelDifference | None:
    if one.model is None or other.model is None:
        return None
    return model_difference(one.model, other.model, tuple(line for line in lines if line.startswith("code ")))


def _content(workspace: Workspace, one: Shown, other: Shown) -> Iterator[str]:
    if not one.version or not other.version:
        return
    old, new = one.version.artifact, other.version.artifact
    if old.layout == "tree" and new.layout == "tree":
        yield from _tree_lines(workspace, old.oid, new.oid)
    elif old.oid != new.oid:
        yield f"{old.name}: {old.oid[:12]} ({old.bytes} bytes) -> {new.oid[:12]} ({new.bytes} bytes)"


def _parameters(one: Shown, other: Shown, lines: list[str]) -> Iterator[str]:
    """The runs' parameters, then the stages' arguments that are none of them (a matrix, literals)."""
    old, new = one.run.parameters if one.run else {}, other.run.parameters if other.run else {}
    yield from pairs(old, new)
    named = {*old, *new}
    yield from (line for line in lines if line.startswith("argument ") and line.split()[1].rstrip(":") not in named)


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
    yield from pairs(old, new)


def _environment(workspace: Workspace, one: RunRecord | None, other: RunRecord | None) -> Iterator[str]:
    if one and other and one.environment != other.environment:
        old, new = (plain(workspace.store.read_record(run.environment, "environment", dict)) for run in (one, other))
        if isinstance(old, dict) and isinstance(new, dict):
            yield from pairs(_flat(old), _flat(new))


def _flat(record: Mapping[str, Json]) -> dict[str, Json]:
    inner = record.get("distributions")
    rest = {name: value for name, value in record.items() if name not in ("distributions", "format")}
    return {**rest, **(inner if isinstance(inner, dict) else {})}


def _metric_pairs(one: Shown, other: Shown) -> Iterator[tuple[str, float | None, float | None]]:
    old = one.version.metrics if one.version else model_metrics(one.run.stages) if one.run else {}
    new = other.version.metrics if other.version else model_metrics(other.run.stages) if other.run else {}
    for name in sorted({*old, *new}):
        yield name, old.get(name), new.get(name)
