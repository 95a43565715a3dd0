"""What has moved in a column, in words: location, scale, shape, categories, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlops_cli.checks.comparators.base import percent, show
from mlops_cli.checks.compared import OTHERS, Form, family, few_values, moments, table_of_words
from mlops_cli.measures import distances
from mlops_cli.measures.distances import Table
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, Numbers, number_text

SURE = 0.01
"""A part of a change is put into words where chance alone would do it less often than this."""
NOTABLE = 0.05
"""Least move of the mean in standard deviations, of ln sd, and of a share, that is put into words."""
LONGEST = 40


def describe(new: ColumnSummary, old: ColumnSummary, form: Form) -> str:
    """The parts of a change, the most telling first, at most four of them; "another shape" where none stands out."""
    if form == "numbers" and new.numbers is not None and old.numbers is not None:
        parts = [*numbers(new, old, new.numbers, old.numbers)]
    elif form == "lengths" and new.lengths is not None and old.lengths is not None:
        parts = [
            f"texts that hardly repeat, compared by length: mean {said(old.lengths.mean)} -> {said(new.lengths.mean)}"
        ]
    else:
        parts = [*categories(table_of_words(new, old))]
    parts += missing(new, old)
    return "; ".join(parts[:4]) or "another shape"


def numbers(new: ColumnSummary, old: ColumnSummary, now: Numbers, before: Numbers) -> Iterator[str]:
    """Location, scale, a value that became frequent or rare, infinities."""
    dated = family(new.kind) == "time"
    table = few_values(new, old)
    location, scale = (
        distances.welch(moments(now), moments(before)),
        distances.log_std_ratio(moments(now), moments(before)),
    )
    if location.p < SURE and abs(location.value) >= NOTABLE * (before.std or now.std or 0.0):
        way = "up" if location.value > 0 else "down"
        yield f"numbers shift {way}: mean {said(before.mean, dated)} -> {said(now.mean, dated)}"
    if scale.p < SURE and abs(scale.value) >= NOTABLE:
        wider = "more widely" if scale.value > 0 else "less widely"
        yield f"they spread {wider}: sd {said(before.std or 0.0)} -> {said(now.std or 0.0)}"
    value, share, was = spike(now.steps, before.steps)
    if abs(share - was) >= NOTABLE and (table is None or len(table.names) > 1):
        yield f"the value {said(value, dated)} went from {percent(was)} to {percent(share)}"
    if new.infinite or old.infinite:
        yield f"infinite values: {old.infinite:,} -> {new.infinite:,}"
    if now.count and before.count and (now.minimum < before.minimum or now.maximum > before.maximum):
        outside = [said(end, dated) for end, far in ends(now, before) if far]
        if outside and abs(location.value) >= NOTABLE * (before.std or now.std or 0.0):
            yield f"values outside the earlier range reach {' and '.join(outside)}"


def ends(now: Numbers, before: Numbers) -> tuple[tuple[float, bool], tuple[float, bool]]:
    """The extremes, and whether each lies outside the earlier range by half its width."""
    room = (before.maximum / 2 - before.minimum / 2) or abs(before.maximum) or 1.0
    return (now.minimum, now.minimum < before.minimum - room), (now.maximum, now.maximum > before.maximum + room)


def spike(new: Steps, old: Steps) -> tuple[float, float, float]:
    """The one value whose share moved most: (value, share now, share before)."""
    points = np.union1d(new.values, old.values)
    if not len(points):
        return 0.0, 0.0, 0.0
    shares = []
    for steps in (new, old):
        below, upto = steps.ranks(points)
        shares.append((upto - below) / max(steps.count, 1.0))
    worst = int(np.argmax(np.abs(shares[0] - shares[1])))
    return float(points[worst]), float(shares[0][worst]), float(shares[1][worst])


def categories(table: Table) -> Iterator[str]:
    """New ones, lost ones, and the one that moved most."""
    new, old = table.shares
    names = np.array(table.names)
    arrived = [index for index in np.argsort(-new, kind="stable") if new[index] > 0 and table.old[index] == 0]
    lost = [index for index in np.argsort(-old, kind="stable") if old[index] > 0 and table.new[index] == 0]
    if arrived and table.old.sum():
        listed = ", ".join(f"{named(names[index])} ({percent(float(new[index]))})" for index in arrived[:3])
        yield f"new: {listed}" + (f", and {len(arrived) - 3} more" if len(arrived) > 3 else "")
    if lost and old[lost[0]] >= 1 / max(table.new.sum(), 1.0) * 5:
        listed = ", ".join(f"{named(names[index])} (was {percent(float(old[index]))})" for index in lost[:3])
        yield f"gone: {listed}" + (f", and {len(lost) - 3} more" if len(lost) > 3 else "")
    if len(names):
        worst = int(np.argmax(np.abs(new - old)))
        if worst not in arrived and worst not in lost:
            yield f"{named(names[worst])} went from {percent(float(old[worst]))} to {percent(float(new[worst]))}"


def named(name: str) -> str:
    """A category in a sentence."""
    if name == OTHERS:
        return "all other values"
    return f"'{name}'" if len(name) <= LONGEST else f"'{name[: LONGEST - 1]}…'"


def missing(new: ColumnSummary, old: ColumnSummary) -> Iterator[str]:
    """The share without a value, where it has surely moved."""
    low, high = distances.newcombe(new.missing, new.rows, old.missing, old.rows, 1 - SURE)
    now, before = new.share(new.missing) or 0.0, old.share(old.missing) or 0.0
    if (low > 0 or high < 0) and abs(now - before) >= NOTABLE:
        yield f"without a value: {percent(before)} -> {percent(now)}"


def said(value: float, dated: bool = False) -> str:
    """A number in a sentence; a moment where it is one."""
    if dated and abs(value) < 2.5e11:
        return str(np.datetime64(round(value), "s")).replace("T", " ").removesuffix(" 00:00:00")
    if float(value).is_integer() and abs(value) < 10_000:
        return number_text(float(value))
    return show(float(value))
