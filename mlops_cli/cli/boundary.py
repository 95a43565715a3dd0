"""The one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import typer

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import UserError
from mlops_cli.base.records import canonical
from mlops_cli.cli.app import build
from mlops_cli.cli.render.faults import render_faults
from mlops_cli.cli.screen import Screen

BUG, INTERRUPTED, STORE = 70, 130, 4
# The parent classes of typer's errors have no public name in every release; this one is public and derives from them.
USAGE: tuple[type[BaseException], ...] = tuple(
    item for item in typer.BadParameter.__mro__ if item.__name__ in ("ClickException", "UsageError")
)
DISK = {
    errno.ENOSPC: "the disk is full: free some space and run again, nothing is lost",
    errno.EDQUOT: "the disk quota is used up: free some space and run again, nothing is lost",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "check who owns it and its permissions",
    errno.EPERM: "check who owns it and its permissions",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code."""
    as_json = "--json" in arguments
    _make_streams_safe()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        words = command_first(arguments)
        return int(build(words)(args=words, standalone_mode=False) or 0)
    except USAGE as error:
        return _usage(error, as_json)
    except UserError as error:
        _show(error, as_json)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        Screen().error("interrupted: finished stages are kept, the next run goes on from there")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; nothing may be written to it any more, not even by the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:  # noqa: BLE001 - the boundary
        if isinstance(error, OSError) and error.errno in DISK:
            _show(UserError(f"{error.strerror}: {error.filename or 'the disk'}", DISK[error.errno]), as_json, STORE)
            return STORE
        return _bug(error, arguments)


def command_first(arguments: list[str]) -> list[str]:
    """The command line with the options that every command takes behind the command: `mlops -C DIR run` works too."""
    ahead = 0
    while ahead < len(arguments) and arguments[ahead] in ("--json", "-v", "--verbose", "-C"):
        ahead += 2 if arguments[ahead] == "-C" else 1
    if not ahead or ahead >= len(arguments):
        return arguments
    return [arguments[ahead], *arguments[:ahead], *arguments[ahead + 1 :]]


def _make_streams_safe() -> None:
    """A closed stream swallows what is written; one that cannot show a character shows a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - it lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _usage(error: BaseException, as_json: bool) -> int:
    message = str(getattr(error, "format_message", error.__str__)()).replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    hint = f"see '{context.command_path} --help'" if context is not None else "see 'mlops --help'"
    _show(UserError(message, hint), as_json)
    return UserError.exit_code


def _show(error: UserError, as_json: bool, code: int | None = None) -> None:
    if as_json:
        record = {"error": {"exit_code": code or error.exit_code, "faults": error.faults}}
        Screen().error(canonical(record).decode())
    else:
        Screen().error(render_faults(error.faults))


def _bug(error: Exception, arguments: list[str]) -> int:
    """Write a report of a bug of ours and say where it is."""
    import platform
    import tempfile
    import traceback
    from importlib.metadata import PackageNotFoundError, version

    try:
        ours = version("mlops-cli")
    except PackageNotFoundError:
        ours = "a bare checkout"
    head = f"mlops {ours}, Python {platform.python_version()}, {platform.platform()}"
    text = f"{head}\ncommand: mlops {' '.join(arguments)}\n\n" + "".join(traceback.format_exception(error))
    name = f"{timestamp().replace(':', '')}.txt"
    for folder in (Path(".mlops", "crash"), Path(tempfile.gettempdir())):
        if folder.parent.is_dir() and folder.parent.name != "":
            try:
                folder.mkdir(exist_ok=True)
                (folder / name).write_text(text, "utf-8")
            except OSError:
                continue  # the next folder may take it
            sys.stderr.write(
                f"error: this is a bug in mlops: {type(error).__name__}: {error}\n  = report: {folder / name}\n"
            )
            return BUG
    sys.stderr.write(text)
    return BUG
