"""Faults as they happen to data on their way, planted into columns: a spec can show which of them it would see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops_cli.measures.summary import Kind
from mlops_cli.measures.values import Mask, Values, is_text, plain_array, values_of, written

FaultKind: TypeAlias = Literal[
    "unit_1000", "unit_0.01", "fahrenheit", "nulled", "zeros", "sentinel", "comma", "renamed", "mojibake", "clock",
    "swapped", "dropped", "repeated", "half", "cut", "latin1",
]  # fmt: skip
WORDS: Mapping[FaultKind, str] = {
    "unit_1000": "every value times 1,000",
    "unit_0.01": "every value times 0.01",
    "fahrenheit": "degrees Celsius become Fahrenheit",
    "nulled": "no value in any row",
    "zeros": "15% of the values become 0",
    "sentinel": "5% of the values become -999",
    "comma": "numbers become texts with a comma",
    "renamed": "the most frequent value is written another way",
    "mojibake": "UTF-8 is read as Latin-1",
    "clock": "the clock is shifted",
    "swapped": "it has changed places with another column",
    "dropped": "the column is gone",
    "repeated": "every row comes twice",
    "half": "the second half of the rows is missing",
    "cut": "the file ends too early",
    "latin1": "the file is written in Latin-1",
}
SEED = 20_261_124
FEW = 50
"""Different texts up to which they are taken for categories."""
DEGREES = re.compile(r"temp|celsius|degree", re.IGNORECASE)
HOUR, DAY = 3600 * 1_000_000, 86_400 * 1_000_000

Arrays: TypeAlias = "dict[str, pa.Array]"


@dataclass(frozen=True)
class Fault:
    """A fault, and the column that has it (None: the whole data set)."""

    kind: FaultKind
    column: str | None
    what: str


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a data set as it lies in the file, and read as what it is."""

    name: str
    array: pa.Array
    values: Values
    textual: bool
    """Whether the file holds every value as text."""


Plant: TypeAlias = Callable[[Column], "pa.Array | None"]
"""The column with the fault; None where the fault does not apply to it, or would change nothing."""


def read_columns(
    arrays: Mapping[str, pa.Array], kinds: Mapping[str, Kind], *, textual: bool, times: bool
) -> list[Column]:
    """Columns as `kinds` declares them, or as what they are."""
    return [
        Column(name, array, values_of(name, array, kinds.get(name), textual=textual, times=times), textual)
        for name, array in arrays.items()
    ]


def column_faults(columns: Sequence[Column], chosen: Sequence[str]) -> Iterator[tuple[Fault, Arrays]]:
    """Every fault that applies to one of the chosen columns, with the columns of the data set as they are then."""
    arrays = {column.name: column.array for column in columns}
    for column in columns:
        if column.name not in chosen:
            continue
        for kind, plant in PLANTS.items():
            found = plant(column)
            if found is not None and not found.equals(column.array):
                yield Fault(kind, column.name, described(kind, column)), {**arrays, column.name: found}
        other = partner(column, columns)
        if other is not None:
            what = f"it has changed places with {other.name}"
            yield Fault("swapped", column.name, what), {**arrays, column.name: other.array, other.name: column.array}
        if len(columns) > 1:
            without = {name: array for name, array in arrays.items() if name != column.name}
            yield Fault("dropped", column.name, WORDS["dropped"]), without


def row_faults(arrays: Mapping[str, pa.Array], rows: int) -> Iterator[tuple[Fault, Arrays]]:
    """The faults of a whole data set that are no matter of its bytes."""
    if rows:
        twice = {name: pa.concat_arrays([array, array]) for name, array in arrays.items()}
        yield Fault("repeated", None, WORDS["repeated"]), twice
    if rows > 1:
        yield Fault("half", None, WORDS["half"]), {name: array[: rows // 2] for name, array in arrays.items()}


def byte_faults(data: bytes, *, textual: bool) -> Iterator[tuple[Fault, bytes]]:
    """The faults of a file's bytes: the end is missing, and another encoding where it holds more than ASCII."""
    short = cut(data, textual=textual)
    if short is not None:
        yield Fault("cut", None, WORDS["cut"]), short
    if textual and not data.isascii():
        try:
            other = data.decode("utf-8").encode("latin-1", "replace")
        except UnicodeDecodeError:
            return
        yield Fault("latin1", None, WORDS["latin1"]), other


def cut(data: bytes, *, textual: bool) -> bytes | None:
    """A file without its end: a text without the second half of its last line, anything else without its last byte."""
    if not textual:
        return data[:-1] if data else None
    body = data.rstrip(b"\r\n")
    start = body.rfind(b"\n") + 1
    return body[: start + (len(body) - start) // 2] if start and len(body) - start > 1 else None


def described(kind: FaultKind, column: Column) -> str:
    """What a fault did to a column, in words."""
    if kind == "clock":
        return "the clock is one hour ahead" if column.values.kind == "timestamp" else "every day is the next one"
    return WORDS[kind]


def partner(column: Column, columns: Sequence[Column]) -> Column | None:
    """The next column of the same kind that has other values."""
    at = next(place for place, item in enumerate(columns) if item is column)
    kind = column.values.kind
    others = [item for item in columns[at + 1 :] if item.values.kind == kind and item.array.type == column.array.type]
    return next((item for item in others if not item.array.equals(column.array)), None)


def numbers(column: Column) -> npt.NDArray[np.float64] | None:
    """The numbers of a column as doubles, to be used where it has one; None for other columns."""
    values = column.values
    if values.kind not in ("integer", "number") or values.typed is None or values.exact is not None:
        return None
    if pa.types.is_duration(column.array.type):
        return None
    return values.typed.astype(np.float64)


def as_column(column: Column, found: npt.NDArray[np.float64], changed: Mask | None = None) -> pa.Array:
    """Other numbers in place of a column's own (or of those that are changed), in its type where that holds
    them."""
    present, old = column.values.present, plain_array(column.array)
    chosen = present if changed is None else present & changed
    whole = column.values.kind == "integer" and bool(np.all(np.floor(found[chosen]) == found[chosen]))
    if column.textual:
        return pc.if_else(pa.array(chosen), number_array(found, chosen, whole=whole).cast(pa.string()), old)
    before = numbers(column)
    merged = found if before is None else np.where(chosen, found, before)
    typed = number_array(merged, present, whole=whole)
    if column.values.kind == "integer" and not whole:
        return typed
    try:
        return typed.cast(old.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return typed  # what the old type does not hold makes the type another one


def number_array(found: npt.NDArray[np.float64], there: Mask, *, whole: bool) -> pa.Array:
    """Numbers as an array, null where there is none; whole ones as such where 64 bits hold them."""
    array = pa.array(np.where(there, found, 0.0), mask=~there)
    fits = whole and (not there.any() or float(np.abs(found[there]).max()) < 2**62)
    return array.cast(pa.int64()) if fits else array


def scaled(factor: float) -> Plant:
    """Every number in another unit."""

    def plant(column: Column) -> pa.Array | None:
        found = numbers(column)
        if found is None or not len(found):
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return as_column(column, np.round(found * factor, 12))

    return plant


def fahrenheit(column: Column) -> pa.Array | None:
    """Degrees of another scale, in columns that are called so and may hold them."""
    found = numbers(column)
    if found is None or column.values.kind != "number" or DEGREES.search(column.name) is None:
        return None
    there = found[column.values.present]
    if not len(there) or float(np.nanmax(np.abs(there))) > 70:
        return None
    return as_column(column, np.round(found * 1.8 + 32, 6))


def some(column: Column, share: float) -> Mask:
    """Rows that have a value, chosen by chance, always the same."""
    chance = np.random.default_rng(SEED).random(len(column.values))
    return (chance < share) & column.values.present


def replaced(value: float, share: float) -> Plant:
    """Some of the numbers are another one."""

    def plant(column: Column) -> pa.Array | None:
        found = numbers(column)
        chosen = some(column, share)
        if found is None or not chosen.any() or bool(np.all(found[chosen] == value)):
            return None
        kind = plain_array(column.array).type
        if pa.types.is_unsigned_integer(kind) and value < 0:
            return None
        return as_column(column, np.where(chosen, value, found), chosen)

    return plant


def nulled(column: Column) -> pa.Array | None:
    """No value at all."""
    if column.values.null.all():
        return None
    return pa.nulls(len(column.values), plain_array(column.array).type)


def comma(column: Column) -> pa.Array | None:
    """Numbers as some countries write them, which are texts elsewhere."""
    if column.values.kind != "number" or numbers(column) is None:
        return None
    return pc.replace_substring(written(column.values).cast(pa.string()), ".", ",")


def texts(column: Column) -> pa.Array | None:
    """The texts of a column that holds some; None for others."""
    if column.values.kind != "string" or not is_text(column.array.type):
        return None
    plain = plain_array(column.array)
    return (plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain).cast(pa.string())


def renamed(column: Column) -> pa.Array | None:
    """The most frequent category in other letters, or with another end."""
    found = texts(column)
    counts = pc.value_counts(found.drop_null()) if found is not None else None
    if found is None or counts is None or not 1 < len(counts) <= FEW:
        return None
    pairs = sorted(
        zip(counts.field(1).to_pylist(), counts.field(0).to_pylist(), strict=True), key=lambda pair: -pair[0]
    )
    old = pairs[0][1]
    new = old.swapcase() if old.swapcase() != old else f"{old}_"
    return pc.if_else(pc.equal(found, old), pa.scalar(new), found)


def mojibake(column: Column) -> pa.Array | None:
    """Texts whose bytes were read in another encoding; those of ASCII alone stay as they are."""
    found = texts(column)
    if found is None or all(text is None or text.isascii() for text in found.to_pylist()):
        return None
    return pa.array(
        [None if text is None else text.encode().decode("latin-1") for text in found.to_pylist()], pa.string()
    )


def clock(column: Column) -> pa.Array | None:
    """Times an hour later, days a day later."""
    values = column.values
    if values.kind not in ("date", "timestamp") or values.typed is None or not values.present.any():
        return None
    moved = values.typed.astype(np.int64) + (HOUR if values.kind == "timestamp" else DAY)
    stamps = pa.array(np.where(values.present, moved, 0), mask=~values.present).cast(pa.timestamp("us"))
    kind = plain_array(column.array).type
    if is_text(kind):
        if values.kind == "date":
            return stamps.cast(pa.date32()).cast(pa.string())
        whole = bool(np.all(moved[values.present] % 1_000_000 == 0))
        return pc.strftime(stamps.cast(pa.timestamp("s", "UTC")) if whole else stamps, "%Y-%m-%d %H:%M:%S")
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return stamps.cast(pa.timestamp("us", "UTC")).cast(kind, safe=False)
    return stamps.cast(kind, safe=False)


PLANTS: Mapping[FaultKind, Plant] = {
    "unit_1000": scaled(1000.0),
    "unit_0.01": scaled(0.01),
    "fahrenheit": fahrenheit,
    "nulled": nulled,
    "zeros": replaced(0.0, 0.15),
    "sentinel": replaced(-999.0, 0.05),
    "comma": comma,
    "renamed": renamed,
    "mojibake": mojibake,
    "clock": clock,
}
"""The faults of single columns."""
