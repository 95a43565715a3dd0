"""The root of the command line.

Typer turns each parameter of each command into a validator when it builds the application, which takes longer than most
commands do. So only the command that was asked for is built whole; the list of all commands needs their names alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from mlops_cli.cli import (
    card,
    data,
    history,
    inference,
    models,
    pipeline,
    profile,
    release,
    report,
    reproduce,
    specs,
    start,
    validation,
)
from mlops_cli.cli.command import Commands, Overview

HELP = """One tool for the whole life of a machine-learning model: pipelines, versions, gates, history.

Write specs in YAML, run them with `mlops run`; what has not changed is never run twice."""
EPILOG = """Every command has --help with an example, --json for machines, -C DIR to work elsewhere, -v to tell more.
Shell completion: mlops --install-completion. Version: mlops --version.
Exit codes: 0 done, 1 a gate or check said no, 2 wrong usage or spec, 3 a stage failed, 4 store, 70 a bug,
130 interrupted."""
GROUPS = (
    start,
    specs,
    pipeline,
    data,
    profile,
    release,
    history,
    validation,
    inference,
    models,
    card,
    report,
    reproduce,
)


def build(words: Sequence[str] | None = None) -> typer.Typer:
    """The application for a command line of these words; None: for all of them, as for completion."""
    if "_MLOPS_COMPLETE" in os.environ:
        words = None
    overview = words is not None and list(words) in ([], ["--help"], ["-h"])
    wanted = words[0] if words and not words[0].startswith("-") else None
    app = Commands(
        name="mlops",
        cls=Overview,
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=wanted is None and not overview,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.overview, app.only = overview, wanted
    app.callback()(_nothing if overview or wanted else _root)
    for group in GROUPS:
        group.add(app)
    if not app.registered_commands:  # no such command: build them all, so that the nearest name can be told
        app.only = None
        for group in GROUPS:
            group.add(app)
    return app


def _nothing() -> None:
    pass


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"mlops {version('mlops-cli')}")
        except PackageNotFoundError:
            typer.echo("mlops (a bare checkout)")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass
