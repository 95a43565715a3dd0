"""Every condition on rows, beside what plain Python says of each value."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

import pyarrow as pa
import pytest

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.measures.conditions import CONDITIONS, broken
from mlops_cli.measures.values import values_of
from mlops_cli.spec.validation import Bound, Check, ColumnType, NamedFormat

PLACE = Place("t.yaml", 1, 1)
NUMBERS = [None, 0.0, -0.0, 1.0, 1.5, -7.0, math.nan, math.inf, -math.inf, 999.0, 1e300, 5e-324]
INTEGERS = [None, 0, 1, -7, 999, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
TEXTS = [None, "", " ", "\t\n", "a", "A", "abc", "ü", "😀😀", "1", "01", "1.0", "true", "a\n", "n/a", "nan"]
DATES = [None, dt.date(1960, 2, 29), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31)]
TIMES = [None, dt.datetime(1960, 1, 1, 0, 0, 0, 1), dt.datetime(2024, 1, 1, 12), dt.datetime(2300, 1, 1, 0, 0, 0, 1)]
FLAGS = [None, True, False]

Item = object
COLUMNS: dict[str, tuple[list[Item], pa.DataType]] = {
    "number": (NUMBERS, pa.float64()),
    "integer": (INTEGERS, pa.int64()),
    "string": (TEXTS, pa.string()),
    "coded": (TEXTS, pa.dictionary(pa.int32(), pa.string())),
    "date": (DATES, pa.date32()),
    "timestamp": (TIMES, pa.timestamp("us")),
    "boolean": (FLAGS, pa.bool_()),
    "list": ([None, [], [1], [1, 2, 3]], pa.list_(pa.int64())),
    "decimal": ([None, Decimal("34.55"), Decimal("0.00"), Decimal("-1.10")], pa.decimal128(10, 2)),
}


def check(measure: str, bound: str | None = None, values: Sequence[Json] = (), **more: object) -> Check:
    number = 0.0
    if bound is not None:
        try:
            number = float(bound)
        except ValueError:
            number = dt.datetime.fromisoformat(bound).replace(tzinfo=dt.UTC).timestamp()
    limit = None if bound is None else Bound(number, "number", bound)
    return Check(f"c.{measure}", "c", measure, "max", limit, PLACE, values=tuple(values), **more)  # type: ignore[arg-type]


def missing(item: Item) -> bool:
    return item is None or (isinstance(item, float) and math.isnan(item))


def bad_rows(column: str, asked: Check, kind: ColumnType | None = None) -> list[bool]:
    items, stored = COLUMNS[column]
    array = pa.array(items, stored if column != "coded" else pa.string())
    array = array.dictionary_encode() if column == "coded" else array
    whole = broken(asked, values_of("c", array, kind, textual=False))
    assert len(whole.bad) == len(items)
    if whole.of is not None:
        assert not (whole.bad & ~whole.of).any()
    sliced = broken(asked, values_of("c", array[2:], kind, textual=False))
    assert sliced.bad.tolist() == whole.bad.tolist()[2:]
    return [bool(row) for row in whole.bad]


def wanted(column: str, test: Callable[[Item], bool]) -> list[bool]:
    return [not missing(item) and bool(test(item)) for item in COLUMNS[column][0]]


def test_every_condition_is_tried_here() -> None:
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert all(f'"{measure}"' in text for measure in CONDITIONS)


@pytest.mark.parametrize("column", list(COLUMNS))
def test_nulls(column: str) -> None:
    assert bad_rows(column, check("nulls")) == [missing(item) for item in COLUMNS[column][0]]


@pytest.mark.parametrize("column", list(COLUMNS))
def test_empties_and_zeros(column: str) -> None:
    def empty(item: Item) -> bool:
        return (isinstance(item, str) and not item.strip()) or item == []

    def zero(item: Item) -> bool:
        return isinstance(item, int | float | Decimal) and not isinstance(item, bool) and item == 0

    assert bad_rows(column, check("empties")) == wanted(column, empty)
    assert bad_rows(column, check("zeros")) == wanted(column, zero)


@pytest.mark.parametrize("kind", ["integer", "number", "string", "boolean", "date", "timestamp"])
def test_types(kind: ColumnType) -> None:
    def fits(column: str, item: Item) -> bool:
        if kind == "integer" and column in ("number", "decimal"):
            return math.isfinite(item) and item == int(item)  # type: ignore[arg-type,call-overload]
        held = {"coded": "string", "decimal": "number"}.get(column, column)
        return held == kind or (held == "integer" and kind == "number")

    for column in COLUMNS:
        assert bad_rows(column, check("type"), kind) == wanted(column, lambda item, at=column: not fits(at, item)), (
            column
        )


SETS: list[tuple[str, list[Json]]] = [
    ("number", [0, 1.5, 999]),
    ("integer", [0, 1.0, 2**53 + 1, 2**63 - 1, 2**64, 0.5]),
    ("string", ["a", "n/a", "", 1, True]),
    ("coded", ["a", "n/a", "", 1, True]),
    ("date", ["1970-01-01", "9999-12-31", "nonsense"]),
    ("timestamp", ["2024-01-01 12:00:00", "2300-01-01T00:00:00.000001"]),
    ("boolean", [True]),
    ("decimal", [34.55, -1.1]),
]


@pytest.mark.parametrize(("column", "values"), SETS, ids=[case[0] for case in SETS])
def test_sets_and_sentinels(column: str, values: list[Json]) -> None:
    def among(item: Item) -> bool:
        if column in ("string", "coded"):
            return item in ["true" if value is True else str(value) for value in values]
        if column == "date":
            return str(item) in values
        if column == "timestamp":
            return item in [dt.datetime.fromisoformat(str(value)) for value in values]
        return (float(item) if isinstance(item, Decimal) else item) in values

    assert bad_rows(column, check("sentinels", values=values)) == wanted(column, among)
    assert bad_rows(column, check("values", values=values)) == wanted(column, lambda item: not among(item))


BOUNDS = [
    *(("number", bound) for bound in ("0", "1.5", "-7", "1e300")),
    *(
        ("integer", bound)
        for bound in ("0", "0.5", str(2**53), str(2**63 - 1), str(2**63), str(-(2**63)), "1e30", "-1e30")
    ),
    ("decimal", "34.55"),
    ("decimal", "-1.1"),
    *(("date", bound) for bound in ("1970-01-01", "1960-02-29", "9999-12-31")),
    *(("timestamp", bound) for bound in ("2024-01-01 12:00", "2300-01-01", "1960-01-01")),
]


@pytest.mark.parametrize(("column", "bound"), BOUNDS)
def test_bounds(column: str, bound: str) -> None:
    limit: object
    if column == "date":
        limit = dt.date.fromisoformat(bound)
    elif column == "timestamp":
        limit = dt.datetime.fromisoformat(bound)
    else:
        limit = Decimal(float(bound) if column == "number" else bound)
    exactly: Callable[[Item], object] = lambda item: Decimal(item) if isinstance(item, float | int) else item  # type: ignore[arg-type]  # noqa: E731
    assert bad_rows(column, check("min", bound)) == wanted(column, lambda item: exactly(item) < limit)  # type: ignore[operator]
    assert bad_rows(column, check("max", bound)) == wanted(column, lambda item: exactly(item) > limit)  # type: ignore[operator]


@pytest.mark.parametrize("column", ["string", "coded"])
@pytest.mark.parametrize("pattern", ["a", "[a-z]+", "a|abc", ".*", "", r"\d+", "(?i)A"])
def test_patterns_match_as_a_whole(column: str, pattern: str) -> None:
    # In RE2 a dot is no end of a line, and $ is the end of the text.
    assert bad_rows(column, check("matches", pattern=pattern)) == wanted(
        column, lambda item: re.fullmatch(pattern, str(item)) is None
    )


@pytest.mark.parametrize("column", ["string", "coded", "list"])
@pytest.mark.parametrize("bound", ["0", "1", "2"])
def test_lengths(column: str, bound: str) -> None:
    limit = int(bound)
    assert bad_rows(column, check("length_min", bound)) == wanted(column, lambda item: len(item) < limit)  # type: ignore[arg-type]
    assert bad_rows(column, check("length_max", bound)) == wanted(column, lambda item: len(item) > limit)  # type: ignore[arg-type]


def test_named_formats_of_a_column() -> None:
    def is_json(text: Item) -> bool:
        try:
            json.loads(str(text), parse_constant=lambda word: 1 / 0)
        except (ValueError, ZeroDivisionError):
            return False
        return True

    named: NamedFormat = "json"
    for column in ("string", "coded"):
        assert bad_rows(column, check("named", named=named)) == wanted(column, lambda item: not is_json(item))
    assert not any(bad_rows("integer", check("named", named=named)))


def test_texts_of_a_file_without_types() -> None:
    def bad(texts: list[str | None], asked: Check, kind: ColumnType) -> list[bool]:
        return [bool(row) for row in broken(asked, values_of("c", pa.array(texts), kind, textual=True)).bad]

    texts = [None, "1", " 2 ", "3.0", "x", "", "nan", "0x1F", "1_000", "1e3", "99999999999999999999"]
    assert bad(texts, check("type"), "integer") == [text in ("x", "", "0x1F", "1_000") for text in texts]
    assert bad(texts, check("nulls"), "integer") == [text in (None, "nan") for text in texts]
    assert bad(texts, check("max", "2"), "integer") == [
        text in ("3.0", "1e3", "99999999999999999999") for text in texts
    ]
    assert bad(texts, check("max", "99999999999999999998"), "integer") == [text == texts[-1] for text in texts]
    zoned = ["2024-01-01T00:00:00+02:00", "2024-01-01 00:00", "2024-01-01T00:00:00Z", "infinity", None]
    assert bad(zoned, check("min", "2024-01-01"), "timestamp") == [True, False, False, False, False]
    assert bad(zoned, check("type"), "timestamp") == [False, False, False, True, False]
    assert bad(["2024-02-30", "2024-02-29", "infinity"], check("type"), "date") == [True, False, True]
