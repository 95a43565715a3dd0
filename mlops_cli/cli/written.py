"""Files that a command writes where the user says."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.base.files import write_atomic
from mlops_cli.cli.screen import size

SPECS = (".yaml", ".yml")


def write_file(folder: Path, path: Path, text: str) -> str:
    """Write a text to a path as seen from a folder; tells in a line what was written. Raises UserError, also
    for data and specs that are there: a report is none, and what it is about would be lost."""
    from mlops_cli.tables.parts import is_table  # brings Arrow, which is there by now

    if (folder / path).exists() and (is_table(path) or path.suffix in SPECS):
        raise UserError(f"'{path}' is there, and is no report: nothing was written", "name another file")
    data = text.encode("utf-8", "replace")
    target = folder / path
    try:
        if target.is_symlink() or (target.exists() and not target.is_file()):
            # Such as /dev/stdout: what it leads to is written to, and never replaced by a file.
            with open(target, "wb") as file:
                file.write(data)
        else:
            write_atomic(target, data)
    except OSError as error:
        raise UserError(f"'{path}' cannot be written ({error.strerror})") from None
    return f"{path}: {size(len(data))}"
