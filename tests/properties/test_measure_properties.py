"""The measures of random tables equal those of numpy, pandas and scipy, however the rows are cut into parts."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import scipy.stats
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlops_cli.base.records import canonical, decode
from mlops_cli.measures.engine import profile
from mlops_cli.measures.hashes import number_hashes, text_hashes
from mlops_cli.measures.sketch import ERROR, estimate, smallest, union
from mlops_cli.measures.steps import STEPS, merged, steps_of
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, merge
from mlops_cli.measures.values import values_of
from mlops_cli.tables.parts import open_dataset

BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
DOUBLES = st.one_of(
    st.none(),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, -1.0, 7.0, math.inf, -math.inf, math.nan, 1e-300, 5e-324, 1e15]),
    st.floats(-1e6, 1e6, width=32),
    st.floats(allow_nan=True, allow_infinity=True),
)
WHOLE = st.one_of(
    st.none(), st.integers(-5, 5), st.sampled_from([-(2**63), 2**63 - 1, 2**53 + 1]), st.integers(-(2**63), 2**63 - 1)
)
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "\t\n", "a", "a\0", "A", "ü", "😀", "\u2003", "infinity", "nan", "1", "01"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
)
MOMENTS = st.one_of(st.none(), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)))


def summary(array: pa.Array) -> ColumnSummary:
    found = summarise(values_of("c", array, None, textual=False))
    assert canonical(decode(canonical(found), ColumnSummary)) == canonical(found)
    return found


def cut(array: pa.Array, cuts: list[int]) -> list[pa.Array]:
    edges = sorted({0, len(array), *(at % (len(array) + 1) for at in cuts)})
    return [array.slice(start, stop - start) for start, stop in itertools.pairwise(edges)] or [array]


def near(found: float | None, wanted: float, scale: float = 0.0) -> bool:
    """Equal to 1e-9, of the value or of what it is a difference of."""
    return found is not None and abs(found - wanted) <= 1e-9 * max(abs(wanted), scale)


def check_numbers(found: ColumnSummary, numbers: np.ndarray) -> None:
    """The moments and quantiles of finite doubles against numpy's and scipy's."""
    if not len(numbers):
        assert found.numbers is None
        return
    assert found.numbers is not None
    made, size = found.numbers, float(np.abs(numbers).max())
    assert made.count == len(numbers)
    assert (made.minimum, made.maximum) == (numbers.min(), numbers.max())
    with np.errstate(all="ignore"):
        mean, std = float(np.mean(numbers)), float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
        assert not math.isfinite(mean) or near(made.mean, mean, size)
        if std is None:
            assert made.std is None
        elif math.isfinite(std) and size < 1e150:
            assert near(made.std, std, size * 1e-6 + 1e-160)
        spread = float(np.std(numbers))
        if spread > 1e-6 * size and 1e-70 < size < 1e70:
            # For few numbers a moment may cancel: it is held to what its terms are.
            assert near(made.skewness, float(scipy.stats.skew(numbers)), 1.0)
            assert near(made.kurtosis, float(scipy.stats.kurtosis(numbers)), 1.0)
    shares = [0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0]
    if made.exact:
        assert made.steps.quantiles(shares).tolist() == np.quantile(numbers, shares, method="inverted_cdf").tolist()


@BOUNDED
@given(st.lists(DOUBLES, max_size=60), st.lists(st.integers(0, 60), max_size=4))
@example([1e308, -1e308, 1.7e308, 1.7e308], [2])
@example([math.inf, -5.0, -math.inf, 3.0], [1, 2])
@example([1e125, -1e125, 3e125], [])
@example([1e-125, -1e-125, 3e-125], [])
def test_doubles(items: list[float | None], cuts: list[int]) -> None:
    array = pa.array(items, pa.float64())
    parts = [summary(piece) for piece in cut(array, cuts)]
    held = np.asarray([item for item in items if item is not None and not math.isnan(item)], dtype=np.float64)
    finite = held[np.isfinite(held)]
    for found in (summary(array), merge(parts)):
        assert found.rows == len(items)
        assert found.nulls == sum(item is None for item in items)
        assert found.nan == sum(item is not None and math.isnan(item) for item in items)
        assert found.infinite == len(held) - len(finite)
        assert found.zeros == np.count_nonzero(held == 0)
        assert found.negative == np.count_nonzero(held < 0)
        assert found.distinct == len(set(held.tolist())) and found.distinct_error == 0
        ends = [float(end) if isinstance(end, int | float | str) else None for end in (found.least, found.greatest)]
        assert ends == ([held.min(), held.max()] if len(held) else [None, None])
        check_numbers(found, finite)
    assert len({canonical(merge(list(order))) for order in itertools.islice(itertools.permutations(parts), 6)}) == 1


@BOUNDED
@given(st.lists(WHOLE, max_size=50), st.lists(st.integers(0, 50), max_size=3))
@example([2**63 - 1, 2**63 - 2, -(2**63), 1 - 2**63], [1, 2, 3])
def test_whole_numbers(items: list[int | None], cuts: list[int]) -> None:
    array = pa.array(items, pa.int64())
    held = [item for item in items if item is not None]
    for found in (summary(array), merge([summary(piece) for piece in cut(array, cuts)])):
        assert (found.nulls, found.distinct) == (items.count(None), len(set(held)))
        assert (found.least, found.greatest) == ((min(held), max(held)) if held else (None, None))
        assert (found.zeros, found.negative) == (held.count(0), sum(item < 0 for item in held))
        check_numbers(found, np.asarray(held, dtype=np.float64))


@BOUNDED
@given(st.lists(TEXTS, max_size=50), st.lists(st.integers(0, 50), max_size=3), st.booleans())
def test_texts(items: list[str | None], cuts: list[int], coded: bool) -> None:
    array = pa.array(items, pa.string())
    array = array.dictionary_encode() if coded else array
    held = [item for item in items if item is not None]
    counts = pd.Series(held, dtype=object).value_counts().to_dict()
    for found in (summary(array), merge([summary(piece) for piece in cut(array, cuts)])):
        assert (found.rows, found.nulls) == (len(items), items.count(None))
        assert (found.empty, found.blank) == (held.count(""), sum(item.isspace() for item in held))
        assert found.distinct == len(counts)
        assert (found.least, found.greatest) == ((min(held), max(held)) if held else (None, None))
        assert found.categories == counts or not held
        if held:
            assert list(found.words.top) == sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))  # type: ignore[union-attr]
            assert near(found.lengths.mean, float(np.mean([len(item) for item in held])))  # type: ignore[union-attr]


@BOUNDED
@given(
    st.lists(MOMENTS, min_size=1, max_size=40),
    st.sampled_from(["s", "ms", "us"]),
    st.sampled_from([None, "UTC", "Asia/Tokyo"]),
)
def test_moments_in_time(items: list[dt.datetime | None], unit: str, zone: str | None) -> None:
    array = pa.array(items, pa.timestamp("us")).cast(pa.timestamp(unit), safe=False).cast(pa.timestamp(unit, zone))
    found = summary(array)
    held = array.cast(pa.timestamp("us")).cast(pa.int64()).drop_null().to_pylist()
    assert (found.nulls, found.distinct) == (items.count(None), len(set(held)))
    if held:
        least, most = (np.datetime64(end, "us") for end in (min(held), max(held)))
        assert (np.datetime64(str(found.least)), np.datetime64(str(found.greatest))) == (least, most)
        seconds = np.asarray(held, dtype=np.float64) / 1e6
        check_numbers(found, seconds)
        times = [np.datetime64(item, "us").astype("datetime64[h]").astype(int) for item in held]
        assert found.times is not None
        assert list(found.times.hours) == np.bincount([hour % 24 for hour in times], minlength=24).tolist()
        assert list(found.times.weekdays) == np.bincount([(hour // 24 + 3) % 7 for hour in times], minlength=7).tolist()
        assert dict(found.times.days) == pd.Series([hour // 24 for hour in times]).value_counts().to_dict()


@BOUNDED
@given(st.lists(st.one_of(st.none(), st.decimals(-(10**12), 10**12, places=2)), max_size=30))
def test_decimals(items: list[Decimal | None]) -> None:
    found = summary(pa.array(items, pa.decimal128(20, 2)))
    held = np.asarray([float(item) for item in items if item is not None])
    assert found.distinct == len(set(held.tolist()))
    check_numbers(found, held)


def test_unsigned_numbers_of_64_bits() -> None:
    found = summary(pa.array([2**64 - 1, 5, 2**63 + 1, None, 5], pa.uint64()))
    assert (found.kind, found.rows, found.nulls, found.distinct) == ("integer", 5, 1, 3)
    assert found.numbers is not None and found.numbers.maximum == float(2**64 - 1)


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "arrow"])
def test_a_table_measures_the_same_in_every_format_and_in_any_parts(ending: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    count = 3000
    frame = pd.DataFrame(
        {
            "n": random.normal(size=count).round(6),
            "i": random.integers(-50, 50, count),
            "t": random.choice(["a", "b", 'ü,"x"', "d\ne"], count),
            "f": random.random(count) < 0.3,
            "d": pd.to_datetime("1960-01-01") + pd.to_timedelta(random.integers(0, 15 * 10**7, count), unit="s"),
        }
    )
    frame.loc[random.random(count) < 0.1, ["n", "t"]] = None
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    cuts = [table[:1], table[1:1000], table[1000:]]
    for number, piece in enumerate(cuts):
        path = tmp_path / f"{number}.{ending}"
        if ending == "parquet":
            pq.write_table(piece, path, row_group_size=700)
        elif ending == "arrow":
            with pyarrow.ipc.new_file(str(path), piece.schema) as writer:
                writer.write_table(piece)
        elif ending == "csv":
            piece.to_pandas().to_csv(path, index=False)
        else:
            piece.to_pandas().to_json(path, orient="records", lines=True, date_format="iso")
    found = profile(open_dataset(tmp_path), threads=2)
    assert found.rows == count
    n, i, t, f, d = (found.column(name) for name in "nitfd")
    held = frame["n"].dropna().to_numpy()
    assert n.nulls == frame["n"].isna().sum()
    assert near(n.numbers.mean, held.mean(), 1.0) and near(n.numbers.std, held.std(ddof=1))
    assert near(n.numbers.skewness, scipy.stats.skew(held), 1.0)
    assert near(n.numbers.kurtosis, scipy.stats.kurtosis(held), 1.0)
    assert abs(n.distinct - frame["n"].nunique()) <= 5 * ERROR * frame["n"].nunique()
    assert i.numbers.exact and i.distinct == frame["i"].nunique()
    assert (
        i.numbers.steps.quantiles([0.1, 0.5]).tolist()
        == np.quantile(frame["i"], [0.1, 0.5], method="inverted_cdf").tolist()
    )
    assert dict(t.words.top) == frame["t"].value_counts().to_dict()
    assert (f.kind, f.true) == ("boolean", frame["f"].sum())
    if ending != "jsonl":
        assert (d.kind, d.numbers.minimum) == ("timestamp", frame["d"].min().timestamp())
        assert str(d.greatest) == str(frame["d"].max())
        assert sum(d.times.hours) == sum(rows for _, rows in d.times.days) == count


@pytest.mark.parametrize("shape", ["normal", "ties", "heavy", "steps"])
def test_ranks_of_parts_are_within_the_stated_error(shape: str) -> None:
    random = np.random.default_rng(7)
    numbers = {
        "normal": random.normal(size=40_000),
        "ties": random.integers(0, 3000, 40_000).astype(np.float64),
        "heavy": np.exp(random.normal(size=40_000) * 20),
        "steps": np.where(random.random(40_000) < 0.5, 0.0, random.random(40_000)),
    }[shape]
    points = np.quantile(numbers, np.linspace(0, 1, 4001), method="inverted_cdf")
    points = np.unique(np.concatenate((points, (points[1:] + points[:-1]) / 2)))

    def worst(steps: object, held: np.ndarray) -> float:
        ordered = np.sort(held)
        below, upto = steps.ranks(points)  # type: ignore[attr-defined]
        return max(
            np.abs(below - np.searchsorted(ordered, points, "left")).max(),
            np.abs(upto - np.searchsorted(ordered, points, "right")).max(),
        )

    one = steps_of(np.sort(numbers))
    assert len(one.values) <= STEPS and worst(one, numbers) <= len(numbers) / 1023
    for count in (2, 7, 40):
        pieces = [steps_of(np.sort(piece)) for piece in np.array_split(numbers, count)]
        whole = merged(pieces)
        assert len(whole.values) <= STEPS
        assert whole.count == len(numbers)
        assert worst(whole, numbers) <= 2 * len(numbers) / 1023
    in_order = [steps_of(piece) for piece in np.array_split(np.sort(numbers), 40)]
    assert worst(merged(in_order), numbers) <= 2 * len(numbers) / 1023


@pytest.mark.parametrize("count", [1, 1023, 5000, 200_000])
def test_different_values_are_counted_within_five_standard_errors(count: int) -> None:
    families = {
        "numbers": number_hashes(np.arange(count)),
        "doubles": number_hashes(np.arange(count) / 7),
        "texts": text_hashes(pa.array([f"customer-{number:08d}" for number in range(count)])),
    }
    for hashes in families.values():
        again = np.concatenate((hashes, hashes[: count // 2]))
        found, error = estimate(smallest(again))
        assert error == (0.0 if count < 1024 else ERROR)
        assert abs(found - count) <= 5 * error * count
        halves = [smallest(again[::2]), smallest(again[1::2])]
        assert union(halves).tolist() == union(halves[::-1]).tolist() == smallest(again).tolist()
