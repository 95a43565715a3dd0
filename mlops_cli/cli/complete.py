"""What the shell completes: names of the store, stages of the pipeline, specs of the project."""

from __future__ import annotations

from pathlib import Path

import typer

from mlops_cli.base.errors import UserError


def references(incomplete: str) -> list[str]:
    """Names, aliases and runs that begin with what was typed."""
    from mlops_cli.workflows.history import is_inner_alias, runs
    from mlops_cli.workflows.workspace import open_workspace

    try:
        workspace = open_workspace(Path.cwd())
        known = [*workspace.journal.names(), *(f"run:{run.id}" for run in runs(workspace, 20))]
    except UserError:
        return []  # no project here, or a damaged one: there is nothing to offer
    return [name for name in known if name.startswith(incomplete) and not is_inner_alias(name)]


def stages(incomplete: str) -> list[str]:
    """Stages of the standard pipeline that begin with what was typed."""
    from mlops_cli.spec.load import load_pipeline
    from mlops_cli.workflows.prepare import find_spec
    from mlops_cli.workflows.workspace import open_workspace

    try:
        workspace = open_workspace(Path.cwd())
        spec = load_pipeline(find_spec(workspace.root, None), workspace.root, workspace.remember)
    except UserError:
        return []
    return [name for name in spec.stages if name.startswith(incomplete)]


def specs_and_stages(incomplete: str) -> list[str]:
    """Spec files and stages, for commands that take both."""
    found = [path.as_posix() for path in Path().glob("specs/*.y*ml")]
    return [path for path in found if path.startswith(incomplete)] + stages(incomplete)


def stages_and_references(incomplete: str) -> list[str]:
    """Stages and names, for `explain`."""
    return stages(incomplete) + references(incomplete)


def checks(context: typer.Context, incomplete: str) -> list[str]:
    """Checks that the spec before it on the command line writes down."""
    from mlops_cli.spec.load import load_validation
    from mlops_cli.spec.project import find_root

    spec = context.params.get("spec")
    try:
        path = Path(str(spec)).absolute()
        found = load_validation(path, find_root(path.parent)) if spec else None
    except UserError:
        return []  # not there, or with faults: there is nothing to offer
    return [check.id for check in found.checks if check.id.startswith(incomplete)] if found else []
