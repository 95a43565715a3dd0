"""`models`, `promote`, `rollback`, `sign`: model versions, and the aliases that move between them with evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops_cli.base.errors import UserError
from mlops_cli.cli.command import Commands, Session, command
from mlops_cli.cli.complete import references

FEW = 20  # versions of each model that are listed unless more are asked for
Reference = Annotated[
    str,
    typer.Argument(metavar="REF", help="A version: churn, churn@v3, churn@candidate.", autocompletion=references),
]
Because = Annotated[str | None, typer.Option("--because", metavar="TEXT", help="Why; it is recorded.")]


def add(app: Commands) -> None:
    """Add the commands of this file."""
    command(app, "models", "Models", "mlops models -n 5")(models)
    command(app, "promote", "Models", "mlops promote churn@v3 production")(promote)
    command(app, "rollback", "Models", 'mlops rollback churn production --because "refuses too many"')(rollback)
    command(app, "sign", "Models", "mlops sign churn@v3 --key release.pem")(sign)


def models(
    session: Session,
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="At most this many versions of each model.")] = FEW,
    everything: Annotated[bool, typer.Option("-a", "--all", help="All versions.")] = False,
) -> int:
    """List the newest versions of every model, and those that have an alias, with their metrics."""
    from mlops_cli.cli.render.models import models_text
    from mlops_cli.workflows.history import models as look
    from mlops_cli.workflows.workspace import open_workspace

    found = look(open_workspace(session.folder), None if everything else limit)
    session.screen.result(found, models_text(found))
    return 0


def promote(
    session: Session,
    reference: Reference,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="What the version shall be, such as production.")],
    override: Annotated[bool, typer.Option("--override", help="Move the alias although evidence is missing.")] = False,
    because: Because = None,
) -> int:
    """Move an alias to a version whose gates have passed, as mlops.yaml asks under `promotion`; records who and why.

    Without a policy for the alias, a gate must have judged this very version, and all that did must have passed.
    `--because` alone is recorded and overrides nothing.
    """
    from mlops_cli.cli.render.models import decision_text
    from mlops_cli.workflows.promote import promote as decide
    from mlops_cli.workflows.workspace import open_workspace

    decision = decide(open_workspace(session.folder), reference, alias, _reason(because), override=override)
    session.screen.result(decision, decision_text(decision))
    return 1 if decision.outcome == "refused" else 0


def rollback(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model.", autocompletion=references)],
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias that shall go back.")],
    because: Because = None,
) -> int:
    """Move an alias back to the version that it meant before, once that has been loaded; the next time further back.

    Where a gate has said no of that version since, or it lacks a signature that is asked for: only with `--because`.
    """
    from mlops_cli.cli.render.models import decision_text
    from mlops_cli.workflows.rollback import rollback as go_back
    from mlops_cli.workflows.workspace import open_workspace

    decision = go_back(open_workspace(session.folder), name, alias, _reason(because))
    session.screen.result(decision, decision_text(decision))
    return 1 if decision.outcome == "refused" else 0


def _reason(text: str | None) -> str | None:
    """A reason that says something."""
    return (text or "").strip() or None


def sign(
    session: Session,
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[REF]", help="The version to sign.", show_default=False, autocompletion=references),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The private key.", show_default=False)
    ] = None,
    new: Annotated[
        Path | None, typer.Option("--new", metavar="FILE", help="Make a key pair instead.", show_default=False)
    ] = None,
) -> int:
    """Sign a version with a private key (Ed25519); mlops.yaml says whose signatures count and when they are asked for.

    `--new` writes a private key and prints the public half for mlops.yaml.
    """
    from mlops_cli.cli.render.models import key_text, signed_text
    from mlops_cli.workflows.sign import make_key, sign_version
    from mlops_cli.workflows.workspace import open_workspace

    if new is not None:
        if reference is not None or key is not None:
            raise UserError("--new makes a key and signs nothing", "leave REF and --key out")
        made = make_key(session.folder / new)
        session.screen.result(made, key_text(made))
        return 0
    if reference is None or key is None:
        raise UserError("sign what, and with which key?", "mlops sign REF --key FILE, or mlops sign --new FILE")
    signed = sign_version(open_workspace(session.folder), reference, session.folder / key)
    session.screen.result(signed, signed_text(signed))
    return 0
