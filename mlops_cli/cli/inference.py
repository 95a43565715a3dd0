"""`infer` and `accept`: a validation spec made from data, and widened by a human's decision."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.base.errors import UserError
from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import checks, references
from mlops_cli.cli.screen import counted


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "infer", "Validate", "mlops infer data/2026-*.parquet -o specs/trips.yaml")(infer)
    command(app, "accept", "Validate", "mlops accept specs/trips.yaml fare.max --data new.parquet")(accept)


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


def accept(
    session: Session,
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A spec of kind: validation, of data.")],
    check: Annotated[
        str,
        typer.Argument(metavar="CHECK", help="The check that said no, as the report calls it.", autocompletion=checks),
    ],
    data: Annotated[
        str | None, typer.Option("--data", metavar="REF|PATH", help="The data that are right.", show_default=False)
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="REF|PATH", help="What they compare with.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Say that the data are right: widen one check so that they pass; everything else in the file stays as it is."""
    from mlops_cli.cli.validation import beside
    from mlops_cli.workflows.accept_check import propose, write
    from mlops_cli.workflows.validate_now import Subjects
    from mlops_cli.workflows.workspace import workspace_or_scratch

    path = session.folder / spec
    if not path.is_file():
        raise UserError(f"there is no spec '{spec}'")
    with workspace_or_scratch(session.folder, path) as workspace:
        found = propose(workspace, path, check, Subjects(beside(session, data), beside(session, baseline)))
    if not yes:
        agreed(session, found.diff)
    write(found, path)
    done = replace(found, written=True)
    text = f"{check}: {found.said}\n{found.diff if yes else ''}wrote {spec}\nnext: mlops validate {spec}"
    session.screen.result(done, text)
    return 0


def agreed(session: Session, diff: str) -> None:
    """Show what would change and ask a person; raises UserError where nobody can answer, or the answer is no."""
    session.screen.error(diff)
    if session.screen.as_json or not sys.stdin.isatty():
        raise UserError("nothing was written: nobody can be asked here", "--yes writes it without a question")
    if not typer.confirm("Widen the spec like this?", err=True):
        raise UserError("nothing was written")
