"""Files that a command writes where the user says."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.base.files import write_atomic
from mlops_cli.cli.screen import size


def write_file(folder: Path, path: Path, text: str) -> str:
    """Write a text to a path as seen from a folder; tells in a line what was written. Raises UserError."""
    data = text.encode("utf-8", "replace")
    try:
        write_atomic(folder / path, data)
    except OSError as error:
        raise UserError(f"'{path}' cannot be written ({error.strerror})") from None
    return f"{path}: {size(len(data))}"
