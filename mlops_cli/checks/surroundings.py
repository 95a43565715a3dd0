"""Signs around a changed column: rows, time, slices, and what other columns did."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from mlops_cli.checks.comparators.base import percent
from mlops_cli.checks.compared import compare, family
from mlops_cli.checks.described import named, said
from mlops_cli.checks.signs import MOSTLY, Scene, fault, real
from mlops_cli.checks.verdict import Evidence
from mlops_cli.measures.summary import NUMERIC, ColumnSummary, Profile, Times

SceneSign: TypeAlias = Callable[[Scene], Iterator[Evidence]]
FEW_ROWS = 30
ENOUGH_VERSIONS = 3
APART = 0.45
"""KS distance from which the rows of two versions lie apart."""


def row_count(scene: Scene) -> Iterator[Evidence]:
    """Far fewer rows than ever, or growth. One baseline says little: a batch may be small by nature."""
    earlier = [profile.rows for profile in scene.profiles]
    known = len(earlier) >= ENOUGH_VERSIONS
    if not known and scene.measure != "rows":
        return
    rows, least, most = scene.current.rows, min(earlier), max(earlier)
    if rows < 0.6 * least:
        yield fault(
            "truncated_load", 2.0 if known else 1.0, f"{rows:,} rows came, and never fewer than {least:,} before"
        )
    elif rows > 1.2 * most:
        yield real("growth", 1.0, f"{rows:,} rows came, and never more than {most:,} before")
    steps = np.diff([*earlier[-4:], rows])
    if known and steps[-1] and np.count_nonzero(steps * steps[-1] > 0) == len(steps) and scene.measure == "rows":
        yield real("gradual", 2.5, f"rows went the same way in each of the {len(steps) - 1} steps before")


def repeated_rows(scene: Scene) -> Iterator[Evidence]:
    """A column of nearly unique values repeats itself now."""
    for column in scene.current.columns:
        before = scene.baseline.column(column.name)
        if before is None or column.filled < FEW_ROWS or before.filled < FEW_ROWS:
            continue
        now, was = column.distinct / column.filled, before.distinct / before.filled
        if was > 0.9 and now < 0.8 and column.filled < 3 * before.filled:
            text = f"'{column.name}' has {percent(min(1.0, now))} different values, and had {percent(min(1.0, was))}"
            yield fault("repeated_rows", 2.5, f"{text}: rows seem to come twice")
            return


def part_of_the_data(scene: Scene) -> Iterator[Evidence]:
    """The rows lie within one value or a small part of another column, as a partial load or a sorted file makes."""
    found = [text for name, text in scene.narrow if name != scene.new.name]
    if found:
        more = f", and so do {len(found) - 1} other columns" if len(found) > 1 else ""
        yield fault("part_of_the_data", 2.5 if len(found) > 1 else 2.0, f"the rows lie within {found[0]}{more}")


def narrow_columns(current: Profile, baseline: Profile, profiles: Sequence[Profile]) -> tuple[tuple[str, str], ...]:
    """Columns that lie in a small part of where they lay, in words. Those of which an earlier version held one value
    only, such as a month or a season, are so by nature, and those that move on with time."""
    found = []
    for column in current.columns:
        before = baseline.column(column.name)
        if before is None or min(column.filled, before.filled) < FEW_ROWS:
            continue
        text = narrowed(column, before)
        if text is None or (column.kind == "integer" and moved_on(column, before)):
            continue
        past = [item for profile in profiles if (item := profile.column(column.name)) is not None]
        if not any(single(item) or narrowed(item, before) is not None for item in past):
            found.append((column.name, text))
    return tuple(found)


def single(column: ColumnSummary) -> bool:
    """Whether nearly all rows hold one value."""
    shares = column.categories or {}
    return bool(shares) and max(shares.values()) >= MOSTLY * sum(shares.values())


def another_part(scene: Scene) -> Iterator[Evidence]:
    """Two columns at least lie somewhere else: these are other rows, such as the rest of a sorted file. Columns that
    move on from version to version by nature, such as a counter or the month, do not count. Of a later period it says
    little: seasons move such columns, too."""
    away = []
    for name in scene.changed:
        new, old = scene.current.column(name), scene.baseline.column(name)
        if new is None or old is None or new.numbers is None or old.numbers is None or family(new.kind) == "time":
            continue
        if moved_on(new, old) or wanders(scene, name):
            continue
        apart = compare(new, old, "ks")
        if apart is not None and apart.effect >= APART:
            away.append(f"{name} (KS distance {apart.effect:.2f})")
    if len(away) >= 2:
        yield fault("another_part", 0.7 if later(scene) else 1.5, f"the rows lie elsewhere in {' and '.join(away[:3])}")


def moved_on(new: ColumnSummary, old: ColumnSummary) -> bool:
    """Whether all numbers (or moments) come after those of before, as those of a counter or a later period do."""
    return new.numbers is not None and old.numbers is not None and new.numbers.minimum >= old.numbers.maximum


def later(scene: Scene) -> bool:
    """Whether all rows are of a later time than those of the baseline."""
    return scene.time is not None and scene.time_before is not None and moved_on(scene.time, scene.time_before)


def moves_on(scene: Scene) -> Iterator[Evidence]:
    """Whole numbers that go on where they ended, as a counter, a year or a month does."""
    now, before = scene.new.numbers, scene.old.numbers
    if scene.measure not in ("distribution", "zeros") or scene.new.kind != "integer" or now is None or before is None:
        return
    near = now.minimum - before.maximum <= max(1.0, before.maximum - before.minimum)
    if moved_on(scene.new, scene.old) and near:
        ends = f"{said(now.minimum)} to {said(now.maximum)} after {said(before.minimum)} to {said(before.maximum)}"
        yield real("moves_on", 2.0, f"the values follow on the earlier ones: {ends}")


def wanders(scene: Scene, name: str) -> bool:
    """Whether the column has lain elsewhere from one earlier version to the next, too."""
    columns = [column for profile in scene.profiles if (column := profile.column(name)) is not None]
    found = (compare(after, before, "ks") for before, after in itertools.pairwise(columns))
    return any(item is not None and item.effect >= APART for item in found)


def narrowed(column: ColumnSummary, before: ColumnSummary) -> str | None:
    """Where a column lies now, if that is a small part of where it lay; times move on by nature."""
    if family(column.kind) == "time" or column.kind != before.kind:
        return None
    now, was = column.categories, before.categories
    if now and was and len(was) <= 50:
        name = max(now, key=lambda key: now[key])
        share, old = now[name] / sum(now.values()), was.get(name, 0.0) / sum(was.values())
        if share >= MOSTLY and 0 < old <= 0.5:
            return f"{column.name} = {named(name)} ({percent(share)}, was {percent(old)})"
        return None
    if column.kind not in NUMERIC or column.numbers is None or before.numbers is None:
        return None
    ends, old_ends = column.numbers.steps.quantiles((0.05, 0.95)), before.numbers.steps.quantiles((0.05, 0.95))
    width, old_width = float(ends[1] - ends[0]), float(old_ends[1] - old_ends[0])
    inside = old_ends[0] <= ends[0] and ends[1] <= old_ends[1]
    if 0 < width < 0.4 * old_width and inside and column.numbers.minimum < column.numbers.maximum:
        return f"{column.name} {said(float(ends[0]))} to {said(float(ends[1]))}, a part of what it was"
    return None


def time_coverage(scene: Scene) -> Iterator[Evidence]:
    """Days or hours that are missing or come twice, a clock that is off, and days of another kind."""
    now = scene.time.times if scene.time is not None else None
    before = scene.time_before.times if scene.time_before is not None else None
    if now is None or before is None:
        return
    holes, old_holes = hole_share(now), hole_share(before)
    if holes >= 0.05 and holes > 3 * old_holes:
        yield fault(
            "missing_time", 2.5, f"{percent(holes)} of the days have no rows, and {percent(old_holes)} had none before"
        )
    peak, old_peak = day_peak(now), day_peak(before)
    if peak >= 1.8 and old_peak < 1.6:
        yield fault(
            "doubled_time", 3.0, f"one day has {peak:.1f} times the usual rows, and none had more than {old_peak:.1f}"
        )
    yield from of_hours(now, before)
    if weekday_distance(now, before) > 0.25:
        yield real("other_days", 1.0, "the rows fall on other days of the week than those of the baseline")


def of_hours(now: Times, before: Times) -> Iterator[Evidence]:
    """Hours without rows, and hours that fit only after a shift."""
    hours, old = np.array(now.hours, dtype=np.float64), np.array(before.hours, dtype=np.float64)
    if len(hours) != 24 or len(old) != 24 or hours.sum() < 240 or old.sum() < 240:
        return
    hours, old = hours / hours.sum(), old / old.sum()
    silent = [hour for hour in range(24) if hours[hour] == 0 and old[hour] > 0.01]
    apart = float(np.abs(hours - old).sum()) / 2
    fits = [float(np.abs(np.roll(old, shift) - hours).sum()) / 2 for shift in range(24)]
    best = int(np.argmin(fits))
    if best and apart > 0.1 and fits[best] < 0.3 * apart:
        off = best if best <= 12 else best - 24
        yield fault("shifted_clock", 3.0, f"the hours fit the earlier ones when the clock is {off:+d} h off")
    elif silent:
        yield fault(
            "missing_time", 2.5, f"the hours {', '.join(map(str, silent[:6]))} have no rows, and had some before"
        )


def hole_share(times: Times) -> float:
    """The share of days without rows, from the first to the last."""
    if len(times.days) < 3:
        return 0.0
    return 1 - len(times.days) / (times.days[-1][0] - times.days[0][0] + 1)


def day_peak(times: Times) -> float:
    """The rows of the fullest day as a multiple of the median day's."""
    rows = np.array([count for _, count in times.days], dtype=np.float64)
    return float(rows.max() / np.median(rows)) if len(rows) >= 5 else 1.0


def weekday_distance(now: Times, before: Times) -> float:
    """The share of rows that would have to fall on another day of the week."""
    first, second = np.array(now.weekdays, dtype=np.float64), np.array(before.weekdays, dtype=np.float64)
    if not first.sum() or not second.sum():
        return 0.0
    return float(np.abs(first / first.sum() - second / second.sum()).sum()) / 2


def slices(scene: Scene) -> Iterator[Evidence]:
    """One slice alone moved, or all of them did."""
    if not scene.whole:
        return
    earlier = {part.label: part for part in scene.baseline.slices}
    found = [
        (part.label, compare(new, old))
        for part in scene.current.slices
        if (before := earlier.get(part.label)) is not None
        if (new := part.column(scene.new.name)) is not None and (old := before.column(scene.new.name)) is not None
        if min(new.filled, old.filled) >= FEW_ROWS
    ]
    whole = compare(scene.new, scene.old)
    least = max(0.05, 0.4 * whole.effect) if whole is not None else 1.0
    moved = [label for label, item in found if item is not None and item.effect >= least and item.p < 0.01]
    if len(found) >= 3 and len(moved) == 1:
        yield fault("one_slice", 2.0, f"only {moved[0]} moved, {len(found) - 1} other slices did not")
    elif len(found) >= 2 and len(moved) == len(found):
        yield real("everywhere", 1.5, f"all {len(found)} slices moved")


def many_columns(scene: Scene) -> Iterator[Evidence]:
    """Most columns changed in one step; from one period to a later one they may."""
    if later(scene):
        return
    if scene.tested >= 5 and len(scene.changed) * 2 >= scene.tested:
        text = f"{len(scene.changed)} of {scene.tested} columns changed in one step"
        yield fault("many_columns", 0.7, text)


SCENE_SIGNS: Sequence[SceneSign] = (row_count, part_of_the_data, moves_on, slices)
SHARED_SIGNS: Sequence[SceneSign] = (repeated_rows, another_part, time_coverage, many_columns)
"""Signs that are the same for every changed column of a version."""
