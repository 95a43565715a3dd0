"""What to expect of data like these: from profiles to the checks of a spec, tight but safe, with what was seen."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mlops_cli.base.records import Json
from mlops_cli.checks.ranges import expected_range, round_out, share_text
from mlops_cli.checks.shapes_of_text import common_pattern, named_format
from mlops_cli.measures.sentinels import sentinels
from mlops_cli.measures.shares import wilson
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summarise import LONGEST
from mlops_cli.measures.summary import ColumnSummary, Profile, merge
from mlops_cli.spec.validation import EVERY, ColumnType
from mlops_cli.spec.writing import ColumnText, number_text

TYPES: Mapping[str, ColumnType] = {
    kind: kind for kind in ("integer", "number", "string", "boolean", "date", "timestamp")
}
SURE = 0.998
"""Two-sided confidence of shares: one in a thousand lies above the upper end."""
OFTEN = 5
"""Rows that every value of a set must have, so that the set is believed to be whole."""
SETS = {"string": 50, "integer": 12}
"""Values that a set may have."""
RARE = 0.1
"""Part of the mean number of rows of a value, below which it is a rare one."""
SPARSE = 0.01
"""Share of rows with values seen once, up to which a set with a tolerance is written."""
WHOLE = 2.0**53
"""From here on a float does not hold every whole number, so no set of them can be written."""
STEADY = 100
"""Rows without a repetition (of different values), or with one value only, that mean something."""
MANY = 1000
"""Rows from which on some few beyond a range are no fault, where values lie far out."""
IDENTIFIER = re.compile(r"(^|[_\W])(id|uid|uuid|guid|key|nr|no|index|idx|instant|hash|code|isbn|iban|email)s?$", re.I)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
DRIFT: dict[str, Json] = {"nulls": {"change": "2pp"}, "zeros": {"change": "5pp"}, "drift": {"max": 0.1}}


@dataclass(frozen=True)
class Seen:
    """One column in all inputs together."""

    whole: ColumnSummary
    parts: tuple[ColumnSummary, ...]
    """The column in each input that has it."""
    inputs: int
    """How many inputs there are."""
    kind: ColumnType | None
    """The type to declare; None where the inputs agree on none."""
    texts: tuple[str, ...] = ()
    """Some of its values, where they are texts."""
    ascending: bool = False
    """Whether its values ascend from row to row, in every input."""


@dataclass(frozen=True)
class Suggested:
    """What to expect of the file, and of its columns."""

    whole: Mapping[str, Json]
    columns: tuple[ColumnText, ...]
    time: str | None
    """The one column that tells the time."""
    unsayable: tuple[str, ...] = field(default=())
    """Columns whose name has another meaning in a spec."""


def suggest(
    profiles: Sequence[Profile],
    texts: Mapping[str, Sequence[str]] | None = None,
    ascending: frozenset[str] = frozenset(),
) -> Suggested:
    """What data like these must be. `texts`: some values of columns of texts; `ascending`: columns in order."""
    names = dict.fromkeys(column.name for profile in profiles for column in profile.columns)
    seen = [gathered(name, profiles, texts or {}, ascending) for name in names]
    times = [
        column.whole.name
        for column in seen
        if column.kind in ("date", "timestamp") and column.whole.name and len(column.parts) == len(profiles)
    ]
    return Suggested(
        whole=of_file(profiles),
        columns=tuple(of_column(column) for column in seen if column.whole.name != EVERY),
        time=times[0] if len(times) == 1 else None,
        unsayable=tuple(name for name in names if name == EVERY),
    )


def gathered(
    name: str, profiles: Sequence[Profile], texts: Mapping[str, Sequence[str]], ascending: frozenset[str]
) -> Seen:
    """A column of all inputs."""
    parts = [column for profile in profiles if (column := profile.column(name)) is not None]
    kinds = {part.kind for part in parts} - {"nothing"}
    whole = merge(parts)
    agree = len(kinds) <= 1 or kinds in ({"integer", "number"}, {"date", "timestamp"})
    kind = TYPES.get(whole.kind) if agree else None
    return Seen(whole, tuple(parts), len(profiles), kind, tuple(texts.get(name, ())), name in ascending)


def of_file(profiles: Sequence[Profile]) -> dict[str, Json]:
    """Format, encoding and number of rows. One version does not tell how much they vary: half is too few."""
    found: dict[str, Json] = {}
    forms = {profile.form for profile in profiles}
    if len(forms) == 1:
        found["format"] = forms.pop()
        if found["format"] in ("csv", "jsonl"):
            found["encoding"] = "utf-8"
    rows = [profile.rows for profile in profiles]
    least = min(rows) / 2
    minimum = max(1, int(round_out(least, 1 - len(str(int(least))), up=False))) if least >= 1 else min(min(rows), 1)
    steps = [abs(after - before) / before for before, after in itertools.pairwise(rows) if before]
    moved = max([0.4 if len(rows) == 1 else 0.3, *(1.5 * step for step in steps)])
    found["rows"] = {"min": minimum, "change": f"{math.ceil(moved * 10) * 10}%"}
    return found


def of_column(seen: Seen) -> ColumnText:
    """What to expect of one column."""
    whole, says = seen.whole, dict[str, Json]()
    hints: list[str] = []
    if seen.kind is not None:
        says["type"] = seen.kind
    elif whole.kind == "nothing":
        hints.append("it has no value at all: state its type once it has some")
    elif whole.kind in TYPES:
        kinds = sorted({part.kind for part in seen.parts})
        hints.append(f"its type is not the same everywhere ({', '.join(kinds)}), so none is stated")
    if len(seen.parts) < seen.inputs:
        says["required"] = False
        hints.append(f"it is in {len(seen.parts)} of {seen.inputs} inputs only")
    if seen.kind is not None and whole.filled:
        of_values(seen, says, hints)
    of_shares(seen, says)
    for value, rows in sentinels(whole)[:3]:
        shown = value if whole.words is None else f"'{value}'"
        hints.append(f"{shown} stands {rows:,} times: a sentinel? then add `sentinels: {{values: [{shown}], max: 0%}}`")
    return ColumnText(whole.name, says, (f"seen: {described(seen)}", *hints))


def of_shares(seen: Seen, says: dict[str, Json]) -> None:
    """Nulls and empty texts: none where there were none, else what such data may have by chance."""
    if seen.whole.kind == "nothing" or not seen.whole.rows:
        return
    nulls = likely_share([(part.missing, part.rows) for part in seen.parts])
    if nulls is not None:
        says["nulls"] = {"max": nulls}
    if seen.kind == "string":
        empties = likely_share([(part.empty + part.blank, part.rows) for part in seen.parts])
        if empties is not None:
            says["empties"] = {"max": empties}


def likely_share(counts: Sequence[tuple[int, int]]) -> str | None:
    """The greatest share that data like these may have: the upper end of Wilson's interval; None: any."""
    uppers = [wilson(hits, rows, SURE)[1] if hits else 0.0 for hits, rows in counts if rows]
    return share_text(max(uppers, default=0.0))


def of_values(seen: Seen, says: dict[str, Json], hints: list[str]) -> None:
    """Ranges, sets, formats and uniqueness of one column."""
    whole = seen.whole
    different = is_different(seen)
    if different:
        says["unique"] = True
    if seen.kind in ("integer", "number"):
        of_numbers(seen, says, hints, different=different)
    elif seen.kind in ("date", "timestamp"):
        of_times(seen, says, hints)
    elif seen.kind == "string":
        of_texts(seen, says, hints)
    elif seen.kind == "boolean" and whole.true in (0, whole.filled):
        hints.append(f"it is always {'true' if whole.true else 'false'}")


def is_different(seen: Seen) -> bool:
    """Whether no value comes twice, and that is no chance: the column is an identifier."""
    whole = seen.whole
    if whole.missing or whole.wrong or whole.filled < 20 or seen.kind not in ("integer", "string"):
        return False
    if any(part.distinct < part.filled * (1 - 4 * part.distinct_error) for part in seen.parts):
        return False
    if IDENTIFIER.search(CAMEL.sub("_", whole.name)):
        return True
    if seen.kind == "integer":
        return all(is_counter(part) for part in seen.parts) and whole.filled >= STEADY
    return whole.filled >= STEADY and common_pattern(seen.texts) is not None


def is_counter(part: ColumnSummary) -> bool:
    """Whether whole numbers follow each other without a hole."""
    low, high = part.least, part.greatest
    return isinstance(low, int) and isinstance(high, int) and high - low + 1 == part.filled > 1


def of_numbers(seen: Seen, says: dict[str, Json], hints: list[str], *, different: bool) -> None:
    """A set where every value was seen often; else a range wider than what was seen."""
    whole, numbers = seen.whole, seen.whole.numbers
    if numbers is None:
        return
    if without_end(seen, says, hints):
        return
    steps = numbers.steps
    if seen.kind == "integer" and numbers.exact and not whole.infinite and is_whole_set(steps):
        values = [int(value) for value in steps.values]
        if values[-1] - values[0] + 1 == len(values):
            says["min"], says["max"] = values[0], values[-1]
            return
        if len(values) <= SETS["integer"]:
            says["in"] = list[Json](values)
            return
    expected = expected_range(steps)
    if expected is None:
        return
    low, high = expected.low, expected.high
    for value, _ in sentinels(whole):
        low = max(low, numbers.minimum) if float(value) == numbers.minimum else low
        high = min(high, numbers.maximum) if float(value) == numbers.maximum else high
    if not isinstance(whole.least, str):
        says["min"] = as_written(low, seen.kind, up=False, exact=whole.least)
    if not isinstance(whole.greatest, str) and not different:
        says["max"] = as_written(high, seen.kind, up=True, exact=whole.greatest)
    room = share_text(wilson(1, whole.filled, SURE)[1])
    if expected.heavy and not different and whole.filled >= MANY and room is not None:
        says["tolerance"] = room
        hints.append("some few values lie far out: others may lie beyond the range")


def without_end(seen: Seen, says: dict[str, Json], hints: list[str]) -> bool:
    """Whether what was seen tells nothing of the greatest value: one value only, or more with every input."""
    whole = seen.whole
    if whole.least == whole.greatest and whole.filled > 1 and isinstance(whole.least, int | float):
        value = number_text(float(whole.least))
        hints.append(f"it is always {value}: add `in: [{value}]` if it must stay so")
        says["min" if whole.least >= 0 else "max"] = 0
        return True
    if not goes_on(seen):
        return False
    hints.append("it goes on from input to input, so it has no greatest value, and moves as far as it can")
    if isinstance(whole.least, int | float) and whole.least >= 0:
        says["min"] = 0
    if "unique" not in says:
        says["drift"] = {"max": 1}
    return True


def goes_on(seen: Seen) -> bool:
    """Whether each of three inputs or more starts where the one before has ended, as a counter, a month or a time in
    seconds does: the next input will lie beyond them all."""
    parts = [part.numbers for part in seen.parts if part.numbers is not None]
    after = all(new.minimum >= old.maximum for old, new in itertools.pairwise(parts))
    return len(parts) >= 3 and after and parts[0].maximum < parts[-1].maximum


def is_whole_set(steps: Steps) -> bool:
    """Whether every whole number was seen so often that no other is likely; a rare one at the end may have others
    beyond it, unless there are but two."""
    masses = steps.masses
    if len(masses) < 2 or float(masses.min()) < OFTEN:
        return False
    if max(-float(steps.values[0]), float(steps.values[-1])) >= WHOLE:
        return False
    return len(masses) == 2 or float(min(masses[0], masses[-1])) >= RARE * float(masses.mean())


def as_written(value: float, kind: ColumnType | None, *, up: bool, exact: Json) -> Json:
    """A bound as a number of its type that still holds the exact extreme."""
    found: int | float = value
    if kind == "integer" or value.is_integer():
        found = math.ceil(value) if up else math.floor(value)
    if isinstance(exact, int | float):
        found = max(found, exact) if up else min(found, exact)
    if isinstance(found, int) and not -(1 << 63) <= found < 1 << 63:
        return float(found)
    return int(found) if isinstance(found, float) and found.is_integer() and abs(found) < 1e15 else found


def of_times(seen: Seen, says: dict[str, Json], hints: list[str]) -> None:
    """From the year before which none is likely; time goes on, so there is no end."""
    whole, numbers = seen.whole, seen.whole.numbers
    expected = expected_range(numbers.steps) if numbers is not None else None
    if expected is not None and numbers is not None:
        suspects = {float(value) for value, _ in sentinels(whole)}
        lowest = numbers.minimum if numbers.minimum in suspects else min(expected.low, numbers.minimum)
        year = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=max(lowest, -62135596800.0))).year
        says["min"] = f"{year:04d}-01-01"
    if seen.ascending:
        once = whole.distinct_error == 0 and whole.distinct == whole.filled
        order = "strictly_ascending" if once else "ascending"
        hints.append(f"its rows are in order: add `order: {order}` if they must be")
    if whole.greatest is not None:
        hints.append("if data come steadily, add `freshness: {max: 36h}`, or `gaps: {max: 1d}`")


def of_texts(seen: Seen, says: dict[str, Json], hints: list[str]) -> None:
    """A set, a format, a pattern, or at least a length."""
    whole, words = seen.whole, seen.whole.words
    if words is None:
        return
    found = set_of(whole)
    if found is not None:
        values, tolerance = found
        if len(values) == 1:
            hints.append("it is always the same: add `in: [...]` if it must stay so")
            return
        says["in"] = list[Json](values)
        if tolerance is not None:
            says["tolerance"] = tolerance
        return
    sample = [text for text in seen.texts if text]
    named = named_format(whole.name, sample)
    pattern = None if named or len(sample) < len(seen.texts) else common_pattern(sample)
    if named is not None:
        says["is"] = named
    elif pattern is not None:
        says["matches"] = pattern
    elif whole.lengths is not None:
        says["length"] = {"max": longest(whole.lengths.maximum)}


def longest(seen: float) -> int:
    """A length that no such text exceeds: twice the longest, rounded up."""
    double = max(2.0 * seen, 10.0)
    return int(round_out(double, 1 - len(str(int(double))), up=True))


def set_of(whole: ColumnSummary) -> tuple[tuple[str, ...], str | None] | None:
    """The allowed texts and the tolerance, where the values seen are nearly all that there are.

    The share of values not seen yet is about that of the values seen once (Good, Biometrika 40, 1953).
    """
    words = whole.words
    if words is None or words.other or words.error or not words.top or len(words.top) > SETS["string"]:
        return None
    if any(len(text) >= LONGEST for text, _ in words.top):
        return None
    values = tuple(sorted(text for text, _ in words.top))
    if min(count for _, count in words.top) >= OFTEN:
        return values, None
    once = sum(1 for _, count in words.top if count == 1)
    if whole.filled < STEADY or once / whole.filled > SPARSE or len(values) * 20 > whole.filled:
        return None
    return values, share_text(2 * wilson(max(once, 1), whole.filled, SURE)[1])


def described(seen: Seen) -> str:
    """What was seen of a column, in one line."""
    whole = seen.whole
    parts = [f"{whole.kind}" if whole.kind != "nothing" else "no value"]
    if whole.kind in ("integer", "number") and whole.least is not None:
        middle = "" if whole.numbers is None else f", mean {whole.numbers.mean:.4g}"
        parts.append(f"{brief(whole.least)} to {brief(whole.greatest)}{middle}")
    elif whole.kind in ("date", "timestamp") and whole.least is not None:
        parts.append(f"{whole.least} to {whole.greatest}")
    elif whole.kind == "boolean" and whole.filled:
        parts.append(f"{whole.true / whole.filled:.1%} true")
    elif whole.words is not None and whole.words.top and whole.words.top[0][1] > 1:
        parts.append("most often " + ", ".join(quoted(text) for text, _ in whole.words.top[:3]))
    if whole.filled and whole.kind != "boolean" and whole.distinct:
        about = "about " if whole.distinct_error else ""
        each = whole.distinct == whole.filled or is_different(seen)
        number = counted(min(whole.distinct, whole.filled))
        parts.append("all different" if each else f"{about}{number} different")
    if whole.missing and whole.kind != "nothing":
        parts.append(f"{whole.missing / whole.rows:.2%} null")
    if whole.infinite:
        parts.append(f"{whole.infinite:,} infinite")
    return "; ".join(parts)


def brief(value: Json) -> str:
    """A number in a remark."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def counted(number: float) -> str:
    """A count in a remark."""
    return f"{round(number):,}"


def quoted(text: str) -> str:
    """A text in a remark, cut short."""
    return f"'{text if len(text) <= 24 else text[:23] + '…'}'"
