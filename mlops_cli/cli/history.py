"""`status`, `log`, `ls`, `show`, `diff`, `runs`: looking at what there is and how it came to be."""

from __future__ import annotations

from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references

Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="A name, version (name@v3, name@alias), run:<id>, or object id.", autocompletion=references
    ),
]


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "status", "Look", "mlops status")(status)
    command(app, "log", "Look", "mlops log breast-cancer")(log)
    command(app, "ls", "Look", "mlops ls --all")(ls)
    command(app, "show", "Look", "mlops show breast-cancer@v1")(show)
    command(app, "diff", "Look", "mlops diff breast-cancer@v1 breast-cancer@v2")(diff)
    command(app, "runs", "Look", "mlops runs -n 5")(runs)


def status(session: Session) -> int:
    """Tell how the project stands: what would run, and what is published."""
    from mlops_cli.cli.render.history import status_text
    from mlops_cli.workflows.status import status as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder))
    session.screen.result(found, status_text(found))
    return 0


def log(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A name; default all.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many moves.")] = 50,
) -> int:
    """List when names moved, newest first: who, why, from which run and commit."""
    from mlops_cli.cli.render.history import log_text
    from mlops_cli.workflows.history import log as look
    from mlops_cli.workflows.workspace import open_workspace

    moves = look(open_workspace(session.folder), name, limit, everything=session.verbose)
    session.screen.result({"moves": moves}, log_text(moves))
    return 0


def ls(
    session: Session,
    everything: Annotated[bool, typer.Option("-a", "--all", help="With the outputs of pipelines.")] = False,
) -> int:
    """List the names of data and models."""
    from mlops_cli.cli.render.history import names_text
    from mlops_cli.workflows.history import names
    from mlops_cli.workflows.workspace import open_workspace

    found = names(open_workspace(session.folder), everything=everything)
    session.screen.result({"names": found}, names_text(found))
    return 0


def show(session: Session, reference: Reference) -> int:
    """Show a version, a run or an object: what it is, and the code, data and parameters it comes from."""
    from mlops_cli.cli.render.compare import show_text
    from mlops_cli.workflows.compare import show as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder), reference)
    session.screen.result(found, show_text(found, verbose=session.verbose))
    return 0


def diff(session: Session, first: Reference, second: Reference) -> int:
    """Compare two versions or runs: content, code, data, parameters, environment, metrics."""
    from mlops_cli.cli.render.compare import diff_text
    from mlops_cli.workflows.compare import diff as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder), first, second)
    session.screen.result(found, diff_text(found))
    return 0


def runs(
    session: Session, limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many runs.")] = 20
) -> int:
    """List recorded runs, newest first."""
    from mlops_cli.cli.render.history import runs_text
    from mlops_cli.workflows.history import runs as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder), limit)
    session.screen.result({"runs": found}, runs_text(found))
    return 0
