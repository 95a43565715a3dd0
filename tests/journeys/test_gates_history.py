"""Gates on data that come day after day: what they compare with, what varies by nature, what makes them run again."""

from __future__ import annotations

import random

import pytest
from conftest import Project

PIPELINE = """
kind: pipeline
name: daily
data: {sales: data/sales.csv}
stages:
  check: {validate: specs/sales.yaml, in: {data: sales}}
  count: {sql: "select count(*) as n from rows", in: {rows: check.rows}}
"""
SPEC = """
kind: validation
name: sales
baseline: previous
history: 6
expect:
  rows: {within: 50%, of: history}
  columns:
    amount: {type: number, mean: {change: 5%}, median: {within: 40%, of: history}}
    "*": {nulls: {change: 2pp}, drift: {max: 0.1}}
"""


@pytest.fixture
def daily(project: Project) -> Project:
    project.write("specs/pipeline.yaml", PIPELINE)
    project.write("specs/sales.yaml", SPEC)
    return project


def day(project: Project, number: int, centre: float = 100.0, rows: int = 400) -> None:
    """One day's sales: their mean differs from day to day by about a tenth."""
    source = random.Random(number)
    amounts = [f"{source.gauss(centre, 20):.2f},{source.choice('abc')}" for _ in range(rows)]
    project.write("data/sales.csv", "\n".join(["amount,shop", *amounts, ""]))


def found(project: Project) -> dict[str, tuple[str, str | None]]:
    report = project.quick("validate", "specs/sales.yaml", "--data", "data/sales.csv", "--json", code=None).json
    return {item["check"]: (item["state"], item["reason"]) for item in report["verdicts"]}


CENTRES = [100, 112, 95, 108, 92, 105]


def test_what_varies_by_nature_is_no_alarm_once_it_is_known(daily: Project) -> None:
    seen = []
    for number, centre in enumerate(CENTRES):
        day(daily, number, centre)
        said = daily.quick("run", code=None)
        seen.append(said.code)
        if said.code:  # a person says that these data are right: the next days know them
            daily.edit("specs/sales.yaml", "mean: {change: 5%}", "mean: {change: 90%}")
            daily.edit("specs/sales.yaml", "drift: {max: 0.1}", "drift: {max: 0.9}")
            daily.quick("run")
            daily.edit("specs/sales.yaml", "mean: {change: 90%}", "mean: {change: 5%}")
            daily.edit("specs/sales.yaml", "drift: {max: 0.9}", "drift: {max: 0.1}")
    assert seen[0] == 0 and 1 in seen[1:4], "two days do not tell what is natural"
    day(daily, 10, 97)
    daily.quick("run")
    assert found(daily)["amount.mean.change"] == ("pass", "natural_variation")
    day(daily, 11, 160)
    stopped = daily.quick("run", code=1).out
    assert "amount.mean.change" in stopped
    day(daily, 12, 100, rows=90)
    assert "rows is 90, and 400 is usual (the median of 6 versions)" in daily.quick("run", code=1).out


def test_the_first_days_wait_and_then_compare_with_the_day_before(daily: Project) -> None:
    daily.edit("specs/sales.yaml", "mean: {change: 5%}", "mean: {change: 30%}")
    reasons = []
    for number in range(4):
        day(daily, number)
        daily.quick("run")
        reasons.append((found(daily)["rows.within"], found(daily)["amount.mean.change"][1]))
    assert reasons[0] == (("not_run", "learning"), "no_baseline")
    assert [reason[0][0] for reason in reasons] == ["not_run", "not_run", "not_run", "pass"]
    assert all(reason[1] != "no_baseline" for reason in reasons[1:])
    assert "against sales@v3" in daily.quick("run").out


def test_data_that_come_back_are_not_judged_anew(daily: Project) -> None:
    daily.edit("specs/sales.yaml", "mean: {change: 5%}", "mean: {change: 30%}")
    for number in (1, 2, 3):
        day(daily, number)
        daily.quick("run")
    day(daily, 1)
    said = daily.quick("run").out
    assert "daily: 2 reused" in said, "they meet the baseline of their day"


def test_a_day_that_was_refused_is_no_baseline(daily: Project) -> None:
    daily.edit("specs/sales.yaml", "mean: {change: 5%}", "mean: {change: 30%}")
    day(daily, 1)
    daily.quick("run")
    day(daily, 2, 300)
    daily.quick("run", code=1)
    day(daily, 3)
    assert "against sales@v1" in daily.quick("run").out


def test_a_baseline_by_reference_and_by_path(daily: Project) -> None:
    day(daily, 1)
    daily.quick("run")
    day(daily, 2, 300)
    words = ("validate", "specs/sales.yaml", "--data", "data/sales.csv")
    assert "against sales@v1" in daily.quick(*words, "--baseline", "sales@v1", code=1).out
    assert daily.quick(*words, "--baseline", "data/sales.csv", "--json").json["baseline"] == "data/sales.csv"
    assert "against sales@v1" in daily.quick(*words, code=1).out, "`previous` is known by hand too"
    assert "is a run, not a version" in daily.quick(*words, "--baseline", "run:" + run_id(daily), code=2).err
    assert daily.quick("validate", "specs/sales.yaml", "--data", "sales@v1").code == 0


def run_id(project: Project) -> str:
    found: str = project.quick("runs", "--json").json["runs"][0]["id"]
    return found


def test_a_table_that_checks_look_in_is_part_of_the_key(daily: Project) -> None:
    daily.write(
        "specs/sales.yaml", SPEC.replace('"*"', 'shop: {references: {data: "data/shops/*.csv", column: shop}}\n    "*"')
    )
    daily.write("data/shops/1.csv", "shop\na\nb\n")
    daily.write("data/shops/2.csv", "shop\nc\n")
    day(daily, 1)
    daily.quick("run")
    assert "up to date" in daily.quick("run").out
    daily.write("data/shops/2.csv", "shop\nd\n")
    assert "data/shops" in daily.quick("plan").out
    assert "does not have" in daily.quick("run", code=1).out
    (daily.root / "data/shops/2.csv").unlink()
    daily.write("data/shops/3.csv", "shop\nc\n")
    daily.quick("run")


@pytest.mark.parametrize("check", ["columns: {at: {type: timestamp, freshness: {max: 2h}}}", "age: {max: 2h}"])
def test_the_hour_counts_where_a_check_asks_how_old_something_is(
    daily: Project, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    import os

    daily.write("specs/sales.yaml", f"kind: validation\nname: sales\nexpect: {{{check}}}\n")
    path = daily.write("data/sales.csv", "at,n\n2026-11-24T10:00:00Z,1\n")
    moment = 1795514400  # 2026-11-24T10:00:00Z
    os.utime(path, (moment, moment))
    monkeypatch.setenv("MLOPS_NOW", "2026-11-24T11:00:00Z")
    daily.quick("run")
    monkeypatch.setenv("MLOPS_NOW", "2026-11-24T11:59:00Z")
    assert "up to date" in daily.quick("run").out, "within the hour nothing runs again"
    monkeypatch.setenv("MLOPS_NOW", "2026-11-24T12:01:00Z")
    assert "2.017 h old" in daily.quick("run", code=1).out
    path.write_text("at,n\n2026-11-24T12:00:00Z,1\n")
    os.utime(path, (moment + 7200, moment + 7200))
    daily.quick("run")


def test_a_gate_lists_its_profile_among_its_outputs(daily: Project) -> None:
    day(daily, 1)
    daily.quick("run")
    names = daily.quick("ls", "-a").out
    for output in ("rows", "report", "profile"):
        assert f"daily/check.{output}" in names
