"""Model files whose bytes depend on the model alone.

skops names arrays after memory addresses and stamps the time of day into its archive. Here ids are numbered in the
order of meeting, files are named after them, sets are sorted, times are fixed and nothing is compressed (the bytes
of a compressor differ between versions of it; the store compresses).
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field

from mlops_cli.base.records import Json

SCHEMA = "schema.json"
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass
class Numbers:
    """Fresh numbers for ids and files, given out in the order of asking."""

    ids: dict[int, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    next: int = 1

    def fresh(self) -> int:
        """A number that nothing else has."""
        self.next += 1
        return self.next - 1

    def id(self, old: int) -> int:
        """The number of an object; an object that is met twice keeps its number."""
        if old not in self.ids:
            self.ids[old] = self.fresh()
        return self.ids[old]

    def file(self, old: str) -> str:
        """The name of a file of the archive."""
        if old not in self.files:
            self.files[old] = f"{len(self.files) + 1:06d}.{old.rpartition('.')[2]}"
        return self.files[old]


def canonical_archive(archive: bytes) -> bytes:
    """The same model as `archive` (written by skops), in bytes that every other dump of that model gives too."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    numbers = Numbers()
    schema = renumbered(json.loads(files[SCHEMA]), numbers, frozenset(files))
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as target:
        write(target, SCHEMA, json.dumps(schema, separators=(",", ":")).encode())
        for old, new in sorted(numbers.files.items(), key=lambda pair: pair[1]):
            write(target, new, files[old])
    return result.getvalue()


def renumbered(node: Json, numbers: Numbers, files: frozenset[str]) -> Json:
    """A node of the schema with new ids and file names."""
    if isinstance(node, list):
        return [renumbered(item, numbers, files) for item in node]
    if not isinstance(node, dict):
        return node
    content = node.get("content")
    if node.get("__loader__") == "SetNode" and isinstance(content, list):
        node = {**node, "content": sorted(content, key=without_ids)}
    result: dict[str, Json] = {}
    for key, value in node.items():
        if key == "__id__" and isinstance(value, int):
            # Python shares small immutable values as it likes; only what can change needs to stay shared.
            result[key] = numbers.fresh() if node.get("is_json") else numbers.id(value)
        elif key == "file" and isinstance(value, str) and value in files:
            result[key] = numbers.file(value)
        else:
            result[key] = renumbered(value, numbers, files)
    return result


def without_ids(node: Json) -> str:
    """A text that says what a node holds, whatever its ids."""
    return json.dumps(renumbered(node, Numbers(), frozenset()), sort_keys=True)


def write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a file without a time or an owner."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, data)
