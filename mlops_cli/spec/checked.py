"""Structure checked once: a document that has passed its schema is remembered, so that it need not be checked again."""

from __future__ import annotations

import contextlib
from pathlib import Path

from mlops_cli.base.errors import Fault
from mlops_cli.base.files import write_atomic
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.schema import schemas_id
from mlops_cli.spec.source import Document
from mlops_cli.spec.structure import paths, structure_faults


def checked(document: Document, schema: str, remember: Path | None) -> Decoding:
    """`document` with the faults of its structure noted. `remember` is a cache folder, or None.

    jsonschema takes longer to import than all else that reading a spec needs: unchanged documents do without it.
    """
    marker = remember / _name(document, schema) if remember else None
    if document.faults:
        broken = structure_faults(document, schema)
        # What the reader already says of a value is not said again of what was read instead of it.
        told = [item.fault for item in broken if not any(_covers(item.fault, fault) for fault in document.faults)]
        faults = [*document.faults, *told]
        return Decoding(document, paths(broken), faults)
    if marker is not None and marker.exists():
        return Decoding(document, frozenset())
    broken = structure_faults(document, schema)
    if marker is not None and not broken:
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
            write_atomic(marker, b"")
    return Decoding(document, paths(broken), [item.fault for item in broken])


def _covers(fault: Fault, other: Fault) -> bool:
    here, there = fault.place, other.place
    if here is None or there is None or here.line != there.line:
        return False
    return here.column <= there.column < here.column + here.length


def _name(document: Document, schema: str) -> str:
    return hash_bytes(f"{schema}\0{schemas_id()}\0{document.text}".encode())
