"""The root of the command line: every group of commands adds itself here."""

from __future__ import annotations

from typing import Annotated

import typer

from mlops_cli.cli import data, history, models, pipeline, specs, start, validation

HELP = """One tool for the whole life of a machine-learning model: pipelines, versions, gates, history.

Write specs in YAML, run them with `mlops run`; what has not changed is never run twice."""
EPILOG = (
    "Exit codes: 0 done, 1 a gate or check said no, 2 wrong usage or spec, 3 a stage failed, 4 store, "
    "70 a bug, 130 interrupted."
)


def build() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="mlops",
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for group in (start, specs, pipeline, data, history, validation, models):
        group.add(app)
    return app


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            typer.echo(f"mlops {installed('mlops-cli')}")
        except PackageNotFoundError:
            typer.echo("mlops (a bare checkout)")
        raise typer.Exit
