"""JSON lines: a line that is no object is named, wherever it stands."""

from pathlib import Path

import pytest

from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.read import read_table


@pytest.mark.parametrize("odd", ["[1, 2]", "5", '{"a": ', "x"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"a": 1}}\n{{"a": 2}}\n\n{odd}\n{{"a": 3}}\n')
    with pytest.raises(BadTable) as caught:
        read_table(path)
    assert caught.value.line == 4
    with pytest.raises(BadTable) as caught:
        [part.load(None) for part in open_dataset(path).parts()]
    assert caught.value.line == 4


def test_a_column_named_json_is_a_column(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"json": 1}\n{"json": "x"}\n')
    (part,) = open_dataset(path).parts()
    assert list(part.load(None)) == ["json"]


def test_columns_that_differ_by_capitals_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "A": 2}\n')
    with pytest.raises(BadTable, match="differ in nothing but capital letters"):
        list(open_dataset(path).parts())
