"""Signs in one column that a change is a processing fault, or that it is real. docs/statistics.md has them as a table.

A weight is ln of how much likelier the sign is under what it speaks for than under the other: 0.7 is 2 to 1, 1.5 is
4.5 to 1, 3 is 20 to 1. They are set by judgement and held to data with known faults; they are not fitted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from mlops_cli.checks.comparators.base import percent
from mlops_cli.checks.compared import FEW_VALUES, compare, family, few_values
from mlops_cli.checks.described import named, said, spike
from mlops_cli.checks.verdict import Evidence
from mlops_cli.measures import distances
from mlops_cli.measures.steps import STEPS, Steps
from mlops_cli.measures.summary import ColumnSummary, Numbers, Profile

SPIKE = 0.02
"""Least rise of one value's share that is called a spike."""
FEW_ROWS = 30
MOSTLY = 0.9
"""A column of which so much was one value may hold nothing else in a batch by chance."""
JUMP = 0.05
"""Least rise of the share without a value that is called a jump."""
SURE = 0.001
FACTORS: Mapping[str, float] = {
    "10": 10.0, "100": 100.0, "1,000": 1000.0, "1,000,000": 1e6, "60": 60.0, "3,600": 3600.0, "1,024": 1024.0,
    "2.54 (inches, cm)": 2.54, "1.609 (miles, km)": 1.609344, "0.4536 (pounds, kg)": 0.45359237,
    "3.281 (feet, m)": 3.280839895, "-1 (the sign)": -1.0,
}  # fmt: skip
ROUND = ("10", "60", "100", "1,000", "1,000,000", "3,600", "Fahrenheit", "Celsius", "sign)")
"""Conversions that nothing but a change of unit makes; a growth by half looks like miles."""
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
    narrow: tuple[tuple[str, str], ...] = ()
    """(column, in words) for those that lie in a small part of where they lay; see `narrow_columns`."""
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
    dated = family(scene.new.kind) == "time"
    if now.minimum == now.maximum and before.minimum < before.maximum and now.count >= FEW_ROWS:
        below, upto = before.steps.ranks(np.array([now.minimum]))
        if upto[0] - below[0] < MOSTLY * before.count:
            onward = scene.new.kind == "integer" and now.minimum >= before.maximum
            text = f"the column holds nothing but {said(now.minimum, dated)} now"
            yield fault("constant", 2.0 if onward else 3.0, text)
        return
    found = spikes_of(scene.new, scene.old, now.steps, before.steps)
    if found:
        weight, text, _ = max(found)
        yield fault("value_spike", weight, text)


def spikes_of(
    new: ColumnSummary, old: ColumnSummary, now: Steps, before: Steps, sure: float = SURE
) -> list[tuple[float, str, float]]:
    """(weight, in words, value) of the values that became frequent beyond chance, and mean nothing or stick out."""
    found, dated = [], family(new.kind) == "time"
    for value, share, was in rises(now, before):
        if distances.shares_p(share * now.count, now.count, was * before.count, before.count) > sure:
            continue
        rose = f"the value {said(value, dated)} went from {percent(was)} to {percent(share)} of the values"
        special = value in (0.0, -1.0) or (value in SPECIAL and was == 0)
        if (special and share > 3 * was and len(before.values) > 2) or (dated and value == 0):
            found.append((3.0, f"{rose}: a number that often stands for a missing one", value))
        elif was < SPIKE and len(before.values) > FEW_VALUES and isolated(value, now):
            found.append((3.0, f"{rose}, far from all others", value))
        elif was < SPIKE / 2 and len(before.values) > 0.5 * min(before.count, STEPS):
            weight = 2.0 if old.distinct > 0.5 * old.filled else 0.5
            found.append((weight, f"{rose}, which no value did before", value))
    return found


def rises(new: Steps, old: Steps) -> list[tuple[float, float, float]]:
    """Values whose share rose by 2 points at least, the most first: (value, share now, share before)."""
    below, upto = old.ranks(new.values)
    shares, before = new.masses / max(new.count, 1.0), (upto - below) / max(old.count, 1.0)
    order = np.argsort(before - shares, kind="stable")[:10]
    return [
        (float(new.values[at]), float(shares[at]), float(before[at]))
        for at in order
        if shares[at] - before[at] >= SPIKE
    ]


def isolated(value: float, steps: Steps) -> bool:
    """Whether no other number is near: within a tenth of the range that holds most of the numbers, or three of the
    usual steps between two values."""
    others = steps.values[steps.values != value]
    if len(others) < 2:
        return False
    ends = steps.quantiles((0.1, 0.9))
    with np.errstate(over="ignore"):
        near = max(float(ends[1] - ends[0]) / 10, 3 * float(np.median(np.diff(others))))
        return bool(np.min(np.abs(others - value)) > near > 0)


def word_spike(scene: Scene) -> Iterator[Evidence]:
    """A word for nothing became frequent, or the text became constant."""
    if scene.new.words is None or scene.old.words is None or not scene.new.filled or not scene.old.filled:
        return
    before = dict(scene.old.words.top)
    for text, count in scene.new.words.top:
        share, was = count / scene.new.filled, before.get(text, 0) / scene.old.filled
        if share - was >= SPIKE and text.strip().casefold() in SPECIAL_WORDS:
            yield fault("value_spike", 3.0, f"the text {named(text)} went from {percent(was)} to {percent(share)}")
    top = scene.new.words.top
    if scene.new.distinct == 1 and scene.old.distinct > 1 and before.get(top[0][0], 0) < MOSTLY * scene.old.filled:
        yield fault("constant", 2.0, f"the column holds nothing but {named(top[0][0])} now")


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
    tried = [item for item in conversions(scene) if item[0].endswith(ROUND) or exactly(now, before, item[1])]
    best, name = min((fit(steps, old, factor, added), word) for word, factor, added in tried)
    round_one = name.endswith(ROUND)
    if best <= (0.25 if round_one else 0.1) * apart and apart - best >= 0.1:
        text = f"the numbers fit the earlier ones {name}: the KS distance falls from {apart:.2f} to {best:.2f}"
        yield fault("unit_ratio", 4.0 if round_one else 2.0, text)


def some_in_another_unit(scene: Scene) -> Iterator[Evidence]:
    """Some of the numbers lie beyond all earlier ones, and are like the others after a change of unit."""
    now, before = scene.new.numbers, scene.old.numbers
    if now is None or before is None or before.minimum == before.maximum:
        return
    beyond = part_of(now.steps, before.maximum)
    share = beyond.count / now.count
    if not 0.01 <= share <= 0.9 or beyond.count < 5:
        return
    tried = ((fit(beyond, before.steps, factor), word) for word, factor, added in conversions(scene) if not added)
    best, name = min(tried)
    if best <= 0.25 and name.endswith(ROUND):
        text = f"{percent(share)} of the values lie beyond all earlier ones, and are like them {name}"
        yield fault("some_in_another_unit", 3.0, text)
    elif abs(middle(now, 1 - share) - middle(before)) <= 0.1 * distances.spread_of(before.steps):
        yield fault("outliers", 1.5, f"{percent(share)} of the values lie beyond all earlier ones; the others stayed")


def part_of(steps: Steps, above: float) -> Steps:
    """The steps of the numbers above a value."""
    first = int(np.searchsorted(steps.values, above, "right"))
    start = float(steps.below[first]) if first < len(steps.values) else steps.count
    return Steps(steps.values[first:], steps.below[first:] - start, steps.upto[first:] - start, steps.exact)


def middle(numbers: Numbers, share: float = 1.0) -> float:
    """The median of the lowest share of the numbers."""
    return float(numbers.steps.quantiles((0.5 * share,))[0])


def conversions(scene: Scene) -> Iterator[tuple[str, float, float]]:
    """(in words, factor, added) of the changes of unit that are possible; counts are not measured in miles."""
    counts = scene.new.kind == scene.old.kind == "integer"
    for label, factor in FACTORS.items():
        if label.endswith(")") and counts and factor > 0:
            continue
        yield f"times {label}", factor, 0.0
        yield f"divided by {label}", 1 / factor, 0.0
    yield "from Celsius to Fahrenheit", 1.8, 32.0
    yield "from Fahrenheit to Celsius", 1 / 1.8, -32 / 1.8


def exactly(now: Numbers, before: Numbers, factor: float) -> bool:
    """Whether the means have the ratio as exactly as they can be known: growth by half is no change to miles."""
    if now.mean == 0 or before.mean == 0 or (now.mean > 0) != (before.mean > 0):
        return False
    parts = (min((item.std or 0.0) / abs(item.mean), 1e9) / math.sqrt(item.count) for item in (now, before))
    error = math.hypot(*parts)
    return abs(math.log(abs(now.mean)) - math.log(abs(before.mean)) - math.log(factor)) <= 0.01 + 1.5 * error


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
    *earlier, last = [after - before for before, after in itertools.pairwise(known[-5:])]
    alike = sum(1 for step in earlier if (step > 0) == (last > 0) and abs(step) * 3 >= abs(last) > 0)
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
    apart = compare(scene.new, scene.old, "ks")
    if apart is None or apart.p > SURE:
        return
    spread = distances.spread_of(before.steps)
    one_way = np.all(ends >= 0) or np.all(ends <= 0)
    same_way = bool(one_way and np.count_nonzero(ends) >= 4) and float(np.max(np.abs(ends))) >= 0.05 * spread
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
    value_spike, word_spike, null_jump, unit_ratio, some_in_another_unit, type_change, encoding, gradual, seen_before,
    whole_distribution,
)  # fmt: skip


def odds(weight: float) -> str:
    """A weight as odds: `20 to 1`."""
    value = math.exp(weight)
    return f"{value:.0f} to 1" if value >= 10 else f"{value:.2g} to 1"
