"""Reading the files of a model's folder with care: nothing that is no file, nothing without a limit."""

from __future__ import annotations

import stat
from pathlib import Path

from mlops_cli.base.errors import StageFailed

MIB = 1 << 20
LARGEST = 4096 * MIB
"""Bytes of an estimator's file; larger ones are not loaded."""


def content(path: Path, most: int = LARGEST) -> bytes:
    """The bytes of a file of a model's folder. Raises StageFailed as `need_plain` does."""
    need_plain(path, most)
    try:
        return path.read_bytes()
    except OSError as error:
        raise StageFailed(f"the model file '{path.name}' cannot be read: {error.strerror}") from None


def need_plain(path: Path, most: int = LARGEST) -> None:
    """Raises StageFailed for what is no plain file, and for one that is larger than `most` bytes."""
    try:
        found = path.lstat()
    except OSError as error:
        raise StageFailed(f"the model file '{path.name}' cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        raise refused(path, "it is a link, a folder or a device, and not a file")
    if found.st_size > most:
        raise refused(path, f"it has {found.st_size:,} bytes, and {most:,} are the limit")


def refused(path: Path, why: str) -> StageFailed:
    """The error for a model file that is not what it should be."""
    return StageFailed(
        f"the model file '{path.name}' is refused: {why}", "nothing of it was loaded; take the model from its source"
    )
