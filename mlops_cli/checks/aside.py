"""Which rows break which checks, and the two files that they and the others are written to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.checks.asked import Subject
from mlops_cli.checks.released import FILE, OURS, PARTED, REASONS, ROW, released_rows, whole_rows
from mlops_cli.checks.repeating import Repeats, key_columns, repeated_rows, repeating, typed
from mlops_cli.measures.conditions import broken
from mlops_cli.measures.counting import unknown
from mlops_cli.measures.repeats import inside, row_hashes
from mlops_cli.measures.rules import keeps
from mlops_cli.measures.values import Mask
from mlops_cli.spec.validation import Check
from mlops_cli.tables.formats.base import Part
from mlops_cli.tables.joining import joint_schema
from mlops_cli.tables.writing import open_lines, open_writer

Packed = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SetAside:
    """What became of the rows."""

    rows: int
    kept: int
    released: int = 0
    """Rows among the kept that would have been set aside, and that somebody has released."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Check id -> rows that it set aside; a row may have several."""

    @property
    def aside(self) -> int:
        """Rows that were set aside."""
        return self.rows - self.kept


@dataclass(frozen=True, eq=False)
class Marked:
    """One part: its rows that are set aside, and by which checks; eight rows a byte."""

    rows: int
    aside: int
    released: int
    masks: Mapping[str, Packed]
    """Check id -> the rows that it sets aside."""

    def mask(self, check: str) -> Mask:
        """The rows that one check sets aside."""
        return np.unpackbits(self.masks[check], count=self.rows).view(np.bool_)

    @property
    def wrong(self) -> Mask:
        """The rows that are set aside."""
        found: Mask = np.zeros(self.rows, dtype=np.bool_)
        for check in self.masks:
            found |= self.mask(check)
        return found


def set_aside(
    subject: Subject, checks: Sequence[Check], kept: Path | None, rejected: Path | None, released: Path | None = None
) -> SetAside:
    """Write the rows that keep every check to `kept` (only where there are others) and the others to `rejected`, a part
    at a time; None: count them only.

    `released` is a table of rows, as `rejected` had them, that stay whatever they break. Of rows that repeat, the first
    stays. Raises StageFailed for data with columns of our names.
    """
    marked = mark(subject, checks, released) if checks else []
    reasons = {check.id: sum(int(np.count_nonzero(part.mask(check.id))) for part in marked) for check in checks}
    total, aside = subject.found.rows, sum(part.aside for part in marked)
    if kept is not None and aside:
        write_kept(subject, marked, kept)
    if rejected is not None:
        write_rejected(subject, marked, rejected)
    back = sum(part.released for part in marked)
    return SetAside(total, total - aside, back, {name: count for name, count in reasons.items() if count})


def mark(subject: Subject, checks: Sequence[Check], released: Path | None) -> list[Marked]:
    """The rows of each part that are set aside."""
    free = released_rows(released)
    repeats = {}
    with tempfile.TemporaryDirectory(prefix="mlops-repeats-") as folder:
        for number, check in enumerate(checks):
            if repeating(check):
                repeats[check.id] = repeated_rows(subject, check, Path(folder) / str(number))
    found = []
    for part in subject.dataset.parts():
        refuse_our_names(part)
        rows = rows_of(part)
        masks = dict(broken_rows(subject, checks, part, rows, repeats))
        wrong = np.logical_or.reduce(list(masks.values()))
        stay = np.zeros(rows, dtype=np.bool_)
        if len(free) and wrong.any():
            stay = wrong & inside(whole_rows(part.table()), free)
        packed = {name: np.packbits(mask & ~stay) for name, mask in masks.items()}
        aside = int(np.count_nonzero(wrong & ~stay))
        found.append(Marked(rows, aside, int(np.count_nonzero(stay)), packed if aside else {}))
    return [part if part.masks else empty(part, checks) for part in found]


def empty(part: Marked, checks: Sequence[Check]) -> Marked:
    """A part of which no row is set aside."""
    nothing = np.packbits(np.zeros(part.rows, dtype=np.bool_))
    return Marked(part.rows, 0, part.released, {check.id: nothing for check in checks})


def rows_of(part: Part) -> int:
    """How many rows a part has."""
    return part.rows if part.rows is not None else part.table().num_rows


def refuse_our_names(part: Part) -> None:
    """Raise StageFailed where the data have a column that rows set aside get from us."""
    taken = [name for name in OURS if name in part.schema().names]
    if taken:
        hint = "rename it, or leave out `quarantine`: rows set aside before are not judged again as they are"
        raise StageFailed(f"'{part.path.name}' has a column '{taken[0]}', which rows set aside get from us", hint)


def write_kept(subject: Subject, marked: Sequence[Marked], path: Path) -> None:
    """Write the rows that go on: as they stand where rows are lines, else as values."""
    if lined(subject, marked):
        names = next(iter(subject.dataset.parts())).names or ()
        with open_lines(path, names) as lines:
            for part, marks in zip(subject.dataset.parts(), marked, strict=True):
                wrong = marks.wrong.tolist()
                lines.write([line for line, bad in zip(part.lines() or [], wrong, strict=True) if not bad])
        return
    parts = zip(subject.dataset.parts(), marked, strict=True)
    schema = joint_schema(part.schema() for part, marks in parts if marks.aside < marks.rows or not marks.rows)
    schema = schema if len(schema) else joint_schema(part.schema() for part in subject.dataset.parts())
    with open_writer(path, schema) as rows:
        for part, marks in zip(subject.dataset.parts(), marked, strict=True):
            rows.write(part.table().filter(pa.array(~marks.wrong)))


def lined(subject: Subject, marked: Sequence[Marked]) -> bool:
    """Whether the rows are lines that can be copied: all with the same columns, and one line for each row."""
    names = None
    for part, marks in zip(subject.dataset.parts(), marked, strict=True):
        lines = part.lines()
        if lines is None or len(lines) != marks.rows or (names is not None and part.names != names):
            return False
        names = part.names
    return True


def write_rejected(subject: Subject, marked: Sequence[Marked], path: Path) -> None:
    """Write the rows that are set aside, with their numbers, reasons (check ids, parted by `; `) and file."""
    parts = zip(subject.dataset.parts(), marked, strict=True) if marked else ()
    schema = joint_schema(part.schema() for part, marks in parts if marks.aside)
    schema = schema if len(schema) else joint_schema(part.schema() for part in subject.dataset.parts())
    ours = [pa.field(ROW, pa.int64()), pa.field(REASONS, pa.string()), pa.field(FILE, pa.string())]
    start = 0
    with open_writer(path, pa.schema([*ours, *(field for field in schema if field.name not in OURS)])) as rows:
        for part, marks in zip(subject.dataset.parts(), marked, strict=True) if marked else ():
            if marks.aside:
                rows.write(explained(part, marks, start))
            start += marks.rows


def explained(part: Part, marks: Marked, start: int) -> pa.Table:
    """The rows of a part that are set aside, with what they get from us."""
    wrong = marks.wrong
    masks = {check: marks.mask(check) for check in marks.masks}
    table, places = part.table().filter(pa.array(wrong)), np.flatnonzero(wrong)
    reasons = [PARTED.join(name for name, mask in masks.items() if mask[row]) for row in places.tolist()]
    ours = [
        pa.array(places + start + 1),
        pa.array(reasons, type=pa.string()),
        pa.array([part.path.name] * len(places), type=pa.string()),
    ]
    return pa.table([*ours, *table.columns], names=[*OURS, *table.column_names])


def broken_rows(
    subject: Subject, checks: Sequence[Check], part: Part, rows: int, repeats: Mapping[str, Repeats]
) -> Iterator[tuple[str, Mask]]:
    """Check id -> the rows of a part that break it."""
    alone = {check.subject for check in checks if not repeating(check) and check.measure != "rule"}
    arrays = part.load(tuple(alone)) if alone else {}
    for check in checks:
        if repeating(check):
            columns = key_columns(subject, check, part)
            mask = np.zeros(rows, dtype=np.bool_)
            if columns:
                hashes, there = row_hashes(columns)
                mask[np.flatnonzero(there)] = repeats[check.id].again(hashes)
            yield check.id, mask
        elif check.measure == "rule":
            yield check.id, rule_rows(subject, check, part, rows)
        else:
            array = arrays.get(check.subject, pa.nulls(rows))
            values = typed(subject.dataset, subject.wants.kinds, {check.subject: array}, (check.subject,))[0]
            found = (
                unknown(check, values, subject.wants.known) if check.measure == "references" else broken(check, values)
            )
            yield check.id, found.bad


def rule_rows(subject: Subject, check: Check, part: Part, rows: int) -> Mask:
    """The rows of a part that break a rule."""
    rule = next(rule for rule in subject.several.rules if rule.check.id == check.id)
    arrays = part.load(rule.columns)
    whole = {name: arrays.get(name, pa.nulls(rows)) for name in rule.columns}
    columns = typed(subject.dataset, subject.several.kinds, whole, rule.columns)
    return keeps([rule], dict(zip(rule.columns, columns, strict=True)), rows, part.path.name)[0].bad
