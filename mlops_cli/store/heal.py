"""Damaged containers: they move to `quarantine/`, and whatever is still whole in a pack moves to a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mlops_cli.base.files import sync_folder, write_atomic
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.store.index import Packed, build_index
from mlops_cli.store.layout import Layout
from mlops_cli.store.lease import Lease
from mlops_cli.store.packs import PackWriter, Row, decode_frame


def set_aside(layout: Layout, container: str) -> None:
    """Move a container to `quarantine/`, so that the next writer of the same object brings it back. Raises OSError."""
    layout.quarantine.mkdir(exist_ok=True)
    Path(container).rename(layout.quarantine / f"{Path(container).name}.{os.urandom(4).hex()}")


def salvage(layout: Layout, pack: str, rows: Iterable[Row]) -> None:
    """Put the whole objects of a damaged pack into a new one, then set the old one aside. Raises OSError."""
    path = layout.pack(pack)
    with open(path, "rb") as file, Lease(layout.leases) as lease:
        writer = PackWriter(lease.path())
        try:
            for row in rows:
                file.seek(row.offset)
                data = decode_frame(row.oid, row.codec, row.raw, file.read(row.stored))
                if data is not None:
                    writer.add(row.oid, data)
            name = writer.finish()
        finally:
            writer.close()
        target = Path(layout.pack(name))
        target.parent.mkdir(exist_ok=True)
        Path(writer.path).rename(target)
        sync_folder(target.parent)
    index = build_index([Packed(name, writer.size, tuple(writer.rows))])
    write_atomic(layout.indexes / f"{hash_bytes(index)}.idx", index, durable=True)
    set_aside(layout, path)
