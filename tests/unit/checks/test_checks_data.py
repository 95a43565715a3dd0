"""The data gate: what is wrong is named by column, share and bound, with rows that show it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import canonical
from mlops_cli.checks.asked import Settings
from mlops_cli.checks.data import check_data
from mlops_cli.checks.past import NO_PAST, past_of
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import DataValidation
from mlops_cli.tables.read import write_table

ROWS = 200
SPEC = """
kind: validation
name: people
baseline: previous
expect:
  format: csv
  bytes: {max: 1MB}
  rows: {min: 100, change: 30%}
  columns:
    id: {type: string, unique: true}
    age: {type: integer, min: 0, max: 120, nulls: {max: 5%}, mean: {change: 10%}, std: {change: 50%}}
    plan: {in: [free, pro]}
    email: {matches: '^[^@ ]+@[^@ ]+$', severity: warn}
    paid: {type: number, nulls: {max: 0%}}
    note: {required: false, nulls: {max: 50%}}
  rows_where: ["paid >= 0 or plan == 'free'", {sql: "length(email) > 3", name: long, share: {min: 99%}}]
"""


def spec(text: str = SPEC) -> DataValidation:
    found = parse_validation(text, "people.yaml")
    assert isinstance(found, DataValidation)
    return found


def people() -> pd.DataFrame:
    source = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "id": [f"p{index}" for index in range(ROWS)],
            "age": source.integers(20, 60, ROWS).astype(object),
            "plan": source.choice(["free", "pro"], ROWS).astype(object),
            "email": [f"p{index}@example.org" for index in range(ROWS)],
            "paid": source.uniform(0, 9, ROWS).round(2).astype(object),
        }
    )


def run(folder: Path, frame: pd.DataFrame, before: pd.DataFrame | None = None, text: str = SPEC) -> Report:
    frame.to_csv(folder / "now.csv", index=False)
    if before is not None:
        before.to_csv(folder / "before.csv", index=False)
    return judge(spec(text), folder / "now.csv", folder / "before.csv" if before is not None else None)


def judge(
    validation: DataValidation, current: Path, before: Path | None = None, label: str = "", threads: int = 1
) -> Report:
    past = past_of(validation, before, "before") if before is not None else NO_PAST
    return check_data(validation, current, past, Settings(threads=threads), label=label).report


def verdict(report: Report, check: str) -> Verdict:
    return next(item for item in report.verdicts if item.check == check)


def blocking(report: Report) -> list[str]:
    return [item.check for item in report.verdicts if item.blocks]


def test_good_data_passes_and_says_what_was_not_compared(tmp_path: Path) -> None:
    report = run(tmp_path, people())
    assert report.passed
    assert report.rows == ROWS
    waiting = {item.check: item.reason for item in report.verdicts if item.state == "not_run"}
    assert waiting == {
        "rows.change": "no_baseline",
        "age.mean.change": "no_baseline",
        "age.std.change": "no_baseline",
        "note.nulls.max": "optional_column",
    }


def test_against_an_equal_baseline_all_checks_pass(tmp_path: Path) -> None:
    report = run(tmp_path, people(), people())
    assert {item.state for item in report.verdicts if item.subject != "note"} == {"pass"}


def test_nulls_name_column_share_bound_and_rows(tmp_path: Path) -> None:
    frame = people()
    frame.loc[[3, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43], "age"] = None
    report = run(tmp_path, frame)
    found = verdict(report, "age.nulls.max")
    assert blocking(report) == ["age.nulls.max"]
    assert (found.subject, found.bound, found.share) == ("age", "max 5%", 0.06)
    assert found.examples[0] == {"row": 4, "age": None}
    assert len(found.examples) == 5
    assert "12 of 200 rows (6" in found.message


def test_a_new_category(tmp_path: Path) -> None:
    frame = people()
    frame.loc[[9, 10], "plan"] = "gold"
    found = verdict(run(tmp_path, frame), "plan.in")
    assert (found.state, found.share, found.bound) == ("fail", 0.01, "in free, pro")
    assert found.examples == ({"row": 10, "plan": "gold"}, {"row": 11, "plan": "gold"})


def test_a_wrong_type_shows_the_values(tmp_path: Path) -> None:
    frame = people()
    frame.loc[0, "age"], frame.loc[5, "age"], frame.loc[6, "age"] = "forty", 3.5, "1_000"
    found = verdict(run(tmp_path, frame), "age.type")
    assert found.state == "fail"
    assert [example["age"] for example in found.examples] == ["forty", "3.5", "1_000"]


def test_a_shifted_mean_shows_the_rows_that_pull(tmp_path: Path) -> None:
    frame = people()
    frame["age"] = frame.age + 15
    frame.loc[50, "age"] = 119
    report = run(tmp_path, frame, people())
    found = verdict(report, "age.mean.change")
    assert blocking(report) == ["age.mean.change"]
    assert found.bound == "change up to 10%"
    assert found.examples[0] == {"row": 51, "age": "119"}
    assert found.value == pytest.approx(frame.age.astype(float).mean(), rel=1e-11)
    assert found.baseline == pytest.approx(people().age.astype(float).mean(), rel=1e-11)


def test_values_out_of_range_repeats_and_patterns(tmp_path: Path) -> None:
    frame = people()
    frame.loc[1, "age"] = -4
    frame.loc[2, "id"] = "p0"
    frame.loc[3, "email"] = "nobody"
    report = run(tmp_path, frame)
    assert blocking(report) == ["id.unique", "age.min"]
    assert verdict(report, "age.min").examples == ({"row": 2, "age": "-4"},)
    assert verdict(report, "id.unique").examples == ({"row": 1, "id": "p0"}, {"row": 3, "id": "p0"})
    assert verdict(report, "email.matches").state == "warn"


def test_row_rules_skip_nulls_and_show_the_columns_they_compare(tmp_path: Path) -> None:
    frame = people()
    frame.loc[0, ["plan", "paid"]] = ["pro", -1]
    frame.loc[1, ["plan", "paid"]] = ["pro", None]
    report = run(tmp_path, frame)
    found = verdict(report, "rows_where.1")
    assert found.state == "fail"
    assert found.examples == ({"row": 1, "paid": "-1", "plan": "pro"},)
    assert found.n == ROWS - 1
    assert verdict(report, "rows_where.long").state == "pass"


def test_a_missing_column_fails_once_and_blocks_what_needs_it(tmp_path: Path) -> None:
    report = run(tmp_path, people().drop(columns="age"))
    assert verdict(report, "age.required").state == "fail"
    others = [item for item in report.verdicts if item.subject == "age" and item.check != "age.required"]
    assert {(item.state, item.reason) for item in others} == {("not_run", "no_column")}


def test_fewer_rows_than_asked_and_than_before(tmp_path: Path) -> None:
    report = run(tmp_path, people()[:60], people())
    assert verdict(report, "rows.min").state == "fail"
    said = verdict(report, "rows.change").message
    assert said.startswith("rows went from 200 to 60 (-70.0%); at most 30% is allowed; ")


BROKEN = {
    "empty": b"",
    "binary": bytes(range(256)),
    "semicolons": b"id;age\np0;3\n",
    "latin": "id,age\nü,3\n".encode("latin-1"),
    "cut_off": b'id,age\np0,3\np1,"4',
    "short_row": b"id,age\np0,3\np1\n",
    "duplicate": b"id,id\np0,3\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_no_table_fails_its_format_and_passes_nothing(tmp_path: Path, case: str) -> None:
    path = tmp_path / "now.csv"
    path.write_bytes(BROKEN[case])
    report = judge(spec(), path, None)
    assert verdict(report, "format.is").state == "fail"
    assert {item.state for item in report.verdicts} == {"fail", "not_run"}
    assert not report.passed


def test_a_header_alone_fails_even_without_a_rule_on_rows(tmp_path: Path) -> None:
    path = tmp_path / "now.csv"
    path.write_text("a,b\n")
    text = "kind: validation\nname: x\nexpect: {columns: {a: {type: integer, min: 0, unique: true, in: [1]}}}\n"
    report = judge(spec(text), path, None)
    assert blocking(report) == ["rows.min"]
    assert not [
        item.check
        for item in report.verdicts
        if item.state == "pass" and item.subject == "a" and item.check != "a.required"
    ]


def test_another_format_than_stated_fails(tmp_path: Path) -> None:
    write_table(people()[["id"]], tmp_path / "now.parquet")
    assert blocking(
        judge(spec("kind: validation\nname: x\nexpect: {format: csv}\n"), tmp_path / "now.parquet", None)
    ) == ["format.is"]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "csv"])
def test_every_format_gives_the_same_measures(tmp_path: Path, ending: str) -> None:
    frame = people().infer_objects()
    frame.loc[4, "age"] = 500
    write_table(frame, tmp_path / f"now.{ending}")
    text = SPEC.replace("  format: csv\n", "")
    report = judge(spec(text), tmp_path / f"now.{ending}", None)
    assert blocking(report) == ["age.max"]
    found = verdict(report, "age.max")
    assert (found.value, found.share, found.examples[0]["row"]) == (500, 0.005, 5)


def test_stored_types_count_in_typed_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["1", "2"], "b": [1.0, 2.5], "c": [1.0, np.nan]})
    write_table(frame, tmp_path / "now.parquet")
    text = (
        "kind: validation\nname: x\nexpect: {columns: {a: {type: integer}, b: {type: integer}, "
        "c: {type: integer, nulls: {max: 10%}}}}\n"
    )
    report = judge(spec(text), tmp_path / "now.parquet", None)
    assert verdict(report, "a.type").share == 1.0
    assert verdict(report, "b.type").examples == ({"row": 2, "b": 2.5},)
    assert verdict(report, "c.type").state == "pass"
    assert verdict(report, "c.nulls.max").share == 0.5


def test_nan_in_csv_counts_as_missing_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_text("a\n1\nnan\n\n4\n")
    text = (
        "kind: validation\nname: x\nexpect: {columns: {a: {type: number, max: 9, nulls: {max: 10%}, mean: {min: 2}}}}\n"
    )
    report = judge(spec(text), tmp_path / "now.csv", None)
    assert "2 of 4 rows (50.0%) have no value, 1 of them not-a-number" in verdict(report, "a.nulls.max").message
    assert verdict(report, "a.mean.min").value == 2.5
    assert verdict(report, "a.type").state == "pass"


def test_a_rule_that_is_wrong_is_a_mistake_with_a_place(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "now.csv", index=False)
    for rule, words in (("{sql: 'nonsense('}", "cannot be used"), ("{sql: 'age + 1'}", "not a condition")):
        text = f"kind: validation\nname: x\nexpect:\n  rows_where:\n    - {rule}\n"
        with pytest.raises(SpecError, match=words) as caught:
            judge(spec(text), tmp_path / "now.csv", None)
        assert caught.value.faults[0].place is not None


def test_a_rule_over_a_missing_column_blocks(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "now.csv", index=False)
    text = "kind: validation\nname: x\nexpect: {rows_where: ['nope > 1', {sql: 'nope2 > 1'}]}\n"
    report = judge(spec(text), tmp_path / "now.csv", None)
    assert [item.reason for item in report.verdicts[2:]] == ["no_column", "no_column"]
    assert not report.passed


def test_rules_see_types_without_a_declaration(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_text("a,b,day,end\n9,10,2020-01-09,2020-01-10\n100,200,2020-02-01,2020-02-01\n")
    text = 'kind: validation\nname: x\nexpect: {rows_where: [\'a < b\', {sql: "day <= \\"end\\""}]}\n'
    assert judge(spec(text), tmp_path / "now.csv", None).passed


def test_columns_named_like_anything(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_text('"rows","a ""b"" \'c\'",format,row\n1,2,3,-4\n')
    text = (
        "kind: validation\nname: x\nexpect: {rows: {min: 1}, columns: {rows: {min: 0, unique: true}, "
        "'a \"b\" ''c''': {type: integer, max: 1}, format: {type: integer}, row: {min: 0}}}\n"
    )
    report = judge(spec(text), tmp_path / "now.csv", None)
    assert blocking(report) == ["a \"b\" 'c'.max", "row.min"]
    assert len(verdict(report, "row.min").examples[0]) == 2


def test_a_baseline_that_cannot_be_read_blocks(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "now.csv", index=False)
    (tmp_path / "before.csv").write_bytes(b"\x00\x01")
    report = judge(spec(), tmp_path / "now.csv", tmp_path / "before.csv")
    assert verdict(report, "rows.change").reason == "bad_baseline"
    assert not report.passed


def test_the_report_is_the_same_with_any_number_of_threads(tmp_path: Path) -> None:
    frame = pd.concat([people()] * 100)
    frame.loc[3, "age"] = None
    frame.to_csv(tmp_path / "now.csv", index=False)
    reports = {canonical(judge(spec(), tmp_path / "now.csv", tmp_path / "now.csv", threads=n)) for n in (1, 2, 4)}
    assert len(reports) == 1
    json.loads(next(iter(reports)))


def test_measures_agree_with_pandas(tmp_path: Path) -> None:
    source = np.random.default_rng(5)
    frame = pd.DataFrame({"k": 1, "v": np.where(source.uniform(size=3000) < 0.1, np.nan, source.normal(1e3, 7, 3000))})
    frame.to_csv(tmp_path / "now.csv", index=False)
    text = (
        "kind: validation\nname: x\nexpect: {columns: {v: {type: number, min: 0, max: 5000, nulls: {max: 1}, "
        "mean: {min: 0}, std: {min: 0}}}}\n"
    )
    report = judge(spec(text), tmp_path / "now.csv", None)
    values = {
        check: verdict(report, f"v.{check}").value for check in ("min", "max", "mean.min", "std.min", "nulls.max")
    }
    wanted = [frame.v.min(), frame.v.max(), frame.v.mean(), frame.v.std(), frame.v.isna().mean()]
    assert list(values.values()) == pytest.approx(wanted, rel=1e-11)


@pytest.mark.parametrize("cells", [["", "", ""], ["1"], ["9" * 30, "-1"]], ids=["all_null", "one_row", "huge"])
def test_degenerate_columns_never_break(tmp_path: Path, cells: list[str]) -> None:
    (tmp_path / "now.csv").write_text("k,v\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    text = (
        "kind: validation\nname: x\nbaseline: previous\nexpect: {columns: {v: {type: integer, min: -5, unique: true, "
        "mean: {change: 5%}, std: {change: 5%}}}}\n"
    )
    report = judge(spec(text), tmp_path / "now.csv", tmp_path / "now.csv")
    assert all(item.state in ("pass", "too_few", "not_run") for item in report.verdicts)


def test_numbers_asked_of_a_column_of_texts_fail_its_type(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_text("a\n1\nx\n3\n")
    report = judge(spec("kind: validation\nname: x\nexpect: {columns: {a: {min: 0}}}\n"), tmp_path / "now.csv", None)
    assert blocking(report) == ["a.type"]
    assert verdict(report, "a.type").examples == ({"row": 2, "a": "x"},)


def test_a_mean_that_fell_shows_the_lowest_rows(tmp_path: Path) -> None:
    frame = people()
    frame["age"] = frame.age - 15
    found = verdict(run(tmp_path, frame, people()), "age.mean.change")
    assert {example["age"] for example in found.examples} == {"5"}


def test_new_values_are_named(tmp_path: Path) -> None:
    frame = people()
    frame.loc[[9, 10], "plan"] = ["gold", "free "]
    message = verdict(run(tmp_path, frame), "plan.in").message
    assert message == "2 of 200 rows (1.0%) hold a value outside the allowed set: 'free ', 'gold'"


def test_a_wide_file_is_asked_only_for_what_checks_name(tmp_path: Path) -> None:
    names = [f"c{index}" for index in range(3000)]
    (tmp_path / "now.csv").write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    text = "kind: validation\nname: x\nexpect: {columns: {c5: {max: 0}}, rows_where: [{sql: 'c7 > 5'}]}\n"
    assert blocking(judge(spec(text), tmp_path / "now.csv", None)) == ["c5.max", "rows_where.1"]


def test_times_with_zones_can_be_shown(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"at": pd.to_datetime(["2020-01-01"] * 2, utc=True)}), tmp_path / "now.parquet")
    text = "kind: validation\nname: x\nexpect: {columns: {at: {type: timestamp, unique: true}}}\n"
    found = verdict(judge(spec(text), tmp_path / "now.parquet", None), "at.unique")
    assert found.examples[1] == {"row": 2, "at": "2020-01-01 00:00:00+00:00"}


def test_a_rule_over_all_rows_is_no_row_rule(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "now.csv", index=False)
    with pytest.raises(SpecError, match="cannot be used"):
        judge(
            spec("kind: validation\nname: x\nexpect: {rows_where: [{sql: 'sum(paid) > 3'}]}\n"),
            tmp_path / "now.csv",
            None,
        )


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def gate(expect: str, more: str = "") -> DataValidation:
    return spec(f"kind: validation\nname: x\n{more}expect: {{{expect}}}\n")


def test_columns_named_like_our_own_are_read_as_themselves(tmp_path: Path) -> None:
    names = "plain,c0,r0,v1,V2,n2,w3,k0,q0_v1,Q1_r0,q0_one"
    path = written(tmp_path, "now.csv", names + "\n" + ",".join(str(index) for index in range(11)) + "\n")
    rules = ["c0 = 1", "R0 = 2", "V1 = 3", "v2 = 4", "n2 = 5", "w3 = 6", "k0 = 7", "q0_v1 = 8", "q1_r0 = 9"]
    listed = ", ".join(f"{{sql: '{rule}'}}" for rule in [*rules, "q0_one = 10", "plain = 0"])
    report = judge(gate(f"columns: {{V2: {{min: 9}}}}, rows_where: [{listed}, {{sql: 'v7 > 0'}}]"), path, None)
    assert blocking(report) == ["V2.min", "rows_where.12"]
    assert verdict(report, "rows_where.12").reason == "no_column"


def test_columns_that_differ_by_capitals_are_refused_in_sql_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "now.csv", "a,A,\n1,2,3\n")
    assert judge(gate("columns: {a: {max: 1}, A: {min: 2}}, rows_where: ['a < A']"), path, None).passed
    with pytest.raises(SpecError, match="names 'a', and the file also has 'A'") as caught:
        judge(gate("rows_where: [{sql: 'A > 1'}]"), path, None)
    assert caught.value.faults[0].place is not None


def test_a_column_without_a_name_breaks_no_rule(tmp_path: Path) -> None:
    path = written(tmp_path, "now.csv", 'a,,"b ""c"""\n1,2,3\n')
    assert judge(gate('rows_where: [{sql: \'a = 1 and "b ""c""" = 3\'}]'), path, None).passed


CHANGE = "columns: {v: {type: number, required: false, mean: {change: 10%}, std: {change: 10%}}}"


def change(folder: Path, before: str, now: str) -> Report:
    spec = gate(CHANGE, "baseline: previous\n")
    return judge(spec, written(folder, "now.csv", now), written(folder, "before.csv", before))


def test_a_column_that_is_empty_now_fails_its_change(tmp_path: Path) -> None:
    report = change(tmp_path, "k,v\n1,2\n1,4\n", "k,v\n1,\n1,\n")
    assert blocking(report) == ["v.mean.change", "v.std.change"]
    found = verdict(report, "v.mean.change")
    assert found.reason == "no_value_now"
    assert found.message.startswith("the mean was 3, and now there is no value")


@pytest.mark.parametrize("before", ["k\n1\n2\n", "k,v\n1,\n2,\n", "k,v\n1,inf\n1,2\n"])
def test_a_baseline_without_the_value_warns(tmp_path: Path, before: str) -> None:
    report = change(tmp_path, before, "k,v\n1,1\n1,2\n")
    found = verdict(report, "v.mean.change")
    assert (found.state, found.reason, report.passed) == ("warn", "no_baseline_value", True)


def test_infinite_values_fail_an_average_and_are_shown(tmp_path: Path) -> None:
    report = change(tmp_path, "k,v\n1,2\n1,4\n", "k,v\n1,2\n1,4\n1,-inf\n")
    found = verdict(report, "v.mean.change")
    assert (found.state, found.reason) == ("fail", "infinite_values")
    assert found.examples == ({"row": 3, "v": "-inf"},)


def test_too_few_can_be_made_to_fail(tmp_path: Path) -> None:
    path = written(tmp_path, "now.csv", "k,v,w\n1,,\n")
    columns = "columns: {v: {type: number, max: 3}, w: {max: 3, severity: warn}}"
    assert judge(gate(columns), path, None).passed
    report = judge(gate(columns, "too_few: fail\n"), path, None)
    assert blocking(report) == ["v.type", "v.max"]
    assert verdict(report, "v.max").reason == "no_values"


@pytest.mark.parametrize(
    ("kind", "cells", "repeats"),
    [
        ("integer", ["1", "01", "1.0", "2"], 2),
        ("number", ["1", "1.0", "1e0", "2.5", "2.50", "-0", "0"], 4),
        ("number", ["9007199254740992", "9007199254740993", "9007199254740993.0"], 1),
        ("string", ["1", "01", "1.0"], 0),
        (None, ["1", "01", "1.0"], 0),
    ],
)
def test_unique_compares_values_of_the_declared_type(
    tmp_path: Path, kind: str | None, cells: list[str], repeats: int
) -> None:
    path = written(tmp_path, "now.csv", "v\n" + "".join(f"{cell}\n" for cell in cells))
    declared = f"type: {kind}, " if kind else ""
    report = judge(gate(f"columns: {{v: {{{declared}unique: true}}}}, rows_where: ['not is_null(v)']"), path, None)
    found = verdict(report, "v.unique")
    assert round((found.share or 0) * len(cells)) == repeats
    assert (found.state == "fail") == bool(repeats) == bool(found.examples)


@pytest.mark.parametrize("kind", ["type: integer, ", "type: number, ", ""])
def test_whole_numbers_are_compared_to_the_last_digit(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, "now.csv", "v\n9007199254740992\n9007199254740993\n")
    report = judge(gate(f"columns: {{v: {{{kind}max: 9007199254740992, min: -5}}}}"), path, None)
    assert blocking(report) == ["v.max"]
    assert verdict(report, "v.max").examples == ({"row": 2, "v": "9007199254740993"},)
    write_table(pd.DataFrame({"v": [9007199254740992, 9007199254740993]}), tmp_path / "now.parquet")
    report = judge(gate(f"columns: {{v: {{{kind}max: 9007199254740992}}}}"), tmp_path / "now.parquet", None)
    assert blocking(report) == ["v.max"]


def test_bytes_that_are_no_text_fail_the_format_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_bytes(b"a,b\n" + b"1,x\n" * 50_000 + b"2,\xff\n" + b"1,x\n" * 10)
    report = judge(gate("columns: {a: {min: 0}}"), tmp_path / "now.csv", None)
    assert "line 50002: the text is not UTF-8" in verdict(report, "format.is").message
    assert not report.passed


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow", "jsonl"])
def test_a_rule_over_a_column_without_any_value_applies_to_no_row(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"now.{ending}"
    write_table(pd.DataFrame({"a": [1, 2], "b": [None, None], "day": pd.to_datetime(["2020-01-01"] * 2)}), path)
    report = judge(gate("rows_where: ['a <= b', {sql: 'day > b'}, 'b in [1, 2]']"), path, None)
    assert [item.state for item in report.verdicts[2:]] == ["too_few"] * 3


@pytest.mark.parametrize(
    "rule",
    ["a in (select z from nope)", "sum(a) > 1", "row_number() over () > 1", "a = 1 and cast(b as integer) > 0"],
)
def test_the_fault_of_an_sql_rule_has_the_place_of_that_rule(tmp_path: Path, rule: str) -> None:
    path = written(tmp_path, "now.csv", "a,b\n1,x\n2,y\n")
    text = f"kind: validation\nname: x\nexpect:\n  rows_where:\n    - a > 0\n    - {{sql: '{rule}'}}\n    - a < 9\n"
    with pytest.raises(SpecError) as caught:
        judge(spec(text), path, None)
    place = caught.value.faults[0].place
    assert place is not None and place.line == 6


def test_a_column_that_was_probably_meant_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "now.csv", "Sex,b\n1,2\n")
    report = judge(gate("columns: {sex: {in: [1]}, other: {max: 3}}"), path, None)
    assert verdict(report, "sex.required").message == "the file has no column 'sex'; did you mean 'Sex'?"
    assert verdict(report, "sex.in").message.endswith("did you mean 'Sex'?")
    assert "did you mean" not in verdict(report, "other.required").message


def test_sentences_have_four_digits(tmp_path: Path) -> None:
    path = written(tmp_path, "now.csv", "v\n1\n2\n4\n")
    assert verdict(judge(gate("columns: {v: {mean: {max: 2}}}"), path, None), "v.mean.max").message == (
        "mean is 2.333; at most 2 is asked for"
    )
