"""Columns as values of one type, whatever holds them: no type of Arrow's is a traceback."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_cli.base.records import canonical, decode
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Kind, merge
from mlops_cli.measures.values import values_of

DAY = dt.datetime(2024, 1, 1)
STORED: dict[str, tuple[pa.Array, Kind]] = {
    "null": (pa.nulls(3), "nothing"),
    "half": (pa.array(np.asarray([1, 2.5, np.nan], dtype=np.float16)), "number"),
    "uint64": (pa.array([2**64 - 1, None], pa.uint64()), "integer"),
    "int8": (pa.array([-128, None], pa.int8()), "integer"),
    "decimal32": (pa.array([Decimal("1.10"), None], pa.decimal32(5, 2)), "number"),
    "decimal128": (pa.array([Decimal("12345678901234567890.12"), None], pa.decimal128(38, 2)), "number"),
    "decimal256": (pa.array([Decimal("-1.10"), None], pa.decimal256(60, 2)), "number"),
    "codes with a null": (pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None])), "string"),
    "codes that repeat": (pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", "a"])), "string"),
    "codes of numbers": (pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array([1, None])), "integer"),
    "codes of nothing": (
        pa.DictionaryArray.from_arrays(pa.array([None], pa.int8()), pa.array([], pa.string())),
        "string",
    ),
    "view": (pa.array(["a", None, "b" * 30], pa.string_view()), "string"),
    "large": (pa.array(["a", None], pa.large_string()), "string"),
    "chunks": (pa.chunked_array([["a"], [], [None]], pa.string()), "string"),
    "binary": (pa.array([b"\xff", None, b""]), "binary"),
    "fixed binary": (pa.array([b"abc", None], pa.binary(3)), "binary"),
    "list": (pa.array([[1], None, []]), "list"),
    "fixed list": (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), "list"),
    "map": (pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), "other"),
    "uuid": (pa.array([b"0" * 16, None], pa.uuid()), "other"),
    "runs": (pc.run_end_encode(pa.array([1, 1, 2])), "integer"),
    "interval": (pa.array([(1, 2, 3), None], pa.month_day_nano_interval()), "other"),
    "duration": (pa.array([dt.timedelta(1), None], pa.duration("ns")), "number"),
    "time": (pa.array([dt.time(1, 2, 3), None], pa.time64("ns")), "time"),
    "date64": (pa.array([DAY, None], pa.date64()), "date"),
    "seconds": (pa.array([dt.datetime(1, 1, 1), None], pa.timestamp("s")), "timestamp"),
    "nanoseconds": (pa.array([DAY, None], pa.timestamp("ns", "UTC")), "timestamp"),
    "no such zone": (pa.array([1, None]).cast(pa.timestamp("us", tz="Foo/Bar")), "timestamp"),
    "far moments": (pa.array([2**62, -(2**62), None], pa.int64()).cast(pa.timestamp("us")), "timestamp"),
    "ends of moments": (pa.array([2**63 - 1, -(2**63), None], pa.int64()).cast(pa.timestamp("us")), "timestamp"),
    "ends of days": (pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32()), "date"),
}


@pytest.mark.parametrize("name", list(STORED))
def test_every_stored_type_is_summarised(name: str) -> None:
    array, kind = STORED[name]
    values = values_of("c", array, None, textual=False)
    found = summarise(values)
    assert found.kind == kind and found.rows == len(array)
    if "codes" not in name and name not in ("runs", "chunks"):
        assert found.nulls == array.null_count
    assert decode(canonical(found), ColumnSummary) == found
    both = merge([found, summarise(values_of("c", array[:1], None, textual=False))])
    assert both.rows == len(array) + 1
    for rows in (np.zeros(len(array), dtype=np.bool_), np.ones(len(array), dtype=np.bool_)):
        assert summarise(values.where(rows)).rows == rows.sum()


def test_nulls_in_a_dictionary_are_nulls() -> None:
    for name, nulls in (("codes with a null", 2), ("codes that repeat", 1), ("codes of numbers", 2)):
        found = summarise(values_of("c", STORED[name][0], None, textual=False))
        assert (found.nulls, found.distinct) == (nulls, 1), name


TEXTS: list[tuple[list[str | None], Kind]] = [
    (["1", "-2", None], "integer"),
    ([" 1 ", "+2"], "integer"),
    (["1.0", "2"], "integer"),
    (["1.5", "nan", "inf"], "number"),
    (["1e400", "1"], "number"),
    (["1" * 400], "number"),
    (["0x1F"], "string"),
    (["1_000"], "string"),
    (["true", "FALSE"], "boolean"),
    (["0", "1"], "integer"),
    (["2020-01-01", "1960-2-3"], "date"),
    (["2020-02-30"], "string"),
    (["2020-01-01 10:00", "2020-01-01"], "timestamp"),
    (["2020-01-01T00:00:00+02:00"], "timestamp"),
    (["2020-01-01 25:00:00"], "string"),
    (["999999-01-01", "2020-01-01"], "string"),
    (["", "1"], "string"),
    (["2", "２"], "string"),
    ([None, None], "nothing"),
    ([], "nothing"),
]


@pytest.mark.parametrize(("texts", "kind"), TEXTS)
def test_texts_become_the_narrowest_type_that_fits_them_all(texts: list[str | None], kind: Kind) -> None:
    values = values_of("c", pa.array(texts, pa.string()), None, textual=True)
    assert values.kind == kind and values.wrong is None
    summarise(values)


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "date", "timestamp", "string"])
def test_no_text_is_too_odd_for_a_declared_type(kind: Kind) -> None:
    odd = ["infinity", "-inf", "nan", "1" + "0" * 38, "9" * 40, "epoch", "290000-01-01", "5881580-07-10", "-0044-03-15"]
    odd += [
        "",
        " ",
        "\0",
        "😀",
        "1e400",
        "0x1F",
        "TRUE",
        "t",
        "2020-01-01T00:00:00+02:00",
        "170141183460469231731687303715884105727",
    ]
    for text in odd:
        for texts in ([text], [text, None, "1"], [text] * 300):
            values = values_of("c", pa.array(texts), kind, textual=True)
            found = summarise(values)
            assert values.kind == kind
            assert found.filled + found.wrong + found.missing == len(texts)


def test_the_zone_of_a_text_counts() -> None:
    texts = pa.array(["2020-01-01T00:00:00+02:00", "2019-12-31 22:00:00", "2019-12-31T22:00:00Z"])
    assert summarise(values_of("c", texts, "timestamp", textual=True)).distinct == 1


def test_decimals_become_the_nearest_doubles() -> None:
    texts = ["34.55", "-34.55", "0.10", "999999999999.99", "-0.01", "12345678901234567890.12"]
    for stored in (pa.decimal128(38, 2), pa.decimal256(50, 2)):
        array = pa.array([Decimal(text) for text in texts], stored)
        values = values_of("c", array[1:], None, textual=False)
        assert values.typed is not None
        assert values.typed[:4].tolist() == [float(text) for text in texts[1:5]]
