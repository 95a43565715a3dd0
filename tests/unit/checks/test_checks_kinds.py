"""Every kind of check of data: kept, broken (with rows and a sentence), and what it says where there is nothing to
judge. What was not looked at is never a pass."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import canonical
from mlops_cli.checks.asked import Settings
from mlops_cli.checks.data import check_data
from mlops_cli.checks.past import NO_PAST, Past, past_of
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import DataValidation, NamedFormat
from mlops_cli.tables.read import read_table, write_table

NOON = pd.Timestamp("2026-11-24T12:00:00Z").timestamp()


def gate(expect: str, more: str = "") -> DataValidation:
    found = parse_validation(f"kind: validation\nname: x\n{more}expect: {{{expect}}}\n", "x.yaml")
    assert isinstance(found, DataValidation)
    return found


def judge(validation: DataValidation, path: Path, past: Past = NO_PAST, environment: str | None = None) -> Report:
    root = path.parent
    settings = Settings(root=root, environment=environment, now=NOON)
    report = check_data(validation, path, past, settings).report
    text = canonical(report).decode()
    assert "NaN" not in text and "Infinity" not in text
    for item in report.verdicts:
        assert item.message and item.bound, item.check
        assert item.state != "pass" or item.value is not None or item.reason is not None or item.n, item
    json.loads(text)
    return report


def csv(folder: Path, text: str, name: str = "now.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def column(folder: Path, cells: str, name: str = "now.csv") -> Path:
    """A file with a column k that counts, and v with the cells (parted by blanks; `-` is none)."""
    rows = [f"{at},{'' if cell == '-' else cell}" for at, cell in enumerate(cells.split(" "), 1)]
    return csv(folder, "\n".join(["k,v", *rows, ""]), name)


def verdict(report: Report, check: str, part: str | None = None) -> Verdict:
    return next(item for item in report.verdicts if (item.check, item.slice) == (check, part))


def blocking(report: Report) -> list[str]:
    return [item.check for item in report.verdicts if item.blocks]


# --- single values -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """One check of column v: its id, what keeps it, what breaks it in which rows, with which words."""

    say: str
    check: str
    good: str
    bad: str
    rows: list[int] = field(default_factory=list)
    words: str = ""
    value: object = None
    few: bool = True
    """Without any value there is nothing to judge."""


KINDS = [
    Kind("type: integer", "v.type", "1 -2 3.0 -", "1 x 2.5 0x1F", [2, 3, 4], "3 of 4 rows (75.0%) hold a value that"),
    Kind("type: number", "v.type", "1 2.5 1e3 -", "1 x 1_000", [2, 3], "not of type number"),
    Kind("type: boolean", "v.type", "true False 1 0", "true yes", [2], "not of type boolean"),
    Kind("type: date", "v.type", "2020-02-29 2020-01-01", "2020-02-30 2020-01-01", [1], "not of type date"),
    Kind("type: timestamp", "v.type", "2020-02-29T10:00:00Z 2020-01-01", "2020-01-01 noon", [2], "of type timestamp"),
    Kind("type: string", "v.type", "a b -", "", []),
    Kind("type: number, min: 2", "v.min", "2 3 -", "2 1.5 -3", [2, 3], "2 of 3 rows (66.7%) are below 2; the lowest is -3", -3),
    Kind("type: number, max: 2", "v.max", "2 1 -", "2 2.5 inf", [2, 3], "are above 2; the highest is infinity", "infinity"),
    Kind("type: integer, max: 9007199254740992", "v.max", "9007199254740992", "1 9007199254740993", [2], "above", 9007199254740993),
    Kind("type: integer, min: 0", "v.min", "99999999999999999999 1", "1 -99999999999999999999", [2], "are below 0"),
    Kind("type: date, min: 2020-01-02", "v.min", "2020-01-02 -", "2020-01-03 2020-01-01", [2], "the lowest is 2020-01-01", "2020-01-01"),
    Kind(
        "type: timestamp, max: 2020-01-01T12:00:00Z", "v.max", "2020-01-01T13:00:00+01:00 2020-01-01T12:00:00",
        "2020-01-01T12:00:00-01:00", [1], "1 of 1 rows (100%) are above 2020-01-01T12:00:00Z",
    ),
    Kind("in: [a, b]", "v.in", "a b a -", "a c d c", [2, 3, 4], "outside the allowed set: 'c', 'd'", 2),
    Kind("in: [1, 2.5]", "v.in", "1.0 2.50 -", "1 3", [2], "outside the allowed set: '3'", 1),
    Kind("in: [true]", "v.in", "true True -", "true false", [2], "outside"),
    Kind("matches: '[a-c]+'", "v.matches", "a abc -", "abcd a", [1], "1 of 2 rows (50.0%) hold a value that the pattern does not match"),
    Kind("is: email", "v.is", "a@b.org -", "a@b a@b.org", [1], "hold a value that is no email"),
    Kind("length: {min: 2}", "v.length.min", "aa äö -", "a aa", [1], "are shorter than 2 characters"),
    Kind("length: {max: 2}", "v.length.max", "aa ü -", "aaa aa äöü", [1, 3], "are longer than 2 characters"),
    Kind("unique: true", "v.unique", "a b - -", "a b a c b a", [1, 3, 6, 2, 5], "3 of 6 rows (50.0%) repeat a value of an earlier row"),
    Kind("type: number, unique: true", "v.unique", "1 2 3", "1 1.0 2", [1, 2], "1 of 3 rows (33.3%) repeat"),
    Kind("references: {data: other.csv, column: key}", "v.references", "a b -", "a z", [2], "hold a value that other.csv does not have"),
    Kind("type: number, references: {data: other.csv, column: size}", "v.references", "1.0 2 -", "1 3", [2], "does not have"),
    Kind("type: integer, order: ascending", "v.order", "1 1 - 2", "1 3 2 2 5", [3], "1 of 5 rows (20.0%) stand after a row that belongs behind them"),
    Kind("type: integer, order: strictly_ascending", "v.order", "1 2 - 3", "1 1 2", [2], "stand after"),
    Kind("type: integer, order: descending", "v.order", "3 3 2", "1 3 2", [2], "stand after"),
    Kind("type: integer, order: strictly_descending", "v.order", "3 2 1", "3 3 2", [2], "stand after"),
    Kind("type: date, order: ascending", "v.order", "2020-01-01 2020-01-02", "2020-01-02 2020-01-01", [2], "stand after"),
    Kind("type: number, gaps: {max: 2}", "v.gaps.max", "1 3 2", "1 9 4 2", [], "1 gap is longer than 2; the longest is 5, from 4 to 9", 5),
    Kind(
        "type: timestamp, gaps: {max: 1h}", "v.gaps.max", "2020-01-01T00:00:00 2020-01-01T01:00:00",
        "2020-01-01T00:00:00 2020-01-01T03:00:00", [], "1 gap is longer than 1h; the longest is 3 h, from 2020-01-01", 10800,
    ),
    Kind("nulls: {max: 20%}", "v.nulls.max", "a b c d -", "a - - nan", [2, 3], "2 of 4 rows (50.0%) have no value", 0.5, few=False),
    Kind("nulls: {max: 0%}", "v.nulls.max", "a b", "a -", [2], "1 of 2 rows (50.0%) have no value", 0.5, few=False),
    Kind("empties: {max: 0%}", "v.empties.max", "a - b", 'a "" "\t"', [2, 3], "have a text without characters", few=False),
    Kind("type: number, zeros: {max: 40%}", "v.zeros.max", "1 0 2 -", "0 0.0 -0 1", [1, 2, 3], "3 of 4 rows (75.0%) are zero", 0.75),
    Kind("type: number, sentinels: {values: [-1, 999], max: 0%}", "v.sentinels.max", "1 -", "-1.0 999 5", [1, 2], "hold a value that stands for a missing one", few=False),
    Kind("sentinels: {values: [N/A, '?'], max: 0%}", "v.sentinels.max", "a -", "N/A ? a", [1, 2], "stands for", few=False),
    Kind("type: number, mean: {min: 2}", "v.mean.min", "2 2 3", "1 2 2", [1, 2, 3], "mean is 1.667; at least 2 is asked for"),
    Kind("type: number, mean: {max: 2}", "v.mean.max", "2 2 -", "1 2 6", [3, 2, 1], "mean is 3; at most 2 is asked for", 3),
    Kind("type: number, std: {max: 2}", "v.std.max", "2 2 1", "1 2 9", [3, 1, 2], "std is 4.359; at most 2"),
    Kind("type: number, median: {min: 2}", "v.median.min", "1 2 9", "1 1 9", [], "median is 1; at least 2 is asked for", 1),
    Kind("distinct: {min: 2}", "v.distinct.min", "a b b", "a a -", [], "distinct is 1; at least 2", 1, few=False),
    Kind("distinct: {max: 2}", "v.distinct.max", "a b b", "a b c", [], "distinct is 3; at most 2", 3, few=False),
    Kind("type: timestamp, freshness: {max: 2h}", "v.freshness.max", "2026-11-24T11:00:00 2020-01-01", "2026-11-24T06:00:00 -", [], "the newest value is 6 h old; at most 2h", 21600),
]  # fmt: skip
IDS = [f"{case.check}-{case.say}"[:60] for case in KINDS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    csv(tmp_path, "key,size\na,1\nb,2\n", "other.csv")
    return tmp_path


@pytest.mark.parametrize("case", KINDS, ids=IDS)
def test_a_check_is_kept_or_names_the_rows_that_break_it(folder: Path, case: Kind) -> None:
    validation = gate(f"columns: {{v: {{{case.say}}}}}")
    good = judge(validation, column(folder, case.good))
    assert {item.state for item in good.verdicts} == {"pass"}, [item for item in good.verdicts if item.state != "pass"]
    assert verdict(good, case.check).examples == () or verdict(good, case.check).share, "what is put up with is shown"
    if not case.bad:
        return
    report = judge(validation, column(folder, case.bad))
    found = verdict(report, case.check)
    assert blocking(report) == [case.check]
    assert case.words in found.message
    assert [row["row"] for row in found.examples if row["row"] is not None] == case.rows
    assert case.value is None or found.value == pytest.approx(case.value)
    assert found.examples == () or case.check == "v.gaps.max" or "v" in found.examples[0]


@pytest.mark.parametrize("case", KINDS, ids=IDS)
def test_where_there_is_no_value_there_is_no_pass(folder: Path, case: Kind) -> None:
    validation = gate(f"columns: {{v: {{{case.say}}}}}")
    nothing = verdict(judge(validation, csv(folder, "k,v\n1,\n2,\n")), case.check)
    assert nothing.state == "too_few" or not case.few, nothing
    empty = verdict(judge(validation, csv(folder, "k,v\n")), case.check)
    assert empty.state == "too_few", empty
    report = judge(validation, csv(folder, "k,w\n1,2\n"))
    assert verdict(report, "v.required").state == "fail"
    assert (verdict(report, case.check).state, verdict(report, case.check).reason) == ("not_run", "no_column")
    assert not report.passed


@pytest.mark.parametrize(
    "case", [case for case in KINDS if case.bad], ids=[i for i, c in zip(IDS, KINDS, strict=True) if c.bad]
)
def test_a_check_that_warns_says_the_same_and_blocks_nothing(folder: Path, case: Kind) -> None:
    path = column(folder, case.bad)
    failing = verdict(judge(gate(f"columns: {{v: {{{case.say}}}}}"), path), case.check)
    report = judge(gate(f"columns: {{v: {{{case.say}, severity: warn}}}}"), path)
    warning = verdict(report, case.check)
    assert report.passed
    assert (warning.state, warning.message, warning.examples) == ("warn", failing.message, failing.examples)


ROW_WISE = [case for case in KINDS if case.check in (
    "v.type", "v.min", "v.max", "v.in", "v.matches", "v.is", "v.length.min", "v.length.max", "v.references"
) and case.bad]  # fmt: skip


@pytest.mark.parametrize("case", ROW_WISE, ids=[case.say[:50] for case in ROW_WISE])
def test_some_rows_may_break_what_single_values_are_asked(folder: Path, case: Kind) -> None:
    good = case.good.split(" ")[0]
    bad = case.bad.split(" ")[case.rows[0] - 1]
    for count, state in ((1, "pass"), (2, "fail")):
        path = column(folder, " ".join([bad] * count + [good] * (20 - count)))
        found = verdict(judge(gate(f"columns: {{v: {{{case.say}, tolerance: 5%}}}}"), path), case.check)
        assert found.state == state
        assert "(5.0% may)" in found.message
        assert found.share == count / 20
        assert found.examples, "also what is tolerated is shown"


def test_uniqueness_tolerates_too(folder: Path) -> None:
    for count, state in ((1, "pass"), (2, "fail")):
        path = column(folder, " ".join(["same", *(["same"] * count), *(f"x{at}" for at in range(19 - count))]))
        found = verdict(judge(gate("columns: {v: {unique: true, tolerance: 5%}}"), path), "v.unique")
        assert (found.state, found.share) == (state, count / 20)


# --- the same in every form ---------------------------------------------------------------------------------------

TYPED = pa.table(
    {
        "n": pa.array([1, 2, None, 400, -7], pa.int64()),
        "x": pa.array([0.5, float("nan"), None, float("inf"), 0.0]),
        "s": ["a", "bb", "", None, "a"],
        "b": [True, False, None, True, True],
    }
)
FORMS = """
rows: {min: 1, max: 5},
columns: {
  n: {type: integer, min: 0, max: 120, nulls: {max: 0%}, unique: true},
  x: {type: number, max: 5, nulls: {max: 0%}, zeros: {max: 0%}},
  s: {type: string, in: [a], empties: {max: 0%}, unique: true, length: {min: 1}},
  b: {type: boolean, in: [true]}
},
keys: [[s, b]], rows_where: ["n <= 120 or s == 'a'"]
"""
BROKEN_THERE = {
    "s, b.unique": [1, 5],
    "n.nulls.max": [3],
    "n.min": [5],
    "n.max": [4],
    "x.nulls.max": [2, 3],
    "x.zeros.max": [5],
    "x.max": [4],
    "s.empties.max": [3],
    "s.in": [2, 3],
    "s.unique": [1, 5],
    "s.length.min": [3],
    "b.in": [2],
}


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "arrow", "jsonl", "folder", "groups"])
def test_the_same_rows_break_the_same_checks_in_every_form(folder: Path, form: str) -> None:
    path = folder / f"now.{form}"
    if form == "folder":
        for at in range(5):
            write_table(TYPED.slice(at, 1), folder / f"now.folder/{at}.parquet")
    elif form == "groups":
        path = folder / "now.parquet"
        pq.write_table(TYPED, path, row_group_size=2)
    elif form == "csv.gz":
        write_table(TYPED, folder / "plain.csv")
        with pa.output_stream(str(path)) as sink:
            sink.write((folder / "plain.csv").read_bytes())
    elif form == "jsonl":  # JSON knows no infinity
        lines = [{k: v for k, v in row.items() if v == v} for row in TYPED.to_pylist()]
        text = "".join(json.dumps(line).replace("Infinity", "1e300") + "\n" for line in lines)
        csv(folder, text, "now.jsonl")
    else:
        write_table(TYPED, path)
    report = judge(gate(" ".join(FORMS.split("\n"))), path)
    broken = {item.check: [row["row"] for row in item.examples] for item in report.verdicts if item.state == "fail"}
    assert broken == BROKEN_THERE
    assert {item.state for item in report.verdicts if item.check not in broken} == {"pass"}
    assert verdict(report, "rows_where.1").n == 3, "a rule on a null does not apply"


def test_parts_that_lack_a_column_have_no_value_there(folder: Path) -> None:
    csv(folder, "a,b\n1,x\n2,y\n", "data/1.csv")
    csv(folder, "a\n3\n4\n", "data/2.csv")
    report = judge(gate("columns: {b: {nulls: {max: 10%}, in: [x, y], unique: true}}, keys: [[a, b]]"), folder / "data")
    found = verdict(report, "b.nulls.max")
    assert (found.state, found.share) == ("fail", 0.5)
    assert blocking(report) == ["b.nulls.max"]


# --- named formats -------------------------------------------------------------------------------------------------

FORMATS: dict[NamedFormat, tuple[str, str]] = {
    "email": ("a@b.org a.b+c@d-e.co.uk", "a@b @b.org a@b..org a@.org"),
    "url": ("https://a.org/x?y=1 http://localhost:8080 s3://bucket/key", "a.org https:// mailto:a@b.org"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000 123e4567-e89b-12d3-a456"),
    "ipv4": ("127.0.0.1 255.255.255.255", "256.1.1.1 1.2.3 ::1 01.2.3.4"),
    "ipv6": ("::1 2001:db8::ff00:42:8329", "127.0.0.1 ::: 1::2::3"),
    "hostname": ("a.org localhost a-b.c1", "-a.org a_b.org a..b"),
    "date": ("2020-02-29 1999-12-31", "2021-02-29 2020-13-01 20200101 1.2.2020"),
    "time": ("10:00 23:59:59.999 10:00:00Z", "24:00 10:60 1000"),
    "datetime": ("2020-02-29T10:00:00Z 2020-01-01T10:00:00+02:00", "2020-01-01 2020-02-30T10:00:00 now"),
    "country_code": ("DE US", "de DEU D"),
    "currency_code": ("EUR USD", "eur EU EURO"),
    "hex_color": ("#fff #A1B2C3 #A1B2C3D4", "fff #ff #ggg"),
    "json": ('{} [1] 1 null "{""a"":1}"', "{ nan [1,]"),
}


def test_every_named_format_has_its_words() -> None:
    assert set(FORMATS) == set(get_args(NamedFormat))


@pytest.mark.parametrize("name", FORMATS)
def test_named_formats(folder: Path, name: NamedFormat) -> None:
    good, bad = FORMATS[name]
    validation = gate(f"columns: {{v: {{is: {name}}}}}")

    def written(cells: str) -> Path:
        quoted = [cell if '"' in cell else f'"{cell}"' for cell in cells.split(" ")]
        return column(folder, " ".join(quoted))

    assert verdict(judge(validation, written(good)), "v.is").state == "pass"
    found = verdict(judge(validation, written(bad)), "v.is")
    assert (found.state, found.share, found.bound) == ("fail", 1.0, f"is {name}")


# --- the file ------------------------------------------------------------------------------------------------------


def test_format_bytes_encoding_age_and_rows(folder: Path) -> None:
    path = csv(folder, "k,v\n1,ü\n")
    os.utime(path, (NOON - 7200, NOON - 7200))
    low = judge(
        gate("format: csv, encoding: ascii, bytes: {min: 1KB}, age: {max: 1h}, rows: {min: 2}"),
        path,
    )
    assert blocking(low) == ["encoding.is", "bytes.min", "file.age.max", "rows.min"]
    assert verdict(low, "encoding.is").message == "the file is utf-8, not ascii"
    assert verdict(low, "bytes.min").message == "9 bytes; at least 1KB is asked for"
    assert verdict(low, "file.age.max").message == "the file is 2 h old; at most 1h is asked for"
    high = judge(gate("bytes: {max: 5}, rows: {max: 0}"), path)
    assert blocking(high) == ["bytes.max", "rows.max"]
    other = judge(gate("format: jsonl"), path)
    assert verdict(other, "format.is").message == "the file is csv, not jsonl"
    expect = "format: csv, encoding: utf-8, bytes: {min: 1, max: 1KB}, age: {max: 3h}, rows: {min: 1, max: 1}"
    assert {item.state for item in judge(gate(expect), path).verdicts} == {"pass"}


def test_a_file_without_text_has_no_encoding(folder: Path) -> None:
    write_table(TYPED, folder / "now.parquet")
    report = judge(gate("encoding: utf-8"), folder / "now.parquet")
    assert (verdict(report, "encoding.is").state, verdict(report, "encoding.is").reason) == ("not_run", "no_text")
    assert not report.passed


def test_rows_and_bytes_against_the_baseline(folder: Path) -> None:
    validation = gate("rows: {change: 50%}, bytes: {change: 50%}", "baseline: previous\n")
    small, large = csv(folder, "k\n1\n2\n", "a.csv"), csv(folder, "k\n" + "12345\n" * 4, "b.csv")
    assert verdict(judge(validation, small), "rows.change").reason == "no_baseline"
    assert judge(validation, small).passed
    report = judge(validation, large, past_of(validation, small, "a"))
    assert verdict(report, "rows.change").message.startswith("rows went from 2 to 4 (+100%); at most 50% is allowed")
    assert blocking(report) == ["bytes.change", "rows.change"]
    assert judge(validation, small, past_of(validation, small, "a")).passed


@pytest.mark.parametrize(
    ("earlier", "state", "words"),
    [
        ([10, 10], "not_run", "2 earlier versions are known, and it takes 3"),
        ([9, 10, 11, 80], "pass", "rows is 12, and 10.5 is usual (the median of 4 versions)"),
        ([20, 21, 22], "fail", "rows is 12, and 21 is usual (the median of 3 versions); it may be 20% away"),
    ],
)
def test_rows_within_history(folder: Path, earlier: list[int], state: str, words: str) -> None:
    validation = gate(
        "rows: {within: 20%, of: history}, columns: {v: {type: number, mean: {within: 20%, of: history}}}",
        "baseline: previous\n",
    )
    profiles = []
    for rows in earlier:
        found = past_of(validation, column(folder, " ".join(["5"] * rows), "old.csv")).baseline
        assert found is not None
        profiles.append(found)
    report = judge(validation, column(folder, " ".join(["5"] * 12)), Past(profiles[-1], "old", None, tuple(profiles)))
    said = verdict(report, "rows.within")
    assert (said.state, said.message) == (state, words) or said.message.startswith(words)
    assert said.bound == "within 20% of history"
    assert verdict(report, "v.mean.within").state == ("not_run" if state == "not_run" else "pass")
    assert report.passed == (state != "fail")


def test_columns_that_the_spec_does_not_name(folder: Path) -> None:
    path = csv(folder, "k,v,s,t,x,y\n1,1,1,2020-01-01,1,1\n")
    more = "time: t\nslices: [s]\n"
    for word, state in (("refuse", "fail"), ("warn", "warn")):
        report = judge(gate(f"other_columns: {word}, keys: [[k]], columns: {{v: {{}}}}", more), path)
        found = verdict(report, "columns.closed")
        assert (found.state, found.value) == (state, ["x", "y"])
        assert (
            found.message == "there is 2 columns that the spec does not name: 'x', 'y'" or "2 columns" in found.message
        )
    report = judge(gate("other_columns: refuse, columns: {v: {}, x: {}, y: {}, k: {}}", more), path)
    assert verdict(report, "columns.closed").state == "pass"


def test_members_of_a_known_struct_are_known(folder: Path) -> None:
    write_table(pa.table({"who": [{"name": "a", "age": 3}], "x": [1]}), folder / "now.parquet")
    report = judge(gate("other_columns: refuse, columns: {who: {}}"), folder / "now.parquet")
    assert verdict(report, "columns.closed").value == ["x"]


def test_keys_of_one_and_of_several_columns(folder: Path) -> None:
    path = csv(folder, "a,b\n1,x\n1,y\n2,x\n1,x\n,x\n,x\n1,x\n")
    report = judge(
        gate("keys: [[a, b], {columns: [b], tolerance: 50%}, {columns: [a], severity: warn}]"),
        path,
    )
    found = verdict(report, "a, b.unique")
    assert (found.state, found.share) == ("fail", 0.4), "of the five rows that have a key two repeat it"
    assert [row["row"] for row in found.examples] == [1, 4, 7]
    assert "repeat the key of an earlier row" in found.message
    assert verdict(report, "a.unique").state == "warn"
    assert verdict(report, "b.unique").state == "fail"
    missing = judge(gate("keys: [[a, z]]"), path)
    assert (verdict(missing, "a, z.unique").reason, missing.passed) == ("no_column", False)


# --- presence ------------------------------------------------------------------------------------------------------


def test_required_optional_and_absent_before(folder: Path) -> None:
    expect = "columns: {t: {type: date}, v: {max: 3, absent_before: 2020-06-01}, w: {required: false, max: 3}}"
    validation = gate(expect, "time: t\n")
    early = judge(validation, csv(folder, "t\n2020-01-01\n2020-05-31\n"))
    assert early.passed
    assert {item.reason for item in early.verdicts if item.state == "not_run"} == {"optional_column"}
    late = judge(validation, csv(folder, "t\n2020-01-01\n2020-06-01\n"))
    assert "v.required" in blocking(late)
    there = judge(validation, csv(folder, "t,v,w\n2020-01-01,4,4\n"))
    assert blocking(there) == ["v.max", "w.max"]
    unknown = judge(validation, csv(folder, "t\n\n\n"))
    assert "v.required" in blocking(unknown), "without a time it is not early"


def test_environments_leave_checks_out(folder: Path) -> None:
    validation = gate(
        "columns: {label: {in: [0, 1], nulls: {max: 0%}, not_in: [serving]}, v: {max: 3}, '*': {nulls: {max: 50%}}}"
    )
    path = csv(folder, "v\n2\n")
    assert not judge(validation, path).passed
    report = judge(validation, path, environment="serving")
    assert report.passed
    assert not [item for item in report.verdicts if item.subject == "label"]


# --- every column, slices, past ------------------------------------------------------------------------------------


def test_every_column_is_asked_what_its_type_allows(folder: Path) -> None:
    path = csv(folder, "i,s,d\n1,a,2020-01-01\n0,,2020-01-02\n0,c,2020-01-03\n")
    report = judge(
        gate(
            "columns: {'*': {nulls: {max: 20%}, zeros: {max: 10%}, mean: {min: 3}, distinct: {max: 2}}, d: {distinct: {max: 9}}}"
        ),
        path,
    )
    assert blocking(report) == ["s.nulls.max", "i.zeros.max", "i.mean.min"]
    asked = {item.check for item in report.verdicts}
    assert {"i.nulls.max", "s.nulls.max", "d.nulls.max", "i.distinct.max", "s.distinct.max", "d.distinct.max"} <= asked
    assert not {"s.mean.min", "d.zeros.max"} & asked


def hundred(share: float, shift: float = 0.0, rows: int = 400) -> str:
    lines = [
        f"{at},{'a' if at % 2 else 'b'},{'' if at % 100 < share * 100 else at % 10 + shift},{at % 7}"
        for at in range(rows)
    ]
    return "\n".join(["k,g,v,w", *lines, ""])


CHANGES = [
    ("nulls: {change: 2pp}", "v.nulls.change", hundred(0.2)),
    ("mean: {change: 10%}", "v.mean.change", hundred(0.01, 2)),
    ("median: {change: 10%}", "v.median.change", hundred(0.01, 2)),
    ("drift: {max: 0.1}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.1, by: ks}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.1, by: psi}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.1, by: js}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.1, by: wasserstein}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.05, by: l_infinity}", "v.drift", hundred(0.01, 3)),
    ("drift: {max: 0.1, by: cramers_v}", "v.drift", hundred(0.01, 3)),
    ("sentinels: {values: [3], change: 2pp}", "v.sentinels.change", hundred(0.01).replace(",4.0,", ",3.0,")),
    ("zeros: {change: 2pp}", "v.zeros.change", hundred(0.01).replace(",4.0,", ",0.0,")),
    ("std: {change: 10%}", "v.std.change", hundred(0.01).replace(",9.0,", ",90.0,")),
    ("distinct: {change: 10%}", "v.distinct.change", hundred(0.01).replace(",9.0,", ",8.0,").replace(",7.0,", ",8.0,")),
]


@pytest.mark.parametrize(("say", "check", "moved"), CHANGES, ids=[case[0] for case in CHANGES])
def test_a_change_is_seen_and_none_is_quiet(folder: Path, say: str, check: str, moved: str) -> None:
    validation = gate(f"columns: {{v: {{type: number, {say}}}}}", "baseline: previous\nslices: [g]\n")
    past = past_of(validation, csv(folder, hundred(0.01), "old.csv"), "old")
    first = judge(validation, csv(folder, moved))
    assert first.passed and verdict(first, check).reason == "no_baseline"
    same = judge(validation, csv(folder, hundred(0.01)), past)
    assert {item.state for item in same.verdicts if item.check == check} == {"pass"}
    report = judge(validation, csv(folder, moved), past)
    found = verdict(report, check)
    assert found.state == "fail", found
    assert {item.slice for item in report.verdicts if item.check == check} == {None, "g=a", "g=b"}
    assert found.cause is not None


def test_a_baseline_without_the_column_warns(folder: Path) -> None:
    validation = gate("columns: {v: {mean: {change: 10%}, drift: {max: 0.1}}}", "baseline: previous\n")
    past = past_of(validation, csv(folder, "k\n1\n", "old.csv"), "old")
    report = judge(validation, csv(folder, hundred(0.01)), past)
    for check in ("v.mean.change", "v.drift"):
        assert (verdict(report, check).state, verdict(report, check).reason) == ("warn", "no_baseline_value")


def test_a_distance_that_a_type_does_not_have_is_not_run(folder: Path) -> None:
    validation = gate("columns: {g: {drift: {max: 0.1, by: wasserstein}}}", "baseline: previous\n")
    past = past_of(validation, csv(folder, hundred(0.01), "old.csv"), "old")
    report = judge(validation, csv(folder, hundred(0.01)), past)
    assert (verdict(report, "g.drift").state, report.passed) == ("not_run", False)


def test_shares_and_tolerance_are_asked_of_every_slice(folder: Path) -> None:
    rows = [
        f"{'a' if at < 60 else 'b' if at < 100 else 'c'},{'' if at < 12 else 1},{-1 if 60 <= at < 66 else 1}"
        for at in range(105)
    ]
    path = csv(folder, "\n".join(["g,v,w", *rows, ""]))
    report = judge(
        gate("columns: {v: {nulls: {max: 15%}}, w: {type: integer, min: 0, tolerance: 10%}}", "slices: [g]\n"), path
    )
    states = {
        (item.check, item.slice): item.state for item in report.verdicts if item.check in ("v.nulls.max", "w.min")
    }
    assert states == {
        ("v.nulls.max", None): "pass", ("v.nulls.max", "g=a"): "fail", ("v.nulls.max", "g=b"): "pass", ("v.nulls.max", "g=c"): "too_few",
        ("w.min", None): "pass", ("w.min", "g=a"): "pass", ("w.min", "g=b"): "fail", ("w.min", "g=c"): "too_few",
    }  # fmt: skip
    assert "5 rows, and 30 are asked for" in verdict(report, "v.nulls.max", "g=c").message


def test_bins_are_slices_too(folder: Path) -> None:
    rows = [f"{at % 50},{'' if at % 50 < 10 else 1}" for at in range(500)]
    path = csv(folder, "\n".join(["age,v", *rows, ""]))
    report = judge(gate("columns: {v: {nulls: {max: 50%}}}", "slices: [{age: [0, 10, 50]}]\n"), path)
    assert verdict(report, "v.nulls.max", "age=[0, 10)").state == "fail"
    assert verdict(report, "v.nulls.max", "age=[10, 50)").state == "pass"


def test_too_few_can_be_made_to_stop(folder: Path) -> None:
    path = csv(folder, "k,v\n1,\n")
    assert judge(gate("columns: {v: {in: [a]}}"), path).passed
    assert blocking(judge(gate("columns: {v: {in: [a]}}", "too_few: fail\n"), path)) == ["v.in"]


# --- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["'a <= b'", "{sql: 'a <= b'}", "{expr: 'a <= b', share: {min: 67%}}"])
def test_rules_over_columns(folder: Path, rule: str) -> None:
    path = csv(folder, "a,b\n1,2\n3,2\n,2\n2,2\n")
    report = judge(gate(f"rows_where: [{rule}]"), path)
    found = verdict(report, "rows_where.1")
    assert (found.state, found.n) == ("fail", 3)
    assert found.examples == ({"row": 2, "a": "3", "b": "2"},)
    assert "1 of 3 rows (33.3%) break the rule" in found.message
    kept = judge(gate("rows_where: [{expr: 'a <= b', share: {min: 60%}, name: part}]"), path)
    assert verdict(kept, "rows_where.part").state == "pass"
    nothing = judge(gate(f"rows_where: [{rule}]"), csv(folder, "a,b\n,2\n1,\n"))
    assert verdict(nothing, "rows_where.1").state == "too_few"


# --- other tables --------------------------------------------------------------------------------------------------


def test_the_other_table_may_be_typed_or_a_folder_or_a_pattern(folder: Path) -> None:
    write_table(pa.table({"id": pa.array([1, 2], pa.int32())}), folder / "more/a.parquet")
    write_table(pa.table({"id": pa.array([30], pa.int64())}), folder / "more/b.parquet")
    for table in ("more", "more/*.parquet"):
        report = judge(
            gate(f"columns: {{v: {{type: integer, references: {{data: '{table}', column: id}}}}}}"),
            column(folder, "1 30 7"),
        )
        found = verdict(report, "v.references")
        assert (found.state, [row["row"] for row in found.examples]) == ("fail", [3])
        assert found.bound == f"in {table}: id"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{data: nothing.csv, column: key}", "the table that 'v.references' looks in cannot be read"),
        ("{data: other.csv, column: kee}", "the table 'other.csv' has no column 'kee'"),
    ],
)
def test_another_table_that_cannot_be_used_is_a_mistake_with_a_place(folder: Path, said: str, words: str) -> None:
    with pytest.raises(SpecError, match=words) as caught:
        judge(gate(f"columns: {{v: {{references: {said}}}}}"), column(folder, "a"))
    assert caught.value.faults[0].place is not None


# --- odd values ----------------------------------------------------------------------------------------------------


def test_a_newest_value_that_lies_ahead_says_so(folder: Path) -> None:
    path = column(folder, "2026-11-26T12:00:00 2020-01-01")
    report = judge(gate("columns: {v: {type: timestamp, freshness: {max: 2h}}}"), path)
    assert verdict(report, "v.freshness.max").message == "the newest value is 2 d ahead of the clock"


def test_order_goes_from_part_to_part(folder: Path) -> None:
    csv(folder, "v\n1\n5\n", "data/1.csv")
    csv(folder, "v\n4\n6\n", "data/2.csv")
    report = judge(gate("columns: {v: {type: integer, order: ascending, gaps: {max: 2}}}"), folder / "data")
    found = verdict(report, "v.order")
    assert (found.state, found.share) == ("fail", 0.25)
    assert verdict(report, "v.gaps.max").value == 3


def test_zoned_and_typed_times(folder: Path) -> None:
    table = pa.table(
        {
            "v": pa.array(["2026-11-24T11:00:00"])
            .cast(pa.timestamp("ns"))
            .cast(pa.timestamp("ns", "UTC"))
            .cast(pa.timestamp("ns", "Asia/Tokyo"))
        }
    )
    write_table(table, folder / "now.parquet")
    report = judge(
        gate("columns: {v: {type: timestamp, freshness: {max: 2h}, max: 2026-11-24T11:30:00Z}}"), folder / "now.parquet"
    )
    assert report.passed
    assert verdict(report, "v.freshness.max").value == 3600


def test_infinite_numbers_have_no_mean(folder: Path) -> None:
    report = judge(gate("columns: {v: {type: number, mean: {min: 0}, std: {max: 9}}}"), column(folder, "1 inf 3"))
    assert blocking(report) == ["v.mean.min", "v.std.max"]
    assert not math.isinf(float(str(verdict(report, "v.mean.min").value or 0)))
    assert read_table(folder / "now.csv").num_rows == 3


def test_files_of_other_columns_and_types_give_verdicts(folder: Path) -> None:
    write_table(pa.table({"a": [1, 2, 3] * 30, "b": ["x", "y", "x"] * 30}), folder / "data/1.parquet")
    write_table(pa.table({"a": ["q"] * 50, "c": [1] * 50}), folder / "data/2.parquet")
    columns = (
        "a: {type: number, min: 0, mean: {change: 5%}}, b: {in: [x, y], drift: 0.1, nulls: {max: 60%, change: 50%}}"
    )
    validation = gate(f"columns: {{{columns}}}, rows_where: ['a > 0']", "baseline: previous\nslices: [b]\n")
    past = past_of(validation, folder / "data/1.parquet", "old")
    for before in (NO_PAST, past, past_of(validation, folder / "data", "same")):
        report = judge(validation, folder / "data", before)
        assert verdict(report, "a.type").share == pytest.approx(50 / 140)
        assert verdict(report, "rows_where.1").n == 90
        assert not report.passed


def test_rows_that_pull_are_shown_where_there_is_a_number(folder: Path) -> None:
    validation = gate(
        "columns: {v: {mean: {change: 1%}}, w: {mean: {change: 1%}, std: {change: 1%}}}", "baseline: previous\n"
    )
    past = past_of(validation, csv(folder, hundred(0.01).replace(",v,", ",x,"), "old.csv"), "old")
    report = judge(validation, csv(folder, hundred(0.01).replace(",6\n", ",600\n")), past)
    assert verdict(report, "v.mean.change").examples == (), "there was nothing to compare with"
    for check in ("w.mean.change", "w.std.change"):
        assert [row["w"] for row in verdict(report, check).examples] == ["600"] * 5
