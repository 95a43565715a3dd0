"""Faults planted into data, and what a spec says to each of them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlops_cli.base.clock import now as clock
from mlops_cli.base.errors import UserError
from mlops_cli.checks.verdict import Report
from mlops_cli.spec.validation import Bound, Check, DataValidation
from mlops_cli.workflows.infer_spec import Source

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_cli.checks.asked import Settings
    from mlops_cli.checks.past import Past
    from mlops_cli.checks.plant import Fault
    from mlops_cli.measures.summary import Profile

ROWS = 20_000
"""Rows into which faults are planted; of more, every second, third, ... one is taken."""
COLUMNS = 24
"""Columns that get faults; of more, some of every type."""
LARGEST = 256 << 20
"""Bytes of a file whose end is cut off."""
Note = Callable[[str], None]
"""Called with what is being done."""
States = dict[tuple[str, str | None], Literal["fails", "blocks", "warns"]]
"""(check, slice) -> what it does; one that could not be asked blocks."""


@dataclass(frozen=True)
class Planted:
    """A fault in the newest data, and whether the spec saw it."""

    fault: str
    column: str | None
    what: str
    state: Literal["caught", "warned", "missed"]
    by: tuple[str, ...] = ()
    """The checks that saw it."""
    hint: str | None = None
    """What would have seen it."""


@dataclass(frozen=True)
class Sown:
    """The data that faults are planted into, as they are judged without any."""

    validation: DataValidation
    source: Source
    profile: Profile
    past: Past
    settings: Settings


@dataclass(frozen=True)
class Harvest:
    """What came of all faults."""

    faults: tuple[Planted, ...]
    rows: int
    """Into how many rows they were planted."""
    columns: int
    """Into how many columns."""
    already: tuple[str, ...]
    """Checks that say no without any fault: they can catch nothing."""


def plant(sown: Sown, note: Note) -> Harvest:
    """Plant every fault that applies, and ask the spec. Raises StageFailed for data that cannot be read."""
    from mlops_cli.checks.plant import column_faults, read_columns, row_faults

    dataset = sown.source.dataset
    arrays, every = taken_rows(sown)
    rows = len(next(iter(arrays.values()))) if arrays else 0
    columns = read_columns(arrays, dict(sown.validation.types), textual=dataset.textual, times=dataset.times)
    chosen = spread_columns(sown.profile)
    with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
        bed = Bed(sown, rows, every, Path(folder) / "cache")
        control = bed.states(arrays, {}, 1.0)
        found: list[Planted] = []
        for fault, changed in column_faults(columns, chosen):
            if len(found) % 20 == 0:
                note(f"planting faults into {fault.column}: {len(found)} so far")
            marks = {name: str(fault) for name, array in changed.items() if array is not arrays[name]}
            found.append(seen(fault, control, bed.states(changed, marks, 1.0), sown.validation))
        for fault, changed in row_faults(arrays, rows):
            size = 2.0 if fault.kind == "repeated" else 0.5
            marks = dict.fromkeys(changed, str(fault))
            found.append(seen(fault, control, bed.states(changed, marks, size), sown.validation))
        note("planting faults into the file")
        found += of_bytes(sown, Path(folder))
    return Harvest(tuple(found), rows, len(chosen), tuple(sorted({check for check, _ in control})))


@dataclass(frozen=True)
class Bed:
    """Judges rows in memory, with bounds on the number of rows that fit how many of them there are."""

    sown: Sown
    rows: int
    every: int
    cache: Path

    def states(self, arrays: Mapping[str, pa.Array], marks: Mapping[str, str], size: float) -> States:
        """Which checks do not pass. `marks`: columns that are not as they were -> what stands for them; `size`: that of
        the files, as a part of what it was."""
        from mlops_cli.checks.held import hold, judge_held

        sown, share = self.sown, self.rows / max(self.sown.profile.rows, 1)
        spec, past = sown.validation, sown.past
        if self.every > 1:
            spec = replace(spec, checks=tuple(with_fewer_rows(check, share) for check in spec.checks))
            past = with_fewer(past, share)
        known = {name: marks.get(name, "as it is") for name in arrays}
        dataset = hold(sown.source.dataset, arrays, known, round(sown.profile.bytes * size))
        settings = replace(sown.settings, cache=self.cache, profile=False)
        try:
            report = judge_held(spec, dataset, past, settings, clock().timestamp())
        except UserError as error:  # a rule that cannot be asked of such values stops the gate, and the data with it
            return {(f"the gate stops: {error.faults[0].message}", None): "blocks"}
        return states_of(report)


def states_of(report: Report) -> States:
    """The checks that block or warn."""
    found: States = {}
    for item in report.verdicts:
        if item.blocks or item.state == "warn":
            found[item.check, item.slice] = "fails" if item.state == "fail" else "blocks" if item.blocks else "warns"
    return found


def seen(fault: Fault, control: States, found: States, spec: DataValidation) -> Planted:
    """Whether a check said something that it had not said without the fault."""
    from mlops_cli.checks.mending import hint_for

    new = {
        key: state
        for key, state in found.items()
        if key not in control or (control[key] == "warns" and state != "warns")
    }
    failing, blocking, warning = (
        dict.fromkeys(check for (check, _), state in new.items() if state == wanted)
        for wanted in ("fails", "blocks", "warns")
    )
    blocking = failing or blocking
    if blocking:
        return Planted(fault.kind, fault.column, fault.what, "caught", tuple(blocking))
    if warning:
        return Planted(fault.kind, fault.column, fault.what, "warned", tuple(warning))
    return Planted(
        fault.kind, fault.column, fault.what, "missed", hint=hint_for(fault, {check.id for check in spec.checks})
    )


def taken_rows(sown: Sown) -> tuple[dict[str, pa.Array], int]:
    """The rows that get faults, and of how many each is one. Raises UserError for files that differ in their types."""
    import numpy as np
    import pyarrow as pa

    from mlops_cli.measures.values import plain_array

    every, seen_rows, tables = max(1, math.ceil(sown.profile.rows / ROWS)), 0, []
    for part in sown.source.dataset.parts():
        arrays = {name: plain_array(array) for name, array in part.load(None).items()}
        rows = len(next(iter(arrays.values()))) if arrays else 0
        places = pa.array(np.arange(-seen_rows % every, rows, every))
        tables.append(pa.table({name: array.take(places) for name, array in arrays.items()}))
        seen_rows += rows
    try:
        whole = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UserError(
            f"the files of {sown.source.label} differ in their types: {error}", "rehearse with one"
        ) from None
    return {name: whole_array(whole.column(name)) for name in whole.column_names}, every


def whole_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    import pyarrow as pa

    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def spread_columns(profile: Profile) -> tuple[str, ...]:
    """The columns that get faults: all, or as many of every type in turn, in the order of the file."""
    if len(profile.columns) <= COLUMNS:
        return tuple(column.name for column in profile.columns)
    groups: dict[str, list[str]] = {}
    for column in profile.columns:
        groups.setdefault(column.kind, []).append(column.name)
    chosen: set[str] = set()
    for turn in range(COLUMNS):
        for names in groups.values():
            if turn < len(names) and len(chosen) < COLUMNS:
                chosen.add(names[turn])
    return tuple(column.name for column in profile.columns if column.name in chosen)


def with_fewer_rows(check: Check, share: float) -> Check:
    """A bound on the number of rows for a part of them."""
    if check.measure != "rows" or check.bound is None or check.comparator not in ("min", "max"):
        return check
    value = check.bound.value * share
    rounded = math.floor(value) if check.comparator == "min" else math.ceil(value)
    return replace(check, bound=Bound(float(rounded), check.bound.unit, str(rounded)))


def with_fewer(past: Past, share: float) -> Past:
    """The past with as many rows as a part of them would have been; the columns stay as they were."""

    def fewer(profile: Profile) -> Profile:
        return replace(profile, rows=round(profile.rows * share))

    history = tuple(fewer(profile) for profile in past.history)
    return replace(past, baseline=fewer(past.baseline) if past.baseline is not None else None, history=history)


def of_bytes(sown: Sown, folder: Path) -> Iterator[Planted]:
    """The faults of the last file's bytes, judged as files; none for a file that is too large to be held."""
    from mlops_cli.checks.data import check_data
    from mlops_cli.checks.plant import byte_faults
    from mlops_cli.tables.formats.lines import COMPRESSED

    paths = sown.source.dataset.paths
    last = paths[-1]
    if last.stat().st_size > LARGEST:
        return
    textual = sown.source.dataset.format.TEXT != "none" and last.suffix.lower() not in COMPRESSED
    settings = replace(sown.settings, profile=False)
    control: States | None = None
    for fault, data in byte_faults(last.read_bytes(), textual=textual):
        if control is None:
            control = states_of(check_data(sown.validation, sown.source.path, sown.past, settings).report)
        place = folder / fault.kind
        place.mkdir()
        for number, other in enumerate(paths[:-1]):
            (place / f"{number:06d}-{other.name}").symlink_to(other.resolve())
        target = place / f"{len(paths):06d}-{last.name}"
        target.write_bytes(data)
        path = place if len(paths) > 1 else target
        try:
            report = check_data(sown.validation, path, sown.past, settings).report
        except UserError as error:
            found: States = {(f"the gate stops: {error.faults[0].message}", None): "blocks"}
        else:
            found = states_of(report)
        yield seen(fault, control, found, sown.validation)
