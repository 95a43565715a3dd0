"""`models`: model versions on the command line."""

from __future__ import annotations

from mlops_cli.cli.command import Commands, Session, command


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "models", "Models", "mlops models")(models)


def models(session: Session) -> int:
    """List every version of every model with its aliases and metrics."""
    from mlops_cli.cli.render.history import models_text
    from mlops_cli.workflows.history import models as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder))
    session.screen.result({"models": found}, models_text(found))
    return 0
