"""The operating system's refusals as errors that a user can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_cli.base.errors import StoreError, UserError

HINTS = {
    errno.ENOSPC: "the disk is full: free some space, then repeat the command; nothing is half-written",
    errno.EDQUOT: "the disk quota is used up: free some space, then repeat the command; nothing is half-written",
    errno.EROFS: "the file system is read-only: remount it for writing, or work on a copy of the project",
    errno.EACCES: "give yourself the permission (ls -l shows who owns it), then repeat the command",
    errno.EPERM: "give yourself the permission (ls -l shows who owns it), then repeat the command",
    errno.EMFILE: "too many open files: raise the limit with `ulimit -n`",
    errno.ENOLCK: "this file system cannot lock files: keep the project on a local disk",
    errno.EOPNOTSUPP: "this file system lacks what the store needs: keep the project on a local disk",
    errno.EIO: "the disk reports a fault: copy the project elsewhere and check the disk",
}


@contextmanager
def store_faults(doing: str) -> Iterator[None]:
    """Turn an OSError inside into a StoreError that says what was being done, as in `cannot <doing>: <reason>`."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise StoreError(f"cannot {doing}: {error.strerror or error}{where}", HINTS.get(error.errno or 0)) from error


def unreadable(path: str, error: OSError) -> UserError:
    """The error for a file of the user that could not be read."""
    if isinstance(error, FileNotFoundError):
        return UserError(f"there is no file or folder {path}")
    return UserError(f"cannot read {path}: {error.strerror or error}", HINTS.get(error.errno or 0))
