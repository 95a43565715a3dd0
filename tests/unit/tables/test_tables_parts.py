"""Data sets as parts: hostile files give a table or a reason, never a traceback."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from mlops_cli.measures.engine import profile
from mlops_cli.measures.summary import Profile
from mlops_cli.tables.formats import parquet
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.formats.lines import blocks
from mlops_cli.tables.parts import open_dataset

GZIP = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
BAD_UTF8 = pa.table(
    {
        "s": pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"a\xffbc")]
        )
    }
)


def profiled(path: Path, data: bytes | pa.Table | None = None) -> Profile:
    if isinstance(data, bytes):
        path.write_bytes(data)
    elif data is not None and path.suffix == ".parquet":
        pq.write_table(data, path)
    elif data is not None:
        with pa.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, data.schema) as writer:
            writer.write_table(data)
    return profile(open_dataset(path))


REFUSED = [
    ("zero.csv", b"", "empty"),
    ("zero.parquet", b"", "empty"),
    ("zero.jsonl", b"", "empty"),
    ("zero.arrow", b"", "empty"),
    ("blank.csv", b" \n\n", "empty"),
    ("twice.csv", b"a,a\n1,2\n", "duplicate column 'a'"),
    ("unclosed.csv", b'a,b\n1,"x\n2,y\n', "never closed"),
    ("uneven.csv", b"a,b\n1,2\n3\n", "1 value where the header has 2"),
    ("mac.csv", b"a,b\r1,x\r2,y\r", "carriage return"),
    ("late.csv", b"a,b\n1,2\n3,\xff\n", "not UTF-8"),
    ("wide16.csv", "a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ("wide16le.csv", "a,b\n1,2\n".encode("utf-16-le"), "binary"),
    ("nul.csv", b"a,b\n1,\0\n", "binary"),
    ("semicolon.csv", b"a;b\n1;2\n", "parted by ';'"),
    ("short.csv.gz", GZIP[: len(GZIP) // 2], "cut off or damaged"),
    ("garbage.csv.gz", b"\x1f\x8b" + b"garbage" * 100, "cut off or damaged"),
    ("plain.csv.gz", b"a,b\n1,2\n", "cut off or damaged"),
    ("csv.parquet", b"a,b\n1,2\n", "not a Parquet file"),
    ("csv.jsonl", b"a,b\n1,2\n", "not JSON"),
    ("csv.arrow", b"a,b\n1,2\n", "not an Arrow file"),
    ("ending.none", b"a,b\n1,2\n", "names no format"),
    ("line.jsonl", b'{"a":1}\n{"a":\n', "line 2"),
    ("array.jsonl", b"[1]\n", "must be a JSON object"),
    ("nothing.jsonl", b"{}\n{}\n", "no columns"),
    ("deep.jsonl", b'{"a":1}\n{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n", "nested too deeply"),
    ("deeper.jsonl", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "nested too deeply"),
    ("utf8.jsonl", b'{"a":"x"}\n{"a":"\xff"}\n', "not UTF-8"),
    ("utf8.parquet", BAD_UTF8, "'s' is not UTF-8"),
    ("utf8.arrow", BAD_UTF8, "'s' is not UTF-8"),
    ("columns.parquet", pa.table({}), "no columns"),
]


@pytest.mark.parametrize(("name", "data", "reason"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_no_table_is_refused_with_a_reason(
    tmp_path: Path, name: str, data: bytes | pa.Table, reason: str
) -> None:
    with pytest.raises(BadTable, match=reason):
        profiled(tmp_path / name, data)


# name, bytes, rows, then of the first column: name, kind, nulls, different values
READ = [
    ("head.csv", b"a,b\n", 0, ("a", "nothing", 0, 0)),
    ("head_open.csv", b"a,b", 0, ("a", "nothing", 0, 0)),
    ("one.csv", b"a,b\n1,x", 1, ("a", "integer", 0, 1)),
    ("nulls.csv", b"a,b\n,\n,\n", 2, ("a", "nothing", 2, 0)),
    ("constant.csv", b"a\n" + b"7\n" * 5, 5, ("a", "integer", 0, 1)),
    ("mixed.csv", b"a\n1\nx\n2020-01-01\n", 3, ("a", "string", 0, 3)),
    ("index.csv", b",a\n0,5\n1,6\n", 2, ("", "integer", 0, 2)),
    ("quotes.csv", b'a,b\n5" pipe,x\n6,"y\nz"\n7" x,w\n', 3, ("a", "string", 0, 3)),
    ("quote_in_header.csv", b'h 6",b\n1,x\n2,y\n', 2, ('h 6"', "integer", 0, 2)),
    ("windows.csv", b"a,b\r\n1,x\r\n2,y\r\n", 2, ("a", "integer", 0, 2)),
    ("bom.csv", b"\xef\xbb\xbfa,b\n1,2\n", 1, ("a", "integer", 0, 1)),
    ("bom_quoted.csv", b'\xef\xbb\xbf"a\nb",c\n1,2\n', 1, ("a\nb", "integer", 0, 1)),
    ("whole.csv.gz", GZIP, 50_000, ("a", "integer", 0, 1)),
    ("two.csv.gz", GZIP + gzip.compress(b"3,4\n"), 50_001, ("a", "integer", 0, 2)),
    ("empty_text.csv", b'a,b\n"",1\n,2\n', 2, ("a", "string", 1, 1)),
    ("fields.jsonl", b'{"a":1,"b":{"c":2}}\n{"a":"x"}\n{"d":[1,2]}\n', 3, ("a", "string", 1, 2)),
    ("large.jsonl", b'{"a":1}\n{"a":123456789012345678901234567890}\n', 2, ("a", "number", 0, 2)),
    ("nameless.jsonl", b'{"":1,"a":2}\n', 1, ("", "integer", 0, 1)),
    ("dotted.jsonl", b'{"a.b":1,"a":{"b":2}}\n', 1, ("a.b", "integer", 0, 1)),
]


@pytest.mark.parametrize(("name", "data", "rows", "first"), READ, ids=[case[0] for case in READ])
def test_odd_files_that_are_tables_are_read(
    tmp_path: Path, name: str, data: bytes, rows: int, first: tuple[str, str, int, int]
) -> None:
    found = profiled(tmp_path / name, data)
    column = found.columns[0]
    assert (found.rows, (column.name, column.kind, column.nulls, column.distinct)) == (rows, first)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_names_may_be_anything(tmp_path: Path, ending: str) -> None:
    struct = pa.array([{"b": 1}, {"b": 2}])
    table = pa.table({"": [1, 2], " ": [3, 4], "😀": [5, 6], "a.b": [7, 8], "a": struct, "s": struct})
    found = profiled(tmp_path / f"names.{ending}", table)
    # Where two columns would have one name, structs stay whole.
    assert [column.name for column in found.columns] == ["", " ", "😀", "a.b", "a", "s"]
    assert [column.least for column in found.columns[:4]] == [1, 3, 5, 7]
    apart = profiled(tmp_path / f"apart.{ending}", pa.table({"a.c": [7, 8], "a": struct, "s": struct}))
    assert [column.name for column in apart.columns] == ["a.c", "a.b", "s.b"]


def test_two_thousand_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(2000)]
    text = ",".join(names) + "\n" + (",".join("1" for _ in names) + "\n") * 2
    assert len(profiled(tmp_path / "wide.csv", text.encode()).columns) == 2000
    found = profiled(tmp_path / "wide.parquet", pa.table({name: [1, 2] for name in names}))
    assert all(column.distinct == 2 for column in found.columns) and len(found.columns) == 2000


def test_quoted_ends_of_lines_where_blocks_end(tmp_path: Path) -> None:
    rows = [f'{number},"say ""{number}""\nand, more"' for number in range(300)] + ['5" pipe,x'] * 3
    text = ("a,b\n" + "\n".join(rows) + "\n").encode()
    path = tmp_path / "t.csv"
    path.write_bytes(text)
    for size in (7, 64, 1000):
        found = list(blocks(path, quotes=True, size=size))
        assert b"".join(block.data for block in found) == text
        assert [block.first_line for block in found] == [
            text[: text.index(found[0].data) + sum(len(b.data) for b in found[:at])].count(b"\n") + 1
            for at in range(len(found))
        ]
        starts = [block.data.split(b",")[0].decode() for block in found[1:]]
        assert all(start.isdigit() or start == '5" pipe' for start in starts), starts
        assert len(found) > 1


def test_truncated_and_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": range(10_000), "s": [f"x{number}" for number in range(10_000)]}), path)
    whole = path.read_bytes()
    with pytest.raises(BadTable, match="cut off or damaged"):
        profiled(path, whole[:-100])
    for at in (20, 60, 3000, 30_000):
        with pytest.raises(BadTable, match="damaged"):
            profiled(path, whole[:at] + b"\xee" * 40 + whole[at + 40 :])


def test_row_groups_without_rows_and_very_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"a": pa.array(range(2500)), "s": pa.array([f"t{number % 7}" for number in range(2500)])})
    with pq.ParquetWriter(path, table.schema) as writer:
        for piece in (table[:0], table[:2100], table[:0], table[2100:2200], table[2200:], table[:0]):
            writer.write_table(piece)
    before = profile(open_dataset(path))
    monkeypatch.setattr(parquet, "MOST", 1000)
    parts = list(open_dataset(path).parts())
    assert [part.rows for part in parts] == [1000, 1000, 100, 400]
    assert [value for part in parts for value in part.load(("a",))["a"].to_pylist()] == list(range(2500))
    after = profile(open_dataset(path))
    assert after.rows == before.rows == 2500
    assert after.column("s").words == before.column("s").words  # type: ignore[union-attr]
    assert after.column("a").distinct_error < 0.04  # type: ignore[union-attr]
    empty = profiled(tmp_path / "none.parquet", table[:0])
    assert empty.rows == 0 and [column.kind for column in empty.columns] == ["integer", "string"]


def test_parquet_files_that_differ_in_schema(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    pq.write_table(pa.table({"a": [1, 2], "b": [1, 2]}), folder / "1.parquet")
    pq.write_table(pa.table({"a": ["2", "x"], "b": [1.5, None]}), folder / "2.parquet")
    pq.write_table(pa.table({"b": [True]}), folder / "3.parquet")
    found = profile(open_dataset(folder))
    a, b = found.columns
    assert (found.rows, found.files) == (5, 3)
    assert (a.kind, a.rows, a.nulls, a.distinct) == ("string", 5, 1, 3)
    assert (b.kind, b.rows, b.nulls) == ("string", 5, 1)


def test_folders_and_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "day=1").mkdir(parents=True)
    (folder / "_logs").mkdir()
    for name in ("day=1/p.csv", ".hidden.csv", "_logs/x.csv", "q.csv"):
        (folder / name).write_bytes(b"a\n1\n")
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / "readme.txt").write_bytes(b"no table")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert [path.name for path in open_dataset(folder).paths] == ["p.csv", "q.csv"]
    assert [path.name for path in open_dataset(folder / "*.csv").paths] in (["q.csv"], [".hidden.csv", "q.csv"])
    with pytest.raises(BadTable, match="no file fits"):
        open_dataset(folder / "*.parquet")
    (folder / "other.jsonl").write_bytes(b'{"a": 1}\n')
    with pytest.raises(BadTable, match="beside it"):
        open_dataset(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadTable, match="holds no table"):
        open_dataset(tmp_path / "empty")
    with pytest.raises(BadTable, match="cannot be opened"):
        open_dataset(tmp_path / "missing.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path, ending: str) -> None:
    for number in (1, 2):
        path = tmp_path / f"{number}.{ending}"
        if ending == "parquet":
            pq.write_table(pa.table({"a": [number]}), path)
        else:
            path.write_bytes(b"a\n1\n" if ending == "csv" else b'{"a": 1}\n')
    dataset = open_dataset(tmp_path)
    dataset.paths[1].unlink()
    with pytest.raises(BadTable, match="No such file"):
        list(dataset.parts())


MEMORY = """
import resource, sys
from pathlib import Path
from mlops_cli.measures.engine import profile
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.parts import open_dataset
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    profile(open_dataset(Path(sys.argv[1])))
except BadTable as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize(
    ("name", "head"), [("row.csv", b"a,b\n1,"), ("row.jsonl", b'{"a": 1}\n{"a": "'), ("header.csv", b"a" * 70_000)]
)
def test_a_line_of_a_gigabyte_is_refused_in_little_memory(tmp_path: Path, name: str, head: bytes) -> None:
    path = tmp_path / name
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(1 << 30)
    ended = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    *reason, mebibytes = ended.stdout.splitlines()
    assert reason and name in reason[0]
    assert int(mebibytes) < 700
