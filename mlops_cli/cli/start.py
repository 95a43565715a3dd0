"""`init`: begin a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "init", "Start", "mlops init demo --example breast-cancer")(init)


def _examples() -> list[str]:
    from mlops_cli.workflows.init_project import examples

    return examples()


def init(
    session: Session,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where; default the current folder.", show_default=False)
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(
            "--example", metavar="NAME", help="Begin with an example.", autocompletion=_examples, show_default=False
        ),
    ] = None,
) -> int:
    """Make a folder a project, empty or from an example; nothing that is there is overwritten."""
    from mlops_cli.workflows.init_project import init_project

    made = init_project(session.folder / (folder or "."), example)
    where = f"cd {folder} && " if folder and str(folder) != "." else ""
    write = "" if example else "write specs/pipeline.yaml (`mlops schema pipeline` describes it), then "
    text = f"project '{made.name}' with {len(made.files)} files in {folder or '.'}\nnext: {where}{write}mlops run"
    session.screen.result(made, text)
    return 0
