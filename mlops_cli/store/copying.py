"""Moving bytes between files the cheapest way that the file system knows, and hashing while nobody can be trusted."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from blake3 import blake3

from mlops_cli.base.hashing import THREADS_PAY_FROM, Oid

WINDOW = 4 << 20  # bytes read at once: large enough for threads to pay, small enough to stay in the cache
FICLONE = 0x40049409  # Linux: share the blocks of another file (Btrfs, XFS, bcachefs, overlay on them)
TRY_NEXT = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM})
READ_ONLY = 0o444


def hash_descriptor(source: int, size: int) -> Oid:
    """The BLAKE3 of everything from the start of an open file; `size` is what to expect. Raises OSError.

    Reads instead of mapping: a mapped file that somebody shortens kills the process.
    """
    hasher = blake3(max_threads=blake3.AUTO if size >= THREADS_PAY_FROM else 1)
    buffer = bytearray(min(WINDOW, max(size, 1)))
    view = memoryview(buffer)
    os.lseek(source, 0, os.SEEK_SET)
    while count := os.readv(source, [buffer]):
        hasher.update(view[:count])
    return Oid(hasher.hexdigest())


def hash_path(path: str | os.PathLike[str]) -> Oid:
    """The BLAKE3 of a file. Raises OSError."""
    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return hash_descriptor(source, os.fstat(source).st_size)
    finally:
        os.close(source)


@contextmanager
def written_early(target: int) -> Iterator[None]:
    """Let the disk take what is written to an open file while more is written; the caller still has to flush.

    Raises OSError when the disk refuses: such an error is told only once, and must not get lost here.
    """
    done = threading.Event()
    faults: list[OSError] = []

    def flush() -> None:
        while not done.wait(0.01) and not faults:
            try:
                os.fdatasync(target)
            except OSError as error:
                faults.append(error)

    helper = threading.Thread(target=flush)
    helper.start()
    try:
        yield
    finally:
        done.set()
        helper.join()
    if faults:
        raise faults[0]


def copy_descriptor(source: int, target: int) -> None:
    """Copy a whole open file into an empty one: shared blocks, else inside the kernel, else by hand. Raises OSError."""
    try:
        fcntl.ioctl(target, FICLONE, source)
        return
    except OSError as error:
        if error.errno not in TRY_NEXT:
            raise
    os.lseek(source, 0, os.SEEK_SET)
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except (OSError, AttributeError) as error:
        if isinstance(error, OSError) and error.errno not in TRY_NEXT:
            raise
        _copy_by_hand(source, target)


def _copy_by_hand(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    os.ftruncate(target, 0)
    os.lseek(target, 0, os.SEEK_SET)
    while data := os.read(source, WINDOW):
        write_all(target, data)


def write_all(target: int, data: bytes) -> None:
    """Write every byte. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def write_new(path: str, data: bytes, mode: int = READ_ONLY) -> None:
    """Write a file that must not exist yet; a partial one is removed. Raises OSError."""
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        write_all(target, data)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(target)


def copy_new(source: str, path: str, mode: int = READ_ONLY) -> None:
    """Copy a file into one that must not exist yet; a partial one is removed. Raises OSError."""
    reader = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            copy_descriptor(reader, target)
        except BaseException:
            os.unlink(path)
            raise
        finally:
            os.close(target)
    finally:
        os.close(reader)
