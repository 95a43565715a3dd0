"""Frames to files and back, and queries that see nothing but their files."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.read import need_columns, read_frame, read_table, write_table
from mlops_cli.tables.scan import connect


def test_a_numbered_index_is_dropped_and_a_named_one_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4]})
    path = tmp_path / "t.parquet"
    write_table(frame[frame.a > 2], path)
    assert read_frame(path).columns.tolist() == ["a"]
    write_table(frame.set_index(pd.Index(list("wxyz"), name="key")), path)
    assert read_frame(path).to_dict("list") == {"key": list("wxyz"), "a": [1, 2, 3, 4]}
    write_table(frame.set_index(pd.Index([4, 3, 2, 1], name="n")), path)
    assert read_frame(path).columns.tolist() == ["n", "a"]


def test_bytes_depend_on_the_rows_alone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(1000), "b": ["x", "y"] * 500})
    pieces = pd.concat([frame[:300], frame[300:]])
    frame.attrs["note"] = "metadata"
    write_table(frame, tmp_path / "one.parquet")
    write_table(pieces, tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (pd.DataFrame({"a": [1, "x"]}), "a"),
        (pd.DataFrame({"a": [1]}, index=pd.Index(["k"], name="a")), "both named 'a'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "levels"),
    ],
    ids=["duplicate", "mixed", "index_clash", "levels"],
)
def test_a_frame_that_is_no_table_is_refused(tmp_path: Path, frame: pd.DataFrame, words: str) -> None:
    with pytest.raises(BadTable, match=words):
        write_table(frame, tmp_path / "t.parquet")


def test_numbers_as_column_names_become_texts(tmp_path: Path) -> None:
    write_table(pd.DataFrame([[1, 2]]), tmp_path / "t.parquet")
    assert read_frame(tmp_path / "t.parquet").columns.tolist() == ["0", "1"]


def test_a_column_without_values_is_a_number_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,\n2,\n")
    frame = read_frame(tmp_path / "t.csv")
    assert frame.b.dtype == np.float64
    assert frame.b.isna().all()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.parquet", b"", "empty"),
        ("t.parquet", b"a,b\n1,2\n", "not a Parquet file"),
        ("t.parquet", b"PAR1xxxxxxxxxxxxxxxx", "cut off or damaged"),
        ("t.arrow", b"a,b\n1,2\n", "not an Arrow file"),
        ("t.jsonl", b"", "empty"),
        ("t.jsonl", b"[1, 2]\n", "must be a JSON object"),
        ("t.jsonl", b'{"a": 1}\n{"a":\n', "JSON"),
        ("t.jsonl", b"a,b\n1,2\n", "not JSON"),
        ("t.xlsx", b"PK", "names no format"),
    ],
)
def test_a_file_that_is_not_what_it_says(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadTable, match=words):
        read_table(path)
    with pytest.raises(BadTable):
        [part.load(None) for part in open_dataset(path).parts()]


def test_folders_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="folder"):
        read_table(tmp_path)
    with pytest.raises(BadTable, match="cannot be opened"):
        read_table(tmp_path / "none.csv")


def test_json_lines_keep_dates_as_texts_and_mixed_columns_readable(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"day": "2020-01-01", "v": 1}\n{"day": "2020-01-02", "v": "x", "extra": true}\n')
    (part,) = open_dataset(path).parts()
    assert part.table().to_pylist() == [
        {"day": "2020-01-01", "v": "1", "extra": None},
        {"day": "2020-01-02", "v": "x", "extra": True},
    ]


def test_a_query_reads_its_files_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    (tmp_path / "other.csv").write_text("a\n2\n")
    with connect({"file": tmp_path / "in.csv"}) as connection:
        assert connection.execute(f"SELECT * FROM read_csv('{tmp_path}/in.csv')").fetchall() == [(1,)]
        for query in (f"SELECT * FROM read_csv('{tmp_path}/other.csv')", f"COPY (SELECT 1) TO '{tmp_path}/out.csv'"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(query)
        with pytest.raises(duckdb.Error):
            connection.execute("SET enable_external_access = true")
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_column_is_named_with_its_nearest_neighbour() -> None:
    with pytest.raises(StageFailed, match="the data has no column 'agee'") as caught:
        need_columns(["age", "name"], ["agee"], "the data")
    assert caught.value.faults[0].hint == "did you mean 'age'?"
