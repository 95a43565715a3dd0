"""Rows that break a check because of other rows: the later ones of those with one value, or one key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from mlops_cli.checks.asked import Subject
from mlops_cli.measures.hashes import Hashes, different
from mlops_cli.measures.repeats import every_repeated, inside, row_hashes, write_run
from mlops_cli.measures.values import Mask, Values, values_of
from mlops_cli.spec.validation import Check, ColumnType
from mlops_cli.tables.formats.base import Part
from mlops_cli.tables.parts import Dataset


def repeating(check: Check) -> bool:
    """Whether a row breaks the check because of another row."""
    return check.measure in ("unique", "keys")


@dataclass
class Repeats:
    """Which values stand in several rows, and which of these have been seen."""

    several: Hashes
    seen: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))

    def again(self, hashes: Hashes) -> Mask:
        """Which of the next rows repeat a value of an earlier row."""
        result = np.zeros(len(hashes), dtype=np.bool_)
        places = np.flatnonzero(inside(hashes, self.several))
        found = hashes[places]
        _, first = np.unique(found, return_index=True)
        later = np.ones(len(found), dtype=np.bool_)
        later[first] = False
        result[places] = later | inside(found, self.seen)
        self.seen = different(np.concatenate((self.seen, found)))
        return result


def repeated_rows(subject: Subject, check: Check, folder: Path) -> Repeats:
    """The values of a key that stand in several rows."""
    runs = []
    for number, part in enumerate(subject.dataset.parts()):
        columns = key_columns(subject, check, part)
        if columns:
            runs.append(folder / f"{number}.npy")
            write_run(runs[-1], row_hashes(columns)[0])
    return Repeats(every_repeated(runs))


def key_columns(subject: Subject, check: Check, part: Part) -> list[Values]:
    """The columns of a key in one part; none where it lacks one."""
    names = check.columns if check.measure == "keys" else (check.subject,)
    arrays = part.load(names)
    return typed(subject.dataset, subject.wants.kinds, arrays, names) if all(name in arrays for name in names) else []


def typed(
    dataset: Dataset, kinds: Mapping[str, ColumnType], arrays: Mapping[str, pa.Array], names: Sequence[str]
) -> list[Values]:
    """Some columns as the checks read them."""
    return [
        values_of(name, arrays[name], kinds.get(name), textual=dataset.textual, times=dataset.times) for name in names
    ]
