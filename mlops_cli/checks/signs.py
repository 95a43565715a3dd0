"""Signs in one column that a change is a processing fault, or that it is real. docs/statistics.md has them as a table.

A weight is ln of how much likelier the sign is under what it speaks for than under the other: 0.7 is 2 to 1, 1.5 is
4.5 to 1, 3 is 20 to 1. They are set by judgement and held to data with known faults; they are not fitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.checks.comparators.base import percent
from mlops_cli.checks.compared import compare, family, few_values
from mlops_cli.checks.described import named, said, spike
from mlops_cli.checks.verdict import Evidence
from mlops_cli.measures import distances
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, Numbers, Profile

Says: TypeAlias = Literal["fault", "real"]

SPIKE = 0.02
"""Least rise of one value's share that is called a spike."""
JUMP = 0.05
"""Least rise of the share without a value that is called a jump."""
SURE = 0.001
FACTORS: Mapping[str, float] = {
    "10": 10.0, "100": 100.0, "1,000": 1000.0, "1,000,000": 1e6, "60": 60.0, "3,600": 3600.0, "1,024": 1024.0,
    "2.54 (inches, cm)": 2.54, "1.609 (miles, km)": 1.609344, "0.4536 (pounds, kg)": 0.45359237,
    "3.281 (feet, m)": 3.280839895, "-1 (the sign)": -1.0,
}  # fmt: skip
SPECIAL = frozenset({0.0, -1.0, 9.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, -9.0, -99.0, -999.0, -9999.0, -99999.0})
"""Numbers that often stand for a missing one."""
SPECIAL_WORDS = frozenset({"", "na", "n/a", "nan", "none", "null", "nil", "-", "?", "unknown", "missing", "undefined"})
BROKEN = ("\ufffd", "Ã", "â€", "Â")
"""What text looks like that was read with the wrong encoding."""


@dataclass(frozen=True)
class Scene:
    """A changed column with everything around it."""

    new: ColumnSummary
    old: ColumnSummary
    history: tuple[ColumnSummary, ...]
    """The column in earlier versions, the newest last; not the current one."""
    current: Profile
    baseline: Profile
    profiles: tuple[Profile, ...]
    """The earlier versions as a whole, the newest last."""
    changed: tuple[str, ...]
    """All columns of which a change is confirmed."""
    tested: int
    """How many columns were tested."""
    time: ColumnSummary | None = None
    time_before: ColumnSummary | None = None
    """The column that says when a row happened, now and in the baseline."""
    measure: str = "distribution"
    """What has changed: the last word but one of the check's id, such as `nulls`."""
    whole: bool = True
    """Whether the change is of all rows, not of one slice."""


ColumnSign: TypeAlias = Callable[[Scene], Iterator[Evidence]]


def fault(sign: str, weight: float, text: str) -> Evidence:
    """A sign of a processing fault."""
    return Evidence(sign, "fault", weight, text)


def real(sign: str, weight: float, text: str) -> Evidence:
    """A sign of a real change."""
    return Evidence(sign, "real", weight, text)


def value_spike(scene: Scene) -> Iterator[Evidence]:
    """One exact value became frequent: a default, a sentinel, a stuck sensor."""
    now, before = scene.new.numbers, scene.old.numbers
    if now is None or before is None or scene.new.kind == "boolean":
        return
    value, share, was = spike(now.steps, before.steps)
    hits, old_hits = share * now.count, was * before.count
    if share - was < SPIKE or distances.shares_p(hits, now.count, old_hits, before.count) > SURE:
        return
    dated = family(scene.new.kind) == "time"
    rose = f"the value {said(value, dated)} went from {percent(was)} to {percent(share)} of the values"
    special = value in SPECIAL or (dated and value == 0)
    if now.minimum == now.maximum and before.minimum < before.maximum:
        yield fault("constant", 3.0, f"the column holds nothing but {said(value)} now")
    elif special and before.steps.count and len(before.steps.values) > 2:
        yield fault("value_spike", 3.0, f"{rose}: a number that often stands for a missing one")
    elif few_values(scene.new, scene.old) is None and was < SPIKE:
        away = not before.minimum <= value <= before.maximum
        yield fault("value_spike", 3.0 if away else 2.0, f"{rose}, and numbers of this column hardly repeat")


def word_spike(scene: Scene) -> Iterator[Evidence]:
    """A word for nothing became frequent, or the text became constant."""
    if scene.new.words is None or scene.old.words is None or not scene.new.filled or not scene.old.filled:
        return
    before = dict(scene.old.words.top)
    for text, count in scene.new.words.top:
        share, was = count / scene.new.filled, before.get(text, 0) / scene.old.filled
        if share - was >= SPIKE and text.strip().casefold() in SPECIAL_WORDS:
            yield fault("value_spike", 3.0, f"the text {named(text)} went from {percent(was)} to {percent(share)}")
    if scene.new.distinct == 1 and scene.old.distinct > 1 and scene.new.words.top:
        yield fault("constant", 2.0, f"the column holds nothing but {named(scene.new.words.top[0][0])} now")


def null_jump(scene: Scene) -> Iterator[Evidence]:
    """Values are missing that were there."""
    new, old = scene.new, scene.old
    now, before = new.share(new.missing) or 0.0, old.share(old.missing) or 0.0
    if now - before < JUMP or distances.shares_p(new.missing, new.rows, old.missing, old.rows) > SURE:
        return
    weight = 4.0 if now == 1.0 else 2.5
    yield fault("null_jump", weight, f"rows without a value went from {percent(before)} to {percent(now)}")


def unit_ratio(scene: Scene) -> Iterator[Evidence]:
    """The numbers fit the earlier ones after a change of unit."""
    now, before = scene.new.numbers, scene.old.numbers
    if now is None or before is None or now.minimum == now.maximum or before.minimum == before.maximum:
        return
    steps, old = now.steps, before.steps
    apart = fit(steps, old, 1.0)
    best, name = apart, ""
    for label, factor in FACTORS.items():
        for size, word in ((factor, f"times {label}"), (1 / factor, f"divided by {label}")):
            near = fit(steps, old, size)
            best, name = (near, word) if near < best else (best, name)
    for word, factor, added in (
        ("from Celsius to Fahrenheit", 1.8, 32.0),
        ("from Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8),
    ):
        near = fit(steps, old, factor, added)
        best, name = (near, word) if near < best else (best, name)
    if not name or best > 0.25 * apart or apart - best < 0.1:
        return
    common = name.endswith(("10", "100", "1,000", "1,000,000", "3,600", "60")) or "Fahrenheit" in name
    text = f"the numbers fit the earlier ones {name}: the KS distance falls from {apart:.2f} to {best:.2f}"
    yield fault("unit_ratio", 4.0 if common else 2.0, text)


def fit(new: Steps, old: Steps, factor: float, added: float = 0.0) -> float:
    """The KS distance beyond chance after the older numbers are brought into another unit."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = old.values * factor + added
    if not np.all(np.isfinite(values)):
        return 1.0
    moved = replace(old, values=values)
    if factor < 0:
        moved = Steps(values[::-1] + 0.0, (old.count - old.upto)[::-1], (old.count - old.below)[::-1], old.exact)
    return distances.without_chance(distances.ks(new, moved), new.count, old.count)


def type_change(scene: Scene) -> Iterator[Evidence]:
    """The type of the values is another one."""
    new, old = scene.new, scene.old
    if "nothing" in (new.kind, old.kind):
        return
    if family(new.kind) != family(old.kind):
        yield fault("type_change", 3.5, f"the type was {old.kind} and is {new.kind}")
    elif new.stored != old.stored and not (new.kind == "number" and new.missing):
        yield fault("stored_type", 0.7, f"the file stored {old.stored} and stores {new.stored} now")


def encoding(scene: Scene) -> Iterator[Evidence]:
    """Letters that a wrong encoding makes, or the same words written in another way."""
    if scene.new.words is None or scene.old.words is None:
        return
    before = {text for text, _ in scene.old.words.top}
    broken = [text for text, _ in scene.new.words.top if text not in before and any(mark in text for mark in BROKEN)]
    if broken and not any(mark in text for text in before for mark in BROKEN):
        yield fault("encoding", 3.5, f"texts such as {named(broken[0])} look as if read with the wrong encoding")
    plain = {text.strip().casefold(): text for text in before}
    again = [
        text for text, _ in scene.new.words.top
        if text not in before and text.strip().casefold() in plain
    ]  # fmt: skip
    if again and len(again) * 2 >= len({text for text, _ in scene.new.words.top} - before):
        was = plain[again[0].strip().casefold()]
        yield fault("spelling", 3.0, f"{named(again[0])} was written {named(was)} before")


def gradual(scene: Scene) -> Iterator[Evidence]:
    """The steps before this one went the same way and were of its size."""
    levels = [level(item, scene.measure) for item in (*scene.history, scene.new)]
    known = [value for value in levels if value is not None]
    if len(known) < 4 or len(known) < len(levels):
        return
    steps = np.diff(known[-5:])
    last, earlier = float(steps[-1]), steps[:-1]
    alike = sum(1 for step in earlier if step * last > 0 and abs(step) * 3 >= abs(last))
    if last and alike >= max(2, len(earlier) - 1):
        way = "up" if last > 0 else "down"
        path = " -> ".join(said(float(f"{value:.4g}")) for value in known[-4:])
        yield real("gradual", 2.5, f"it went {way} step by step in the versions before, too: {path}")


def level(column: ColumnSummary, measure: str) -> float | None:
    """The number that stands for a column's level."""
    if measure == "nulls":
        return column.share(column.missing)
    if measure == "zeros":
        return column.share(column.zeros)
    return column.numbers.mean if column.numbers is not None else None


def seen_before(scene: Scene) -> Iterator[Evidence]:
    """An earlier version looked like this one, as seasons do."""
    apart = compare(scene.new, scene.old)
    if apart is None or apart.effect < 0.05:
        return
    for age, item in enumerate(reversed(scene.history), 1):
        if family(item.kind) != family(scene.new.kind) or item.filled < 30:
            continue
        near = compare(scene.new, item)
        if near is not None and near.effect <= 0.25 * apart.effect:
            sizes = f"distance {near.effect:.2f}, {apart.effect:.2f} to the baseline"
            text = f"the version {age} before looked the same ({sizes})"
            yield real("seen_before", 2.0, text)
            return


def whole_distribution(scene: Scene) -> Iterator[Evidence]:
    """All of the distribution moved, and no single value stands out."""
    now, before = scene.new.numbers, scene.old.numbers
    if now is None or before is None or few_values(scene.new, scene.old) is not None:
        return
    shares = (0.1, 0.25, 0.5, 0.75, 0.9)
    ends = now.steps.quantiles(shares) - before.steps.quantiles(shares)
    spread = distances.spread_of(before.steps)
    same_way = bool(np.all(ends > 0) or np.all(ends < 0)) and float(np.max(np.abs(ends))) >= 0.05 * spread
    if same_way and stable(now, before) and not outside(now, before):
        yield real(
            "whole_distribution",
            1.5,
            "every part of the distribution moved the same way, and no single value stands out",
        )


def stable(now: Numbers, before: Numbers) -> bool:
    """Whether no exact value became frequent."""
    _, share, was = spike(now.steps, before.steps)
    return share - was < SPIKE


def outside(now: Numbers, before: Numbers) -> bool:
    """Whether most numbers lie where none lay before."""
    below, upto = now.steps.ranks(np.array([before.minimum, before.maximum]))
    return float(below[0] + now.count - upto[1]) > now.count / 2


COLUMN_SIGNS: tuple[ColumnSign, ...] = (
    value_spike, word_spike, null_jump, unit_ratio, type_change, encoding, gradual, seen_before, whole_distribution,
)  # fmt: skip


def odds(weight: float) -> str:
    """A weight as odds: `20 to 1`."""
    value = math.exp(weight)
    return f"{value:.0f} to 1" if value >= 10 else f"{value:.2g} to 1"
