"""`mlops status`: how a project stands: what would run, which sources changed, what is published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.workflows.history import Named, RunLine, names, runs
from mlops_cli.workflows.plan_pipeline import PlannedStage, plan_pipeline
from mlops_cli.workflows.prepare import SPECS
from mlops_cli.workflows.sources import LOCK
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class PipelineStatus:
    """One pipeline: its plan, or why there is none."""

    spec: str
    planned: tuple[PlannedStage, ...]
    problem: str | None


@dataclass(frozen=True)
class ProjectStatus:
    """A project at a glance."""

    project: str
    root: str
    pipelines: tuple[PipelineStatus, ...]
    names: tuple[Named, ...]
    last_run: RunLine | None


def status(workspace: Workspace) -> ProjectStatus:
    """The state of every pipeline in `specs/`, and of the names without a slash."""
    found = runs(workspace, 1)
    return ProjectStatus(
        workspace.project.name,
        str(workspace.root),
        tuple(_pipeline(workspace, spec) for spec in _pipelines(workspace)),
        tuple(names(workspace, everything=False)),
        found[0] if found else None,
    )


def _pipelines(workspace: Workspace) -> list[str]:
    paths = sorted((workspace.root / SPECS).glob("*.y*ml"))
    texts = {path: path.read_text("utf-8", "replace") for path in paths}
    return [path.relative_to(workspace.root).as_posix() for path, text in texts.items() if "kind: pipeline" in text]


def _pipeline(workspace: Workspace, spec: str) -> PipelineStatus:
    try:
        return PipelineStatus(spec, tuple(plan_pipeline(workspace, Path(spec), {})), None)
    except UserError as error:
        fault = error.faults[0]
        if fault.message.startswith(f"{LOCK}:"):
            return PipelineStatus(spec, (), f"{fault.message}: {fault.hint}")
        more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        return PipelineStatus(spec, (), f"{fault.message}{more}")
