"""A data set as parts that can be read on their own: row groups of Parquet, blocks of lines, batches of Arrow files.

A data set is one file, a folder of files, or a pattern (`data/2026-*.parquet`); all its files have one format. A part
has an identity of its own, so that what was measured of it need not be measured again when other parts come or go.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.tables.formats import FORMATS
from mlops_cli.tables.formats.base import BadTable, Format, Part, unreadable
from mlops_cli.tables.read import check_readable, format_of

PATTERN = frozenset("*?[")


@dataclass(frozen=True)
class Dataset:
    """Files of one format, in a fixed order."""

    label: str
    paths: tuple[Path, ...]
    format: Format

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(path.stat().st_size for path in self.paths)

    @property
    def newest(self) -> float:
        """When the newest of the files was last written, in seconds since 1970."""
        return max(path.stat().st_mtime for path in self.paths)

    @property
    def textual(self) -> bool:
        """Whether every value is held as text."""
        return self.format.TEXT == "all"

    @property
    def times(self) -> bool:
        """Whether dates and times are held as texts."""
        return self.format.TEXT == "times"

    def parts(self) -> Iterator[Part]:
        """The parts of all files, in order. Raises BadTable."""
        for path in self.paths:
            parts = self.format.parts(path)
            while (part := next_part(path, parts)) is not None:
                yield part


def open_dataset(path: Path, default: str | None = None) -> Dataset:
    """The data set at a path: a file, a folder, or a pattern; `default` names the format of a file whose ending names
    none.

    Raises BadTable for nothing there, for files of several formats, and for a file that is no table.
    """
    paths = files_of(path)
    for file in paths:
        check_readable(file)
    formats = {file: format_of(file, default) for file in paths}
    first = formats[paths[0]]
    for file, member in formats.items():
        if member is not first:
            reason = f"it is {member.NAME}, and '{paths[0].name}' beside it is {first.NAME}"
            raise BadTable(file, reason, "a data set has files of one format")
    return Dataset(path.name, tuple(paths), first)


def next_part(path: Path, parts: Iterator[Part]) -> Part | None:
    """The next part of a file, None after the last. Raises BadTable, also for a file that went away meanwhile."""
    try:
        return next(parts, None)
    except OSError as error:
        raise unreadable(path, error) from None


def files_of(path: Path) -> list[Path]:
    """The files of a data set in the order of their names. A folder's are those that end like a table, hidden ones left
    out; raises BadTable where there is none."""
    if path.is_dir():
        found = [file for file in sorted(path.rglob("*")) if file.is_file() and is_table(file)]
        found = [
            file for file in found if not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
        ]
        if not found:
            endings = ", ".join(ending for member in FORMATS.values() for ending in member.ENDINGS)
            raise BadTable(path, "the folder holds no table", f"a table ends in one of {endings}")
        return found
    if not path.exists() and PATTERN & set(str(path)):
        found = [Path(file) for file in sorted(glob.glob(str(path), recursive=True)) if Path(file).is_file()]  # noqa: PTH207 - an absolute pattern
        if not found:
            raise BadTable(path, "no file fits the pattern")
        return found
    return [path]


def is_table(path: Path) -> bool:
    """Whether a file's name ends like a table's."""
    return any(path.name.lower().endswith(ending) for member in FORMATS.values() for ending in member.ENDINGS)
