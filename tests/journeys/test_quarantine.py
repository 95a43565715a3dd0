"""Rows that a gate sets aside, in a pipeline: published, limited, released with who and why, and taken back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import Project

from mlops_cli.tables.read import read_table

PIPELINE = """
kind: pipeline
name: shop
data: {orders: data/orders.csv}
stages:
  check: {validate: specs/orders.yaml, in: {data: orders}}
  count: {sql: "select count(*) as n, sum(amount) as total from rows", in: {rows: check.rows}}
"""
SPEC = """
kind: validation
name: orders
quarantine: {to: rejected, max: 40%}
expect:
  columns:
    id: {type: integer, unique: true}
    amount: {type: number, min: 0, max: 100}
  rows_where: [{expr: "amount < 90 or id < 5", name: big}]
"""
ROWS = ["1,5", "2,-3", "3,50", "3,200", "4,7", "5,8", "6,9", "7,10", "8,11", "9,95"]


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("specs/pipeline.yaml", PIPELINE)
    project.write("specs/orders.yaml", SPEC)
    orders(project, ROWS)
    return project


def orders(project: Project, rows: list[str]) -> None:
    project.write("data/orders.csv", "\n".join(["id,amount", *rows, ""]))


def total(project: Project) -> dict[str, float]:
    found: dict[str, float] = table(project, "shop/count.table").to_pylist()[0]
    return found


def artifact(project: Project, name: str) -> dict[str, str]:
    found: dict[str, str] = project.quick("show", name, "--json").json["version"]["artifact"]
    return found


def table(project: Project, name: str) -> pa.Table:
    path = project.root / "out" / artifact(project, name)["name"]
    path.unlink(missing_ok=True)
    project.quick("checkout", name, str(path))
    return read_table(path)


def reasons(project: Project) -> dict[int, str]:
    aside = table(project, "rejected").to_pydict()
    return dict(zip(aside["mlops_row"], aside["mlops_reasons"], strict=True))


def test_the_pipeline_goes_on_without_them(shop: Project) -> None:
    said = shop.mlops("run").out
    assert "gate check (orders) on 10 rows = 7 kept + 3 set aside: passed" in said
    assert "1 set aside as rejected" in said
    assert total(shop) == {"n": 7, "total": 100.0}
    assert reasons(shop) == {2: "amount.min", 4: "id.unique; amount.max", 10: "rows_where.big"}
    assert shop.quick("run", "--json").json["outcome"] == "done"
    report = shop.quick("validate", "specs/orders.yaml", "--data", "data/orders.csv", "--json").json
    assert (report["aside"], report["rows"]) == (3, 10), "by hand the answer is the same"


def test_nothing_aside_hands_the_very_same_object_on(shop: Project) -> None:
    orders(shop, ["1,5", "2,7"])
    shop.mlops("run")
    assert artifact(shop, "orders")["oid"] == artifact(shop, "shop/check.rows")["oid"]
    assert reasons(shop) == {}


def test_above_the_limit_the_gate_says_no_and_shows_the_rows(shop: Project) -> None:
    shop.edit("specs/orders.yaml", "max: 40%", "max: 2")
    said = shop.mlops("run", code=1)
    assert "3 of 10 rows (30.0%) set aside, 7 kept; at most 2 may be" in said.out
    assert len(reasons(shop)) == 3, "somebody will want to see them"
    names = shop.quick("ls", "-a").out
    assert "shop/count" not in names and "orders " not in names


def test_rows_are_released_by_check_by_row_and_all(shop: Project) -> None:
    shop.mlops("run")
    said = shop.quick("release", "rejected", "--check", "amount.min", "--because", "a refund")
    assert "1 row released as rejected.released@v1, 2 stay aside" in said.out
    assert "released by" not in said.out
    log = shop.quick("log", "rejected.released").out
    assert "release 1 row of rejected by" in log and ": a refund" in log
    assert "input @released" in shop.quick("plan").out
    again = shop.mlops("run").out
    assert "8 kept + 2 set aside" in again and "they have been released" in again
    assert total(shop) == {"n": 8, "total": 97.0}
    assert "up to date" in shop.mlops("run").out, "a second run keeps them"
    shop.quick("release", "rejected", "--row", "4", "--because", "a bus")
    found = shop.quick("release", "rejected", "--because", "all of it", "--json").json
    assert (found["rows"], found["total"], found["left"], found["why"]) == (2, 3, 0, "all of it")
    shop.mlops("run")
    assert total(shop)["n"] == 10
    orders(shop, [*ROWS, "10,-3", "2,-3"])
    shop.mlops("run")
    assert reasons(shop) == {11: "amount.min"}, "the row that was released is known in new data too"


def test_a_release_is_taken_back(shop: Project) -> None:
    shop.mlops("run")
    shop.quick("release", "rejected", "--check", "amount.min", "--because", "one")
    shop.quick("release", "rejected", "--check", "rows_where.big", "--because", "two")
    back = shop.quick("release", "rejected", "--undo", "--because", "a mistake", "--json").json
    assert (back["rows"], back["version_number"]) == (1, 1)
    shop.mlops("run")
    assert set(reasons(shop)) == {4, 10}
    shop.quick("release", "rejected", "--row", "4", "--because", "three")
    shop.quick("release", "rejected", "--undo", "--because", "no")
    said = shop.quick("release", "rejected", "--undo", "--because", "no").out
    assert "1 row will be set aside again" in said
    shop.mlops("run")
    assert set(reasons(shop)) == {2, 4, 10}
    assert (
        "no rows of 'rejected' are released"
        in shop.quick("release", "rejected", "--undo", "--because", "x", code=2).err
    )
    log = shop.quick("log").out
    assert log.count("take back the release of 1 row of rejected by") == 3 and ": a mistake" in log


def test_what_cannot_be_released_is_told(shop: Project) -> None:
    shop.mlops("run")
    for words, code, said in (
        (["orders", "--because", "x"], 2, "'orders' holds no rows that a gate has set aside"),
        (["nothing", "--because", "x"], 4, "there is no 'nothing'"),
        (["rejected", "--because", " "], 2, "a release needs a reason"),
        (["rejected"], 2, "--because"),
        (["rejected", "--check", "nope", "--because", "x"], 2, "no row was set aside by 'nope'"),
        (["rejected", "--row", "3", "--because", "x"], 2, "row 3 is not among the rows that were set aside"),
        (["rejected", "--check", "id.unique", "--because", "x"], 2, "no row is meant"),
        (["rejected", "--undo", "--row", "2", "--because", "x"], 2, "takes a whole release back"),
        (["run:zzzz", "--because", "x"], 4, "zzzz"),
    ):
        assert said in shop.quick("release", *words, code=code).err, words
    assert "rejected.released" not in shop.quick("ls", "-a").out
    orders(shop, ["1,5"])
    shop.mlops("run")
    assert "no row was set aside" in shop.quick("release", "rejected", "--because", "x", code=2).err


def test_releases_at_the_same_moment_all_count(shop: Project) -> None:
    orders(shop, [f"{at},-{at}" if at < 6 else f"{at},1" for at in range(1, 30)])
    shop.mlops("run")
    command = [sys.executable, "-m", "mlops_cli", "release", "rejected", "--because", "x", "--row"]
    running = [subprocess.Popen([*command, str(row)], cwd=shop.root, stdout=subprocess.DEVNULL) for row in (1, 2, 3, 4)]
    assert [process.wait(120) for process in running] == [0] * 4
    shop.mlops("run")
    assert set(reasons(shop)) == {5}


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_folders_in_other_forms_go_on_in_their_form(shop: Project, ending: str) -> None:
    from mlops_cli.tables.read import write_table

    whole = read_table(shop.root / "data/orders.csv")
    for at in range(5):
        write_table(whole.slice(2 * at, 2), shop.root / f"data/orders/{at}.{ending}")
    (shop.root / "data/orders.csv").unlink()
    shop.edit("specs/pipeline.yaml", "data/orders.csv", "data/orders")
    shop.mlops("run")
    assert total(shop) == {"n": 7, "total": 100.0}
    assert reasons(shop) == {2: "amount.min", 4: "id.unique; amount.max", 10: "rows_where.big"}
    rows = artifact(shop, "shop/check.rows")
    assert (rows["name"], rows["layout"]) == (f"rows.{ending}", "file")


def test_a_folder_without_rows_to_set_aside_stays_a_folder(shop: Project) -> None:
    (shop.root / "data/orders.csv").unlink()
    for at in range(2):
        shop.write(f"data/orders/{at}.csv", f"id,amount\n{at},5\n")
    shop.edit("specs/pipeline.yaml", "data/orders.csv", "data/orders")
    shop.edit("specs/pipeline.yaml", "  count: ", "  # count: ")
    shop.mlops("run")
    assert artifact(shop, "shop/check.rows")["layout"] == "tree"
    assert Path(shop.root / "data/orders/0.csv").exists()
