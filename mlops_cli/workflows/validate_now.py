"""`mlops validate SPEC`: one gate outside a pipeline, on names, versions or plain files."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.base.records import decode
from mlops_cli.checks.verdict import Report
from mlops_cli.pipeline.records import BASELINE
from mlops_cli.spec.load import load_validation
from mlops_cli.spec.pipeline import Output
from mlops_cli.spec.validation import DataValidation, ModelValidation, Validation, data_of
from mlops_cli.stages.base import Input, Job
from mlops_cli.stages.child import execute
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import resolve, split_ref
from mlops_cli.store.worktree import identify, place_artifact
from mlops_cli.workflows.baselines import (
    PREVIOUS,
    context_for,
    judged_argument,
    passed_name,
    path_of_baseline,
)
from mlops_cli.workflows.evidence import record_judgement
from mlops_cli.workflows.judged_before import judged_before
from mlops_cli.workflows.sign import demand_signature
from mlops_cli.workflows.sources import read_lock
from mlops_cli.workflows.workspace import Workspace, refuse_missing

FILE_LIKE = re.compile(r"\.(csv|parquet|pq|jsonl|ndjson|arrow|feather)(\.(gz|zst|bz2))?$|^[./]")
"""What can only be meant as a path, where no name is like it."""

OTHER = "not recorded as evidence: {} stands in place of what the spec names"


@dataclass(frozen=True)
class Subjects:
    """What to judge and what to compare with, each a REF or a path; None: what the spec says."""

    data: str | None = None
    baseline: str | None = None
    model: str | None = None
    environment: str | None = None
    """What the data are for, such as `serving`."""


def validate_now(workspace: Workspace, spec: Path, subjects: Subjects) -> Report:
    """The report of one validation; nothing is published. Raises UserError where spec or subjects are wrong."""
    validation = load_validation(spec, workspace.root, workspace.remember)
    data = subjects.data or data_of(validation)
    if data is None:
        hint = "give --data REF or PATH, or write `data:` into the spec"
        raise UserError(f"{validation.file} does not say which data to judge", hint)
    refuse_environment(validation, subjects.environment)
    with _folder() as folder:
        known = needs_identity(workspace, validation, name_of(workspace, data))
        inputs = {"data": [_input(workspace, folder, data, "data", known=known)]}
        labels = {"data": _shown(Path(data), workspace.root)}
        current = Artifact(inputs["data"][0].type, inputs["data"][0].oid, "file", "", 0, 1)
        judged = model_of(validation, subjects)
        if judged is not None:
            current = artifact_of(workspace, judged)
            inputs["model"], labels["model"] = [_place(workspace, folder, current, "model")], judged
        baseline = subjects.baseline or path_of_baseline(workspace, validation)
        if baseline:
            inputs[BASELINE] = [_input(workspace, folder, baseline, "baseline", known=True)]
            labels[BASELINE] = _shown(Path(baseline), workspace.root)
        else:
            refuse_unknown_table(workspace, validation)
        context = context_for(workspace, validation, name_of(workspace, data), current)
        for name, items in context.inputs.items():
            if name not in inputs:
                inputs[name] = [_place(workspace, folder, item, f"{name[1:]}-{at}") for at, item in enumerate(items)]
        report = _judge(workspace, spec, folder, inputs, {**context.labels, **labels}, subjects.environment)
    return report if judged is None else recorded(workspace, report, judged, subjects)


def recorded(workspace: Workspace, report: Report, model: str, subjects: Subjects) -> Report:
    """Record what a gate said of a version as evidence for it or against it. On other data, or against another
    baseline, than the spec names it is none: whoever wants to promote could choose easy ones."""
    found = resolve(workspace.store, workspace.journal, model)
    if found.version is None or found.version.kind != "model":
        return report
    other = "--data" if subjects.data is not None else "--baseline" if subjects.baseline is not None else None
    if other is not None:
        return replace(report, notes=(*report.notes, OTHER.format(other)))
    record_judgement(workspace, report, found.oid)
    return report


def refuse_unknown_table(workspace: Workspace, validation: Validation) -> None:
    """Raise StoreError where the baseline of a table of predictions means nothing here: a model may wait for its first
    champion, a table is there or misspelt."""
    table = isinstance(validation, ModelValidation) and validation.predictions is not None
    said = validation.baseline if table else None
    if said is not None and not workspace.journal.history(split_ref(said)[0]):
        artifact_of(workspace, said)


def model_of(validation: Validation, subjects: Subjects) -> str | None:
    """The REF of the model to judge; None where the spec judges data. Raises UserError."""
    if judged_argument(validation) == "data":
        if subjects.model:
            what = "data" if isinstance(validation, DataValidation) else "predictions"
            raise UserError(f"{validation.file} judges {what}, not a model", "leave --model out")
        return None
    model = subjects.model or (validation.model if isinstance(validation, ModelValidation) else None)
    if model is None:
        raise UserError(f"{validation.file} does not say which model to judge", "give --model REF")
    return model


def needs_identity(workspace: Workspace, validation: Validation, name: str) -> bool:
    """Whether it matters what the data are: versions that have passed are told apart from them, and models compared."""
    passed = passed_name(name, validation.name)
    return (
        not isinstance(validation, DataValidation)
        or validation.baseline != PREVIOUS
        or passed in workspace.journal.names()
    )


def refuse_environment(validation: Validation, environment: str | None) -> None:
    """Raise UserError for an environment of which the spec makes no exception: it is probably misspelt."""
    checks = validation.checks if isinstance(validation, DataValidation) else ()
    known = sorted({name for check in checks for name in check.not_in})
    if environment is not None and environment not in known:
        hint = f"it knows {', '.join(known)}" if known else "write not_in: [NAME] in a column that is not there in it"
        raise UserError(f"{validation.file} makes no exception for the environment '{environment}'", hint)


def name_of(workspace: Workspace, data: str) -> str:
    """The name under which the data have their versions: the REF's own, or that of the source with this path."""
    path = Path(data)
    if not path.exists() and not (workspace.root / data).exists():
        return data.partition("@")[0]
    shown = _shown(path if path.is_absolute() else workspace.root / path, workspace.root)
    pinned = [name for name, pin in read_lock(workspace.root).items() if pin.path == shown]
    return pinned[0] if pinned else shown


def _judge(
    workspace: Workspace,
    spec: Path,
    folder: Path,
    inputs: dict[str, list[Input]],
    labels: dict[str, str],
    environment: str | None,
) -> Report:
    job = Job(
        stage=spec.stem,
        verb="validate",
        project=str(workspace.root),
        work=str(folder),
        options={
            "spec": _shown(spec, workspace.root),
            "text": spec.read_text("utf-8"),
            "environment": environment,
            "uses": _uses(workspace, inputs),
        },
        inputs=inputs,
        lists=(),
        arguments={},
        outputs=(Output("report", "json"),),
        threads=os.cpu_count() or 1,
        trust=workspace.project.trust,
        pickle=workspace.project.pickle == "allow",
        labels=labels,
        cache=str(workspace.measures),
    )
    answer = execute(job, ours=True)
    if answer.outcome is None:
        raise StageFailed(answer.message, answer.hint)
    return decode(Path(answer.outcome.outputs["report"].path or "").read_bytes(), Report)


def _uses(workspace: Workspace, inputs: dict[str, list[Input]]) -> int | None:
    """How many other models were judged on these rows before; None where no model is judged."""
    if "model" not in inputs:
        return None
    return judged_before(workspace, inputs["data"][0].oid, inputs["model"][0].oid)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mlops-") as name:
        yield Path(name)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _input(workspace: Workspace, folder: Path, subject: str, name: str, *, known: bool = True) -> Input:
    """A path as it is, or the version that a REF names, put into the scratch folder. `known`: it matters what the path
    holds, which takes reading all of it the first time."""
    path = workspace.root / subject
    if path.exists() or fits_files(path):
        return Input(str(path), "table", _identity(workspace, path, known=known))
    return _place(workspace, folder, artifact_of(workspace, subject), name)


def fits_files(pattern: Path) -> bool:
    """Whether a path with `*`, `?` or brackets stands for files; outputs of a matrix have brackets in their names
    too."""
    return glob.has_magic(str(pattern)) and bool(glob.glob(str(pattern), recursive=True))  # noqa: PTH207 - it may be absolute


def _identity(workspace: Workspace, path: Path, *, known: bool) -> Oid:
    """What a path holds, so that it is not compared with itself; the path alone where it cannot be told."""
    found = identify(workspace.store, workspace.index, path, "table") if known and path.exists() else None
    if found is not None:
        workspace.index.save()
    return found.oid if found is not None else hash_bytes(str(path).encode())


def artifact_of(workspace: Workspace, reference: str) -> Artifact:
    """The content that a REF names; raises UserError where it is no version, StoreError where there is none."""
    if FILE_LIKE.search(reference) and reference.partition("@")[0] not in workspace.journal.names():
        refuse_missing(workspace.root / reference, _shown(Path(reference), workspace.root))
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None:
        raise UserError(
            f"'{reference}' is a {found.kind}, not a version", "give a path, a name, or a version such as customers@v1"
        )
    demand_signature(workspace, found.oid)
    return found.version.artifact


def _place(workspace: Workspace, folder: Path, artifact: Artifact, name: str) -> Input:
    target = folder / name / artifact.name
    target.parent.mkdir(parents=True, exist_ok=True)
    place_artifact(workspace.store, artifact, target, mode="copy")
    return Input(str(target), artifact.type, artifact.oid)
