"""`release`: rows that were set aside go back."""

from __future__ import annotations

from typing import Annotated

import typer

from mlops_cli.base.errors import UserError
from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references
from mlops_cli.cli.screen import counted


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "release", "Data", 'mlops release rejected --check fare.max --because "a bus hired for a day"')(
        release
    )


def release(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The dataset of rows that were set aside.", autocompletion=references),
    ],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; it is recorded.")],
    check: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="ID", help="Only rows with no other reason than this.", show_default=False),
    ] = None,
    row: Annotated[
        list[int] | None, typer.Option("--row", metavar="N", help="Only the row of this number.", show_default=False)
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the newest release back.")] = False,
) -> int:
    """Let rows that a gate has set aside stay in the data from the next run on; records who and why."""
    from mlops_cli.workflows.release_rows import Choice, release_rows, undo_release
    from mlops_cli.workflows.workspace import open_workspace

    workspace = open_workspace(session.folder)
    if undo:
        if check or row:
            raise UserError("--undo takes a whole release back", "leave --check and --row out")
        back = undo_release(workspace, name, because)
        session.screen.result(
            back, f"{counted(back.rows, 'row')} will be set aside again from the next run on: mlops run"
        )
        return 0
    done = release_rows(workspace, name, Choice(tuple(check or ()), tuple(row or ())), because)
    left = f", {done.left:,} stay aside" if done.left else ""
    session.screen.result(
        done,
        f"{counted(done.rows, 'row')} released as {done.name}@v{done.version_number}{left}\n"
        "the gate lets them stay from the next run on: mlops run",
    )
    return 0
