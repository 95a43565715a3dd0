"""Hostile data, specs and targets: a clear answer, nothing lost, nothing passed unseen."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Project

from mlops_cli.measures.hashes import ROUNDS, WEIGHTS, text_hashes

SPEC = "kind: validation\nname: v\n"


def spec(project: Project, text: str) -> None:
    project.write("v.yaml", SPEC + text)


def test_whole_numbers_beyond_64_bits_are_inferred_and_pass(project: Project) -> None:
    project.write("d.csv", "a\n" + "9223372036854775808\n-9223372036854775809\n18446744073709551616\n1\n" * 5)
    project.quick("infer", "d.csv", "-o", "v.yaml")
    project.quick("validate", "v.yaml", "--data", "d.csv")


def test_times_beyond_the_calendar_are_shown(project: Project) -> None:
    far = pa.array([2**62, -(2**62), 0, None] * 10, pa.timestamp("us", "America/New_York"))
    days = pa.array([2**31 - 1, -(2**31), 0, None] * 10, pa.date32())
    pq.write_table(
        pa.table({"z": far, "d": days, "l": pa.array([[2**62]] * 40, pa.list_(pa.timestamp("us")))}),
        project.root / "d.parquet",
    )
    spec(
        project,
        "expect:\n  columns:\n    z: {type: timestamp, max: 2000-01-01}\n    d: {type: date, max: 2000-01-01}\n    l: {nulls: {max: 0%}, type: integer}\n",
    )
    found = project.quick("validate", "v.yaml", "--data", "d.parquet", "--json", code=1).json
    assert {item["check"] for item in found["verdicts"] if item["state"] == "fail"} == {"z.max", "d.max", "l.type"}
    project.quick("infer", "d.parquet")
    project.quick("profile", "d.parquet")


def test_long_texts_are_hashed_word_by_word_whatever_their_length() -> None:
    step = 8 * len(WEIGHTS)
    lengths = [0, 7, 8, step - 1, step, step + 1, 2 * step + 3, step * (ROUNDS + 1) + 5]
    texts = [bytes((at * 31 + 7) % 251 for at in range(length)) for length in lengths]
    alone = [int(text_hashes(pa.array([text]))[0]) for text in texts]
    assert text_hashes(pa.array(texts)).tolist() == alone
    changed = [text[:-1] + b"\xff" for text in texts if text]
    assert not set(text_hashes(pa.array(changed)).tolist()) & set(alone)
    longest = texts[-1]
    swapped = longest[step : 2 * step] + longest[:step] + longest[2 * step :]
    assert int(text_hashes(pa.array([swapped]))[0]) != alone[-1], "the order of far words counts"


@pytest.mark.parametrize("command", ["profile", "infer"])
def test_pipes_and_devices_are_refused_and_not_waited_for(project: Project, command: str) -> None:
    os.mkfifo(project.root / "pipe.csv")
    (project.root / "zero.csv").symlink_to("/dev/zero")
    for name in ("pipe.csv", "zero.csv"):
        assert "a pipe or a device" in project.quick(command, name, code=3).err


def test_a_column_called_rows_is_not_the_number_of_rows(project: Project) -> None:
    project.write("d.csv", "rows,bytes\n" + "1,2\n" * 40)
    spec(
        project,
        'baseline: previous\nexpect:\n  rows: {min: 100, change: 10%}\n  columns:\n    "*": {drift: {max: 0.1}, nulls: {change: 1pp}}\n',
    )
    found = project.quick("validate", "v.yaml", "--data", "d.csv", "--baseline", "d.csv", "--json", code=1).json
    states = {item["check"]: item["state"] for item in found["verdicts"]}
    assert (states["rows.min"], states["rows.change"]) == ("fail", "pass")


def test_columns_that_can_never_be_compared_stop_nothing(project: Project) -> None:
    table = pa.table(
        {
            "a": range(300),
            "f": [float("inf")] * 300,
            "m": pa.array([[("k", 1)]] * 300, pa.map_(pa.string(), pa.int64())),
        }
    )
    pq.write_table(table, project.root / "d.parquet")
    project.quick("infer", "d.parquet", "-o", "v.yaml")
    said = project.quick("validate", "v.yaml", "--data", "d.parquet", "--baseline", "d.parquet").out
    assert "cannot be compared" in said


def test_the_check_that_stops_is_shown_among_many_without_an_answer(project: Project) -> None:
    names = [f"c{at}" for at in range(12)]
    project.write("d.csv", ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    checks = "".join(f"    {name}: {{mean: {{change: 10%}}}}\n" for name in names)
    spec(project, f"baseline: previous\nexpect:\n  columns:\n{checks}  rows_where: [{{expr: 'gone > 1'}}]\n")
    said = project.quick("validate", "v.yaml", "--data", "d.csv", "--baseline", "d.csv", code=1).out
    assert "there is no column 'gone'" in said and "without an answer" in said


def test_one_text_among_numbers_in_json_lines_is_the_only_wrong_one(project: Project) -> None:
    lines = ['{"a":1}', '{"a":100}', '{"a":"x"}', '{"a":true}', '{"a":null}', '{"a":2.5}', '{"a":[1]}']
    project.write("d.jsonl", "\n".join(lines) + "\n")
    spec(project, "expect:\n  columns:\n    a: {type: integer, max: 50}\n")
    found = project.quick("validate", "v.yaml", "--data", "d.jsonl", "--json", code=1).json
    rows = {item["check"]: [row["row"] for row in item["examples"]] for item in found["verdicts"]}
    assert rows["a.type"] == [3, 4, 6, 7] and rows["a.max"] == [2]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("a > 0); COPY (select 1) TO 'stolen.csv'; select (1", "more than one expression"),
        ("a>0), (a>1", "more than one expression"),
        ("a in (select max(a) from part)", "holds a query"),
        ("a in (select 1 from read_csv('/etc/passwd'))", "holds a query"),
        ("random() > 0.5", "never the same twice"),
        ("a > 0 and sleep_ms(100000) is null", "never the same twice"),
    ],
)
def test_rules_see_one_row_and_nothing_else(project: Project, sql: str, says: str) -> None:
    project.write("d.csv", "a\n1\n2\n")
    spec(project, f"expect:\n  rows_where: [{{sql: {json.dumps(sql)}}}]\n")
    assert says in project.quick("validate", "v.yaml", "--data", "d.csv", code=3).err
    assert not (project.root / "stolen.csv").exists()


def test_slices_by_a_column_that_is_not_there_say_no(project: Project) -> None:
    project.write("d.csv", "a\n1\n2\n")
    spec(project, "slices: [gone]\nexpect:\n  columns:\n    a: {nulls: {max: 0%}}\n")
    assert "no column 'gone'" in project.quick("validate", "v.yaml", "--data", "d.csv", code=1).out


def test_reports_never_replace_data_or_specs(project: Project) -> None:
    data = project.write("d.csv", "a\n1\n2\n")
    spec(project, "expect:\n  columns:\n    a: {type: integer}\n")
    held = {path: path.read_bytes() for path in (data, project.root / "v.yaml", project.root / "mlops.yaml")}
    for target in ("d.csv", "v.yaml", "mlops.yaml"):
        project.quick("validate", "v.yaml", "--data", "d.csv", "-o", target, code=2)
        project.quick("profile", "d.csv", "--html", target, code=2)
    project.quick("infer", "d.csv", "-o", "d.csv", "--force", code=2)
    assert {path: path.read_bytes() for path in held} == held


def test_a_report_goes_through_a_link_and_does_not_replace_it(project: Project) -> None:
    project.write("d.csv", "a\n1\n2\n")
    real = project.write("real.html", "")
    (project.root / "link.html").symlink_to(real)
    project.quick("profile", "d.csv", "--html", "link.html")
    assert (project.root / "link.html").is_symlink() and "<html" in real.read_text("utf-8")
    said = project.mlops("profile", "d.csv", "--html", "/dev/stdout").out
    assert "<html" in said and stat.S_ISLNK(os.lstat("/dev/stdout").st_mode)


def test_an_interruption_is_no_traceback_whenever_it_comes(project: Project) -> None:
    project.write("d.csv", "a\n" + "1\n" * 200_000)
    spec(project, "expect:\n  columns:\n    a: {type: integer, unique: true}\n  rows_where: [{sql: 'a > 0'}]\n")
    command = [sys.executable, "-m", "mlops_cli", "validate", "v.yaml", "--data", "d.csv"]
    for wait in (0.05, 0.15, 0.3, 0.5, 0.8):
        started = subprocess.Popen(
            command, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        time.sleep(wait)
        started.send_signal(signal.SIGINT)
        said = started.communicate(timeout=60)[1]
        ours = "mlops_cli" in said and "Traceback" in said
        assert not ours and started.returncode in (1, 130, -signal.SIGINT), said


def test_control_characters_and_markup_in_data_do_nothing(project: Project) -> None:
    rows = "".join(f'"\x1b[31mred{at}","<img src=x onerror=alert({at % 2})>"\n' for at in range(30))
    project.write("d.csv", '"\u202ename","<script>alert(1)</script>"\n' + rows)
    assert "\x1b" not in project.quick("infer", "d.csv").out
    said = project.quick("profile", "d.csv").out
    assert "\x1b" not in said and "\u202e" not in said
    project.quick("profile", "d.csv", "--html", "p.html")
    page = Path(project.root / "p.html").read_text("utf-8")
    assert "<img src=x" not in page and "<script>alert(1)" not in page


def test_a_reader_that_goes_changes_neither_the_work_nor_the_exit_code(project: Project) -> None:
    project.write("d.csv", "a\n1\n2\n")
    spec(project, "expect:\n  columns:\n    a: {type: integer, max: 1}\nquarantine: {to: aside, max: 90%}\n")
    project.write(
        "p.yaml", "kind: pipeline\nname: p\ndata: {d: d.csv}\nstages: {g: {validate: v.yaml, in: {data: d}}}\n"
    )
    read, write = os.pipe()
    os.close(read)
    commands = {("run", "p.yaml"): 0, ("validate", "nope.yaml"): 2}
    for words, code in commands.items():
        command = [sys.executable, "-m", "mlops_cli", *words]
        assert subprocess.run(command, cwd=project.root, stdout=write, stderr=write).returncode == code, words
    os.close(write)
    assert "aside" in project.quick("ls").out
