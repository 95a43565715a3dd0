"""`infer` and `accept`: a validation spec made from data, and widened by a human's decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references
from mlops_cli.cli.screen import counted


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "infer", "Validate", "mlops infer data/2026-*.parquet -o specs/trips.yaml")(infer)


def infer(
    session: Session,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="Files, folders, patterns such as 'data/*.parquet', or REFs, the oldest first.",
            autocompletion=references,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the spec here.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The spec's name.", show_default="that of the data")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> int:
    """Write a validation spec that data like these pass, with a remark on what was seen in each column."""
    from mlops_cli.workflows.infer_spec import infer as make

    path = session.folder / output if output is not None else None
    made = make(session.folder, data, name=name, output=path, force=force)
    if output is None:
        session.screen.result(made, made.yaml)
        return 0
    checks = f"{counted(made.checks, 'check')} of {counted(made.columns, 'column')}"
    session.screen.result(made, f"wrote {output}: {checks}\nnext: mlops validate {output} --data NEW")
    return 0
