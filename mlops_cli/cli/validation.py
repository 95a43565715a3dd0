"""`validate`: one gate by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlops_cli.base.errors import UserError
from mlops_cli.cli.command import Commands, Session, command

if TYPE_CHECKING:
    from mlops_cli.checks.verdict import Report
    from mlops_cli.workflows.validate_now import Subjects


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "validate", "Validate", "mlops validate specs/data.yaml --data new.csv --baseline customers@v1")(
        validate
    )


def validate(
    session: Session,
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A spec of kind: validation.")],
    data: Annotated[
        str | None, typer.Option("--data", metavar="REF|PATH", help="Judge this data.", show_default=False)
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="REF|PATH", help="Compare with this.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="REF", help="Judge this model.", show_default=False)
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            metavar="NAME",
            help="What the data are for: skip `not_in` of it.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Literal["text", "json", "junit", "md", "html"], typer.Option("--format", "-f", help="How to report.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the report here.", show_default=False)
    ] = None,
    rehearsal: Annotated[
        bool, typer.Option("--rehearse", help="Replay all earlier versions, and plant faults into the newest.")
    ] = False,
) -> int:
    """Judge data or a model against a validation spec; exit 1 when it says no."""
    from mlops_cli.cli.render.verdicts import gate_text
    from mlops_cli.cli.written import write_file
    from mlops_cli.workflows.validate_now import Subjects, validate_now
    from mlops_cli.workflows.workspace import workspace_or_scratch

    path = session.folder / spec
    if not path.is_file():
        raise UserError(f"there is no spec '{spec}'")
    data, baseline, model = (beside(session, subject) for subject in (data, baseline, model))
    subjects = Subjects(data, baseline, model, environment)
    if rehearsal:
        if form not in ("text", "json") or output is not None:
            raise UserError(
                "a rehearsal is text or JSON on the screen", "leave --format and --output out, or --rehearse"
            )
        return _rehearse(session, path, subjects, as_json=form == "json")
    with workspace_or_scratch(session.folder, path) as workspace:
        report = validate_now(workspace, path, subjects)
    text = (
        gate_text(spec.stem, report, verbose=session.verbose, measured=True)
        if form == "text"
        else _document(form, report)
    )
    if output is not None:
        session.screen.note(write_file(session.folder, output, text if text.endswith("\n") else text + "\n"))
        text = ""
    if form == "json" and output is None:
        type(session.screen)(as_json=True).result(report, "")
    else:
        session.screen.result(report, text)
    return 0 if report.passed else 1


def _rehearse(session: Session, path: Path, subjects: Subjects, *, as_json: bool) -> int:
    """What the spec says to earlier versions and to planted faults; exit 1 where it refuses an accepted one."""
    from mlops_cli.cli.render.rehearsals import rehearsal_text
    from mlops_cli.workflows.rehearse import rehearse
    from mlops_cli.workflows.workspace import workspace_or_scratch

    screen = type(session.screen)(as_json=True) if as_json else session.screen
    with workspace_or_scratch(session.folder, path) as workspace:
        found = rehearse(workspace, path, subjects, screen.note)
    text = "" if screen.as_json else rehearsal_text(found, verbose=session.verbose)
    screen.result(found.record() if screen.as_json else None, text)
    return 0 if found.passed else 1


def _document(form: Literal["json", "junit", "md", "html"], report: Report) -> str:
    """The report as a file."""
    from mlops_cli.base.records import canonical
    from mlops_cli.reports.junit import junit
    from mlops_cli.reports.markdown import markdown
    from mlops_cli.reports.validation_page import html

    if form == "json":
        return canonical(report).decode()
    return {"junit": junit, "md": markdown, "html": html}[form](report)


def beside(session: Session, subject: str | None) -> str | None:
    """A path or a pattern as the user wrote it, from the current folder; anything else is a REF."""
    if subject is None:
        return None
    from mlops_cli.workflows.validate_now import fits_files

    path = session.folder / subject
    return str(path) if path.exists() or fits_files(path) else subject
