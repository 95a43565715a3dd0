"""BLAKE3-256, the one hash of the project, and the type of its hexadecimal form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NewType

from blake3 import blake3

from mlops_cli.base.records import canonical

Oid = NewType("Oid", str)
"""The identity of an object: 64 lower-case hexadecimal digits, the BLAKE3-256 of its bytes."""

IDENTITY = re.compile(r"[0-9a-f]{64}")
THREADS_PAY_FROM = 1 << 20  # bytes; below this, starting threads costs more than it saves


def is_oid(text: str) -> bool:
    """Whether a text that was read from somewhere is an identity, so that it may become an `Oid` and part of a path."""
    return IDENTITY.fullmatch(text) is not None


def hash_bytes(data: bytes | memoryview) -> Oid:
    """The identity of `data`."""
    return Oid(blake3(data).hexdigest())


def hash_file(path: Path, size: int) -> Oid:
    """The identity of a file of `size` bytes; equals what the `b3sum` program prints. Raises OSError."""
    if size < THREADS_PAY_FROM:
        return hash_bytes(path.read_bytes())
    return Oid(blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest())


def hash_record(value: object) -> Oid:
    """The identity of the canonical JSON of `value`."""
    return hash_bytes(canonical(value))
