"""Every format of tables keeps the same promises."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_cli.tables.formats import FORMATS
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
from mlops_cli.tables.read import format_of, read_table, write_table

TABLE = pa.table(
    {
        "whole": pa.array([1, 2, None, 9_007_199_254_740_993], pa.int64()),
        "real": pa.array([0.1, -1.5, None, 1e300], pa.float64()),
        "text, with 'quotes' \"": pa.array(["a", None, 'ü,\n"x"', "z"], pa.string()),
        "flag": pa.array([True, False, None, True], pa.bool_()),
    }
)


@pytest.fixture(params=list(FORMATS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"table{FORMATS[request.param].ENDINGS[0]}"


def test_the_table_names_its_members(path: Path) -> None:
    member = format_of(path)
    assert FORMATS[member.NAME] is member


def test_what_is_written_is_read_again(path: Path) -> None:
    write_table(TABLE, path)
    assert read_table(path).to_pydict() == TABLE.to_pydict()
    assert read_table(path).schema.types == TABLE.schema.types


def test_the_same_rows_give_the_same_bytes(path: Path) -> None:
    write_table(TABLE, path)
    first = path.read_bytes()
    write_table(pa.concat_tables([TABLE[:2], TABLE[2:]]).replace_schema_metadata({"a": "b"}), path)
    assert path.read_bytes() == first


def test_times_come_back_as_times_or_as_their_text(path: Path) -> None:
    moments = [datetime(2020, 1, 1, 12, 30, tzinfo=UTC).replace(tzinfo=None)]
    write_table(pa.table({"at": pa.array(moments, pa.timestamp("us"))}), path)
    assert str(read_table(path).column("at").to_pylist()[0]).startswith("2020-01-01")


def test_an_empty_file_and_another_format_are_refused(path: Path) -> None:
    for data in (b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"):
        path.write_bytes(data)
        with pytest.raises(BadTable):
            read_table(path)
        with pytest.raises(BadTable):
            [part.load(None) for part in open_dataset(path).parts()]


def test_parts_have_all_rows_and_columns_in_order(path: Path) -> None:
    write_table(TABLE, path)
    parts = list(format_of(path).parts(path))
    assert parts
    whole: dict[str, list[object]] = {name: [] for name in TABLE.column_names}
    for part in parts:
        found = part.load(None)
        assert list(found) == TABLE.column_names
        assert part.names is None or list(part.names) == TABLE.column_names
        assert part.rows is None or {len(array) for array in found.values()} == {part.rows}
        for name, array in found.items():
            whole[name] += array.to_pylist()
    texts = TABLE.column(2).to_pylist()
    assert whole[TABLE.column_names[2]] == texts
    if format_of(path).TEXT != "all":
        assert whole == TABLE.to_pydict()


def test_parts_give_the_columns_that_are_asked_for(path: Path) -> None:
    write_table(TABLE, path)
    (part,) = format_of(path).parts(path)
    found = part.load(("flag", "whole", "no such column"))
    assert list(found) == ["whole", "flag"]
    nothing = part.load(("no such column",))
    assert [(name, len(array)) for name, array in nothing.items()] == [("", 4)]


def test_the_identity_of_a_part_is_that_of_its_bytes(path: Path) -> None:
    def identity(table: pa.Table, name: str) -> object:
        write_table(table, path)
        (part,) = format_of(path).parts(path)
        return part.identity(name if part.columnar else None)

    first = identity(TABLE, "flag")
    assert first is not None and identity(TABLE, "flag") == first
    changed = TABLE.set_column(3, "flag", pa.array([True, True, None, True]))
    assert identity(changed, "flag") != first
    write_table(TABLE, path)
    (part,) = format_of(path).parts(path)
    if part.columnar:  # another column does not change it
        assert identity(TABLE.set_column(0, "whole", pa.array([1, 2, 3, 4])), "flag") == first
