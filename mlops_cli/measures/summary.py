"""What is known of one column: counts, moments, distribution, frequent values, different values, coverage in time.

A summary is made of each part of a data set on its own (`mlops_cli.measures.summarise`) and merged by `merge`, which
puts the parts in an order of its own first: any order of the parts gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.base.records import Json, canonical
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.sketch import estimate, union
from mlops_cli.measures.steps import Steps, merged, unpacked

Kind: TypeAlias = Literal[
    "integer", "number", "string", "boolean", "date", "timestamp", "time", "binary", "list", "nothing", "other"
]
"""The logical type of a column: the six of a spec, and what else files may hold. `nothing`: no value at all."""

TOP = 1024
"""Different texts that a summary lists; with more of them, the most frequent ones."""
DAYS = 2000
"""Different days of which a summary keeps the number of rows."""
NUMERIC: frozenset[str] = frozenset({"integer", "number", "date", "timestamp", "time"})
WIDER: Mapping[tuple[Kind, Kind], Kind] = {
    ("integer", "number"): "number",
    ("date", "timestamp"): "timestamp",
}


@dataclass(frozen=True)
class Numbers:
    """The finite numbers of a column; dates and times are seconds since 1970 (UTC), times of day seconds since
    midnight."""

    count: int
    mean: float
    m2: float
    """Sum of squared distances from the mean; m3 and m4 are those of the third and fourth power."""
    m3: float
    m4: float
    minimum: float
    maximum: float
    packed: bytes
    exact: bool
    """Whether the steps hold every different value."""

    @property
    def steps(self) -> Steps:
        """The distribution."""
        return unpacked(self.packed, self.exact)

    @property
    def std(self) -> float | None:
        """The standard deviation (n - 1); None for fewer than two numbers, and where the squares are too large."""
        if self.count < 2 or (self.m2 == 0 and self.minimum < self.maximum):
            return None
        return rounded(math.sqrt(self.m2 / (self.count - 1)))

    @property
    def skewness(self) -> float | None:
        """The third standardised moment (population); None without spread, or where doubles cannot hold it."""
        variance = self._variance
        return None if variance is None else rounded(self.m3 / self.count / variance / math.sqrt(variance))

    @property
    def kurtosis(self) -> float | None:
        """The fourth standardised moment minus 3 (population); None without spread, or where doubles cannot hold it."""
        variance = self._variance
        return None if variance is None else rounded(self.m4 / self.count / variance / variance - 3)

    @property
    def _variance(self) -> float | None:
        """The population's variance, where its square is a double too, and the higher moments are whole."""
        variance = self.m2 / self.count
        return variance if 1e-150 < variance < 1e150 and self.m4 > 0 else None


@dataclass(frozen=True)
class Words:
    """The values of a column as texts: (text, rows), the most frequent first, equal counts by text."""

    top: tuple[tuple[str, int], ...]
    other: int
    """Rows with values that are not listed."""
    error: int = 0
    """A listed count may be too low by up to this, and an unlisted value may have up to this many rows; 0: exact."""


@dataclass(frozen=True)
class Times:
    """When the rows of a date or time column lie (UTC)."""

    hours: tuple[int, ...]
    """Rows in each hour of the day, 24 of them; empty for dates."""
    weekdays: tuple[int, ...]
    """Rows on each day of the week, Monday first."""
    days: tuple[tuple[int, int], ...]
    """(days since 1970-01-01, rows) for every day that has any; empty with more than 2,000 of them."""


@dataclass(frozen=True)
class ColumnSummary:
    """One column of a data set, or of a slice of it. Counts are rows."""

    name: str
    kind: Kind
    stored: str
    """The type in the file: an Arrow type, or `text`."""
    rows: int
    nulls: int
    """Without a value; not-a-number and empty texts are counted apart."""
    nan: int = 0
    empty: int = 0
    """Texts of no characters."""
    blank: int = 0
    """Texts of white space only."""
    infinite: int = 0
    zeros: int = 0
    negative: int = 0
    true: int = 0
    wrong: int = 0
    """Values that are not of the declared type."""
    distinct: float = 0.0
    distinct_error: float = 0.0
    """Relative standard error of `distinct`; 0 where it is exact."""
    least: Json = None
    greatest: Json = None
    """The extreme values exactly: a number, or a text for dates, times and texts."""
    numbers: Numbers | None = None
    words: Words | None = None
    lengths: Numbers | None = None
    """Characters of texts, members of lists."""
    times: Times | None = None
    sketch: bytes = b""
    """The smallest hashes of its values, little-endian; see `mlops_cli.measures.sketch`."""

    @property
    def missing(self) -> int:
        """Nulls and not-a-numbers: what a `nulls` check counts."""
        return self.nulls + self.nan

    @property
    def filled(self) -> int:
        """Rows that have a value of the right type."""
        return self.rows - self.missing - self.wrong

    def share(self, count: int) -> float | None:
        """A count as a share of all rows; None without rows."""
        return rounded(count / self.rows) if self.rows else None

    @property
    def categories(self) -> dict[str, float] | None:
        """Value -> rows, where every different value is known (nulls left out); None otherwise."""
        if self.words is not None:
            return {text: float(count) for text, count in self.words.top} if not self.words.other else None
        if self.kind == "boolean":
            return {"false": float(self.filled - self.true), "true": float(self.true)} if self.filled else {}
        if self.numbers is not None and self.numbers.exact:
            steps = self.numbers.steps
            return {
                number_text(value): float(mass)
                for value, mass in zip(steps.values.tolist(), steps.masses.tolist(), strict=True)
            }
        return None


@dataclass(frozen=True)
class Profile:
    """All columns of a data set, and of its slices. The same rows in the same parts give the same bytes."""

    rows: int
    bytes: int
    form: str
    """The format of the files: csv, parquet, jsonl or arrow."""
    files: int
    columns: tuple[ColumnSummary, ...]
    slices: tuple[SliceProfile, ...] = ()
    format: int = 1

    def column(self, name: str) -> ColumnSummary | None:
        """The column of that name."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, ColumnSummary]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class SliceProfile:
    """The columns of the rows of one slice, such as `country=DE`."""

    label: str
    rows: int
    columns: tuple[ColumnSummary, ...]

    def column(self, name: str) -> ColumnSummary | None:
        """The column of that name."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, ColumnSummary]:
        return {column.name: column for column in self.columns}


def number_text(value: float) -> str:
    """A number as a category's name: whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def wider(first: Kind, second: Kind) -> Kind:
    """The narrowest kind that holds values of both."""
    if first == second or second == "nothing":
        return first
    if first == "nothing":
        return second
    return WIDER.get((first, second)) or WIDER.get((second, first)) or "string"


def merge(parts: Sequence[ColumnSummary]) -> ColumnSummary:
    """One column of all parts together. All parts have the kind of the whole, or `nothing`, or are narrower numbers."""
    if len(parts) == 1:
        return parts[0]
    parts = sorted(parts, key=canonical)
    kind = parts[0].kind
    for part in parts[1:]:
        kind = wider(kind, part.kind)
    sketch = union([np.frombuffer(part.sketch, dtype="<u8") for part in parts])
    stored = sorted({part.stored for part in parts if part.kind != "nothing"} or {parts[0].stored})
    whole = ColumnSummary(parts[0].name, kind, " or ".join(stored), 0, 0)
    sums = {
        name: sum(getattr(part, name) for part in parts)
        for name in ("rows", "nulls", "nan", "empty", "blank", "infinite", "zeros", "negative", "true", "wrong")
    }
    ends = [part for part in parts if part.least is not None and part.greatest is not None]
    size = _size if kind in ("integer", "number", "time") else _ordering
    words = merge_words([part.words for part in parts if part.words is not None])
    numbers = merge_numbers([part.numbers for part in parts if part.numbers is not None])
    distinct, error = estimate(sketch)
    if error and numbers is not None and numbers.exact and not sums["infinite"]:
        distinct, error = float(len(numbers.steps.values)), 0.0
    return replace(
        whole,
        **sums,
        distinct=distinct,
        distinct_error=error,
        least=min((part.least for part in ends), key=size, default=None),
        greatest=max((part.greatest for part in ends), key=size, default=None),
        numbers=numbers,
        words=words,
        lengths=merge_numbers([part.lengths for part in parts if part.lengths is not None]),
        times=merge_times([part.times for part in parts if part.times is not None]),
        sketch=sketch.astype("<u8").tobytes(),
    )


def _ordering(value: Json) -> tuple[float | Decimal, str]:
    """Numbers by size, texts by their characters."""
    return (0, value) if isinstance(value, str) else (value if isinstance(value, int | float) else 0, "")


def _size(value: Json) -> tuple[float | Decimal, str]:
    """Numbers by size, without loss: infinities, and what no 64 bits hold, are spelt out."""
    return (Decimal(value), "") if isinstance(value, str) else _ordering(value)


def merge_numbers(parts: Sequence[Numbers]) -> Numbers | None:
    """Moments by the formulas of Chan et al. (1979) and Terriberry (2007) for the higher ones, steps by their ranks."""
    parts = [part for part in parts if part.count]
    if len(parts) <= 1:
        return parts[0] if parts else None
    count, mean, m2, m3, m4 = 0, 0.0, 0.0, 0.0, 0.0
    for part in parts:
        n, total = part.count, count + part.count
        delta = part.mean - mean
        step = delta / total
        square = step * step  # not a power: that would raise where a product is infinite
        m4 += part.m4 + delta * step * square * count * n * (count * count - count * n + n * n)
        m4 += 6 * square * (count * count * part.m2 + n * n * m2) + 4 * step * (count * part.m3 - n * m3)
        m3 += part.m3 + delta * square * count * n * (count - n) + 3 * step * (count * part.m2 - n * m2)
        m2 += part.m2 + delta * step * count * n
        mean += step * n
        count = total
    if not all(map(math.isfinite, (mean, m2, m3, m4))):  # beyond the range of doubles, as in a part on its own
        mean = math.fsum(part.mean * (part.count / count) for part in parts)
        m2, m3, m4 = (value if math.isfinite(value) else 0.0 for value in (m2, m3, m4))
    steps = merged([part.steps for part in parts])
    low, high = min(part.minimum for part in parts), max(part.maximum for part in parts)
    return Numbers(count, mean, m2, m3, m4, low, high, steps.packed(), steps.exact)


def merge_words(parts: Sequence[Words]) -> Words | None:
    """Counts added. What one part did not list may have had as many rows there as its least listed value."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    counts: dict[str, int] = {}
    for part in parts:
        for text, count in part.top:
            counts[text] = counts.get(text, 0) + count
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    hidden = sum(part.error or (part.top[-1][1] if part.other and part.top else 0) for part in parts)
    hidden += ordered[TOP][1] if len(ordered) > TOP else 0
    return Words(
        top=tuple(ordered[:TOP]),
        other=sum(part.other for part in parts) + sum(count for _, count in ordered[TOP:]),
        error=hidden,
    )


def merge_times(parts: Sequence[Times]) -> Times | None:
    """Counts added; days beyond 2,000 are forgotten."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    days: dict[int, int] = {}
    for part in parts:
        for day, count in part.days:
            days[day] = days.get(day, 0) + count
    known = all(part.days for part in parts) and len(days) <= DAYS
    hours = [part.hours for part in parts]
    return Times(
        hours=tuple(map(sum, zip(*hours, strict=True))) if all(hours) else (),
        weekdays=tuple(map(sum, zip(*(part.weekdays for part in parts), strict=True))),
        days=tuple(sorted(days.items())) if known else (),
    )
