"""A column of one part as values of one type: what is there, what is no value, and what is of another type."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_cli.measures.hashes import arrow_of, numbers_in, without_nulls
from mlops_cli.measures.summary import Kind

Mask: TypeAlias = npt.NDArray[np.bool_]

TEXT = "text"
"""The stored type of a column that a file can only hold as text."""
GUESSES: tuple[Kind, ...] = ("integer", "number", "boolean", "date", "timestamp")
"""The types that a text may stand for, narrowest first."""
SAMPLE = 64
_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf(inity)?)\s*", re.IGNORECASE)
_DATE = r"\s*[+-]?\d{1,6}[-/]\d{1,2}[-/]\d{1,2}"
LIKELY: dict[Kind, re.Pattern[str]] = {
    "integer": _NUMBER,
    "number": _NUMBER,
    "boolean": re.compile(r"\s*(true|false|1|0)\s*", re.IGNORECASE),
    "date": re.compile(_DATE + r"\s*"),
    "timestamp": re.compile(_DATE + r"([ T].*)?"),
}
"""What a text that stands for a value of a type looks like; the last word is with the cast."""
MICRO = 1_000_000
DAY = 86_400
DIGITS = 2.0**53
"""Whole numbers below this are exact as doubles."""
HEX = re.compile(rb"[xX]")


@dataclass(frozen=True, eq=False)
class Values:
    """`present` tells which rows have a value of the kind; `typed` has one item a row, to be used only where it is.

    `typed` by kind: integer int64 (or doubles beyond its range), number doubles, boolean bool, date and timestamp int64
    microseconds since 1970 (UTC), time doubles (seconds); for texts and everything else None, and `raw` is the value.
    """

    name: str
    kind: Kind
    stored: str
    raw: pa.Array
    null: Mask
    """No value in the file."""
    nan: Mask | None
    wrong: Mask | None
    """A value that is not of the kind."""
    typed: npt.NDArray[np.generic] | None
    exact: pa.Array | None = None
    """Whole numbers that no int64 holds, as they are."""

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def missing(self) -> Mask:
        """Rows without a value, not-a-number included."""
        return self.null if self.nan is None else self.null | self.nan

    @property
    def filled(self) -> Mask:
        """Rows that have a value, of whatever type."""
        return ~self.missing

    @property
    def present(self) -> Mask:
        """Rows that have a value of the kind."""
        return self.filled if self.wrong is None else self.filled & ~self.wrong

    @property
    def numeric(self) -> bool:
        """Whether `typed` has numbers."""
        return self.typed is not None and self.kind != "boolean"

    def where(self, rows: Mask) -> Values:
        """The values of some rows."""
        chosen = arrow_of(rows)
        return replace(
            self,
            raw=self.raw.filter(chosen),
            null=self.null[rows],
            nan=None if self.nan is None else self.nan[rows],
            wrong=None if self.wrong is None else self.wrong[rows],
            typed=None if self.typed is None else self.typed[rows],
            exact=None if self.exact is None else self.exact.filter(chosen),
        )


MIXABLE: frozenset[Kind] = frozenset({"date", "timestamp", "integer", "number", "boolean"})
"""What values may be that stand among others of other types, as texts."""


def values_of(name: str, array: pa.Array, kind: Kind | None, *, textual: bool, times: bool = False) -> Values:
    """A column read as `kind`, or as what it is where that is None: the stored type; for a textual file the narrowest
    type that fits every value. `times`: dates and times are texts in this file (JSON), and only these."""
    array = plain_array(array)
    if textual and is_text(array.type):
        return read_text(name, array, kind)
    mixed = times and pa.types.is_large_string(array.type)
    if times and is_text(array.type) and kind in (MIXABLE if mixed else ("date", "timestamp")):
        return replace(read_text(name, array, kind), stored="string")
    return read_typed(name, array, kind)


def plain_array(array: pa.Array) -> pa.Array:
    """The array without runs, without a dictionary of other things than texts, and without view types."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if pa.types.is_dictionary(array.type) and (not is_text(array.type.value_type) or array.dictionary.null_count):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        return array.cast(pa.string())
    return array


def text_array(texts: Sequence[str]) -> pa.Array:
    """Texts as an array. (By their bytes: for a list, Arrow would load pandas to see whether it is one of its own.)"""
    words = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(words))]
    return pa.Array.from_buffers(pa.large_string(), len(words), buffers).cast(pa.string())


def is_text(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type are texts, held plainly or in a dictionary."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def nulls_of(array: pa.Array) -> Mask:
    """Which rows are null, shape (n,)."""
    if array.null_count == 0 and not pa.types.is_dictionary(array.type):
        return np.zeros(len(array), dtype=np.bool_)
    return to_mask(array.is_null())


def to_mask(array: pa.Array) -> Mask:
    """A boolean array as a mask; null is false."""
    mask: Mask = without_nulls(array).view(np.bool_)
    return mask


def read_typed(name: str, array: pa.Array, kind: Kind | None) -> Values:
    """A column of a file with types, read as `kind` (None: as stored)."""
    held = kind_of(array.type)
    null = nulls_of(array)
    stored = str(array.type.value_type if pa.types.is_dictionary(array.type) else array.type)
    if held == "nothing":
        return Values(name, kind or "nothing", stored, array, null, None, None, None)
    typed, nan, exact = natural(array, held)
    value = Values(name, held, stored, array, null, nan, None, typed, exact)
    if kind is None or kind == held or (held == "integer" and kind == "number"):
        return value if kind != "number" else replace(value, kind="number")
    if held == "number" and kind == "integer" and typed is not None:
        doubles = as_doubles(typed)
        with np.errstate(invalid="ignore"):
            wrong = ~(np.isfinite(doubles) & (np.floor(doubles) == doubles)) & value.filled
        return replace(value, kind="integer", wrong=wrong)
    return replace(value, kind=kind, wrong=value.filled, typed=None, exact=None)


def kind_of(arrow: pa.DataType) -> Kind:
    """The logical type of an Arrow type."""
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    for test, kind in KINDS:
        if test(arrow):
            return kind
    return "other"


KINDS: tuple[tuple[Callable[[pa.DataType], bool], Kind], ...] = (
    (pa.types.is_null, "nothing"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (is_text, "string"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_duration, "number"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"),
    (pa.types.is_fixed_size_binary, "binary"),
    (pa.types.is_list, "list"),
    (pa.types.is_large_list, "list"),
    (pa.types.is_fixed_size_list, "list"),
)


def natural(array: pa.Array, kind: Kind) -> tuple[npt.NDArray[np.generic] | None, Mask | None, pa.Array | None]:
    """The typed values of a column as it is stored, which of them are not-a-number, and exact whole numbers."""
    if kind == "boolean":
        return to_mask(array), None, None
    if kind == "integer":
        if pa.types.is_uint64(array.type) and len(array) and (pc.max(array).as_py() or 0) >= 2**63:
            return filled_numbers(array.cast(pa.float64(), safe=False)), None, array
        return filled_numbers(array.cast(pa.int64())), None, None
    if kind == "number":
        return doubles_of(array)
    if kind in ("timestamp", "date"):
        stamp = array.cast(pa.timestamp("us", tz=getattr(array.type, "tz", None)), safe=False)
        return filled_numbers(stamp.cast(pa.int64())), None, None
    if kind == "time":
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[array.type.unit]
        whole = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64())
        return filled_numbers(whole).astype(np.float64) / unit, None, None
    return None, None, None


def doubles_of(array: pa.Array) -> tuple[npt.NDArray[np.generic], Mask | None, pa.Array | None]:
    """Broken numbers as doubles; a duration in seconds, a decimal nearly."""
    if pa.types.is_duration(array.type):
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[array.type.unit]
        return filled_numbers(array.cast(pa.int64())).astype(np.float64) / unit, None, None
    if pa.types.is_decimal(array.type):
        return decimal_doubles(array.fill_null(0) if array.null_count else array), None, None
    doubles = filled_numbers(array.cast(pa.float64()))
    nan: Mask = np.isnan(doubles)
    return doubles, (nan if nan.any() else None), None


def decimal_doubles(array: pa.Array) -> npt.NDArray[np.float64]:
    """Decimals without nulls as the nearest doubles. (Arrow's are next to them: its 34.55 is above ours.)"""
    scale = array.type.scale
    if array.type.byte_width < 16:
        array = array.cast(pa.decimal128(38, scale))
    nearly = as_doubles(numbers_in(array.cast(pa.float64())))
    data = array.buffers()[1]
    if not 0 <= scale <= 22 or data is None:
        return nearly
    words = np.frombuffer(data, dtype="<i8").reshape(-1, array.type.byte_width // 8)
    words = words[array.offset : array.offset + len(array)]
    low = words[:, 0]
    small = (np.abs(low) < 2**53) & (low > -(2**63)) & (words[:, 1:] == (low >> 63)[:, None]).all(axis=1)
    return np.where(small, low / 10.0**scale, nearly)


def filled_numbers(array: pa.Array) -> npt.NDArray[np.generic]:
    """A numeric array without its nulls: whatever stands there in their place (never not-a-number)."""
    return without_nulls(array)


def as_doubles(typed: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Typed numbers as doubles."""
    return typed.astype(np.float64, copy=False)


def read_text(name: str, array: pa.Array, kind: Kind | None) -> Values:
    """Texts read as `kind`; for None as the narrowest type that fits every one of them."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    null = nulls_of(array)
    if kind is not None:
        return cast_text(name, array, null, kind)
    if null.all():
        return Values(name, "nothing", TEXT, array, null, None, None, None)
    sample = sampled(array)
    for guess in GUESSES:
        if all(is_likely(guess, text) for text in sample):
            found = cast_text(name, array, null, guess)
            if found.wrong is None or not found.wrong.any():
                return replace(found, wrong=None)
    return Values(name, "string", TEXT, array, null, None, None, None)


def is_likely(kind: Kind, text: str) -> bool:
    """Whether a text may stand for a value of a type. What is no whole number is seen here: the look at every single
    value that would find it is slow."""
    if LIKELY[kind].fullmatch(text) is None:
        return False
    return kind != "integer" or (value := float(text)) != value or value.is_integer()


def sampled(array: pa.Array) -> list[str]:
    """Some of the texts, from everywhere; at least one where there is any."""
    step = max(1, len(array) // SAMPLE)
    few = array.take(arrow_of(np.arange(0, len(array), step))).drop_null() if step > 1 else array.drop_null()
    found: list[str] = (few if len(few) else array.drop_null()[:SAMPLE]).to_pylist()
    return found


def cast_text(name: str, array: pa.Array, null: Mask, kind: Kind) -> Values:
    """Texts read as `kind`: at once where Arrow reads them all, else value by value."""
    value = Values(name, kind, TEXT, array, null, None, None, None)
    if kind not in GUESSES:
        return value if kind in ("string", "nothing") else replace(value, wrong=~null)
    quick = quick_cast(array, kind)
    if quick is None:
        return slow_cast(value, kind)
    if kind == "number":
        doubles = filled_numbers(quick)
        nan: Mask = np.isnan(doubles)
        return replace(
            value, typed=doubles, nan=nan if nan.any() else None, exact=whole_numbers(array, as_doubles(doubles), null)
        )
    return replace(value, typed=settled(quick, kind))


def whole_numbers(texts: pa.Array, doubles: npt.NDArray[np.float64], null: Mask) -> pa.Array | None:
    """The whole numbers among texts exactly, null for all other; None where doubles hold them all."""
    with np.errstate(invalid="ignore"):
        large = np.flatnonzero((np.abs(doubles) >= DIGITS) & np.isfinite(doubles) & ~null)
    if not len(large):
        return None
    found: list[Decimal | None] = [None] * len(texts)
    for place, text in zip(large.tolist(), texts.take(arrow_of(large)).to_pylist(), strict=True):
        number = Decimal(text.strip())
        if number == number.to_integral_value() and abs(number) < 10**38:
            found[place] = number.to_integral_value()
    return pa.array(found, type=pa.decimal128(38, 0))


def settled(array: pa.Array, kind: Kind) -> npt.NDArray[np.generic]:
    """A cast array as `Values.typed` wants it."""
    if kind == "boolean":
        return to_mask(array)
    if kind in ("date", "timestamp"):
        return filled_numbers(array.cast(pa.timestamp("us")).cast(pa.int64()))
    return filled_numbers(array)


def quick_cast(array: pa.Array, kind: Kind) -> pa.Array | None:
    """What Arrow makes of texts; None where some text needs a closer look."""
    arrow = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[kind]
    try:
        found = array.cast(arrow)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return whole_doubles(array) if kind == "integer" else None
    data = array.buffers()[2]
    if kind == "integer" and data is not None and HEX.search(data):
        return None  # Arrow reads 0x1F as 31, which no other reader of CSV does
    return found


def whole_doubles(array: pa.Array) -> pa.Array | None:
    """Whole numbers that are written 1.0, as pandas writes them beside nulls; None where some text is anything else."""
    try:
        found = array.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    doubles = as_doubles(without_nulls(found))
    if not bool(((np.abs(doubles) < DIGITS) & (np.floor(doubles) == doubles)).all()):
        return None
    return arrow_of(doubles.astype(np.int64), nulls_of(array))


def slow_cast(value: Values, kind: Kind) -> Values:
    """Texts read one by one, by DuckDB: blanks around a number, 1.0 as a whole number, times with a zone, wrong
    ones."""
    from mlops_cli.measures.casting import cast_texts  # brings DuckDB, which most data never need

    typed, nan, exact = cast_texts(value.raw, kind)
    nans = to_mask(nan)
    wrong = ~value.null & ~nans & ~to_mask(typed.is_valid())
    if kind == "number" and exact is None:
        exact = whole_numbers(value.raw, as_doubles(settled(typed, kind)), value.null | wrong)
    return replace(
        value,
        typed=settled(typed, kind),
        nan=nans if nans.any() else None,
        wrong=wrong if wrong.any() else None,
        exact=exact,
    )


def cells_of(array: pa.Array) -> list[object]:
    """The values of an array as Python's; times that Python has no name for (years beyond 9999) as texts."""
    try:
        found: list[object] = array.to_pylist()
    except (OverflowError, ValueError):
        shown = [" ".join(array.slice(at, 1).to_string().split()) for at in range(len(array))]
        return [text.removeprefix("[ ").removesuffix(" ]") if text != "[ null ]" else None for text in shown]
    return found


def written(values: Values) -> pa.Array:
    """A column as the texts that a person would write."""
    raw = plain_array(values.raw)
    if pa.types.is_string(raw.type) or pa.types.is_large_string(raw.type):
        return raw
    try:
        return raw.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if item is None else str(item) for item in cells_of(raw)], type=pa.string())
