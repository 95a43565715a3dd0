"""`mlops reproduce`: run a recorded run again in a folder of its own, and tell whether it gives the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.pipeline.execute import Watcher
from mlops_cli.store.lease import Lease
from mlops_cli.workflows.environments import environment_differences, install, recorded_environment, run_there
from mlops_cli.workflows.rebuild import Origin, Rebuilt, as_then, origin_of, rebuild
from mlops_cli.workflows.rerun import Compared, FirstDifference, Runs, first_difference
from mlops_cli.workflows.run_pipeline import WORK, RunOptions, run_pipeline
from mlops_cli.workflows.sources import identify_sources
from mlops_cli.workflows.workspace import Workspace

DRAWS = "its code may draw without a seed, read the clock, or depend on the order of threads"


@dataclass(frozen=True)
class Asked:
    """What `mlops reproduce` was asked for."""

    reference: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameters that shall have another value than in the run."""
    work_tree: bool = False
    """Code and data of the project as they are now."""
    keep: Path | None = None
    """A folder to rebuild in, which stays; None: one that goes."""
    jobs: int = 0
    """CPUs to use; 0: all."""


@dataclass(frozen=True)
class Reproduction:
    """Whether a run gives the same again, and if not, what differs first."""

    reference: str
    run: str
    """The recorded run."""
    pipeline: str
    same: bool
    stages: tuple[Compared, ...]
    first: FirstDifference | None
    notes: tuple[str, ...]
    """What differs around the run, and what could not be rebuilt."""
    kept: str | None = None


def reproduce(workspace: Workspace, asked: Asked, watch: Watcher, tell: Callable[[str], None]) -> Reproduction:
    """Rebuild, run, compare; `tell` hears at once what differs around the run. Nothing of the project changes.

    Raises UserError where REF was not made by a run or the code is wrong, StoreError with everything that is lost.
    """
    origin = origin_of(workspace, asked.reference)
    notes = environment_differences(workspace, origin.run)
    for note in notes:
        tell(note)
    with _folder(workspace, asked.keep) as folder, as_then(workspace, origin.run, variables=not asked.work_tree):
        rebuilt = rebuild(workspace, origin, folder, asked.parameters, work_tree=asked.work_tree)
        found = _run(workspace, origin, rebuilt, asked.jobs, watch)
    kept = str(asked.keep) if asked.keep else None
    first = found.first
    if first is not None and first.reason == "not_deterministic":
        around = tuple(f"it may come from this: {note}" for note in notes) or (DRAWS,)
        first = replace(first, lines=(*first.lines, *around))
    return replace(found, reference=asked.reference, first=first, notes=(*notes, *rebuilt.notes), kept=kept)


def reproduce_installed(workspace: Workspace, asked: Asked, flags: Sequence[str], tell: Callable[[str], None]) -> int:
    """`reproduce` in a virtual environment with the libraries of the run, on the same screen; returns its exit code.

    Raises UserError and StoreError as `reproduce` does, StageFailed where a library cannot be installed.
    """
    run = origin_of(workspace, asked.reference).run
    environment = recorded_environment(workspace, run)
    words = ["reproduce", asked.reference, "--jobs", str(asked.jobs), *flags]
    words += [word for name, value in asked.parameters.items() for word in ("-p", f"{name}={value}")]
    words += ["--work-tree"] if asked.work_tree else []
    words += ["--keep", str(asked.keep)] if asked.keep else []
    (workspace.store.folder / WORK).mkdir(exist_ok=True)
    with Lease(workspace.store.folder / WORK) as lease:
        python = install(environment, Path(lease.path()).resolve(), tell)
        return run_there(python, workspace.root, words)


def _run(workspace: Workspace, origin: Origin, rebuilt: Rebuilt, jobs: int, watch: Watcher) -> Reproduction:
    prepared = rebuilt.prepared
    options = RunOptions(
        spec=prepared.workspace.root / origin.run.spec,
        select=rebuilt.select,
        parameters=rebuilt.parameters,
        jobs=jobs,
        keep_going=True,  # one stage that fails leaves the others to be compared
    )
    report = run_pipeline(prepared.workspace, options, watch, prepared.context)
    if report.outcome == "interrupted":
        raise KeyboardInterrupt
    sources = identify_sources(prepared.workspace, prepared.pipeline, prepared.needed_sources)
    runs = Runs(workspace.store, origin.run, prepared, sources, {item.stage: item for item in report.stages})
    compared = runs.compare()
    if not any(item.same is not None for item in compared):
        raise StageFailed(f"nothing of run:{origin.run.id} could be compared", "see `mlops show` of the run")
    first = first_difference(runs, compared)
    return Reproduction("", origin.run.id, origin.run.pipeline, first is None, tuple(compared), first, ())


@contextmanager
def _folder(workspace: Workspace, keep: Path | None) -> Iterator[Path]:
    """A folder that is not there yet: inside the store, and gone at the end, or the one to keep."""
    if keep is None:
        (workspace.store.folder / WORK).mkdir(exist_ok=True)
        with Lease(workspace.store.folder / WORK) as lease:
            yield Path(lease.path()).resolve()
        return
    if keep.is_symlink():
        raise UserError(f"{keep} is a link", "give --keep the folder itself, new or empty")
    if keep.is_file() or (keep.is_dir() and any(keep.iterdir())):
        raise UserError(f"{keep} is there already", "give --keep a folder that is new or empty")
    if keep.resolve().is_relative_to(workspace.store.folder.resolve()):
        raise UserError(f"{keep} belongs to the store", "give --keep a folder of your own")
    folder = keep.resolve()
    if folder.is_dir():
        folder.rmdir()
    yield folder
