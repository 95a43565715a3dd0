"""`sql`: inputs are tables, parameters are values, and nothing else is in reach."""

from pathlib import Path

import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.spec.pipeline import Output
from mlops_cli.stages import sql
from mlops_cli.stages.base import Input, Job
from mlops_cli.tables.read import read_frame, write_table


def run(folder: Path, query: str, arguments: dict[str, Json] | None = None, threads: int = 1) -> pd.DataFrame:
    given = {}
    for name, ending in (("left", "parquet"), ("right", "csv")):
        path = folder / f"{name}.{ending}"
        write_table(pd.DataFrame({"k": [1, 2, 3], name: ["a", "b", "c"], "odd name": [1.5, 2.5, None]}), path)
        given[name] = [Input(str(path), "table", Oid("0" * 64))]
    outputs = (Output("joined", "table"),)
    options: dict[str, Json] = {"query": query}
    work = Job("s", "sql", str(folder), str(folder), options, given, (), arguments or {}, outputs, threads=threads)
    return read_frame(Path(sql.run(work).outputs["joined"].path or ""))


def test_inputs_of_any_format_join(tmp_path: Path) -> None:
    found = run(tmp_path, 'SELECT k, "left", "right" FROM "left" JOIN "right" USING (k) ORDER BY k DESC')
    assert found.to_dict("list") == {"k": [3, 2, 1], "left": ["c", "b", "a"], "right": ["c", "b", "a"]}


def test_parameters_are_values_and_unused_ones_do_not_matter(tmp_path: Path) -> None:
    found = run(tmp_path, 'SELECT k FROM "left" WHERE "left" = $which', {"which": "b'; DROP TABLE x", "other": 1})
    assert found.empty
    assert run(tmp_path, 'SELECT k FROM "left" WHERE "left" = $which', {"which": "b"}).k.tolist() == [2]


def test_a_query_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text('SELECT max(k) AS top FROM "left"')
    assert run(tmp_path, "q.sql").top.tolist() == [3]
    with pytest.raises(StageFailed, match="cannot be read"):
        run(tmp_path, "none.sql")


def test_an_empty_result_keeps_its_columns(tmp_path: Path) -> None:
    assert run(tmp_path, 'SELECT k, "left" FROM "left" WHERE false').columns.tolist() == ["k", "left"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1; SELECT 2", "one SELECT"),
        ('DROP VIEW "left"', "one SELECT"),
        ("COPY (SELECT 1) TO 'out.csv'", "one SELECT"),
        ("INSTALL httpfs", "one SELECT"),
        ("", "one SELECT"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nope", "nope does not exist"),
        ('SELECT nope FROM "left"', "nope"),
        ('SELECT CAST("left" AS INTEGER) FROM "left"', "Could not convert"),
        ("SELECT $missing", "no parameter"),
        ("SELECT * FROM read_csv('/etc/passwd')", "no input"),
        ("SELECT * FROM read_text('/etc/hostname')", "no input"),
    ],
)
def test_a_query_that_cannot_be_is_told(tmp_path: Path, query: str, words: str) -> None:
    with pytest.raises(StageFailed, match=words):
        run(tmp_path, query)


def test_rows_without_an_order_come_alike_with_any_number_of_threads(tmp_path: Path) -> None:
    query = "SELECT i % 1000 AS g, count(*) AS n FROM range(300000) t(i) GROUP BY g"
    assert run(tmp_path, query, threads=1).equals(run(tmp_path, query, threads=4))
