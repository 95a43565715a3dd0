"""`mlops explain`: why a stage runs or does not, or how a name, a version or a run came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.pipeline.records import RunRecord, StageResult, spoken
from mlops_cli.store.records import Version
from mlops_cli.store.refs import Resolved, resolve
from mlops_cli.workflows.explain_alias import explain_alias
from mlops_cli.workflows.history import is_inner_alias
from mlops_cli.workflows.plan_pipeline import Explanation, explain_stage
from mlops_cli.workflows.prepare import find_spec
from mlops_cli.workflows.workspace import Workspace

ACTIONS = {
    "run": "would run now",
    "reuse": "is up to date",
    "maybe": "would run now if what it waits for changes",
    "blocked": "would be blocked",
    "skip": "would be skipped",
}


@dataclass(frozen=True)
class Explained:
    """One subject and the lines that explain it; `stage` holds the same as data when the subject is a stage."""

    subject: str
    lines: tuple[str, ...]
    stage: Explanation | None = None


def explain(workspace: Workspace, subject: str, spec: Path | None, parameters: Mapping[str, str]) -> list[Explained]:
    """A stage's reasons, or the story behind a REF. A stage's name wins; raises UserError when it is neither."""
    try:
        return [_stage(item) for item in explain_stage(workspace, subject, spec, parameters)]
    except UserError as error:
        if not _could_be_reference(workspace, subject, spec):
            raise
        try:
            found = resolve(workspace.store, workspace.journal, subject)
            alias = explain_alias(workspace, subject)
            return [*([Explained(*alias)] if alias else []), _reference(workspace, found)]
        except UserError:
            raise error from None


def _could_be_reference(workspace: Workspace, subject: str, spec: Path | None) -> bool:
    return spec is None and (
        "@" in subject or ":" in subject or subject in workspace.journal.names() or _no_spec(workspace)
    )


def _no_spec(workspace: Workspace) -> bool:
    try:
        find_spec(workspace.root, None)
    except UserError:
        return True
    return False


def _stage(item: Explanation) -> Explained:
    lines = [f"{ACTIONS[item.action]}: {item.reason}" if not item.refusals else f"it said no: {item.reason}"]
    lines += [f"  {refusal}" for refusal in item.refusals]
    lines += [f"  {change}" for change in item.changes[1:]]
    if item.last_run:
        lines.append(f"last executed in run {item.last_run} at {item.last_time}: {item.last_reason}")
        lines += [f"  {change}" for change in item.last_changes[1:]]
    lines += [f"note: {note}" for note in item.notes]
    return Explained(item.stage, tuple(lines), item)


def _reference(workspace: Workspace, found: Resolved) -> Explained:
    if found.kind == "run":
        run = workspace.store.read_record(found.oid, "run", RunRecord)
        lines = [f"pipeline {run.pipeline}, {spoken(run.outcome)}, at {run.started}"]
        lines += [f"{result.stage}: {spoken(result.status)}, {result.reason}" for result in run.stages]
        return Explained(f"run:{run.id}", tuple(lines))
    if found.version is None:
        return Explained(found.oid[:12], ("an object of the store that is no version and no run",))
    label = f"{found.name}@v{found.version_number}" if found.version_number else found.name
    return Explained(label, tuple(_story(workspace, found.version, found.oid)))


def _story(workspace: Workspace, version: Version, oid: str) -> list[str]:
    lines = [f"a {version.kind} version of {version.name}, made at {version.created}"]
    if version.run:
        run = workspace.store.read_record(version.run, "run", RunRecord)
        where = f"stage {version.stage}" if version.stage else "a source"
        lines.append(f"by {where} in run {run.id} of {run.pipeline}")
        lines += [
            f"  {result.stage}: {spoken(result.status)}, {result.reason}"
            for result in run.stages
            if _made(result, version)
        ]
    for line in workspace.journal.lines():
        for name, (_, new) in line.set.items():
            if new == oid and not is_inner_alias(name):
                lines.append(f"{line.time} {name} moved to it: {line.why}")
    return lines


def _made(result: StageResult, version: Version) -> bool:
    return any(artifact.oid == version.artifact.oid for artifact in result.outputs.values())
