"""One column of a profile as plain facts: what `--json` prints, and what pages and screens take their figures from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.sentinels import sentinels
from mlops_cli.measures.summary import ColumnSummary, Kind, Numbers, Times
from mlops_cli.reports import figures
from mlops_cli.reports.moves import readable

QUANTILES: Mapping[str, float] = {f"{part}%": part / 100 for part in (1, 5, 25, 50, 75, 95, 99)}
SINGLY = 5  # different numbers that are told one by one
DATED: frozenset[Kind] = frozenset({"date", "timestamp", "time"})


@dataclass(frozen=True)
class ColumnFacts:
    """One column; counts are rows, times are UTC. What does not apply to its type is null or empty."""

    name: str
    kind: Kind
    stored: str
    rows: int
    nulls: int
    nan: int
    empty: int
    blank: int
    infinite: int
    zeros: int
    negative: int
    true: int
    wrong: int
    distinct: float
    distinct_error: float
    """Relative standard error; 0: exact."""
    least: Json
    greatest: Json
    mean: float | None
    """Of dates and times: seconds since 1970, like `std` in seconds."""
    std: float | None
    skewness: float | None
    kurtosis: float | None
    quantiles: dict[str, Json]
    """`50%` and so on; moments as texts."""
    top: tuple[tuple[str, int], ...]
    """The most frequent values."""
    sentinels: tuple[tuple[str, int], ...]
    """Values that may stand for "no value"."""
    lengths: dict[str, float]
    """Characters of texts, members of lists: mean, minimum, maximum and quantiles."""
    times: Times | None


def facts(column: ColumnSummary, top: int = 20) -> ColumnFacts:
    """The facts of one column with at most `top` frequent values."""
    numbers, lengths = column.numbers, column.lengths
    return ColumnFacts(
        **{
            name: getattr(column, name)
            for name in (
                *("name", "kind", "stored", "rows", "nulls", "nan", "empty", "blank", "infinite", "zeros", "negative"),
                *("true", "wrong", "distinct", "distinct_error", "least", "greatest", "times"),
            )
        },
        mean=rounded(numbers.mean) if numbers else None,
        std=numbers.std if numbers else None,
        skewness=numbers.skewness if numbers else None,
        kurtosis=numbers.kurtosis if numbers else None,
        quantiles=_quantiles(column),
        top=tuple((value, round(rows)) for value, rows in frequent(column)[:top] if rows > 1 or column.distinct <= top),
        sentinels=tuple((readable(value, column), rows) for value, rows in sentinels(column)),
        lengths=_lengths(lengths) if lengths else {},
    )


def _quantiles(column: ColumnSummary) -> dict[str, Json]:
    if column.numbers is None:
        return {}
    found = column.numbers.steps.quantiles(list(QUANTILES.values())).tolist()
    dated = column.kind in DATED
    return {
        name: figures.figure(value, column.kind) if dated else value
        for name, value in zip(QUANTILES, found, strict=True)
    }


def _lengths(lengths: Numbers) -> dict[str, float]:
    found = lengths.steps.quantiles(list(QUANTILES.values())).tolist()
    ends = {"mean": rounded(lengths.mean), "minimum": lengths.minimum, "maximum": lengths.maximum}
    return {**ends, **dict(zip(QUANTILES, found, strict=True))}


def frequent(column: ColumnSummary) -> list[tuple[str, float]]:
    """(value, rows), the most frequent first: all that are known exactly, or the listed texts; none for numbers with
    too many different values."""
    if column.words is not None:
        return [(text, float(rows)) for text, rows in column.words.top]
    found = column.categories or {}
    values = [(readable(value, column), rows) for value, rows in found.items() if rows]
    return sorted(values, key=lambda pair: (-pair[1], pair[0]))


def median(column: ColumnSummary) -> float | None:
    """The middle number of a column."""
    return float(column.numbers.steps.quantiles([0.5])[0]) if column.numbers else None


def listed(column: ColumnSummary, few: int) -> bool:
    """Whether its values are better told one by one than as a distribution."""
    if column.kind == "boolean":
        return True
    if column.kind == "string":
        return bool(column.words and column.words.top and column.words.top[0][1] > 1)
    return column.numbers is not None and column.numbers.exact and len(column.numbers.steps.values) <= few


def typical(column: ColumnSummary, longest: int) -> str:
    """The column's values in a few words: least, median and greatest of numbers, the most frequent of the others."""
    if not column.filled:
        return "no values" if column.rows else "no rows"
    if column.numbers is not None and not (listed(column, SINGLY) and column.kind not in DATED):
        low, high = (figures.extreme(end, column.kind) for end in (column.least, column.greatest))
        if column.kind in DATED:
            return f"{low} to {high}" if low != high else low
        return f"{low} / {figures.figure(median(column))} / {high}" if low != high else f"{low} only"
    values = frequent(column)
    if values and values[0][1] > 1:
        return words(values, column.filled, longest)
    if column.lengths is not None:
        noun = "members" if column.kind == "list" else "bytes" if column.kind == "binary" else "characters"
        low, high = figures.figure(column.lengths.minimum), figures.figure(column.lengths.maximum)
        return f"{low} to {high} {noun}" if low != high else f"{low} {noun}"
    return ""


def words(values: Sequence[tuple[str, float]], filled: int, longest: int) -> str:
    """`free 52%, basic 30%`: as many as fit."""
    text = ""
    for value, rows in values:
        part = f"{figures.named(value, 24)} {figures.share(min(rows / filled, 1.0))}"
        if text and len(text) + len(part) + 2 > longest:
            break
        text += (", " if text else "") + part
    return text


def remarks(column: ColumnSummary) -> tuple[str, ...]:
    """What a person should look at: columns without values, constants, values that may mean "no value", and so on."""
    said = []
    if column.rows and not column.filled:
        said.append("never has a value")
    elif column.distinct == 1 and column.rows > 1:
        said.append("one value only")
    elif column.kind in ("string", "integer") and column.rows > 1 and column.distinct == column.rows:
        said.append("every value differs")
    for value, rows in sentinels(column)[:2]:
        name = figures.named(readable(value, column), 24)
        said.append(f"'{name}' may mean missing ({figures.portion(rows, column.rows)})")
    for word, rows in (
        ("empty", column.empty),
        ("blank", column.blank),
        ("infinite", column.infinite),
        ("of another type", column.wrong),
    ):
        if rows and column.kind != "list":
            said.append(f"{figures.portion(rows, column.rows)} {word}")
    return tuple(said)


def interest(column: ColumnSummary) -> float:
    """How much a column without an older version deserves a look, from 0."""
    if not column.rows:
        return 0.0
    missing = (column.missing + column.empty + column.blank + column.wrong) / column.rows
    suspects = 0.5 if sentinels(column) else 0.0
    still = 0.5 if column.distinct <= 1 else 0.0
    return missing + suspects + still + (0.5 if column.infinite or column.wrong else 0.0)
