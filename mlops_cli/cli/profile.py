"""`profile`: what is in a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references

if TYPE_CHECKING:
    from mlops_cli.workflows.profile_data import Profiled

TOP = 40


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "profile", "Data", "mlops profile new.csv --against customers@v1 --html profile.html")(profile)


def profile(
    session: Session,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file, a folder, a pattern such as 'data/*.parquet', or a REF.",
            autocompletion=references,
        ),
    ],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="OLD", help="Compare with this, what moved most first.", show_default=False),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.", show_default=False)
    ] = None,
    column: Annotated[
        str | None, typer.Option("--column", metavar="NAME", help="Tell all about one column.", show_default=False)
    ] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="COLUMN", help="Also tell what differs by its values.", show_default=False),
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", help="Columns to show.", min=1)] = TOP,
) -> int:
    """Tell what is in a data set, and what changed since another version of it."""
    from mlops_cli.cli.progress import measuring
    from mlops_cli.cli.render.profiles import column_text, profile_text, screen_width
    from mlops_cli.cli.written import write_file
    from mlops_cli.workflows.profile_data import profile_data, record

    with measuring(session.screen) as progress:
        profiled = profile_data(session.folder, data, against, slices or (), progress)
    cells = screen_width()
    if column is not None:
        text = column_text(profiled, column, cells=cells)
    else:
        text = profile_text(profiled, top=top, verbose=session.verbose, cells=cells)
    if page is not None:
        text = write_file(session.folder, page, _page(profiled))
    session.screen.result(record(profiled, column) if session.screen.as_json else None, text)
    return 0


def _page(profiled: Profiled) -> str:
    from mlops_cli.reports.profile_page import Side
    from mlops_cli.reports.profile_page import page as whole

    old = Side(profiled.against or "", profiled.old) if profiled.old else None
    return whole(Side(profiled.name, profiled.profile), old)
