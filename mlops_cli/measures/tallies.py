"""What one check finds in the rows of one part, and how the findings of all parts become one measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from mlops_cli.base.records import Json
from mlops_cli.measures.conditions import CONDITIONS, Broken, broken
from mlops_cli.measures.hashes import arrow_of
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.summarise import time_text
from mlops_cli.measures.values import MICRO, Mask, Values, cells_of
from mlops_cli.spec.validation import Check

EXAMPLES = 5
LONGEST = 80
MANY = 1000
"""Different values outside an allowed set that are told apart."""
STRETCHES = 10_000
"""Stretches of time without a gap that are remembered of a part."""

Example = dict[str, Json]
ROW_WISE = frozenset({*CONDITIONS, "references", "rule"})
"""Measures that judge each row by itself: their rows can be set aside."""


@dataclass(frozen=True)
class Tally:
    """Counts of rows, and what else the measure of a check needs."""

    bad: int = 0
    of: int = 0
    nan: int = 0
    extreme: Json = None
    """The least or greatest number; of dates and times microseconds since 1970."""
    kind: str = ""
    seen: tuple[str, ...] = ()
    """Different offending values, up to 1,000."""
    examples: tuple[Example, ...] = ()
    """Up to five rows that break the check; `row` counts from 1 within the part."""
    first: float | None = None
    last: float | None = None
    """The first and the last value of the part, for what depends on the order of rows."""
    run: str = ""
    """Where the cache has the sorted hashes of the values."""
    stretches: tuple[tuple[int, int], ...] = ()
    """Microseconds between which no gap is longer than the bound."""


def tally(check: Check, values: Values, shown: Mapping[str, Values]) -> Tally:
    """What a check finds in one column of one part. `shown` are the columns that examples show."""
    special = SPECIAL.get(check.measure)
    if special is not None:
        return special(check, values)
    rows = broken(check, values)
    found = count(rows, len(values))
    if check.measure == "nulls":
        found = replace(found, nan=0 if values.nan is None else int(np.count_nonzero(values.nan)))
    if check.measure in ("min", "max"):
        found = replace(found, extreme=extreme(values, check.measure == "min"), kind=values.kind)
    if found.bad:
        found = replace(found, examples=examples(rows.bad, shown or {values.name: values}))
    if check.measure == "values" and found.bad:
        found = replace(found, seen=offenders(rows.bad, values))
    return found


def count(rows: Broken, total: int) -> Tally:
    """The counts alone."""
    of = total if rows.of is None else int(np.count_nonzero(rows.of))
    return Tally(int(np.count_nonzero(rows.bad)), of)


def extreme(values: Values, low: bool) -> Json:
    """The least (greatest) value of the kind, or None."""
    if not values.numeric or values.typed is None:
        return None
    present = values.present
    found = values.typed if present.all() else values.typed[present]
    if not len(found):
        return None
    value = (found.min() if low else found.max()).item()
    return plain_value(value) if isinstance(value, float) else int(value)


def offenders(bad: Mask, values: Values) -> tuple[str, ...]:
    """Different values in some rows as texts, in order, up to 1,000."""
    array = values.raw.filter(arrow_of(bad))
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    found = cells_of(array[:MANY] if pa.types.is_nested(array.type) else array.unique()[: MANY + 1])
    return tuple(sorted({str(plain_value(item)) for item in found if item is not None}))[:MANY]


def examples(bad: Mask, shown: Mapping[str, Values], places: Sequence[int] | None = None) -> tuple[Example, ...]:
    """The first five rows of a mask (or those at `places`), with the columns that are shown."""
    chosen = np.flatnonzero(bad)[:EXAMPLES] if places is None else np.asarray(places[:EXAMPLES], dtype=np.int64)
    cells = {name: cells_of(values.raw.take(arrow_of(chosen))) for name, values in shown.items()}
    return tuple(example(int(place) + 1, {name: cells[name][at] for name in cells}) for at, place in enumerate(chosen))


def example(row: int, cells: Mapping[str, object]) -> Example:
    """One offending row as plain data; long texts are cut."""
    made: Example = {"row": row}
    for name, value in cells.items():
        made["row " if name == "row" else name] = plain_value(value)
    return made


def plain_value(value: object) -> Json:
    """A value of a cell as JSON can say it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        if value != value:
            return "nan"
        if value in (float("inf"), float("-inf")):
            return "infinity" if value > 0 else "-infinity"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def order(check: Check, values: Values) -> Tally:
    """Rows whose value comes before that of an earlier row, rows without one left out."""
    if not values.numeric or values.typed is None:
        return Tally()
    places = np.flatnonzero(values.present)
    found = values.typed[places]
    wrong = places[1:][out_of_order(found[:-1], found[1:], check.direction or "ascending")] if len(found) else places
    ends = (float(found[0]), float(found[-1])) if len(found) else (None, None)
    rows = examples(values.null, {values.name: values}, wrong.tolist()) if len(wrong) else ()
    return Tally(len(wrong), len(places), kind=values.kind, examples=rows, first=ends[0], last=ends[1])


def out_of_order(before: np.ndarray, after: np.ndarray, direction: str) -> Mask:
    """Where two neighbours stand the wrong way round."""
    if direction.endswith("descending"):
        before, after = after, before
    result: Mask = before >= after if direction.startswith("strictly") else before > after
    return result


def gaps(check: Check, values: Values) -> Tally:
    """The stretches between whose neighbours no time is longer than the bound."""
    if not values.numeric or values.typed is None or check.bound is None:
        return Tally()
    scale = MICRO if values.kind in ("date", "timestamp") else 1
    moments = np.sort(values.typed[values.present])
    if moments.dtype.kind == "f":
        moments = moments[np.isfinite(moments)]
    of = len(moments)
    if not of:
        return Tally(kind=values.kind)
    limit = check.bound.value * scale
    apart = np.diff(moments)
    cuts = np.flatnonzero(apart > limit)
    if len(cuts) >= STRETCHES:  # the longest gaps are what matters
        cuts = np.sort(cuts[np.argsort(-apart[cuts], kind="stable")[: STRETCHES - 1]])
    starts = moments[np.concatenate(([0], cuts + 1))]
    ends = moments[np.append(cuts, of - 1)]
    pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
    return Tally(0, of, kind=values.kind, stretches=tuple(pairs))


def newest(_check: Check, values: Values) -> Tally:
    """The latest moment."""
    return Tally(0, int(np.count_nonzero(values.present)), extreme=extreme(values, False), kind=values.kind)


SPECIAL: Mapping[str, Callable[[Check, Values], Tally]] = {"order": order, "gaps": gaps, "freshness": newest}


def joined(check: Check, parts: Sequence[Tally], starts: Sequence[int]) -> Tally:
    """The tally of all parts in their order; `starts` are the rows before each of them."""
    found: list[Example] = []
    seen: set[str] = set()
    bad, last = sum(part.bad for part in parts), None
    for part, start in zip(parts, starts, strict=True):
        rows = [{**row, "row": start + int(row["row"])} for row in part.examples if isinstance(row["row"], int)]
        found += rows[: EXAMPLES - len(found)]
        seen.update(part.seen)
        if check.measure == "order" and part.first is not None:
            ends = np.asarray([last if last is not None else part.first]), np.asarray([part.first])
            bad += int(last is not None and bool(out_of_order(*ends, check.direction or "ascending")[0]))
            last = part.last
    numbers = [part.extreme for part in parts if part.extreme is not None]
    pick = min if check.measure == "min" else max
    return Tally(
        bad=bad,
        of=sum(part.of for part in parts),
        nan=sum(part.nan for part in parts),
        extreme=pick(numbers, key=size_of) if numbers else None,
        kind=next((part.kind for part in parts if part.kind), ""),
        seen=tuple(sorted(seen)[:MANY]),
        examples=tuple(found),
        stretches=tuple(sorted(pair for part in parts for pair in part.stretches)),
    )


def size_of(value: Json) -> float:
    """A number for comparing, infinities spelt out; whole numbers without loss."""
    return value if isinstance(value, int | float) else float(value) if isinstance(value, str) else 0.0


def measured(check: Check, found: Tally) -> Measured:
    """The measure that a check judges."""
    bad, of = found.bad, found.of
    share = rounded(bad / of) if of else None
    if check.measure in ("nulls", "empties", "sentinels", "zeros"):
        return Measured(share, of, bad, of, nan=found.nan, examples=found.examples)
    if check.measure == "values":
        return Measured(len(found.seen), of, bad, of, examples=found.examples)
    if check.measure in ("min", "max"):
        dated = found.kind in ("date", "timestamp")
        value = time_text(found.kind, found.extreme) if dated else found.extreme
        return Measured(value, of, bad, of, examples=found.examples)
    if check.measure == "gaps":
        return gap_measure(check, found)
    kept = rounded((of - bad) / of) if of else None
    return Measured(kept, of, bad, of, examples=found.examples)


def gap_measure(check: Check, found: Tally) -> Measured:
    """The longest time without a row (seconds, or units of the column); examples say from when to when."""
    dated = found.kind in ("date", "timestamp")
    limit = (check.bound.value if check.bound is not None else 0.0) * (MICRO if dated else 1)
    holes: list[tuple[float, int, int]] = []
    end: int | None = None
    for start, stop in found.stretches:
        if end is not None and start - end > limit:
            holes.append((start - end, end, start))
        end = stop if end is None else max(end, stop)
    longest = sorted(holes, key=lambda hole: (-hole[0], hole[1]))[:EXAMPLES]
    shown: list[Example] = []
    for _, before, after in longest:
        ends = (time_text(found.kind, before), time_text(found.kind, after)) if dated else (before, after)
        shown.append({"row": None, "from": ends[0], "to": ends[1]})
    value = rounded(longest[0][0] / (MICRO if dated else 1)) if longest else (0.0 if found.of else None)
    return Measured(value, found.of, len(holes), found.of, examples=tuple(shown))
