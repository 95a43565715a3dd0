"""`mlops profile`: on files, folders, patterns and versions, in wide and narrow terminals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Project

OLD = "age,plan,joined\n" + "".join(
    f"{20 + at % 50},{'free' if at % 2 else 'pro'},2024-01-{1 + at % 28:02}\n" for at in range(600)
)
NEW = OLD.replace(",pro,", ",gold,").replace("\n2", "\n-999,pro,2024-02-01\n2", 30)


@pytest.fixture
def data(project: Project) -> Project:
    project.write("old.csv", OLD)
    project.write("new.csv", NEW)
    return project


def test_a_line_for_every_column(data: Project) -> None:
    lines = data.mlops("profile", "old.csv").out.splitlines()
    assert lines[0].startswith("old.csv: 600 rows, 3 columns, 1 file, csv")
    assert lines[2].split()[:2] == ["COLUMN", "TYPE"]
    assert [line.split()[:4] for line in lines[3:6]] == [
        ["age", "integer", "0%", "50"],
        ["plan", "string", "0%", "2"],
        ["joined", "date", "0%", "28"],
    ]
    assert "free 50.0%, pro 50.0%" in lines[4] and "2024-01-01 to 2024-01-28" in lines[5]


def test_against_another_version_what_moved_most_comes_first(data: Project) -> None:
    out = data.quick("profile", "new.csv", "--against", "old.csv").out
    lines = out.splitlines()
    assert lines[1].startswith("against old.csv: 600 rows")
    assert lines[4].startswith("plan") and "new 'gold'" in lines[4]
    assert "new '-999' 4.8%" in out
    same = data.quick("profile", "old.csv", "--against", "old.csv").out
    assert "no column moved" in same


def test_a_value_that_may_mean_missing_is_named(data: Project) -> None:
    assert "'-999' may mean missing" in data.quick("profile", "new.csv").out


def test_one_column_in_full(data: Project) -> None:
    out = data.quick("profile", "new.csv", "--column", "age", "--against", "old.csv").out
    for words in ("age: integer", "Distribution", "median", "No value", "perhaps '-999'", "new", "old"):
        assert words in out
    dates = data.quick("profile", "old.csv", "--column", "joined").out
    assert "Days of the week" in dates and "Mon" in dates and "No day without rows." in dates
    wrong = data.quick("profile", "old.csv", "--column", "agee", code=2)
    assert "no column 'agee'" in wrong.err and "did you mean 'age'?" in wrong.err


def test_slices_say_what_differs(data: Project) -> None:
    out = data.quick("profile", "old.csv", "--slice", "plan").out
    assert "plan=free" in out and "plan=pro" in out and "50.0%" in out
    wrong = data.quick("profile", "old.csv", "--slice", "plans", code=2)
    assert "did you mean 'plan'?" in wrong.err


def test_the_record_for_machines(data: Project) -> None:
    record = data.mlops("profile", "new.csv", "--against", "old.csv", "--slice", "plan", "--json").json
    assert (record["data"], record["against"], record["format"]) == ("new.csv", "old.csv", "csv")
    age = record["columns"][0]
    assert (age["name"], age["kind"], age["sentinels"]) == ("age", "integer", [["-999", age["sentinels"][0][1]]])
    assert age["quantiles"]["50%"] == 43  # the 315th of 630, 30 of which are -999
    assert record["moves"][0]["column"] == "plan" and 0.4 < record["moves"][0]["effect"] <= 0.5
    assert {part["label"] for part in record["slices"]} == {"plan=free", "plan=gold", "plan=pro"}
    one = data.quick("profile", "old.csv", "--column", "plan", "--json").json
    assert [column["name"] for column in one["columns"]] == ["plan"]


def test_the_page_has_the_same_bytes_each_time(data: Project) -> None:
    out = data.mlops("profile", "new.csv", "--against", "old.csv", "--html", "one.html").out
    assert out.startswith("one.html: ") and out.count("\n") == 1
    data.quick("profile", "new.csv", "--against", "old.csv", "--html", "two.html")
    first = (data.root / "one.html").read_bytes()
    assert first == (data.root / "two.html").read_bytes()
    assert b"what moved most" in first and str(data.root).encode() not in first
    wrong = data.quick("profile", "old.csv", "--html", "nowhere/deep/x.html", code=None)
    assert wrong.code in (0, 2)


def test_folders_patterns_and_versions(data: Project) -> None:
    for name in ("a", "b"):
        data.write(f"parts/{name}.csv", OLD)
    assert "1,200 rows, 3 columns, 2 files" in data.quick("profile", "parts").out
    assert "600 rows" in data.quick("profile", "parts/a*.csv").out
    data.quick("add", "old.csv")
    data.write("old.csv", NEW)
    out = data.quick("profile", "old.csv", "--against", "old.csv@v1").out
    assert "against old.csv@v1: 600 rows" in out and "new 'gold'" in out
    assert data.quick("profile", "nothing", code=None).code in (2, 4)


def test_outside_of_a_project(tmp_path: Path) -> None:
    plain = Project(tmp_path)
    plain.write("x.csv", OLD)
    assert "600 rows" in plain.quick("profile", "x.csv").out
    assert not (tmp_path / ".mlops").exists()


@pytest.mark.parametrize("cells", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(data: Project, monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    monkeypatch.setenv("COLUMNS", str(cells))
    data.write("names.csv", "一二三四五六七八九十一二三四五六七八九十,b" + "x" * 500 + "\n" + "漢字,plain\n" * 3)
    for words in (["old.csv"], ["names.csv"], ["new.csv", "--against", "old.csv"]):
        lines = data.quick("profile", *words).out.splitlines()[2:]
        assert max(map(_cells, lines)) <= max(cells, 64)
        assert cells < 64 or max(map(_cells, lines)) <= cells


def _cells(line: str) -> int:
    from mlops_cli.cli.screen import width

    return width(line)


def test_of_many_columns_the_interesting_ones_are_shown(project: Project) -> None:
    columns = {f"c{at}": np.arange(30.0) + at for at in range(200)}
    columns["c150"] = np.where(np.arange(30) % 2, np.nan, 1.0)
    pq.write_table(pa.table(columns), project.root / "wide.parquet")
    out = project.quick("profile", "wide.parquet", "--top", "10").out
    assert "c150" in out and "and 190 more columns" in out
    assert "more columns" not in project.quick("profile", "wide.parquet", "--top", "200").out


@pytest.mark.parametrize("text", ["a,b\n", "a\n1\n", "a,b\n,\n,\n"])
def test_next_to_nothing_is_told_too(project: Project, text: str) -> None:
    project.write("few.csv", text)
    assert "few.csv: " in project.quick("profile", "few.csv", "--against", "few.csv").out
    project.quick("profile", "few.csv", "--html", "few.html")
    project.quick("profile", "few.csv", "--column", "a")


def test_a_validation_can_be_a_page(data: Project) -> None:
    data.write("gate.yaml", "kind: validation\nname: gate\nexpect:\n  columns:\n    plan: {in: [free, pro]}\n")
    out = data.mlops("validate", "gate.yaml", "--data", "new.csv", "--format", "html", "-o", "gate.html", code=1)
    assert out.out == "" and "gate.html" in out.err
    text = (data.root / "gate.html").read_text("utf-8")
    assert "failed" in text and "gold" in text
    assert data.quick("validate", "gate.yaml", "--data", "old.csv", "-f", "html").out.startswith("<!doctype html>")
