"""`reproduce`: make a version or a run again, on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command, parameters
from mlops_cli.cli.history import Reference
from mlops_cli.cli.pipeline import Given, Jobs


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "reproduce", "Models", "mlops reproduce breast-cancer@v1")(reproduce)


def reproduce(
    session: Session,
    reference: Reference,
    param: Given = None,
    work_tree: Annotated[
        bool, typer.Option("--work-tree", help="Take code and data as they are in the project now.")
    ] = False,
    install: Annotated[
        bool, typer.Option("--install", help="First install the recorded libraries, in an environment of its own.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Rebuild in DIR, which stays to be looked at.", show_default=False),
    ] = None,
    jobs: Jobs = 0,
) -> int:
    """Run what made a version again, from the recorded code, data and parameters, and name the first difference.

    Exit code 0: the same results; 1: something differs. Nothing of the project changes.
    """
    from mlops_cli.cli.progress import watcher
    from mlops_cli.cli.render.reproduce import reproduction_text
    from mlops_cli.workflows.reproduce import Asked, reproduce, reproduce_installed
    from mlops_cli.workflows.workspace import open_workspace

    place = session.folder / keep if keep else None
    asked = Asked(reference, parameters(param), work_tree, place, jobs)
    workspace = open_workspace(session.folder)
    if install:
        flags = [*(["--json"] if session.screen.as_json else []), *(["--verbose"] if session.verbose else [])]
        return reproduce_installed(workspace, asked, flags, session.screen.note)
    with watcher(session.screen, verbose=session.verbose) as watch:
        found = reproduce(workspace, asked, watch, lambda line: session.screen.note(f"note: {line}"))
    session.screen.result(found, reproduction_text(found, verbose=session.verbose))
    return 0 if found.same else 1
