"""`mlops run`: bring every result of a pipeline up to date, and publish what passed."""

from __future__ import annotations

import functools
import importlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from mlops_cli.base.clock import timestamp
from mlops_cli.base.records import Json
from mlops_cli.pipeline.execute import Execution, Watcher, Work
from mlops_cli.pipeline.executors import EXECUTORS
from mlops_cli.pipeline.executors.base import Executor
from mlops_cli.pipeline.key import VERB_FACTS
from mlops_cli.pipeline.plan import ContextOf
from mlops_cli.pipeline.records import RunRecord, StageResult
from mlops_cli.spec.pipeline import Call, Fit
from mlops_cli.stages import VERB_MODULES
from mlops_cli.store.git import git_state
from mlops_cli.store.lease import Lease, sweep
from mlops_cli.store.records import Artifact
from mlops_cli.workflows.code_snapshot import code_files, store_code
from mlops_cli.workflows.judged_before import judged_before
from mlops_cli.workflows.naming import check_names
from mlops_cli.workflows.prepare import Prepared, prepare
from mlops_cli.workflows.publish import Published, Publisher
from mlops_cli.workflows.sources import take_sources, write_lock
from mlops_cli.workflows.work_tree import check_paths, put_outputs, wanted_paths
from mlops_cli.workflows.workspace import Workspace

ENTRY = "mlops_cli.stages.child:main"
STAGE_WORK = "mlops_cli.stages.work"
WORK = "work"
ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # letters and digits that are not taken for one another
# Libraries that may be loaded before a fork: they start no threads and hold no files by being imported.
FORK_SAFE = frozenset({"numpy", "pandas", "pyarrow", "scipy", "sklearn", "duckdb", "skops"})
MODULES = {"sklearn": "sklearn.pipeline", "skops": "skops.io", "pyarrow": "pyarrow.parquet"}

Outcome: TypeAlias = Literal["done", "gate_failed", "failed", "interrupted"]


@dataclass(frozen=True)
class RunOptions:
    """What `mlops run` was asked for."""

    spec: Path | None = None
    select: tuple[str, ...] = ()
    parameters: Mapping[str, str] | None = None
    jobs: int = 0
    """CPUs to use; 0: all there are."""
    executor: str = "local"
    force: bool = False
    keep_going: bool = False
    locked: bool = False


@dataclass(frozen=True)
class RunReport:
    """What a run did."""

    id: str
    pipeline: str
    spec: str
    outcome: Outcome
    seconds: float
    stages: tuple[StageResult, ...]
    published: tuple[Published, ...]
    parameters: Mapping[str, Json]
    recorded: bool
    """False: nothing ran and no name moved, so there is nothing new to remember."""
    files: tuple[str, ...] = ()
    """Files of the work tree that the run wrote."""
    saved: Mapping[str, str] = field(default_factory=dict)
    """Such a file -> the name `autosave/<n>` that keeps what was there and was not an output of ours."""
    restored: tuple[str, ...] = ()
    """Sources that were missing and came back from the lock."""


def run_pipeline(
    workspace: Workspace, options: RunOptions, watch: Watcher, context: ContextOf | None = None
) -> RunReport:
    """Run a pipeline; raises UserError before anything is started, later mistakes are in the report.

    `context`: what gates are given, where that is not what the names of the project say.
    """
    started, clock = timestamp(), time.monotonic()
    prepared = replace(prepare(workspace, options.spec, options.parameters or {}, options.select), context=context)
    check_names(workspace, prepared.graph)
    check_paths(prepared, wanted_paths(prepared), {})
    restored = tuple(prepared.pipeline.sources[name].path for name in missing_sources(prepared))
    sources = take_sources(workspace, prepared.pipeline, prepared.needed_sources, locked=options.locked)
    name = new_run_id()
    with Lease(workspace.store.folder / WORK) as lease:
        execution = _execute(prepared, sources, options, name, lease, watch)
        results = execution.run()
    written = put_outputs(prepared, results)
    report = RunReport(
        id=name,
        pipeline=prepared.pipeline.name,
        spec=prepared.pipeline.file,
        outcome=_outcome(execution, results),
        seconds=round(time.monotonic() - clock, 3),
        stages=tuple(results.values()),
        published=(),
        parameters=prepared.graph.parameters,
        recorded=False,
        files=tuple(written),
        saved={path: name for path, name in written.items() if name},
        restored=restored,
    )
    return _finish(prepared, sources, results, report, started)


def missing_sources(prepared: Prepared) -> list[str]:
    """The needed sources that the work tree does not have."""
    root, sources = prepared.workspace.root, prepared.pipeline.sources
    return [name for name in prepared.needed_sources if not (root / sources[name].path).exists()]


def new_run_id() -> str:
    """A short name for a run, such as `k3f9qa`."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in os.urandom(8))


def _execute(
    prepared: Prepared, sources: Mapping[str, Artifact], options: RunOptions, name: str, lease: Lease, watch: Watcher
) -> Execution:
    workspace = prepared.workspace
    force = frozenset(prepared.chosen or prepared.graph.nodes) if options.force else frozenset()
    capacity = options.jobs or os.cpu_count() or 1

    def start() -> tuple[Executor, Work]:
        """Called when the first stage has to run: a run that has nothing to do loads no stage."""
        work = importlib.import_module(STAGE_WORK).StageWork(
            root=workspace.root,
            store=workspace.store,
            cache=workspace.cache,
            keyer=prepared.keyer,
            lease=lease,
            run=name,
            pipeline=prepared.pipeline.name,
            seed=prepared.pipeline.seed or 0,
            trust=workspace.project.trust,
            pickle=workspace.project.pickle == "allow",
            capacity=capacity,
            sources={name: source.path for name, source in prepared.pipeline.sources.items()},
            judged_before=functools.partial(judged_before, workspace),
        )
        git_state(workspace.root)  # asked once in a process: what counts is where the code stood when the run began
        sweep(workspace.store.folder / WORK)
        executor = importlib.import_module(EXECUTORS[options.executor]).create(ENTRY, capacity, preload(prepared))
        return executor, work

    planned = prepared.planner(sources, force)
    return Execution(prepared.graph, planned, start, capacity, watch, options.keep_going, prepared.chosen)


def preload(prepared: Prepared) -> tuple[str, ...]:
    """What the fork server loads once, so that no stage waits for it: the verbs in use and the libraries they reach."""
    nodes = [node for name, node in prepared.graph.nodes.items() if prepared.chosen is None or name in prepared.chosen]
    libraries = set()
    for node in nodes:
        libraries |= {*VERB_FACTS[node.stage.kind][1], *prepared.keyer.closure(node).packages} & FORK_SAFE
        if isinstance(node.stage.verb, Call):
            libraries |= {"pandas", "pyarrow"}
        elif isinstance(node.stage.verb, Fit) and node.stage.verb.target_class.startswith("sklearn."):
            libraries.add(node.stage.verb.target_class.partition(":")[0])
    verbs = {VERB_MODULES[node.stage.kind] for node in nodes}
    # Verbs come last: they load less when the libraries that they use are there.
    return ("mlops_cli.stages.child", *sorted(MODULES.get(name, name) for name in libraries), *sorted(verbs))


def _outcome(execution: Execution, results: Mapping[str, StageResult]) -> Outcome:
    statuses = {result.status for result in results.values()}
    if execution.interrupted:
        return "interrupted"
    if "failed" in statuses:
        return "failed"
    return "gate_failed" if "gate_failed" in statuses else "done"


def _finish(
    prepared: Prepared,
    sources: Mapping[str, Artifact],
    results: Mapping[str, StageResult],
    run: RunReport,
    started: str,
) -> RunReport:
    """Record the run and move its names, if there is anything to record."""
    workspace = prepared.workspace
    complete = run.outcome == "done"
    publisher = Publisher(workspace, prepared.graph, prepared.keyer.validations, sources, results)
    fresh = any(result.status in ("ran", "failed", "cancelled") or result.seconds for result in results.values())
    if not fresh and not publisher.changed(complete) and not publisher.unrecorded():
        if complete:
            write_lock(workspace.root, prepared.pipeline, sources)  # a source may have moved, with the same content
        return run
    with workspace.store.begin() as transaction:
        spec = workspace.root / prepared.pipeline.file
        record = RunRecord(
            id=run.id,
            pipeline=run.pipeline,
            spec=run.spec,
            outcome=run.outcome,
            started=started,
            seconds=run.seconds,
            code=store_code(workspace, transaction, code_files(workspace, spec, prepared.graph, prepared.keyer)),
            git=git_state(workspace.root),
            environment=transaction.add_record("environment", workspace.installed.environment()),
            parameters=prepared.graph.parameters,
            seed=prepared.pipeline.seed,
            inputs=sources,
            stages=tuple(results.values()),
        )
        published = publisher.publish(transaction, record, complete)
    if complete or published:
        write_lock(
            workspace.root,
            prepared.pipeline,
            {name: item for name, item in sources.items() if complete or name in {p.name for p in published}},
        )
    return replace(run, published=tuple(published), recorded=True)
