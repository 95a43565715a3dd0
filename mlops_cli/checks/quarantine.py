"""Rows that break a check are set aside with all their reasons, and the others go on: in = kept + set aside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.checks.asked import Subject
from mlops_cli.checks.comparators.base import percent
from mlops_cli.checks.data import Judged
from mlops_cli.checks.repeating import Repeats, key_columns, repeated_rows, repeating, typed
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.measures.conditions import CONDITIONS, broken
from mlops_cli.measures.counting import unknown
from mlops_cli.measures.hashes import Hashes, combined, different, text_hashes
from mlops_cli.measures.repeats import inside, row_hashes
from mlops_cli.measures.rules import keeps
from mlops_cli.measures.values import Mask, values_of, written
from mlops_cli.spec.validation import Check, Quarantine
from mlops_cli.tables.formats.base import Part
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.writing import open_writer

ROW, REASONS, FILE = "mlops_row", "mlops_reasons", "mlops_file"
"""The columns that rows set aside have besides their own: which row it was (from 1), why, and of which file."""
PARTED = "; "
OURS = (ROW, REASONS, FILE)
SETTING_ASIDE = (frozenset(CONDITIONS) - {"zeros", "sentinels"}) | {"references", "unique", "keys", "rule"}
"""Measures whose rows can be set aside; of shares, `nulls` and `empties` only where none is allowed."""


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


def quarantined(
    quarantine: Quarantine, judged: Judged, kept: Path, rejected: Path, released: Path | None
) -> tuple[Report, bool]:
    """Set rows aside where checks have failed on single rows: the report after that, and whether the rows are others now.
    `rejected` is written in any case, so that it always says what was set aside: perhaps nothing."""
    if judged.subject is None:
        pyarrow.parquet.write_table(pa.table({name: pa.nulls(0, pa.string()) for name in OURS}), rejected)
        return judged.report, False
    checks = setting_aside(judged.subject, judged.report)
    done = set_aside(judged.subject, checks, kept, rejected, released)
    return with_quarantine(judged.report, quarantine, done, checks), bool(done.aside)


def setting_aside(subject: Subject, report: Report) -> list[Check]:
    """The checks that failed on single rows which can be taken out: with that they are kept."""
    failed = {verdict.check for verdict in report.verdicts if verdict.state == "fail" and verdict.slice is None}
    return [check for check in subject.checks if check.id in failed and can_set_aside(check)]


def can_set_aside(check: Check) -> bool:
    """Whether taking the rows out that break the check makes it hold."""
    if check.measure in ("nulls", "empties"):
        return check.comparator == "max" and check.bound is not None and check.bound.value == 0
    return check.measure in SETTING_ASIDE and check.comparator not in ("change", "within")


def set_aside(
    subject: Subject, checks: Sequence[Check], kept: Path, rejected: Path, released: Path | None = None
) -> SetAside:
    """Write the rows that keep every check to `kept` and the others to `rejected`, in one pass, a part at a time.

    `released` is a table of rows, as `rejected` had them, that stay whatever they break. Of rows that repeat, the first
    stays. Raises StageFailed for data with columns of our names.
    """
    free = released_rows(released)
    total = stays = back = 0
    reasons = dict.fromkeys((check.id for check in checks), 0)
    with tempfile.TemporaryDirectory(prefix="mlops-repeats-") as folder:
        repeats = {
            check.id: repeated_rows(subject, check, Path(folder) / check.id[:40])
            for check in checks
            if repeating(check)
        }
    with open_writer(kept) as good, open_writer(rejected) as bad:
        for part in subject.dataset.parts():
            table = part.table()
            refuse_our_names(table, part)
            masks = dict(broken_rows(subject, checks, part, table.num_rows, repeats))
            wrong = np.logical_or.reduce(list(masks.values()), initial=False) | np.zeros(table.num_rows, dtype=np.bool_)
            stay = wrong & inside(whole_rows(table), free) if len(free) else np.zeros(len(wrong), dtype=np.bool_)
            wrong &= ~stay
            for name, mask in masks.items():
                reasons[name] += int(np.count_nonzero(mask & wrong))
            good.write(table.filter(pa.array(~wrong)))
            bad.write(explained(table.filter(pa.array(wrong)), masks, wrong, total, part))
            total, stays, back = (
                total + len(wrong),
                stays + int(np.count_nonzero(~wrong)),
                back + int(np.count_nonzero(stay)),
            )
    return SetAside(total, stays, back, {name: count for name, count in reasons.items() if count})


def refuse_our_names(table: pa.Table, part: Part) -> None:
    """Raise StageFailed where the data have a column that rows set aside get from us."""
    taken = [name for name in OURS if name in table.column_names]
    if taken:
        hint = "rename it, or leave out `quarantine`: rows set aside before are not judged again as they are"
        raise StageFailed(f"'{part.path.name}' has a column '{taken[0]}', which rows set aside get from us", hint)


def explained(table: pa.Table, masks: Mapping[str, Mask], wrong: Mask, start: int, part: Part) -> pa.Table:
    """Rows that are set aside, with their numbers, reasons (check ids, parted by `; `) and file."""
    rows = np.flatnonzero(wrong)
    reasons = [PARTED.join(name for name, mask in masks.items() if mask[row]) for row in rows.tolist()]
    ours = [
        pa.array(rows + start + 1),
        pa.array(reasons, type=pa.string()),
        pa.array([part.path.name] * len(rows), type=pa.string()),
    ]
    return pa.table([*ours, *table.columns], names=[*OURS, *table.column_names])


def broken_rows(
    subject: Subject, checks: Sequence[Check], part: Part, rows: int, repeats: Mapping[str, Repeats]
) -> Iterator[tuple[str, Mask]]:
    """Check id -> the rows of a part that break it."""
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
            arrays = part.load((check.subject,))
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


def whole_rows(table: pa.Table) -> Hashes:
    """The hashes of whole rows: names and values, by how they are written; a missing value is one too."""
    columns = [name for name in sorted(table.column_names) if name not in OURS]
    hashes = []
    for name in columns:
        column = table.column(name)
        array = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.nulls(0)])
        texts = written(values_of(name, array, None, textual=False))
        filled = texts.fill_null("\0null").cast(pa.string()) if not pa.types.is_null(texts.type) else texts
        hashes.append(text_hashes(filled))
    return combined(hashes) if hashes else np.zeros(table.num_rows, dtype=np.uint64)


def released_rows(path: Path | None) -> Hashes:
    """The sorted hashes of released rows; none without a table of them."""
    if path is None:
        return np.empty(0, dtype=np.uint64)
    return different(np.concatenate([whole_rows(part.table()) for part in open_dataset(path).parts()]))


def choose_rows(aside: pa.Table, checks: Sequence[str], rows: Sequence[int]) -> tuple[pa.Table, int]:
    """The rows of a quarantine that are meant, and how many others there are: those that only some checks have set aside,
    those with some numbers, or all. Raises UserError where that is none."""
    reasons = [set(text.split(PARTED)) for text in aside.column(REASONS).to_pylist()]
    known = set().union(*reasons)
    for check in checks:
        if check not in known:
            raise UserError(
                f"no row was set aside by '{check}'", f"the reasons are {', '.join(sorted(known)) or 'none'}"
            )
    numbers = aside.column(ROW).to_pylist()
    unknown_rows = sorted(set(rows) - set(numbers))
    if unknown_rows:
        raise UserError(f"row {unknown_rows[0]} is not among the rows that were set aside", "mlops show lists them")
    wanted = np.asarray(
        [
            (not checks or reason <= set(checks)) and (not rows or number in rows)
            for reason, number in zip(reasons, numbers, strict=True)
        ],
        dtype=np.bool_,
    )
    if not wanted.any():
        raise UserError("no row is meant", "a row is released when every reason it has is among those that are given")
    return aside.filter(pa.array(wanted)), int(np.count_nonzero(~wanted))


def joined_releases(old: pa.Table | None, new: pa.Table) -> pa.Table:
    """Rows that were released before, and now; each once."""
    if old is None:
        return new
    again = inside(whole_rows(new), np.sort(whole_rows(old)))
    return pa.concat_tables([old, new.filter(pa.array(~again))], promote_options="permissive")


def with_quarantine(report: Report, quarantine: Quarantine, done: SetAside, checks: Sequence[Check]) -> Report:
    """The report when rows have been set aside: their checks warn, and one more says whether there were too many."""
    settled = {check.id for check in checks}
    verdicts = tuple(
        replace(
            verdict,
            state="warn",
            reason="set_aside",
            message=f"{verdict.message}; {became(done.reasons.get(verdict.check, 0), quarantine)}",
        )
        if verdict.check in settled and verdict.state == "fail"
        else verdict
        for verdict in report.verdicts
    )
    return replace(report, verdicts=(*verdicts, limit(quarantine, done)), aside=done.aside, released=done.released)


def became(aside: int, quarantine: Quarantine) -> str:
    """What became of the rows of one check."""
    return f"{aside:,} set aside as {quarantine.name}" if aside else "they have been released"


def limit(quarantine: Quarantine, done: SetAside) -> Verdict:
    """The verdict on how many rows were set aside."""
    share = done.aside / done.rows if done.rows else 0.0
    most = quarantine.most
    over = done.aside > most.value if most.unit == "number" else share > most.value
    text = f"{done.aside:,} of {done.rows:,} rows" + (f" ({percent(share)})" if done.rows else "")
    message = f"{text} set aside, {done.kept:,} kept" + (
        f", {done.released:,} of them released" if done.released else ""
    )
    return Verdict(
        check="quarantine.max",
        subject="quarantine",
        state="fail" if over else "pass",
        bound=f"max {most.text}",
        message=f"{message}; at most {most.text} may be" if over else message,
        value=done.aside,
        n=done.rows,
        share=share if done.aside else None,
    )
