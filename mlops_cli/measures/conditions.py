"""Conditions on single rows: which rows of a column break a check, and to which rows it applies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.measures.formats import fits
from mlops_cli.measures.hashes import arrow_of, without_nulls
from mlops_cli.measures.values import (
    MICRO,
    Mask,
    Values,
    as_doubles,
    nulls_of,
    text_array,
    to_mask,
    written,
)
from mlops_cli.spec.validation import Bound, Check

WHOLE = re.compile(r"-?\d+")
INT64 = 2**63


@dataclass(frozen=True, eq=False)
class Broken:
    """Rows that break a check, and rows to which it applies; `of` None: to all."""

    bad: Mask
    of: Mask | None = None


def no_rows(values: Values) -> Mask:
    """A mask without any row."""
    return np.zeros(len(values), dtype=np.bool_)


def broken(check: Check, values: Values) -> Broken:
    """The rows of one column that break a row-wise check."""
    return CONDITIONS[check.measure](check, values)


def nulls(_check: Check, values: Values) -> Broken:
    """Rows without a value, not-a-number included."""
    return Broken(values.missing)


def kinds(_check: Check, values: Values) -> Broken:
    """Values of another type than the declared one."""
    return Broken(no_rows(values) if values.wrong is None else values.wrong, values.filled)


def empties(_check: Check, values: Values) -> Broken:
    """Texts without any character but white space; lists without members."""
    if values.kind == "list":
        return Broken(to_mask(pc.equal(pc.list_value_length(values.raw), 0)))
    if values.kind != "string" or values.wrong is not None:
        return Broken(no_rows(values))
    return Broken(by_text(values, lambda texts: to_mask(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0))))


def zeros(_check: Check, values: Values) -> Broken:
    """Numbers that are 0; a date is none."""
    if values.kind not in ("integer", "number") or values.typed is None:
        return Broken(no_rows(values), values.present)
    return Broken((values.typed == 0) & values.present, values.present)


def sentinels(check: Check, values: Values) -> Broken:
    """Values that stand for a missing one."""
    return Broken(among(check.values, values))


def members(check: Check, values: Values) -> Broken:
    """Values outside the allowed set."""
    allowed = [value for value in check.values if value is not None]
    return Broken(values.filled & ~among(allowed, values), values.filled)


def among(wanted: Sequence[Json], values: Values) -> Mask:
    """Which rows hold one of some values, as the column's type reads them: 1 in a text column is the text '1'."""
    if values.kind == "boolean" and values.typed is not None:
        hits = {bool(value) for value in wanted if isinstance(value, bool)}
        found = no_rows(values)
        for hit in hits:
            found |= values.typed == hit
        return found & values.present
    if values.numeric and values.kind in ("integer", "number") and values.typed is not None:
        numbers = [value for value in wanted if isinstance(value, int | float) and not isinstance(value, bool)]
        return np.isin(values.typed, listed(numbers, values.typed.dtype)) & values.present
    if values.kind in ("date", "timestamp") and values.typed is not None:
        moments = [moment for value in wanted if (moment := microseconds(value)) is not None]
        return np.isin(values.typed, np.asarray(moments, dtype=np.int64)) & values.present
    if values.kind != "string" or values.wrong is not None:
        return no_rows(values)
    texts = text_array([as_text(value) for value in wanted])
    return by_text(values, lambda column: to_mask(pc.is_in(column, value_set=texts)))


def listed(numbers: Sequence[int | float], kind: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    """Numbers as those of a column can be: an int64 is compared as such, for a double holds 53 bits."""
    if kind.kind == "i":
        whole = [int(number) for number in numbers if abs(number) <= INT64 and int(number) == number]
        return np.asarray([number for number in whole if -INT64 <= number < INT64], dtype=np.int64)
    return np.asarray([float(number) for number in numbers], dtype=np.float64)


def as_text(value: Json) -> str:
    """A value of a spec as a text column holds it."""
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def microseconds(value: Json) -> int | None:
    """An ISO date or time as microseconds since 1970 (UTC); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def by_text(values: Values, test: Callable[[pa.Array], Mask]) -> Mask:
    """A condition on texts, asked once of each entry of a dictionary where there is one; null is false."""
    raw = values.raw
    if pa.types.is_dictionary(raw.type):
        if not len(raw.dictionary):
            return no_rows(values)
        codes = without_nulls(raw.indices)
        found: Mask = test(raw.dictionary)[codes] & ~values.null
        return found
    return test(raw) & ~values.null


def patterns(check: Check, values: Values) -> Broken:
    """Values that the pattern does not match as a whole (RE2)."""
    whole = f"^(?:{check.pattern or ''})$"
    return text_condition(values, lambda texts: to_mask(pc.match_substring_regex(texts, whole)))


def refuse_pattern(check: Check) -> None:
    """Raise SpecError for a pattern that RE2 does not take."""
    if check.pattern is None:
        return
    try:
        pc.match_substring_regex(text_array([""]), f"^(?:{check.pattern})$")
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        raise SpecError(f"the pattern '{check.pattern}' cannot be used: {why}", None, check.place) from None


def named(check: Check, values: Values) -> Broken:
    """Texts that are not of the named format."""
    kind = check.named or "email"
    return text_condition(values, lambda texts: fits(kind, texts))


def text_condition(values: Values, test: Callable[[pa.Array], Mask]) -> Broken:
    """Values that are no texts of a kind; numbers and the like by how they are written."""
    if values.wrong is not None or values.kind != "string":
        texts = written(values)
        return Broken(values.filled & ~(test(texts) & ~nulls_of(texts)), values.filled)
    return Broken(values.filled & ~by_text(values, test), values.filled)


def lengths(check: Check, values: Values) -> Broken:
    """Texts of fewer or more characters, lists of fewer or more members than the bound."""
    bound = check.bound.value if check.bound is not None else 0.0
    short = check.measure == "length_min"
    if values.kind == "list":
        sizes = as_doubles(without_nulls(pc.list_value_length(values.raw)))
        return Broken((sizes < bound if short else sizes > bound) & values.filled, values.filled)

    def within(texts: pa.Array) -> Mask:
        sizes = pc.utf8_length(texts)
        return to_mask(pc.greater_equal(sizes, bound) if short else pc.less_equal(sizes, bound))

    return text_condition(values, within)


def extremes(check: Check, values: Values) -> Broken:
    """Numbers, dates and times beyond the bound. Whole numbers are compared as such: a double holds 53 bits."""
    bound = check.bound if check.bound is not None else Bound(0.0, "number", "0")
    if not values.numeric or values.typed is None:
        return Broken(no_rows(values), values.filled)
    low = check.measure == "min"
    limit: float | int = bound.value
    if values.kind in ("date", "timestamp"):
        moment = microseconds(bound.text)
        limit = moment if moment is not None else round(bound.value * MICRO)
    elif WHOLE.fullmatch(bound.text) and (values.exact is not None or values.typed.dtype.kind == "i"):
        limit = int(bound.text)
    beyond = beyond_of(values.typed, limit, low)
    if values.exact is not None:
        beyond = beyond_exact(values.exact, limit, low, beyond)
    return Broken(beyond & values.present, values.filled)


def beyond_of(typed: npt.NDArray[np.generic], limit: float | int, low: bool) -> Mask:
    """Which numbers lie below (above) the limit; an int64 is compared with a whole limit of any size."""
    if typed.dtype.kind == "i":
        if isinstance(limit, int) and not -INT64 <= limit < INT64:
            return np.full(len(typed), (limit > 0) == low)
        if isinstance(limit, float) and abs(limit) < INT64:
            typed = as_doubles(typed) if not limit.is_integer() else typed
            limit = int(limit) if limit.is_integer() else limit
    result: Mask = np.less(typed, limit) if low else np.greater(typed, limit)
    return result


def beyond_exact(exact: pa.Array, limit: float | int, low: bool, beyond: Mask) -> Mask:
    """The same for whole numbers that a double or an int64 does not hold; `beyond` tells it of the others."""
    found = beyond.copy()
    places = np.flatnonzero(to_mask(exact.is_valid()))
    for place, item in zip(places.tolist(), exact.take(arrow_of(places)).to_pylist(), strict=True):
        found[place] = item < limit if low else item > limit
    return found


CONDITIONS: Mapping[str, Callable[[Check, Values], Broken]] = {
    "nulls": nulls,
    "type": kinds,
    "empties": empties,
    "zeros": zeros,
    "sentinels": sentinels,
    "values": members,
    "matches": patterns,
    "named": named,
    "length_min": lengths,
    "length_max": lengths,
    "min": extremes,
    "max": extremes,
}
"""Measure -> the condition. What needs several rows or columns is elsewhere in this folder."""
