"""`mlops validate SPEC`: one gate outside a pipeline, on names, versions or plain files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.base.records import decode
from mlops_cli.checks.verdict import Report
from mlops_cli.spec.load import load_validation
from mlops_cli.spec.pipeline import Output
from mlops_cli.spec.validation import DataValidation, Validation
from mlops_cli.stages.base import Input, Job
from mlops_cli.stages.child import execute
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import resolve
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.baselines import PREVIOUS, find_baseline, find_previous
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class Subjects:
    """What to judge and what to compare with, each a REF or a path; None: what the spec says."""

    data: str | None = None
    baseline: str | None = None
    model: str | None = None


def validate_now(workspace: Workspace, spec: Path, subjects: Subjects) -> Report:
    """The report of one validation; nothing is published. Raises UserError where spec or subjects are wrong."""
    validation = load_validation(spec, workspace.root, workspace.remember)
    data = subjects.data or validation.data
    if data is None:
        raise UserError(f"{validation.file} does not say which data to judge", "give --data REF or PATH")
    with _folder() as folder:
        inputs = {"data": _input(workspace, folder, data, "data")}
        labels = {"data": _shown(Path(data), workspace.root)}
        if not isinstance(validation, DataValidation):
            model = subjects.model or validation.model
            if model is None:
                raise UserError(f"{validation.file} does not say which model to judge", "give --model REF")
            inputs["model"], labels["model"] = _input(workspace, folder, model, "model"), model
        elif subjects.model:
            raise UserError(f"{validation.file} judges data, not a model", "leave --model out")
        baseline = _baseline(workspace, folder, validation, subjects, inputs, data)
        if baseline:
            inputs["@baseline"], labels["@baseline"] = baseline
        return _judge(workspace, spec, folder, inputs, labels)


def _judge(workspace: Workspace, spec: Path, folder: Path, inputs: dict[str, Input], labels: dict[str, str]) -> Report:
    job = Job(
        stage=spec.stem,
        verb="validate",
        project=str(workspace.root),
        work=str(folder),
        options={"spec": _shown(spec, workspace.root), "text": spec.read_text("utf-8")},
        inputs={name: [item] for name, item in inputs.items()},
        lists=(),
        arguments={},
        outputs=(Output("report", "json"),),
        threads=os.cpu_count() or 1,
        trust=workspace.project.trust,
        labels=labels,
    )
    answer = execute(job)
    if answer.outcome is None:
        raise StageFailed(answer.message, answer.hint)
    return decode(Path(answer.outcome.outputs["report"].path or "").read_bytes(), Report)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mlops-") as name:
        yield Path(name)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _input(workspace: Workspace, folder: Path, subject: str, name: str) -> Input:
    """A path as it is, or the version that a REF names, put into the scratch folder."""
    path = workspace.root / subject
    if path.exists():
        return Input(str(path), "table", hash_bytes(str(path).encode()))
    return _place(workspace, folder, _artifact(workspace, subject), name)


def _artifact(workspace: Workspace, reference: str) -> Artifact:
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None:
        raise UserError(
            f"'{reference}' is a {found.kind}, not a version", "give a path, a name, or a version such as customers@v1"
        )
    return found.version.artifact


def _place(workspace: Workspace, folder: Path, artifact: Artifact, name: str) -> Input:
    target = folder / (name + Path(artifact.name).suffix)
    place_artifact(workspace.store, artifact, target, mode="copy")
    return Input(str(target), artifact.type, artifact.oid)


def _baseline(
    workspace: Workspace, folder: Path, validation: Validation, subjects: Subjects, inputs: dict[str, Input], data: str
) -> tuple[Input, str] | None:
    if subjects.baseline:
        return _input(workspace, folder, subjects.baseline, "baseline"), subjects.baseline
    if validation.baseline is None:
        return None
    judged = inputs["data" if isinstance(validation, DataValidation) else "model"]
    current = Artifact(judged.type, judged.oid, "file", "", 0, 1)
    if validation.baseline == PREVIOUS:
        found = find_previous(workspace, data.partition("@")[0], validation.name, current)
    else:
        found = find_baseline(workspace, validation.baseline, current)
    return (_place(workspace, folder, found.artifact, "baseline"), found.label) if found else None
