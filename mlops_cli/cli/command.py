"""How a command is declared: its own options, plus the three that every command takes (`--json`, `-C`, `-v`)."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, Protocol

import typer
import typer.core

from mlops_cli.base.errors import UserError
from mlops_cli.cli.screen import Screen, paint

P = ParamSpec("P")


class HelpFormatter(Protocol):
    """What typer gives to write help with."""

    def write(self, string: str) -> None:
        """Add to the help."""
        ...


class Commands(typer.Typer):
    """The application, and which of its commands this process needs."""

    only: str | None = None
    """The command that was asked for; None: all."""
    overview: bool = False
    """Only names and one line each are needed."""


class Parameter(Protocol):
    """What typer's arguments and options have in common."""

    name: str | None
    required: bool
    multiple: bool
    nargs: int
    process_value: Callable[[typer.Context, object], object]


def spared(parameter: Parameter, words: frozenset[str] = frozenset()) -> Parameter:
    """The same parameter, which converts nothing but what was given and is no text."""
    if "process_value" in vars(parameter):
        return parameter
    convert = parameter.process_value
    many = parameter.multiple or parameter.nargs == -1

    def process(context: typer.Context, value: object) -> object:
        source = context.get_parameter_source(parameter.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if not given and not parameter.required:
            return () if many and value is None else value
        if given and parameter.name in words and isinstance(value, tuple | list if many else str):
            return list(value) if isinstance(value, tuple) else value
        return convert(context, value)

    parameter.process_value = process
    return parameter


class Overview(typer.core.TyperGroup):
    """The group of all commands; its help is plain text, so that nothing has to be loaded to draw it."""

    def get_params(self, ctx: typer.Context) -> list[Parameter]:  # type: ignore[override]
        """The options of the group itself."""
        return [spared(parameter) for parameter in super().get_params(ctx)]  # type: ignore[arg-type]

    def format_help(self, ctx: typer.Context, formatter: HelpFormatter) -> None:  # type: ignore[override]
        """Usage, the commands by panel, and what holds for all of them."""
        panels: dict[str, list[list[str]]] = {}
        for name in self.list_commands(ctx):
            found = self.get_command(ctx, name)
            if found is not None:
                line = (found.help or "").strip().partition("\n\n")[0]
                panel = str(getattr(found, "rich_help_panel", ""))
                panels.setdefault(panel, []).append([f"  {name}", " ".join(line.split())])
        width = max((len(row[0]) for rows in panels.values() for row in rows), default=0)
        parts = [f"Usage: {ctx.command_path} COMMAND [OPTIONS] ...", (self.help or "").strip()]
        for panel, rows in panels.items():
            parts.append("\n".join([paint(panel, "bold"), *(f"{name:<{width}}  {line}" for name, line in rows)]))
        formatter.write("\n\n".join([*parts, (self.epilog or "").strip()]) + "\n")


@dataclass(frozen=True)
class Session:
    """What every command knows: where it works, and how it speaks."""

    folder: Path
    screen: Screen
    verbose: bool


Common = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")],
    "directory": Annotated[
        Path | None, typer.Option("-C", metavar="DIR", help="Work as if started in DIR.", show_default=False)
    ],
    "verbose": Annotated[bool, typer.Option("-v", "--verbose", help="Tell more.")],
}
TEXTS = (str, str | None, list[str], list[str] | None)
DEFAULTS: dict[str, object] = {"as_json": False, "directory": None, "verbose": False}


def light_class(words: frozenset[str]) -> type[typer.core.TyperCommand]:
    """A command that converts only what needs it; `words` are the parameters that are text, or lists of it.

    Typer loads a whole validation library to turn the text "train" into the text "train", and a default into itself.
    """

    class Light(typer.core.TyperCommand):
        def get_params(self, ctx: typer.Context) -> list[Parameter]:  # type: ignore[override]
            return [spared(parameter, words) for parameter in super().get_params(ctx)]  # type: ignore[arg-type]

    return Light


def command(
    app: Commands, name: str, panel: str, example: str
) -> Callable[[Callable[Concatenate[Session, P], int]], Callable[..., int]]:
    """Add a command to `app`; its first parameter is the session, what it returns is the exit code."""

    def declare(body: Callable[Concatenate[Session, P], int]) -> Callable[..., int]:
        @functools.wraps(body)
        def callback(*args: P.args, **options: P.kwargs) -> int:
            common = {key: options.pop(key, default) for key, default in DEFAULTS.items()}
            return body(_session(common), *args, **options)

        if app.only not in (None, name):
            return callback
        if app.overview:
            callback.__signature__ = inspect.Signature(return_annotation=int)  # type: ignore[attr-defined]
            callback.__annotations__ = {}
            del callback.__wrapped__
            app.command(name, rich_help_panel=panel)(callback)
        else:
            words = _sign(callback, body)
            app.command(name, cls=light_class(words), rich_help_panel=panel, epilog=f"Example: {example}")(callback)
        return callback

    return declare


def _sign(callback: Callable[..., int], body: Callable[..., int]) -> frozenset[str]:
    """Give `callback` the signature of `body` without the session and with the common options.

    Returns the parameters that are text, or lists of it.
    """
    hints = typing.get_type_hints(body, include_extras=True)
    own = list(inspect.signature(body).parameters.values())[1:]
    parameters = [item.replace(annotation=hints[item.name]) for item in own]
    parameters += [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS[key], annotation=hint)
        for key, hint in Common.items()
    ]
    callback.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    callback.__annotations__ = {item.name: item.annotation for item in parameters}
    del callback.__wrapped__  # type: ignore[attr-defined]
    return frozenset(item.name for item in parameters if typing.get_args(item.annotation)[0] in TEXTS)


def _session(common: dict[str, object]) -> Session:
    folder = Path(str(common["directory"])) if common["directory"] else Path.cwd()
    if not folder.is_dir():
        raise UserError(f"there is no folder '{folder}'")
    return Session(folder.resolve(), Screen(bool(common["as_json"])), bool(common["verbose"]))


def parameters(given: list[str] | None) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping; raises UserError for a word of another form."""
    values = {}
    for word in given or []:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UserError(f"-p {word}: not NAME=VALUE", "for example -p max_depth=4")
        values[name] = value
    return values
