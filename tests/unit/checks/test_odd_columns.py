"""Every probe of a model takes every type of column that a table can have, with any number of rows."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.checks.leakage import after, feature_power, overlap
from mlops_cli.checks.robustness import probe
from mlops_cli.measures.predictions import class_predictions, number_predictions
from mlops_cli.measures.segments import weak_segments
from mlops_cli.measures.simple import linear

KINDS = [
    "int8", "uint64", "float32", "infinite", "huge", "category", "number category", "empty category", "period",
    "decimal", "bytes", "date", "time", "mixed zones", "span", "never", "zone", "mixed", "records", "Int64", "boolean",
    "arrow integer", "arrow moment", "arrow date", "arrow text", "arrow decimal", "interval", "complex", "ancient",
]  # fmt: skip


def column(kind: str, rows: int) -> pd.Series:
    rng = np.random.default_rng(3)
    whole, words, day = rng.integers(0, 5, rows), rng.choice(["a", "ü"], rows), datetime.date(2026, 3, 1)
    days = [day + datetime.timedelta(days=int(number)) for number in whole]
    moments = pd.Series(pd.to_datetime(whole * 90_001, unit="s"))
    if kind in ("int8", "uint64", "float32", "Int64"):
        return pd.Series(whole).astype(kind)
    if kind in ("period", "interval", "complex"):
        made = {"period": moments.dt.to_period("h"), "complex": pd.Series(whole + 1j)}
        return made[kind] if kind in made else pd.cut(pd.Series(whole, dtype=float), [-1.0, 2.0, 9.0])
    odd: dict[str, object] = {
        "infinite": np.where(whole == 0, np.inf, whole), "huge": rng.normal(size=rows) * 1e300,
        "category": pd.Categorical(words), "number category": pd.Categorical(whole),
        "empty category": pd.Categorical([None] * rows), "decimal": [Decimal(int(number)) for number in whole],
        "bytes": [bytes([200 + number]) for number in whole], "date": days,
        "time": [datetime.time(int(number)) for number in whole],
        "mixed zones": [
            datetime.datetime(2026, 1, 1 + int(number), tzinfo=datetime.UTC if number % 2 else None) for number in whole
        ],
        "span": pd.to_timedelta(whole, unit="h"), "never": pd.Series([pd.NaT] * rows, dtype="datetime64[ns]"),
        "zone": moments.dt.tz_localize("Asia/Tokyo"),
        "mixed": [[1, "1", None, 2.5, True, day][number] for number in whole], "records": [{"a": 1}] * rows,
        "boolean": pd.Series(whole > 2).astype("boolean"),
        "ancient": np.where(whole > 2, np.datetime64("9999-12-31", "s"), np.datetime64("0001-01-01", "s")),
    }  # fmt: skip
    arrow: dict[str, tuple[object, pa.DataType]] = {
        "arrow integer": (whole, pa.int64()), "arrow moment": (moments, pa.timestamp("us")),
        "arrow date": (days, pa.date32()), "arrow text": (words, pa.string()),
        "arrow decimal": ([Decimal(int(number)) for number in whole], pa.decimal128(5, 0)),
    }  # fmt: skip
    if kind in arrow:
        values, type_ = arrow[kind]
        return pd.Series(list(values), dtype=object).astype(pd.ArrowDtype(type_))  # type: ignore[call-overload]
    made_of = odd[kind]
    return pd.Series(made_of, dtype=object if isinstance(made_of, list) else None)  # type: ignore[call-overload]


@pytest.mark.parametrize("rows", [0, 1, 7, 120])
@pytest.mark.parametrize("kind", KINDS)
def test_any_column(kind: str, rows: int) -> None:
    rng = np.random.default_rng(4)
    truth, numbers = rng.integers(0, 2, rows), rng.normal(size=rows)
    frame = pd.DataFrame({"c": column(kind, rows)}).assign(y=truth)
    classes = class_predictions(truth, truth, None, False, [0, 1], None)
    errors = number_predictions(numbers, np.zeros(rows))
    linear(frame, frame, "y", ["c"], classes)
    linear(frame.assign(y=numbers), frame, "y", ["c"], errors)
    weak_segments(frame, errors, ["c"], 3, 10 if rows > 100 else 1)
    assert 0 <= feature_power(frame, classes, ["c"])[0][1] <= 1
    assert 0 <= feature_power(frame, errors, ["c"])[0][1] <= 1
    assert overlap(frame, frame, ["c", "y"]).rows == rows
    for other in ("float32", "category", "zone", "never", "mixed"):
        assert overlap(frame, pd.DataFrame({"c": column(other, rows)}), ["c"]).rows <= rows
    for spoil in ("missing", "noise", "unseen"):
        for _, spoilt in probe(spoil, frame, [("c", str(frame["c"].dtype))], 0.1):
            assert len(spoilt) == rows and spoilt["y"].equals(frame["y"])
    try:
        assert after(frame, frame, "c") in (0.0, 1.0)
    except StageFailed as error:
        assert "'c'" in str(error)
