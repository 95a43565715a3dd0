"""CSV as it comes: what is read, and how a broken file is told."""

from pathlib import Path

import pytest

from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.read import read_table

BROKEN: dict[str, tuple[bytes, str, int | None]] = {
    "empty": (b"", "empty", None),
    "blank": (b"\n\n", "empty", None),
    "other_delimiter": (b"a;b\n1;x\n2;y\n", "parted by ';'", 1),
    "tabs": (b"a\tb\n1\tx\n", "parted by a tab", 1),
    "latin": ("a,b\n1,x\n2,café\n".encode("latin-1"), "not UTF-8 (byte 0xe9 at position 6", 3),
    "utf16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16", 1),
    "binary": (bytes(range(256)) * 10, "binary file", 1),
    "zero_byte": (b"a,b\n1,x\x00y\n", "binary file", 2),
    "duplicate": (b"a,b,a\n1,2,3\n", "duplicate column 'a'", 1),
    "short_row": (b"a,b,c\n1,2,3\n1,2\n3,4,5\n", "2 values where the header has 3 columns", 3),
    "long_row": (b"a,b\n1,2\n1,2,3\n", "3 values where the header has 2 columns", 3),
}


def write(folder: Path, data: bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(data)
    return path


def scan_all(path: Path) -> list[tuple[object, ...]]:
    """All rows, by the parts that are measured."""
    tables = [part.table() for part in open_dataset(path).parts()]
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    data, words, line = BROKEN[case]
    path = write(tmp_path, data)
    with pytest.raises(BadTable, match=r"data\.csv") as caught:
        scan_all(path)
    assert words in str(caught.value)
    assert caught.value.line == line
    with pytest.raises(BadTable) as caught:
        read_table(path)
    assert words in str(caught.value)


def test_a_file_cut_inside_a_quoted_value_cannot_be_scanned(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="line 3: a quoted value is never closed") as caught:
        scan_all(write(tmp_path, b'a,b\n1,x\n2,"yy'))
    assert "cut off" in (caught.value.hint or "")


def test_an_empty_cell_is_null_and_a_quoted_one_is_an_empty_text(tmp_path: Path) -> None:
    path = write(tmp_path, b'a,b\n1,x\n2,\n3,""\n')
    assert [row[1] for row in scan_all(path)] == ["x", None, ""]
    assert read_table(path).column("b").to_pylist() == ["x", None, ""]


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbfa,b\n1,2\n", b"a,b\r\n1,2\r\n", b"a,b\n\n1,2\n\n", b'"a","b"\n"1","2"', b"a,b\n1,2"],
    ids=["bom", "crlf", "blank_lines", "quoted", "no_last_newline"],
)
def test_harmless_forms_of_one_table_read_alike(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, data)
    assert scan_all(path) == [("1", "2")]
    assert read_table(path).to_pylist() == [{"a": 1, "b": 2}]


def test_both_readers_count_blank_lines_of_a_single_column_as_null(tmp_path: Path) -> None:
    path = write(tmp_path, b"a\n1\n\n2\n")
    assert scan_all(path) == [("1",), (None,), ("2",)]
    assert read_table(path).column("a").to_pylist() == [1, None, 2]


def test_types_come_from_all_rows(tmp_path: Path) -> None:
    rows = "".join(f"{index},{index}\n" for index in range(200_000))
    path = write(tmp_path, f"a,b\n{rows}1.5,x\n".encode())
    assert [str(kind) for kind in read_table(path).schema.types] == ["double", "string"]


def test_names_may_be_anything(tmp_path: Path) -> None:
    path = write(tmp_path, 'größe,"a ""b""","; drop table t --",\n1,2,3,4\n'.encode())
    (part,) = open_dataset(path).parts()
    assert part.names == ("größe", 'a "b"', "; drop table t --", "")
    assert scan_all(path) == [("1", "2", "3", "4")]
    assert read_table(path).column_names == ["größe", 'a "b"', "; drop table t --", ""]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n")
    assert scan_all(path) == []
    assert read_table(path).num_rows == 0
