"""`mlops infer`: the spec is in order, the data pass it, other rows of the same kind nearly always do too."""

from __future__ import annotations

import csv
import datetime as dt
import random
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_cli.tables.read import write_table
from tests.conftest import REPOSITORY, Project

SAMPLES = REPOSITORY / "examples" / "breast-cancer" / "data" / "samples.csv"


def holds(project: Project, data: str, *more: str) -> dict[str, dict[str, object]]:
    """Infer, lint and validate; the columns that the spec speaks of."""
    project.quick("infer", data, *more, "-o", "specs/made.yaml", "--name", "made", "--force")
    project.quick("lint", "specs/made.yaml")
    for item in (data, *more):
        project.quick("validate", "specs/made.yaml", "--data", item)
    found = yaml.safe_load((project.root / "specs/made.yaml").read_text("utf-8"))
    columns: dict[str, dict[str, object]] = found["expect"]["columns"]
    return columns


def test_the_data_of_the_example_pass(project: Project) -> None:
    shutil.copy(SAMPLES, project.root / "samples.csv")
    columns = holds(project, "samples.csv")
    assert columns["sample"] == {
        "type": "string", "unique": True, "matches": "S[0-9]{3}", "nulls": {"max": "0%"}, "empties": {"max": "0%"}
    }  # fmt: skip
    assert columns["diagnosis"]["in"] == ["benign", "malignant"]
    assert columns["mean_concavity"]["min"] == 0
    text = (project.root / "specs/made.yaml").read_text("utf-8")
    assert "# seen: string; all different" in text
    again = project.quick("infer", "samples.csv", "--name", "made").out
    assert again == text, "the same data give the same text"


def test_the_other_half_passes_nearly_all_checks(project: Project) -> None:
    lines = SAMPLES.read_text("utf-8").splitlines(keepends=True)
    rows, broken, asked = lines[1:], 0, 0
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        project.write("a.csv", lines[0] + "".join(rows[: len(rows) // 2]))
        project.write("b.csv", lines[0] + "".join(rows[len(rows) // 2 :]))
        project.quick("infer", "a.csv", "-o", "half.yaml", "--force")
        report = project.quick("validate", "half.yaml", "--data", "b.csv", "--baseline", "a.csv", "--json", code=None)
        states = [item["state"] for item in report.json["verdicts"]]
        broken, asked = broken + states.count("fail"), asked + len(states)
    assert asked > 600
    assert broken <= asked / 100


NAMES = [
    "",
    "rows",
    "a: b",
    "a\nb",
    "😀",
    "x, y",
    "yes",
    "1",
    " lead",
    "#c",
    "{d}",
    "'q'",
    '"',
    "null",
    "&a",
    "x-y",
    ".",
]
VALUES = ["*", "a: b", "- x", "yes", "'", "#", "ünï"]


def test_hostile_names_and_values(project: Project) -> None:
    with open(project.root / "hostile.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        for row in range(60):
            writer.writerow([VALUES[(row + at) % len(VALUES)] for at in range(len(NAMES))])
    columns = holds(project, "hostile.csv")
    assert columns.keys() == {"*", *NAMES}
    assert all(columns[name]["in"] == sorted(VALUES) for name in NAMES)


def test_a_column_that_is_called_like_every_column(project: Project) -> None:
    project.write("star.csv", "*,b\n1,2\n3,4\n")
    columns = holds(project, "star.csv")
    assert columns.keys() == {"*", "b"}
    assert "cannot be named here" in (project.root / "specs/made.yaml").read_text("utf-8")


def test_codes_are_no_numbers_and_a_spec_for_several_files(project: Project) -> None:
    project.write("d/1.csv", "zip,n,old\n" + "".join(f"{n:05d},{n},x\n" for n in range(50)))
    project.write("d/2.csv", "zip,n\n" + "".join(f"{n + 10000},{n / 2}\n" for n in range(60)))
    columns = holds(project, "d/1.csv", "d/2.csv")
    assert columns["zip"]["type"] == "string" and columns["zip"]["matches"] == "[0-9]{5}"
    assert columns["n"]["type"] == "number"
    assert columns["old"]["required"] is False
    holds(project, "d/*.csv")


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "csv"])
def test_every_format(project: Project, ending: str) -> None:
    n = 120
    day = dt.datetime(2026, 1, 1)
    table = pa.table(
        {
            "id": pa.array(range(n), pa.int32()),
            "at": pa.array([day + dt.timedelta(hours=i) for i in range(n)], pa.timestamp("us")),
            "on": pa.array([(day + dt.timedelta(days=i)).date() for i in range(n)]),
            "flag": pa.array([None if i % 9 == 0 else i % 2 == 0 for i in range(n)]),
            "mail": pa.array([f"user{i}@mail.example" for i in range(n)]),
            "share": pa.array([i / n for i in range(n)], pa.float32()),
            "none": pa.array([None] * n, pa.string()),
            "big": pa.array([2**62 + i for i in range(n)]),
        }
    )
    write_table(table, project.root / f"t.{ending}")
    columns = holds(project, f"t.{ending}")
    assert columns["id"]["unique"] is True
    assert columns["mail"]["is"] == "email"
    assert columns["at"]["type"] == "timestamp" or ending == "jsonl"
    assert columns["flag"]["type"] == "boolean"


def test_nothing_and_next_to_nothing(project: Project) -> None:
    project.write("none.csv", "a,b\n")
    project.quick("infer", "none.csv", "-o", "none.yaml")
    project.quick("lint", "none.yaml")
    project.write("one.csv", "a,b\n1,\n")
    holds(project, "one.csv")
    project.write("broken.csv", "a,b\n1\n")
    assert "1 value where the header has 2 columns" in project.quick("infer", "broken.csv", code=3).err
    assert "there is no" in project.quick("infer", "nothing.here", code=4).err


CELLS = st.one_of(st.none(), st.text(max_size=5), st.integers(-5, 2000).map(str), st.floats(-9, 9).map(str))
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES, st.integers(0, 2**32))
def test_whatever_the_table_its_own_spec_lets_it_pass(
    project: Project, rows: list[list[str | None]], seed: int
) -> None:
    source = np.random.default_rng(seed)
    table = {f"c{at}": pa.array([row[at] for row in rows], pa.string()) for at in range(3)}
    table["x"] = pa.array(source.standard_cauchy(len(rows)))
    table["n"] = pa.array(source.poisson(2, len(rows)))
    pq.write_table(pa.table(table), project.root / "any.parquet")
    holds(project, "any.parquet")


def test_where_it_is_written(project: Project, tmp_path: Path) -> None:
    project.write("a.csv", "a\n1\n2\n")
    assert project.quick("infer", "a.csv").out.startswith("# Inferred from a.csv (2 rows).")
    project.write("a.yaml", "mine")
    ended = project.quick("infer", "a.csv", "-o", "a.yaml", code=2)
    assert "is there already" in ended.err and "--force" in ended.err
    assert (project.root / "a.yaml").read_text() == "mine"
    project.quick("infer", "a.csv", "-o", "a.yaml", "--force")
    found = project.quick("infer", "a.csv", "--name", "other", "--json").json
    assert found["name"] == "other" and found["yaml"].count("name: other") == 1 and found["rows"] == [2]
    assert "cannot be the name" in project.quick("infer", "a.csv", "--name", "a b", code=2).err
    outside = Project(tmp_path / "outside")
    outside.root.mkdir()
    outside.write("a.csv", "a\n1\n2\n")
    assert "data:" not in outside.quick("infer", "a.csv").out
    project.quick("add", "a.csv")
    assert "data: a.csv" in project.quick("infer", "a.csv@v1").out


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (["trips.csv"], "trips"),
        (["data/trips-2030-01.csv", "data/trips-2030-02.csv"], "trips"),
        (["rides/2030-01.csv", "rides/2030-02.csv"], "rides"),
        (["rides/*.parquet"], "rides"),
        (["a/x.csv", "b/y.csv"], "data"),
        (["trips@v1", "trips@v2"], "trips"),
        (["2030.csv"], "2030"),
    ],
)
def test_the_name_is_that_of_all_inputs(data: list[str], name: str) -> None:
    from mlops_cli.workflows.infer_spec import name_of

    assert name_of(data) == name
