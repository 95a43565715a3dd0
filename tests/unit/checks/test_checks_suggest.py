"""What is suggested: ranges that other rows keep, shares, sets, formats, patterns; and faults that are planted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_cli.checks.plant import byte_faults, column_faults, cut, read_columns, row_faults
from mlops_cli.checks.ranges import expected_range, round_out, share_text
from mlops_cli.checks.shapes_of_text import common_pattern, is_code, named_format
from mlops_cli.checks.suggest import suggest
from mlops_cli.measures.steps import steps_of
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import Profile
from mlops_cli.measures.values import values_of
from mlops_cli.spec.units import share


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=300))
def test_a_range_holds_what_was_seen_and_keeps_its_sign(numbers: list[float]) -> None:
    found = expected_range(steps_of(np.sort(np.asarray(numbers) + 0.0)))
    assert found is not None
    assert found.low <= min(numbers) <= max(numbers) <= found.high
    assert found.low >= 0 or min(numbers) < 0
    assert found.high <= 0 or max(numbers) > 0


@pytest.mark.parametrize("rows", [300, 5000])
def test_another_sample_of_the_same_size_keeps_the_range(rows: int) -> None:
    source, broken = np.random.default_rng(3), 0
    for _ in range(200):
        first, second = source.normal(10, 1, rows), source.normal(10, 1, rows)
        found = expected_range(steps_of(np.sort(first)))
        assert found is not None
        broken += int(second.min() < found.low) + int(second.max() > found.high)
        assert found.high - found.low < 3 * (first.max() - first.min())
    assert broken <= 10  # of 400 bounds


def test_scales_end_where_they_end() -> None:
    shares = np.sort(np.concatenate([np.linspace(0, 1, 500), np.ones(3)]))
    piled = np.sort(np.concatenate([np.random.default_rng(1).normal(0, 1, 500).clip(None, 1.5)]))
    found, capped = expected_range(steps_of(shares)), expected_range(steps_of(piled))
    assert found is not None and (found.low, found.high) == (0, 1)
    assert capped is not None and capped.high == 1.5


@given(st.floats(1e-7, 0.99))
def test_a_share_is_rounded_up(part: float) -> None:
    text = share_text(part)
    assert text is None or part * (1 - 1e-9) <= share(text).value <= part * 1.11


def test_rounding() -> None:
    assert share_text(0) == "0%"
    assert share_text(0.99999) is None
    assert round_out(123.4, -1, up=True) == 130
    assert round_out(-123.4, 0, up=False) == -124


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        ([f"P{n:03d}" for n in range(50)], "P[0-9]{3}"),
        ([f"S{n}" for n in range(1, 50)], "S[0-9]+"),
        ([f"{a}{b}-{n % 10}" for a in "ABCDE" for b in "UVWXY" for n in range(3)], r"[A-Z]{2}\-[0-9]"),
        ([f"{a}{b}x" for a in "abcdef" for b in "ghijkl"], "[a-z]{3}"),
        (["word", "another"] * 30, None),
        ([f"w{'o' * n}rd" for n in range(40)], None),
        ([f"P{n}" for n in range(5)], None),
        ([f"é{n}" for n in range(30)], "é[0-9]+"),
    ],
)
def test_patterns(texts: list[str], pattern: str | None) -> None:
    assert common_pattern(texts) == pattern


def test_formats_and_codes() -> None:
    assert named_format("x", [f"a{n}@b.example" for n in range(5)]) == "email"
    assert named_format("x", ["DE", "FR", "IT"]) is None
    assert named_format("home_country", ["DE", "FR", "IT"]) == "country_code"
    assert is_code("007") and is_code("+4912345678") and not is_code("0") and not is_code("0.5")


def profile_of(columns: dict[str, pa.Array]) -> Profile:
    found = [summarise(values_of(name, array, None, textual=False)) for name, array in columns.items()]
    return Profile(len(next(iter(columns.values()))), 1, "parquet", 1, tuple(found))


def test_one_column_of_each_kind() -> None:
    n = 400
    table = {
        "user_id": pa.array(range(7, n + 7)),
        "count": pa.array([i * i % 97 for i in range(n)]),
        "grade": pa.array([(1, 2, 3, 5)[i % 4] for i in range(n)]),
        "level": pa.array([i % 3 for i in range(n)]),
        "kind": pa.array([("a", "b: c", "*")[i % 3] for i in range(n)]),
        "mostly": pa.array(["x"] * (n - 1) + ["odd"]),
        "half": pa.array([None if i % 2 else 1.5 for i in range(n)]),
        "flag": pa.array([i % 5 == 0 for i in range(n)]),
        "empty": pa.nulls(n),
        "always": pa.array([4] * n),
        "hole": pa.array([-999 if i % 40 == 0 else i % 50 for i in range(n)]),
        "huge": pa.array([float("inf")] + [float(i) for i in range(n - 1)]),
        "*": pa.array(range(n)),
    }
    found = suggest([profile_of(table)])
    says = {column.name: dict(column.says) for column in found.columns}
    remarks = {column.name: " ".join(column.remarks) for column in found.columns}
    assert says["user_id"] == {"type": "integer", "unique": True, "min": 0, "nulls": {"max": "0%"}}
    assert says["count"]["min"] == 0 and says["count"]["max"] >= 96
    assert says["grade"]["in"] == [1, 2, 3, 5]
    assert (says["level"]["min"], says["level"]["max"]) == (0, 2)
    assert says["kind"]["in"] == ["*", "a", "b: c"] and "tolerance" not in says["kind"]
    assert says["mostly"]["in"] == ["odd", "x"] and share(says["mostly"]["tolerance"]).value > 1 / n
    assert 0.5 < share(says["half"]["nulls"]["max"]).value < 0.65
    assert says["flag"] == {"type": "boolean", "nulls": {"max": "0%"}}
    assert says["empty"] == {} and "no value at all" in remarks["empty"]
    assert "in" not in says["always"] and "always 4" in remarks["always"]
    assert says["hole"]["min"] == -999 and "a sentinel?" in remarks["hole"]
    assert "max" not in says["huge"] and says["huge"]["min"] == 0
    assert found.unsayable == ("*",) and "*" not in says


def test_inputs_that_differ() -> None:
    first = profile_of({"a": pa.array([1, 2]), "b": pa.array(["x", "y"]), "t": pa.array([1.5, 2.5])})
    second = profile_of({"a": pa.array([0.5, 2.5]), "t": pa.array(["no", "yes"])})
    says = {column.name: dict(column.says) for column in suggest([first, second]).columns}
    assert says["a"]["type"] == "number"
    assert says["b"]["required"] is False
    assert "type" not in says["t"]


def test_what_goes_on_from_input_to_input_has_no_greatest_value() -> None:
    months = [
        profile_of(
            {
                "month": pa.array([at] * 40),
                "at": pa.array(range(at * 40, at * 40 + 40)),
                "hour": pa.array([*range(20)] * 2),
            }
        )
        for at in (4, 5, 6)
    ]
    says = {column.name: dict(column.says) for column in suggest(months).columns}
    assert says["month"]["min"] == says["at"]["min"] == 0
    assert "max" not in says["month"] and "max" not in says["at"] and says["hour"]["max"] >= 19
    few = {column.name: dict(column.says) for column in suggest(months[:2]).columns}
    assert "max" in few["month"]


def test_every_fault_changes_what_it_says() -> None:
    n = 100
    arrays = {
        "temp": pa.array([str(i / 10) for i in range(n)]),
        "count": pa.array([str(i) for i in range(n)]),
        "word": pa.array([("münchen", "köln")[i % 3 == 0] for i in range(n)]),
        "day": pa.array([f"2020-01-{i % 28 + 1:02d}" for i in range(n)]),
        "time": pa.array([f"2020-01-01 00:{i % 60:02d}:00" for i in range(n)]),
    }
    columns = read_columns(arrays, {}, textual=True, times=False)
    found = {(fault.kind, fault.column): changed for fault, changed in column_faults(columns, tuple(arrays))}
    assert found["unit_1000", "temp"]["temp"][5].as_py() == "500"
    assert found["fahrenheit", "temp"]["temp"][0].as_py() == "32"
    assert ("fahrenheit", "count") not in found
    assert found["comma", "temp"]["temp"][5].as_py() == "0,5"
    assert found["nulled", "word"]["word"].null_count == n
    assert found["renamed", "word"]["word"][1].as_py() == "MÜNCHEN"
    assert found["mojibake", "word"]["word"][1].as_py() == "mÃ¼nchen"
    assert found["clock", "day"]["day"][0].as_py() == "2020-01-02"
    assert found["clock", "time"]["time"][1].as_py() == "2020-01-01 01:01:00"
    assert 5 <= found["zeros", "count"]["count"].to_pylist().count("0") <= 30
    assert "-999" in found["sentinel", "temp"]["temp"].to_pylist()
    assert "word" not in found["dropped", "word"]
    assert all(changed.keys() <= arrays.keys() for changed in found.values())
    twice, half = (changed["count"] for _, changed in row_faults(arrays, n))
    assert (len(twice), len(half)) == (2 * n, n // 2)


def test_faults_of_bytes() -> None:
    assert cut(b"a,b\n1,22\n3,44\n", textual=True) == b"a,b\n1,22\n3,"
    assert cut(b"a,b\n", textual=True) is None
    assert cut(b"PAR1", textual=False) == b"PAR"
    assert [fault.kind for fault, _ in byte_faults("a\né1\n".encode(), textual=True)] == ["cut", "latin1"]
    assert [fault.kind for fault, _ in byte_faults(b"a\nb1\n", textual=True)] == ["cut"]


def test_faults_keep_typed_columns_typed_where_they_can() -> None:
    typed = {"a": pa.array([1, None, 3], pa.int16()), "f": pa.array([1.5, 2.5, None], pa.float32())}
    columns = read_columns(typed, {}, textual=False, times=False)
    found = {(fault.kind, fault.column): changed for fault, changed in column_faults(columns, ("a", "f"))}
    assert found["unit_1000", "a"]["a"].to_pylist() == [1000, None, 3000]
    assert found["unit_0.01", "a"]["a"].to_pylist() == [0.01, None, 0.03]
    assert found["unit_1000", "f"]["f"].type == pa.float32()
