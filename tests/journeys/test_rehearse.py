"""`mlops validate SPEC --rehearse`: earlier versions are replayed, faults are planted, what is missed is told."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops_cli.tables.read import write_table
from tests.conftest import Project


def shop(rows: int, seed: int) -> pa.Table:
    source = np.random.default_rng(seed)
    start = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(seed, "D")
    return pa.table(
        {
            "order": pa.array([f"B{seed}{n:05d}" for n in range(rows)]),
            "at": pa.array(start + np.arange(rows) * np.timedelta64(5, "m")),
            "city": pa.array(source.choice(["köln", "bonn", "ulm"], rows)),
            "temp": pa.array(source.normal(12, 5, rows).round(2)),
            "items": pa.array(source.integers(1, 9, rows)),
            "paid": pa.array(source.random(rows) < 0.9),
        }
    )


def versions(project: Project, ending: str, rows: int, count: int) -> None:
    for seed in range(count):
        write_table(shop(rows, seed), project.root / f"shop.{ending}")
        project.quick("add", f"shop.{ending}")


def state(found: Any, fault: str, column: str | None) -> str:
    return next(item["state"] for item in found["faults"] if (item["fault"], item["column"]) == (fault, column))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_inferred_spec_catches_nearly_all(project: Project, ending: str) -> None:
    versions(project, ending, 600, 3)
    project.quick("infer", f"shop.{ending}", "-o", "shop.yaml")
    ended = project.quick("validate", "shop.yaml", "--rehearse", "--json")
    found = ended.json
    assert [item["version"] for item in found["replays"]] == [f"shop.{ending}@v{n}" for n in (1, 2, 3)]
    assert all(item["passed"] and item["accepted"] for item in found["replays"])
    assert found["caught"] == sum(item["state"] == "caught" for item in found["faults"])
    assert found["caught"] >= 0.85 * found["planted"] > 20
    for fault, column in (
        ("unit_1000", "temp"), ("fahrenheit", "temp"), ("nulled", "city"), ("sentinel", "items"), ("zeros", "items"),
        ("renamed", "city"), ("mojibake", "city"), ("dropped", "at"), ("repeated", None), ("half", None), ("cut", None),
    ):  # fmt: skip
        assert state(found, fault, column) == "caught", (fault, column)
    assert state(found, "clock", "at") == "missed"
    hint = next(item["hint"] for item in found["faults"] if item["fault"] == "clock")
    assert hint == "at: {max: ...}; or a rule that compares it with another time"
    if ending == "csv":
        assert state(found, "latin1", None) == "caught"


def test_a_loose_spec_misses_and_says_what_would_help(project: Project) -> None:
    project.write("a.csv", "n,city\n" + "".join(f"{n % 40},{'ab'[n % 2]}\n" for n in range(200)))
    project.write(
        "loose.yaml", "kind: validation\nname: loose\ndata: a.csv\nexpect:\n  columns:\n    n: {type: integer}\n"
    )
    ended = project.mlops("validate", "loose.yaml", "--rehearse")
    assert "the store has no versions of a.csv to replay" in ended.out
    assert "MISSED" in ended.out and "n: {max: ...}" in ended.out
    assert "loose.yaml catches" in ended.out.splitlines()[-1]
    assert "judging a.csv" in ended.err
    found = project.quick("validate", "loose.yaml", "--rehearse", "--json").json
    assert state(found, "unit_0.01", "n") == "caught"
    assert state(found, "repeated", None) == "missed"
    assert found["replays"] == [] and found["passed"] is True


def test_a_spec_that_refuses_an_earlier_version_exits_with_1(project: Project) -> None:
    versions(project, "csv", 200, 2)
    text = "kind: validation\nname: tight\ndata: shop.csv\nexpect:\n  columns:\n    temp: {type: number, max: 5}\n"
    project.write("tight.yaml", text)
    ended = project.quick("validate", "tight.yaml", "--rehearse", code=1)
    assert "2 versions replayed, 2 refused" in ended.out
    assert "temp.max" in ended.out and "these say no without any fault" in ended.out


def test_rows_that_are_set_aside_do_not_refuse_a_version(project: Project) -> None:
    versions(project, "csv", 200, 1)
    text = "kind: validation\nname: q\ndata: shop.csv\nquarantine: {to: bad, max: 60%}\n"
    project.write(
        "q.yaml", text + "expect:\n  columns:\n    temp: {type: number, max: 12}\n    items: {type: integer}\n"
    )
    found = project.quick("validate", "q.yaml", "--rehearse", "--json").json
    assert [item["passed"] for item in found["replays"]] == [True]


def test_many_rows_and_columns_are_sampled(project: Project) -> None:
    source = np.random.default_rng(0)
    table: dict[str, pa.Array] = {f"c{n}": pa.array(source.normal(0, 1, 41_000)) for n in range(30)}
    table["word"] = pa.array(source.choice(["a", "b"], 41_000))
    write_table(pa.table(table), project.root / "big.parquet")
    columns = "".join(f"    c{n}: {{type: number, max: 50}}\n" for n in range(2))
    head = "kind: validation\nname: big\ndata: big.parquet\nbaseline: previous\nexpect:\n"
    project.write("big.yaml", head + "  rows: {min: 40000, max: 42000, change: 10%}\n  columns:\n" + columns)
    found = project.quick("validate", "big.yaml", "--rehearse", "--json").json
    assert (found["rows"], found["columns"], found["planted_columns"]) == (41_000, 31, 24)
    assert 13_000 <= found["planted_rows"] <= 20_000
    assert found["already"] == []
    assert state(found, "half", None) == "caught" and state(found, "repeated", None) == "caught"
    assert any(item["column"] == "word" for item in found["faults"])


def test_columns_of_every_kind(project: Project) -> None:
    n = 60
    table = pa.table(
        {
            "list": [[at] * (at % 3) for at in range(n)],
            "struct": [{"a": at, "b": f"x{at}"} for at in range(n)],
            "time": pa.array([dt.time(at % 24) for at in range(n)]),
            "binary": pa.array([b"x%d" % at for at in range(n)]),
            "decimal": pa.array([Decimal(at) / 4 for at in range(n)], pa.decimal128(10, 2)),
            "dictionary": pa.array(["a", "b", "c"] * 20).dictionary_encode(),
            "zoned": pa.array([dt.datetime(2026, 1, 1, at % 24, tzinfo=dt.UTC) for at in range(n)]),
            "small": pa.array([at % 7 for at in range(n)], pa.uint8()),
            "duration": pa.array([dt.timedelta(seconds=at) for at in range(n)]),
            "large": pa.array([2**63 + at for at in range(n)], pa.uint64()),
            "nan": pa.array([float("nan"), 1.0] * 30),
            "huge": pa.array([1e300, -1e300] * 30),
            "nothing": pa.nulls(n),
        }
    )
    write_table(table, project.root / "odd.parquet")
    project.quick("infer", "odd.parquet", "-o", "odd.yaml")
    project.quick("lint", "odd.yaml")
    project.quick("validate", "odd.yaml")
    found = project.quick("validate", "odd.yaml", "--rehearse", "--json").json
    assert found["caught"] >= 0.8 * found["planted"]
    assert state(found, "unit_0.01", "decimal") == state(found, "renamed", "dictionary") == "caught"


def test_what_has_no_rehearsal(project: Project) -> None:
    project.write(
        "m.yaml", "kind: validation\nname: m\nmodel: a\ndata: b.csv\ntarget: y\nexpect:\n  accuracy: {min: 0.5}\n"
    )
    assert "no rehearsal" in project.quick("validate", "m.yaml", "--rehearse", code=2).err
    project.write("d.yaml", "kind: validation\nname: d\nexpect:\n  rows: {min: 1}\n")
    assert "--data" in project.quick("validate", "d.yaml", "--rehearse", code=2).err
    project.write("bad.csv", "a,b\n1\n")
    assert "cannot be read" in project.quick("validate", "d.yaml", "--rehearse", "--data", "bad.csv", code=2).err
