"""A recorded run in a folder of its own: its code, its data, its parameters, and what its gates were given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_cli.base.clock import parse_time
from mlops_cli.base.errors import Fault, StoreError, UserError
from mlops_cli.base.records import Json
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.plan import Context
from mlops_cli.pipeline.records import RunRecord, StageRecord
from mlops_cli.spec.load import load_pipeline
from mlops_cli.spec.pipeline import Pipeline
from mlops_cli.spec.project import load_project
from mlops_cli.spec.validation import DataValidation
from mlops_cli.store.records import Artifact
from mlops_cli.store.refs import Resolved, resolve
from mlops_cli.store.store import Store
from mlops_cli.store.whole import is_whole
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.baselines import Contexts
from mlops_cli.workflows.code_snapshot import code_files
from mlops_cli.workflows.prepare import Prepared, choose, prepare
from mlops_cli.workflows.recorded_context import recorded_contexts
from mlops_cli.workflows.workspace import FOLDER, Workspace


@dataclass(frozen=True)
class Origin:
    """What shall be made again: the run, and of a version the stage that published it."""

    label: str
    run: RunRecord
    stage: str | None = None
    """None: the whole run."""


@dataclass(frozen=True)
class Rebuilt:
    """A scratch folder that is ready to run."""

    prepared: Prepared
    parameters: Mapping[str, str]
    select: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def workspace(self) -> Workspace:
        return self.prepared.workspace


def origin_of(workspace: Workspace, reference: str) -> Origin:
    """The run behind a REF. Raises UserError where no run made it, StoreError where the run's record is lost."""
    found = resolve(workspace.store, workspace.journal, reference)
    if found.kind == "object":
        hint = "name a version such as churn@v3, or a run (run:<id>)"
        raise UserError(f"'{reference}' is an object, and neither a version nor a run", hint)
    label = f"run:{found.name}" if found.version is None else _label(found)
    oid = found.oid if found.version is None else found.version.run
    if oid is None:
        raise UserError(f"no run made {label}: somebody added it", "only what a run has made can be made again")
    try:
        run = workspace.store.read_record(oid, "run", RunRecord)
    except StoreError as error:
        message = f"{label} cannot be made again: the record of its run is lost"
        raise StoreError(message, error.faults[0].message) from error
    if found.version is not None and found.version.stage is None:
        hint = f"make again what was made of it: mlops reproduce run:{run.id}"
        raise UserError(f"{label} is a source of run:{run.id}: no stage made it", hint)
    return Origin(label, run, found.version.stage if found.version is not None else None)


def _label(found: Resolved) -> str:
    return f"{found.name}@v{found.version_number}" if found.version_number else found.name


def rebuild(
    workspace: Workspace, origin: Origin, folder: Path, given: Mapping[str, str], *, work_tree: bool
) -> Rebuilt:
    """Fill `folder`, which must not exist. `given`: parameters that shall have another value than in the run.

    `work_tree`: take code and data as they are in the project now. Raises StoreError with everything that is lost,
    UserError where the code or a parameter is wrong.
    """
    run = origin.run
    if work_tree:
        _copy_code(workspace, run, folder)
    else:
        _refuse_missing(workspace, origin, {"its code": Artifact("folder", run.code, "tree", run.id, 0, 0)})
        place_artifact(workspace.store, Artifact("folder", run.code, "tree", run.id, 0, 0), folder, "copy")
    Store.create(folder / FOLDER, "none")
    copy = Workspace(folder, load_project(folder), Store.open(folder / FOLDER, "none"))
    pipeline = load_pipeline(folder / run.spec, folder)
    parameters, notes = _parameters(pipeline, run, given)
    whole = prepare(copy, folder / run.spec, parameters)
    select = _selected(whole, origin)
    prepared = replace(whole, chosen=choose(whole.graph, select))
    _place_sources(workspace, prepared, origin, work_tree=work_tree)
    notes += _copy_tables(workspace, prepared)
    contexts, missing = recorded_contexts(workspace, copy, run)
    usual = Contexts(copy, prepared.pipeline, prepared.keyer.validations)

    def context(node: Node, inputs: Mapping[str, tuple[Artifact, ...]]) -> Context:
        found, then = usual.of(node, inputs), contexts.get(node.id, Context())
        return Context({**found.inputs, **then.inputs}, {**found.labels, **then.labels})

    return Rebuilt(replace(prepared, context=context), parameters, select, (*notes, *missing))


def _refuse_missing(workspace: Workspace, origin: Origin, pieces: Mapping[str, Artifact]) -> None:
    lost = [what for what, item in pieces.items() if not is_whole(workspace.store, item)]
    if lost:
        hint = "`mlops fsck` lists what is damaged; bring it back from a copy of the store"
        message = "{} cannot be made again: the store has lost {}"
        faults = [Fault(message.format(origin.label, what), None, hint) for what in lost]
        error = StoreError(faults[0].message, hint)
        error.faults = tuple(faults)
        raise error


def _copy_code(workspace: Workspace, run: RunRecord, folder: Path) -> None:
    """The files that the pipeline reads as code now, as they are in the work tree."""
    spec = workspace.root / run.spec
    if not spec.is_file():
        raise UserError(f"the work tree has no {run.spec}", "leave --work-tree out: the store has the run's own code")
    now = prepare(workspace, spec, {})
    for name in code_files(workspace, spec, now.graph, now.keyer):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(workspace.root / name, folder / name)


def _parameters(pipeline: Pipeline, run: RunRecord, given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What to give with `-p`: the run's own values that are not the defaults, then what somebody has planted."""
    known = {name: value for name, value in run.parameters.items() if name in pipeline.parameters}
    values = {
        name: _text(value)
        for name, value in known.items()
        if value != pipeline.parameters[name].default or type(value) is not type(pipeline.parameters[name].default)
    }
    gone = [f"the pipeline has no parameter {name} any more" for name in run.parameters if name not in known]
    return {**values, **given}, gone


def _text(value: Json) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _selected(prepared: Prepared, origin: Origin) -> tuple[str, ...]:
    """The stages to run: of a version, what its content comes from; of a run, those that it had."""
    nodes = prepared.graph.nodes
    if origin.stage is None or origin.stage not in nodes:
        return tuple(result.stage for result in origin.run.stages if result.stage in nodes)
    node = nodes[origin.stage]
    return node.needs if node.stage.kind == "register" else (origin.stage,)


def _place_sources(workspace: Workspace, prepared: Prepared, origin: Origin, *, work_tree: bool) -> None:
    """The data where the pipeline looks for them. They count as written when the run began."""
    moment = parse_time(origin.run.started).timestamp()
    lost: dict[str, Artifact] = {}
    for name in prepared.needed_sources:
        path = prepared.pipeline.sources[name].path
        target = prepared.workspace.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        recorded = origin.run.inputs.get(name)
        if work_tree and (workspace.root / path).exists():
            _copy(workspace.root / path, target)
        elif recorded is not None and is_whole(workspace.store, recorded):
            place_artifact(workspace.store, recorded, target, "copy")
        elif recorded is not None:
            lost[f"its data '{name}' ({path})"] = recorded
        else:
            raise UserError(f"run:{origin.run.id} had no data '{name}', and there is no {path}")
        if target.is_file():
            os.utime(target, (moment, moment))
    _refuse_missing(workspace, origin, lost)


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    else:
        shutil.copy2(path, target)


def _copy_tables(workspace: Workspace, prepared: Prepared) -> list[str]:
    """The tables that checks look in are no sources, so no run keeps them: those of the work tree are taken."""
    notes = []
    gates = [item for item in prepared.keyer.validations.values() if isinstance(item, DataValidation)]
    for table in sorted({check.table for gate in gates for check in gate.checks if check.table is not None}):
        if Path(table).is_absolute() or ".." in Path(table).parts:
            continue  # outside of the project: it is looked for at the same place
        for path in workspace.root.glob(table):
            target = prepared.workspace.root / path.relative_to(workspace.root)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(path, target)
                notes.append(f"{path.relative_to(workspace.root)} is taken as it is now: checks look in it")
    return notes


@contextmanager
def as_then(workspace: Workspace, run: RunRecord, *, variables: bool) -> Iterator[None]:
    """The clock stands at the beginning of the run; with `variables`, those that the project names are as they were."""
    values: dict[str, str | None] = {"MLOPS_NOW": run.started}
    for result in run.stages if variables else ():
        if result.record is not None:
            with suppress(StoreError):
                record = workspace.store.read_record(result.record, "stage", StageRecord)
                values |= record.components.environment
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
