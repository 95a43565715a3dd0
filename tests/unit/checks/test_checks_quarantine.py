"""Rows set aside: which, why, in which form the others go on; rows in = kept + set aside."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.checks.asked import Settings
from mlops_cli.checks.data import check_data
from mlops_cli.checks.past import NO_PAST
from mlops_cli.checks.quarantine import quarantined
from mlops_cli.checks.released import choose_rows, joined_releases, whole_rows
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import DataValidation
from mlops_cli.tables.read import read_table, write_table

LIMIT = "quarantine: {to: rejected, max: 90%}\n"


def gate(expect: str, more: str = LIMIT) -> DataValidation:
    found = parse_validation(f"kind: validation\nname: x\n{more}expect: {{{expect}}}\n", "x.yaml")
    assert isinstance(found, DataValidation)
    return found


class Aside:
    """What a gate with a quarantine makes of some data."""

    def __init__(self, validation: DataValidation, path: Path, released: pa.Table | None = None) -> None:
        out = path.parent / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        ending = "".join(path.suffixes) or sorted(path.iterdir())[0].suffix
        self.kept, aside, free = out / f"kept{ending}", out / "rejected.parquet", None
        if released is not None:
            free = out / "released.parquet"
            write_table(released, free)
        self.judged = check_data(validation, path, NO_PAST, Settings(root=path.parent))
        assert validation.quarantine is not None
        self.report: Report
        self.report, self.changed = quarantined(validation.quarantine, self.judged, self.kept, aside, free)
        by_hand, _ = quarantined(validation.quarantine, self.judged, None, None, free)
        assert by_hand == self.report, "by hand the gate says the same"
        self.aside = read_table(aside)
        assert self.report.aside == self.aside.num_rows
        assert self.changed == self.kept.exists() == bool(self.aside.num_rows)
        if self.changed:
            again = check_data(validation, self.kept, NO_PAST, Settings(root=path.parent))
            assert self.report.rows == again.report.rows + self.aside.num_rows, "rows in = kept + set aside"

    @property
    def reasons(self) -> dict[int, str]:
        """Row -> why it was set aside."""
        found = self.aside.to_pydict()
        return dict(zip(found["mlops_row"], found["mlops_reasons"], strict=True))

    def verdict(self, check: str) -> Verdict:
        return next(item for item in self.report.verdicts if item.check == check)


def csv(folder: Path, text: str, name: str = "now.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


EACH = [
    ("v: {type: integer}", ["1", "x", "3"], [2]),
    ("v: {type: number, min: 2}", ["1", "2", "3"], [1]),
    ("v: {type: number, max: 2}", ["1", "2", "3"], [3]),
    ("v: {type: date, max: 2020-01-02}", ["2020-01-01", "2020-01-03"], [2]),
    ("v: {type: timestamp, min: 2020-01-01T10:00:00Z}", ["2020-01-01T11:00:00+02:00", "2020-01-01T10:00:00"], [1]),
    ("v: {in: [a, b]}", ["a", "c", "b"], [2]),
    ("v: {matches: '[a-c]'}", ["a", "c", "dd"], [3]),
    ("v: {is: email}", ["a@b.org", "nobody"], [2]),
    ("v: {length: {min: 2}}", ["aa", "b"], [2]),
    ("v: {length: {max: 1}}", ["aa", "b"], [1]),
    ("v: {unique: true}", ["a", "b", "a", "a"], [3, 4]),
    ("v: {nulls: {max: 0%}}", ["a", "", "b"], [2]),
    ("v: {empties: {max: 0%}}", ["a", '" "', '""'], [2, 3]),
    ("v: {type: integer, zeros: {max: 0%}}", ["1", "0", "3"], [2]),
    ("v: {type: integer, sentinels: {values: [-999], max: 0%}}", ["1", "-999", "3"], [2]),
    ("v: {references: {data: other.csv, column: k}}", ["a", "z", "b"], [2]),
]


@pytest.mark.parametrize(("column", "cells", "rows"), EACH, ids=[case[0][4:40] for case in EACH])
def test_every_check_of_single_values_sets_its_rows_aside(
    tmp_path: Path, column: str, cells: list[str], rows: list[int]
) -> None:
    csv(tmp_path, "k\na\nb\n", "other.csv")
    path = csv(tmp_path, "k,v\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(cells)))
    found = Aside(gate(f"columns: {{{column}}}"), path)
    assert list(found.reasons) == rows
    assert found.report.passed
    (check,) = {item.check for item in found.report.verdicts if item.state == "warn"}
    assert set(found.reasons.values()) == {check}
    assert found.verdict(check).reason == "set_aside"
    lines = path.read_bytes().splitlines(keepends=True)
    assert found.kept.read_bytes() == b"".join(line for at, line in enumerate(lines) if at not in rows)


def test_keys_and_rules_set_rows_aside_too(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,1\n1,1\n2,1\n1,1\n,1\n,1\n")
    found = Aside(gate("keys: [[a, b]], rows_where: ['a <= b', {sql: 'a < 9', name: small}]"), path)
    assert found.reasons == {2: "a, b.unique", 3: "rows_where.1", 4: "a, b.unique"}, "a null is no part of a key"


def test_a_row_has_all_its_reasons(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n5,x\n-1,y\n-2,x\n")
    found = Aside(gate("columns: {a: {min: 0}, b: {in: [x], length: {max: 1}}}, rows_where: ['a > -2']"), path)
    assert found.reasons == {2: "a.min; b.in", 3: "a.min; rows_where.1"}
    assert found.aside.column("mlops_file").to_pylist() == ["now.csv"] * 2
    assert found.aside.column_names == ["mlops_row", "mlops_reasons", "mlops_file", "a", "b"]


def test_what_is_no_matter_of_single_rows_sets_none_aside(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n5,\n3,\n4,2\n0,0\n")
    expect = "columns: {a: {order: ascending, zeros: {max: 1%}, mean: {min: 90}}, b: {nulls: {max: 10%}}}"
    found = Aside(gate(expect), path)
    assert not found.changed
    blocking = [item.check for item in found.report.verdicts if item.blocks]
    assert blocking == ["a.zeros.max", "a.mean.min", "a.order", "b.nulls.max"]


def test_rows_of_a_check_that_warns_or_tolerates_stay(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b,c\n" + "".join(f"{n},{n},{n}\n" for n in range(10)))
    expect = "columns: {a: {max: 5, severity: warn}, b: {max: 8, tolerance: 10%}, c: {max: 7, tolerance: 10%}}"
    found = Aside(gate(expect), path)
    assert found.reasons == {9: "c.max", 10: "c.max"}
    assert (found.verdict("a.max").state, found.verdict("a.max").reason) == ("warn", None)
    assert found.verdict("b.max").state == "pass"


@pytest.mark.parametrize(
    ("limit", "passes"), [("20%", True), ("19%", False), ("2", True), ("1", False), ("0%", False), ("100%", True)]
)
def test_the_limit_counts_rows_or_their_share(tmp_path: Path, limit: str, passes: bool) -> None:
    path = csv(tmp_path, "a\n" + "".join(f"{n}\n" for n in range(10)))
    found = Aside(gate("columns: {a: {max: 7}}", f"quarantine: {{to: r, max: {limit}}}\n"), path)
    said = found.verdict("quarantine.max")
    assert (found.report.passed, said.state) == (passes, "pass" if passes else "fail")
    assert said.message.startswith("2 of 10 rows (20.0%) set aside, 8 kept")
    assert (said.value, said.n, said.share) == (2, 10, 0.2)


def test_nothing_aside_leaves_the_rows_alone(tmp_path: Path) -> None:
    found = Aside(gate("columns: {a: {max: 9}}"), csv(tmp_path, "a\n1\n2\n"))
    assert not found.changed
    assert found.aside.column_names == ["mlops_row", "mlops_reasons", "mlops_file", "a"]
    assert found.verdict("quarantine.max").message == "0 of 2 rows (0%) set aside, 2 kept"


def test_what_cannot_be_told_is_no_row_to_set_aside(tmp_path: Path) -> None:
    found = Aside(
        gate("columns: {a: {type: number, max: 9}}", LIMIT + "too_few: fail\n"), csv(tmp_path, "a,b\n,1\n,2\n")
    )
    assert not found.changed
    assert [item.check for item in found.report.verdicts if item.blocks] == ["a.type", "a.max"]


def test_data_that_cannot_be_read_sets_nothing_aside_and_says_no(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1\n")
    validation = gate("columns: {a: {max: 9}}")
    judged = check_data(validation, path)
    assert validation.quarantine is not None
    report, changed = quarantined(validation.quarantine, judged, tmp_path / "k.csv", tmp_path / "r.parquet", None)
    assert not report.passed and not changed
    assert read_table(tmp_path / "r.parquet").num_rows == 0


TEXT = (
    'id,note,v\r\n1,plain,5\r\n2,"two\r\nlines, and a comma",-1\r\n3,"",5\r\n4,,5\r\n'
    '5,"a ""quote""",-1\r\n6,"a ""quote""",7\r\n\r\n7, blank ,8'
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_of_csv_go_on_byte_by_byte(tmp_path: Path, end: str) -> None:
    path = csv(tmp_path, TEXT.replace("\r\n", end))
    found = Aside(gate("columns: {v: {type: integer, min: 0}}"), path)
    assert list(found.reasons) == [2, 5]
    assert found.aside.column("note").to_pylist() == [f"two{end}lines, and a comma", 'a "quote"']
    body = f'1,plain,5{end}3,"",5{end}4,,5{end}6,"a ""quote""",7{end}7, blank ,8\n'
    assert found.kept.read_bytes().partition(b"\n")[2].decode() == body
    assert read_table(found.kept).column("note").to_pylist() == ["plain", "", None, 'a "quote"', " blank "]


def test_a_quote_inside_a_value_is_a_character(tmp_path: Path) -> None:
    path = csv(tmp_path, 'size,v\n5" pipe,1\n3" pipe,-1\n"x\ny",2\n')
    found = Aside(gate("columns: {v: {type: integer, min: 0}}"), path)
    assert found.kept.read_bytes() == b'size,v\n5" pipe,1\n"x\ny",2\n'


def test_a_single_column_with_empty_lines(tmp_path: Path) -> None:
    found = Aside(gate("columns: {v: {type: integer, min: 0}}"), csv(tmp_path, "v\n1\n\n-3\n4\n"))
    assert found.kept.read_bytes() == b"v\n1\n\n4\n"


def test_a_compressed_file_stays_compressed(tmp_path: Path) -> None:
    path = tmp_path / "now.csv.gz"
    path.write_bytes(gzip.compress(b"v,w\n1,a\n-3,b\n4,c\n"))
    found = Aside(gate("columns: {v: {type: integer, min: 0}}"), path)
    assert found.kept.name == "kept.csv.gz"
    assert gzip.decompress(found.kept.read_bytes()) == b"v,w\n1,a\n4,c\n"


def test_objects_go_on_as_they_stand(tmp_path: Path) -> None:
    lines = [
        {"v": 1, "who": {"name": "a", "tags": ["x"]}, "at": "2020-01-01T00:00:00Z"},
        {"v": -1, "who": {"name": "b", "tags": []}},
        {"v": 2.50, "who": None, "extra": "late", "at": "2020-01-01"},
        {"v": 12345678901234567890},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    found = Aside(gate("columns: {v: {min: 0}, who.name: {in: [a]}}"), csv(tmp_path, text, "now.jsonl"))
    assert found.reasons == {2: "v.min; who.name.in"}
    assert [json.loads(line) for line in found.kept.read_text().splitlines()] == [lines[0], *lines[2:]]
    assert found.aside.column("who").to_pylist() == [{"name": "b", "tags": []}]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_typed_files_keep_types_and_values(tmp_path: Path, ending: str) -> None:
    table = pa.table(
        {
            "v": pa.array([1, -1, 3], pa.int32()),
            "word": pa.array(["a", "b", None]).dictionary_encode(),
            "at": pa.array([1, 2, 3], pa.timestamp("ns", "Europe/Berlin")),
            "price": pa.array(["1.10", "2.20", "3.30"]).cast(pa.decimal128(9, 2)),
            "deep": pa.array([{"x": [1, 2]}, {"x": None}, None]),
            "nan": [1.0, float("nan"), float("inf")],
        }
    )
    path = tmp_path / f"now.{ending}"
    write_table(table, path)
    found = Aside(gate("columns: {v: {min: 0}}"), path)
    wanted = table.filter(pa.array([True, False, True]))
    assert read_table(found.kept).schema.field("deep") == wanted.schema.field("deep")
    assert str(read_table(found.kept).drop_columns(["nan"]).to_pylist()) == str(
        wanted.drop_columns(["nan"]).to_pylist()
    )
    assert found.aside.column("price").to_pylist() == table.column("price")[1:2].to_pylist()


def test_a_folder_becomes_one_file_and_rows_count_through(tmp_path: Path) -> None:
    csv(tmp_path, "a,b\n1,x\n-2,y\n", "data/1.csv")
    csv(tmp_path, "a,b\n3,z\n", "data/2.csv")
    csv(tmp_path, "a,b\n-4,w\n5,v", "data/3.csv")
    found = Aside(gate("columns: {a: {min: 0}}"), tmp_path / "data")
    assert found.reasons == {2: "a.min", 4: "a.min"}
    assert found.aside.column("mlops_file").to_pylist() == ["1.csv", "3.csv"]
    assert found.kept.read_text() == "a,b\n1,x\n3,z\n5,v\n"


def test_files_of_other_columns_lose_nothing(tmp_path: Path) -> None:
    csv(tmp_path, "a,b\n1,x\n-2,y\n", "data/1.csv")
    csv(tmp_path, "c,a\nnew,3\nnew,-4\n", "data/2.csv")
    found = Aside(gate("columns: {a: {min: 0}}"), tmp_path / "data")
    assert read_table(found.kept).to_pylist() == [{"a": 1, "b": "x", "c": None}, {"a": 3, "b": None, "c": "new"}]
    assert found.aside.column("c").to_pylist() == [None, "new"]


def test_parquet_files_of_other_types_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"a": pa.array([1, -1], pa.int32())}), tmp_path / "data/1.parquet")
    pq.write_table(pa.table({"a": [2.5, -2.5], "b": ["x", "y"]}), tmp_path / "data/2.parquet")
    pq.write_table(pa.table({"a": ["no", "number"]}), tmp_path / "data/3.parquet")
    found = Aside(gate("columns: {a: {type: number, min: 0}}"), tmp_path / "data")
    assert found.reasons == {2: "a.min", 4: "a.min", 5: "a.type", 6: "a.type"}
    assert read_table(found.kept).to_pylist() == [{"a": 1.0, "b": None}, {"a": 2.5, "b": "x"}]
    assert found.aside.column("a").to_pylist() == ["-1", "-2.5", "no", "number"]


def test_all_rows_may_be_wrong(tmp_path: Path) -> None:
    found = Aside(
        gate("columns: {a: {min: 0}}", "quarantine: {to: r, max: 100%}\n"), csv(tmp_path, "a,b\n-1,x\n-2,y\n")
    )
    assert found.kept.read_text() == "a,b\n"
    assert found.report.passed


def test_columns_with_our_names_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,mlops_row\n-1,1\n")
    with pytest.raises(StageFailed, match="has a column 'mlops_row'"):
        Aside(gate("columns: {a: {min: 0}}"), path)


@pytest.mark.parametrize("name", ["/etc/x", "../../x", "a" * 300])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = csv(tmp_path, f"{name},b\n1,1\n1,2\n")
    assert list(Aside(gate(f"columns: {{{name}: {{unique: true}}}}"), path).reasons) == [2]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "arrow"])
def test_many_rows_many_parts(tmp_path: Path, ending: str) -> None:
    source = np.random.default_rng(3)
    rows = 400_000 if ending in ("csv", "jsonl") else 1_300_000
    frame = pd.DataFrame({"id": np.arange(rows) % (rows - 500), "v": source.normal(0, 1, rows).round(6), "w": "a,b\nc"})
    frame.loc[5, "w"] = "-" * (17 << 20)  # longer than a block
    path = tmp_path / f"now.{ending}"
    write_table(frame, path)
    found = Aside(gate("columns: {id: {unique: true}, v: {type: number, min: -3}}"), path)
    wrong = frame.id.duplicated() | (frame.v < -3)
    assert found.aside.column("mlops_row").to_pylist() == (np.flatnonzero(wrong) + 1).tolist()
    assert found.report.aside == int(wrong.sum())


# --- released rows -----------------------------------------------------------------------------------------------


def test_released_rows_stay_whatever_they_break(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,b\n1,x\n-2,y\n-2,y\n-3,z\n")
    before = Aside(gate("columns: {a: {min: 0}}"), path)
    chosen, left = choose_rows(before.aside, (), (2,))
    assert (chosen.num_rows, left) == (1, 2)
    after = Aside(gate("columns: {a: {min: 0}}"), path, joined_releases(None, chosen))
    assert after.reasons == {4: "a.min"}, "a row that is equal in every value is the same row"
    assert (after.report.aside, after.report.released) == (1, 2)
    assert after.verdict("quarantine.max").message == ("1 of 4 rows (25.0%) set aside, 3 kept, 2 of them released")
    everything = Aside(gate("columns: {a: {min: 0}}"), path, before.aside)
    assert not everything.changed
    assert everything.verdict("a.min").message.endswith("they have been released")


def rows_table(reasons: Sequence[str]) -> pa.Table:
    count = len(reasons)
    return pa.table(
        {
            "mlops_row": list(range(10, 10 + count)),
            "mlops_reasons": list(reasons),
            "mlops_file": ["f"] * count,
            "a": list(range(count)),
        }
    )


def test_rows_are_chosen_by_all_their_reasons_or_by_number() -> None:
    aside = rows_table(["a.min", "a.min; b.in", "b.in"])

    def chosen(checks: Sequence[str] = (), rows: Sequence[int] = ()) -> list[int]:
        found, left = choose_rows(aside, checks, rows)
        assert found.num_rows + left == 3
        numbers: list[int] = found.column("mlops_row").to_pylist()
        return numbers

    assert chosen() == [10, 11, 12]
    assert chosen(["a.min"]) == [10]
    assert chosen(["a.min", "b.in"]) == [10, 11, 12]
    assert chosen(rows=[11]) == [11]
    assert chosen(["a.min"], [10, 11]) == [10]
    for checks, rows, words in (
        (["c.max"], (), "no row was set aside by 'c.max'"),
        ((), [9], "row 9 is not among"),
        (["a.min"], [11], "no row is meant"),
    ):
        with pytest.raises(UserError, match=words):
            choose_rows(aside, checks, rows)
    with pytest.raises(UserError, match="no row was set aside"):
        choose_rows(rows_table([]), (), ())


def test_a_row_is_known_by_its_values_alone() -> None:
    one = pa.table({"a": pa.array([1, 2], pa.int8()), "b": ["x", None]})
    same = pa.table({"b": pa.array(["x", None]).dictionary_encode(), "c": pa.nulls(2), "a": [1.0, 2.0]})
    assert whole_rows(one).tolist() == whole_rows(same).tolist()
    others = [
        pa.table({"a": [1, 2], "b": ["y", ""]}),
        pa.table({"b": [1, 2], "a": ["x", None]}),
        pa.table({"a": ["1", "2"], "b": ["x", None]}),
    ]
    for other in others:
        assert not set(whole_rows(one).tolist()) & set(whole_rows(other).tolist())


def test_releases_are_joined_without_repeating() -> None:
    old, new = rows_table(["a.min", "b.in"]), rows_table(["a.min", "b.in", "b.in"])
    assert joined_releases(old, new).column("a").to_pylist() == [0, 1, 2]
    assert joined_releases(None, pa.concat_tables([old, old])).num_rows == 2
