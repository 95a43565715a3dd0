"""`validate`: one gate by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mlops_cli.base.errors import UserError
from mlops_cli.cli.command import Commands, Session, command


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
    form: Annotated[
        Literal["text", "json", "junit", "md"], typer.Option("--format", "-f", help="How to report.")
    ] = "text",
) -> int:
    """Judge data or a model against a validation spec; exit 1 when it says no."""
    from mlops_cli.cli.render.verdicts import gate_text
    from mlops_cli.reports.junit import junit
    from mlops_cli.reports.markdown import markdown
    from mlops_cli.workflows.validate_now import Subjects, validate_now
    from mlops_cli.workflows.workspace import open_workspace

    path = session.folder / spec
    if not path.is_file():
        raise UserError(f"there is no spec '{spec}'")
    data, baseline, model = (_beside(session, subject) for subject in (data, baseline, model))
    report = validate_now(open_workspace(session.folder, path), path, Subjects(data, baseline, model))
    texts = {"junit": junit, "md": markdown}
    if form == "json" or session.screen.as_json:
        type(session.screen)(as_json=True).result(report, "")
    else:
        session.screen.result(
            report, texts[form](report) if form in texts else gate_text(spec.stem, report, verbose=session.verbose)
        )
    return 0 if report.passed else 1


def _beside(session: Session, subject: str | None) -> str | None:
    """A path as the user wrote it, from the current folder; anything else is a REF."""
    return str(session.folder / subject) if subject and (session.folder / subject).exists() else subject
