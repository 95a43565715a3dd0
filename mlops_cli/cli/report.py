"""`report`: what the gates of a run found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlops_cli.cli.command import Commands, Session, command

if TYPE_CHECKING:
    from mlops_cli.workflows.run_reports import GateReport


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "report", "Validate", "mlops report --stage judge -f html -o judge.html")(report)


def report(
    session: Session,
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="run:ID, or what a run made; default the newest run with a gate."),
    ] = None,
    stages: Annotated[
        list[str] | None, typer.Option("--stage", "-s", metavar="NAME", help="Only this gate.", show_default=False)
    ] = None,
    form: Annotated[
        Literal["text", "json", "junit", "md", "html"], typer.Option("--format", "-f", help="How to report.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here.", show_default=False)
    ] = None,
) -> int:
    """Show what the gates of a run found, also of a run that they have stopped; exit 1 where one said no.

    A page (`html`) and JUnit hold one gate: the first that said no, else the last, unless --stage names another.
    """
    from mlops_cli.base.records import canonical
    from mlops_cli.cli.written import write_file
    from mlops_cli.workflows.run_reports import run_reports
    from mlops_cli.workflows.workspace import open_workspace

    found = run_reports(open_workspace(session.folder), reference, tuple(stages or ()))
    code = 0 if all(item.report.passed for item in found) else 1
    as_json = session.screen.as_json or form == "json"
    if output is None:
        screen = type(session.screen)(as_json=True) if as_json else session.screen
        screen.result({"gates": found} if as_json else None, "" if as_json else _document(session, form, found))
        return code
    text = canonical({"gates": found}).decode() if as_json else _document(session, form, found)
    session.screen.note(write_file(session.folder, output, text if text.endswith("\n") else text + "\n"))
    return code


def _document(session: Session, form: Literal["text", "json", "junit", "md", "html"], found: list[GateReport]) -> str:
    from mlops_cli.workflows.run_reports import chosen

    if form == "md":
        from mlops_cli.reports.markdown import markdown

        return "\n".join(markdown(item.report) for item in found)
    if form == "html":
        from mlops_cli.reports.validation_page import html

        return html(chosen(found).report)
    if form == "junit":
        from mlops_cli.reports.junit import junit

        return junit(chosen(found).report)
    from mlops_cli.cli.render.verdicts import gate_text

    return "\n\n".join(gate_text(item.stage, item.report, verbose=session.verbose, measured=True) for item in found)
