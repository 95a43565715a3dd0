"""A data set in memory, judged as if it lay in a file: columns that come again are not measured again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from mlops_cli.base.hashing import Oid, hash_record
from mlops_cli.checks.asked import Settings, ask_all
from mlops_cli.checks.data import finished, in_environment, judge_all, unreadable
from mlops_cli.checks.past import Past
from mlops_cli.checks.verdict import Report
from mlops_cli.checks.wanting import completed
from mlops_cli.spec.validation import DataValidation
from mlops_cli.tables.formats.base import BadTable, Part
from mlops_cli.tables.parts import Dataset


@dataclass(frozen=True, eq=False)
class HeldPart:
    """All rows of a data set in memory."""

    path: Path
    arrays: Mapping[str, pa.Array]
    marks: Mapping[str, str]
    """What stands for the content of a column."""
    first_line = 0
    columnar = True

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(next(iter(self.arrays.values()))) if self.arrays else 0

    @property
    def names(self) -> Sequence[str]:
        """The columns."""
        return tuple(self.arrays)

    def identity(self, name: str | None) -> Oid | None:
        """What stands for a column."""
        return hash_record([name, self.marks[name]]) if name is not None else None

    def load(self, names: Sequence[str] | None) -> dict[str, pa.Array]:
        """The columns."""
        wanted = {name: array for name, array in self.arrays.items() if names is None or name in names}
        return wanted or {"": pa.nulls(self.rows)}

    def table(self) -> pa.Table:
        """The rows."""
        return pa.table(dict(self.arrays))

    def schema(self) -> pa.Schema:
        """The types of the rows."""
        return self.table().schema

    def lines(self) -> None:
        """Rows are no lines here."""
        return


@dataclass(frozen=True)
class Held(Dataset):
    """A data set of which the rows are in memory; its files and their format are those that it came from."""

    part: HeldPart | None = field(default=None, compare=False)
    size: int = 0

    @property
    def bytes(self) -> int:
        """The size that the files would have."""
        return self.size

    def parts(self) -> Iterator[Part]:
        """One part with all rows."""
        if self.part is not None:
            yield self.part


def hold(source: Dataset, arrays: Mapping[str, pa.Array], marks: Mapping[str, str], size: int) -> Held:
    """Rows as a data set like `source`."""
    return Held(source.label, source.paths, source.format, HeldPart(source.paths[0], arrays, marks), size)


def judge_held(spec: DataValidation, dataset: Held, past: Past, settings: Settings, now: float) -> Report:
    """The report on rows in memory, as `check_data` makes it of files. Raises what that raises."""
    spec = in_environment(completed(spec), settings.environment)
    try:
        subject = ask_all(spec, dataset, settings)
    except BadTable as fault:
        return finished(spec, unreadable(spec, fault), dataset.label, None, past)
    verdicts = judge_all(spec, subject, past, now, settings.modified)
    return finished(spec, verdicts, dataset.label, subject.found.rows, past)
