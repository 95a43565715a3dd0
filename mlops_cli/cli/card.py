"""`card`: all facts about a version of a model on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references

if TYPE_CHECKING:
    from mlops_cli.reports.model_card import ModelCard


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "card", "Models", "mlops card churn@production -f html -o churn.html")(card)


def card(
    session: Session,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REF", help="A version of a model: name, name@v3, name@alias.", autocompletion=references
        ),
    ],
    form: Annotated[
        Literal["text", "md", "html", "json"], typer.Option("--format", "-f", help="How to write it.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the card here.", show_default=False)
    ] = None,
) -> int:
    """Write the card of a model: what it is and was fitted on, what its gates found, its limits, its history."""
    from mlops_cli.base.records import canonical
    from mlops_cli.cli.written import write_file
    from mlops_cli.workflows.card import model_card
    from mlops_cli.workflows.workspace import open_workspace

    found = model_card(open_workspace(session.folder), reference)
    as_json = session.screen.as_json or form == "json"
    if output is None:
        screen = type(session.screen)(as_json=True) if as_json else session.screen
        screen.result(found if as_json else None, "" if as_json else _document(form, found))
        return 0
    text = canonical(found).decode() if as_json else _document(form, found)
    session.screen.note(write_file(session.folder, output, text if text.endswith("\n") else text + "\n"))
    return 0


def _document(form: Literal["text", "md", "html", "json"], found: ModelCard) -> str:
    if form == "md":
        from mlops_cli.reports.card_markdown import card_markdown

        return card_markdown(found)
    if form == "html":
        from mlops_cli.reports.card_page import card_html

        return card_html(found)
    from mlops_cli.cli.render.card import card_text

    return card_text(found)
