"""The summary of one column of one part."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_cli.base.records import Json
from mlops_cli.measures.hashes import BLOCK, Hashes, arrow_of, different, number_hashes, numbers_in, text_hashes
from mlops_cli.measures.sketch import estimate, smallest, smallest_of
from mlops_cli.measures.steps import STEPS, Floats, Steps, steps_of
from mlops_cli.measures.summary import DAYS, NUMERIC, TOP, ColumnSummary, Numbers, Times, Words
from mlops_cli.measures.values import DAY, MICRO, Mask, Values, as_doubles, to_mask

FEW = 256
"""Texts that are listed where there are more than `TOP` different ones."""
LONGEST = 200
"""Characters of a listed text; what is longer is cut, and texts that begin alike become one."""


def summarise(values: Values) -> ColumnSummary:
    """Everything that a summary holds, by one pass over the column."""
    base = _counted(values)
    if values.numeric and values.kind in NUMERIC:
        return _numeric(values, base)
    if values.kind == "boolean" and values.typed is not None:
        hits = int(np.count_nonzero(values.typed[values.present]))
        seen = [number for number, rows in ((0, base.filled - hits), (1, hits)) if rows]
        sketch = smallest(number_hashes(np.asarray(seen, dtype=np.int64)))
        return replace(base, true=hits, distinct=float(len(seen)), sketch=_bytes(sketch))
    if values.kind == "string" and values.wrong is None:
        return _texts(values, base)
    if values.kind == "binary":
        present = values.raw.drop_null()
        sketch = smallest(text_hashes(present))
        count, error = estimate(sketch)
        lengths = numbers_in(pc.binary_length(present))
        return replace(base, distinct=count, distinct_error=error, sketch=_bytes(sketch), lengths=numbers_of(lengths))
    if values.kind == "list":
        lengths = numbers_in(pc.list_value_length(values.raw).drop_null())
        return replace(base, empty=int(np.count_nonzero(lengths == 0)), lengths=numbers_of(lengths))
    return base


def _counted(values: Values) -> ColumnSummary:
    """What is known of any column: which rows have a value."""
    nan = 0 if values.nan is None else int(np.count_nonzero(values.nan))
    wrong = 0 if values.wrong is None else int(np.count_nonzero(values.wrong))
    nulls = int(np.count_nonzero(values.null))
    return ColumnSummary(values.name, values.kind, values.stored, len(values), nulls, nan, wrong=wrong)


def _bytes(sketch: Hashes) -> bytes:
    return sketch.astype("<u8").tobytes()


def _numeric(values: Values, base: ColumnSummary) -> ColumnSummary:
    """Numbers, dates and times: sorted once, everything else follows."""
    assert values.typed is not None
    present = values.typed if base.filled == len(values) else values.typed[values.present]
    ordered = np.sort(present)
    count, sketch = _different(ordered)
    low, high = _ends(ordered)
    if values.exact is not None:
        least, greatest = pc.min_max(values.exact).as_py().values()
        low, high = _exactly(low, least), _exactly(high, greatest)
    infinite = 0
    if ordered.dtype.kind == "f":
        start, stop = int(np.searchsorted(ordered, -np.inf, "right")), int(np.searchsorted(ordered, np.inf, "left"))
        infinite = start + len(ordered) - stop
        ordered = ordered[start:stop]
    zero = ordered.dtype.type(0)
    below, upto = np.searchsorted(ordered, zero, "left"), np.searchsorted(ordered, zero, "right")
    dated = values.kind in ("date", "timestamp")
    scaled = as_doubles(ordered) / MICRO if dated else as_doubles(ordered)
    return replace(
        base,
        infinite=infinite,
        zeros=0 if dated else int(upto - below),
        negative=0 if dated else int(below) + int(np.count_nonzero(present == -np.inf) if infinite else 0),
        distinct=count,
        least=time_text(values.kind, low) if dated else low,
        greatest=time_text(values.kind, high) if dated else high,
        numbers=_moments(scaled),
        times=times_of(ordered, values.kind == "timestamp") if dated else None,
        sketch=_bytes(sketch),
    )


def _different(ordered: npt.NDArray[np.generic]) -> tuple[float, Hashes]:
    """How many different values there are among sorted ones, exactly, and their sketch."""
    if not len(ordered):
        return 0.0, np.empty(0, dtype=np.uint64)
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    single = ordered if first.all() else ordered[first]
    return float(len(single)), smallest_of(single)


def _ends(ordered: npt.NDArray[np.generic]) -> tuple[Json, Json]:
    """The least and the greatest of sorted numbers, as plain data."""
    if not len(ordered):
        return None, None
    low, high = ordered[0].item(), ordered[-1].item()
    return _plain(low), _plain(high)


def _plain(value: float | int) -> Json:
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return value + 0  # -0.0 is 0.0


def _exactly(end: Json, exact: Decimal | int | None) -> Json:
    """An extreme number as the whole number that it nearly is, as a text beyond 64 bits."""
    if exact is None or not isinstance(end, float) or float(exact) != end:
        return end
    return int(exact) if -(2**63) <= exact < 2**63 else str(int(exact))


def time_text(kind: str, value: Json) -> Json:
    """Microseconds since 1970 as an ISO text; None for none."""
    if not isinstance(value, int):
        return None
    text = str(np.datetime64(max(value, 1 - 2**63), "us"))  # the least of all stands for no time
    return text.partition("T")[0] if kind == "date" else text.replace("T", " ").removesuffix(".000000")


def numbers_of(values: npt.NDArray[np.generic]) -> Numbers | None:
    """The summary of finite numbers in any order, shape (n,)."""
    return _moments(np.sort(as_doubles(values)))


def _moments(ordered: Floats) -> Numbers | None:
    """The summary of sorted finite numbers; None for none. Sums over sorted numbers do not depend on the rows'
    order."""
    return _of_steps(steps_of(ordered), ordered) if len(ordered) else None


def _of_steps(steps: Steps, ordered: Floats) -> Numbers:
    """The summary of sorted numbers with these steps; exact steps are all that is needed."""
    values, weights = (steps.values, steps.masses) if steps.exact else (ordered, None)
    count = int(steps.count)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = _total(values, weights, lambda block: block) / count
        if not math.isfinite(mean):
            mean = _total(values, weights, lambda block: block / count)
        sums = (
            _total(values, weights, lambda block: (block - mean) ** 2),
            _total(values, weights, lambda block: (block - mean) * (block - mean) ** 2),
            _total(values, weights, lambda block: ((block - mean) ** 2) ** 2),
        )
    m2, m3, m4 = (value if math.isfinite(value) else 0.0 for value in sums)
    low, high = float(values[0]) + 0.0, float(values[-1]) + 0.0
    return Numbers(count, mean + 0.0, m2, m3, m4, low, high, steps.packed(), steps.exact)


def _total(values: Floats, weights: Floats | None, term: Callable[[Floats], Floats]) -> float:
    """The sum of a term over some values, each as often as its weight says. In blocks that stay in the processor's
    caches; not by `dot`: BLAS adds in another order on another machine, and its threads fight with ours."""
    sums = []
    for start in range(0, len(values), BLOCK):
        found = term(values[start : start + BLOCK])
        sums.append(float(np.sum(found if weights is None else found * weights[start : start + BLOCK])))
    total = sum(sums)
    return math.fsum(sums) if math.isfinite(total) else total


def times_of(ordered: npt.NDArray[np.generic], hourly: bool) -> Times:
    """When sorted moments (microseconds since 1970) lie: by hour of the day, day of the week, and day."""
    moments = ordered.astype(np.int64, copy=False)
    days, day_rows = _by_unit(moments, DAY * MICRO)
    weekdays = np.bincount((days + 3) % 7, weights=day_rows, minlength=7)  # 1970 began on a Thursday
    hours: Sequence[float] = ()
    if hourly:
        units, hour_rows = _by_unit(moments, 3600 * MICRO)
        hours = np.bincount(units % 24, weights=hour_rows, minlength=24).tolist()
    listed = zip(days.tolist(), day_rows.tolist(), strict=True) if len(days) <= DAYS else ()
    return Times(tuple(map(int, hours)), tuple(map(int, weekdays.tolist())), tuple(listed))


def _by_unit(moments: npt.NDArray[np.int64], unit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The units of time in which sorted moments lie, and how many lie in each."""
    if not len(moments):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    first, last = int(moments[0]) // unit, int(moments[-1]) // unit
    if last - first < len(moments):
        units = np.arange(first, last + 1, dtype=np.int64)
        rows = np.diff(np.searchsorted(moments, np.append(units, last + 1) * unit, "left"))
        return units[rows > 0], rows[rows > 0]
    units, rows = np.unique(np.floor_divide(moments, unit), return_counts=True)
    return units, rows


def _texts(values: Values, base: ColumnSummary) -> ColumnSummary:
    """Texts by their dictionary where the file has one, else by their hashes."""
    raw = values.raw
    if pa.types.is_dictionary(raw.type):
        codes = numbers_in(raw.indices.drop_null())
        counts = np.bincount(codes, minlength=len(raw.dictionary))
        texts, counts = raw.dictionary.filter(arrow_of(counts > 0)), counts[counts > 0]
        if len(pc.unique(texts)) < len(texts):
            texts, counts = _by_hash(texts.take(arrow_of(np.repeat(np.arange(len(texts)), counts))))
    else:
        texts, counts = _by_hash(raw.drop_null() if base.nulls else raw)
    hashes = text_hashes(texts)
    distinct = len(different(hashes))
    lengths = characters(texts)
    blank = blank_texts(texts)
    ends = pc.min_max(texts).as_py() if len(texts) else {"min": None, "max": None}
    return replace(
        base,
        empty=int(counts[lengths == 0].sum()),
        blank=int(counts[blank].sum()),
        distinct=float(distinct),
        least=_cut(ends["min"]),
        greatest=_cut(ends["max"]),
        words=_words(texts, counts, hashes, distinct),
        lengths=weighted(lengths, counts),
        sketch=_bytes(smallest(hashes)),
    )


def _by_hash(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The different texts with their counts where there are few; else all texts, each once."""
    few = len(texts) > TOP and len(different(text_hashes(texts[: 4 * TOP]))) <= TOP
    if len(texts) <= TOP or few:
        found = pc.value_counts(texts)
        return found.field(0), numbers_in(found.field(1)).astype(np.int64)
    return texts, np.ones(len(texts), dtype=np.int64)


def characters(texts: pa.Array) -> npt.NDArray[np.generic]:
    """How many characters each text has, shape (n,); bytes where all are ASCII, which is seen ten times faster."""
    if not len(texts):
        return np.empty(0, dtype=np.int32)
    data = texts.buffers()[2]
    plain = data is None or not data.size or int(np.frombuffer(data, dtype=np.uint8).max()) < 128
    return numbers_in(pc.binary_length(texts) if plain else pc.utf8_length(texts))


def blank_texts(texts: pa.Array) -> Mask:
    """Which texts are white space and nothing else, shape (n,); an empty text is none of them."""
    texts = texts.cast(pa.large_string())
    result = np.zeros(len(texts), dtype=np.bool_)
    data = texts.buffers()[2]
    if not len(texts) or data is None or not data.size:
        return result
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    heads = np.frombuffer(data, dtype=np.uint8)[np.minimum(offsets[:-1], data.size - 1)]
    # All white space of Unicode begins with one of these bytes; what begins otherwise need not be looked at.
    likely = np.flatnonzero((np.diff(offsets) > 0) & ((heads <= 32) | np.isin(heads, [0xC2, 0xE1, 0xE2, 0xE3])))
    if len(likely):
        trimmed = pc.utf8_trim_whitespace(texts.take(arrow_of(likely)))
        result[likely] = to_mask(pc.equal(pc.binary_length(trimmed), 0))
    return result


def _words(texts: pa.Array, counts: npt.NDArray[np.int64], hashes: Hashes, distinct: int) -> Words:
    """The most frequent texts; where nearly all differ, those that come twice at least."""
    total = int(counts.sum())
    if distinct == len(texts) <= TOP:
        listed = _listed(texts, counts)
        return Words(listed, 0, 0)
    if distinct == len(texts):
        single, rows = hashes, counts
    else:
        ordered = np.sort(hashes)
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        single, rows = ordered[starts], np.diff(np.append(starts, len(ordered)))
    most = len(rows) if distinct <= TOP else FEW
    least = 1 if distinct <= TOP else max(2, int(np.sort(rows)[-FEW]))
    chosen = np.flatnonzero(rows >= least)
    chosen = chosen[np.lexsort((single[chosen], -rows[chosen]))][:most]
    if not len(chosen):
        return Words((), total, 1)
    error = 0 if distinct <= TOP else int(rows[chosen].min()) if len(chosen) == FEW else 1
    # One pair of different texts in 10^13 has one hash, and would be counted as one.
    order = np.argsort(single[chosen])
    wanted = single[chosen][order]
    heads = np.zeros(1 << 16, dtype=np.bool_)  # most others differ in their first bits
    heads[wanted >> np.uint64(48)] = True
    places = np.flatnonzero(heads[hashes >> np.uint64(48)])
    places = places[np.isin(hashes[places], wanted)]
    _, first = np.unique(hashes[places], return_index=True)
    listed = _listed(texts.take(arrow_of(places[first])), rows[chosen][order])
    return Words(listed, total - sum(count for _, count in listed), error)


def _listed(texts: pa.Array, counts: npt.NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    """Texts with their counts, cut to a length that can be shown; the most frequent first."""
    listed: dict[str, int] = {}
    for text, count in zip(texts.to_pylist(), counts.tolist(), strict=True):
        short = str(_cut(text))
        listed[short] = listed.get(short, 0) + count
    return tuple(sorted(listed.items(), key=lambda pair: (-pair[1], pair[0])))


def weighted(values: npt.NDArray[np.generic], counts: npt.NDArray[np.int64]) -> Numbers | None:
    """The summary of whole numbers from 0 that each occur some times."""
    if not len(values):
        return None
    if int(values.max()) >= 1 << 20:
        return numbers_of(np.repeat(values, counts))
    once = len(counts) == counts.sum()
    sizes = np.bincount(values.astype(np.int64), weights=None if once else counts)
    there = np.flatnonzero(sizes)
    if len(there) > STEPS:
        return _moments(np.repeat(there.astype(np.float64), sizes[there].astype(np.int64)))
    upto = np.cumsum(sizes[there]).astype(np.float64)
    steps = Steps(there.astype(np.float64), np.append(0.0, upto[:-1]), upto, True)
    return _of_steps(steps, steps.values)


def _cut(text: str | None) -> Json:
    """A text as a summary may hold it."""
    if text is None or len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1] + "…"
