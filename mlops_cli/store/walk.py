"""The files of a folder of the user: links followed, loops and things that are no files refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.store.faults import unreadable

OURS = ".mlops"


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path inside the folder, its path to open, its state when it was seen."""

    path: str
    full: str
    state: os.stat_result


def walk(folder: Path) -> Iterator[Found]:
    """Every file under `folder`, in no order. Raises UserError for what cannot be read or is no file or folder."""
    try:
        top = os.stat(folder)
    except OSError as error:
        raise unreadable(str(folder), error) from error
    yield from _walk(str(folder), "", frozenset({(top.st_dev, top.st_ino)}))


def _walk(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[Found]:
    folders: list[tuple[str, str, os.stat_result, bool]] = []
    path = folder
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = entry.path
                state = entry.stat()
                if stat.S_ISREG(state.st_mode):
                    yield Found(prefix + entry.name, path, state)
                elif not stat.S_ISDIR(state.st_mode):
                    raise _strange(path, state)
                elif entry.name != OURS:
                    folders.append((path, f"{prefix}{entry.name}/", state, entry.is_symlink()))
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise UserError(
                f"{path} is a link to something that is not there", "remove the link, or bring its target back"
            ) from error
        raise unreadable(path, error) from error
    except OSError as error:
        raise unreadable(path, error) from error
    for path, name, state, _ in folders:
        identity = (state.st_dev, state.st_ino)
        if identity in above:
            raise UserError(f"{path} leads back into a folder above it", "remove the link that makes the circle")
        yield from _walk(path, name, above | {identity})


def _strange(path: str, state: os.stat_result) -> UserError:
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    kind = kinds.get(stat.S_IFMT(state.st_mode), "neither a file nor a folder")
    return UserError(f"{path} is {kind}; only files and folders have versions", "move it out of the folder")


def regular(path: Path) -> os.stat_result:
    """The state of a file or folder; raises UserError when there is none, or it is something else."""
    try:
        state = os.stat(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            raise UserError(
                f"{path} is a link to something that is not there", "remove the link, or bring its target back"
            ) from error
        raise unreadable(str(path), error) from error
    if not stat.S_ISREG(state.st_mode) and not stat.S_ISDIR(state.st_mode):
        raise _strange(str(path), state)
    return state
