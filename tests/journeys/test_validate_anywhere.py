"""`mlops validate` without a project: files, patterns, folders, compressed files; reports for people and for CI."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Project

SPEC = """
kind: validation
name: orders
baseline: previous
expect:
  format: csv
  rows: {min: 2, change: 50%}
  columns:
    id: {type: integer, unique: true}
    amount: {type: number, min: 0}
    code: {references: {data: codes.csv, column: code}, not_in: [serving]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Project:
    """A folder that is no project."""
    made = Project(tmp_path / "anywhere")
    made.write("orders.yaml", SPEC)
    made.write("codes.csv", "code\na\nb\n")
    made.write("good.csv", "id,amount,code\n1,5,a\n2,6,b\n")
    made.write("bad.csv", "id,amount,code\n1,-5,a\n2,6,<z>\n2,7,b\n")
    made.write("many/1.csv", "id,amount,code\n1,5,a\n")
    made.write("many/2.csv", "id,amount,code\n2,5,b\n3,-1,b\n")
    (made.root / "good.csv.gz").write_bytes(gzip.compress((made.root / "good.csv").read_bytes()))
    return made


def listing(project: Project) -> set[str]:
    return {str(path.relative_to(project.root)) for path in project.root.rglob("*")}


def test_a_file_is_judged_anywhere_and_nothing_is_left_behind(folder: Project) -> None:
    before = listing(folder)
    said = folder.mlops("validate", "orders.yaml", "--data", "good.csv").out
    assert said.startswith("gate orders (orders) on 2 rows: passed")
    bad = folder.mlops("validate", "orders.yaml", "--data", "bad.csv", code=1).out
    for words in ("id.unique", "amount.min", "1 of 3 rows (33.3%) hold a value that codes.csv does not have"):
        assert words in bad
    assert listing(folder) == before


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ("good.csv.gz", 0, "on 2 rows: passed"),
        ("many", 1, "on 3 rows: said no"),
        ("many/*.csv", 1, "1 of 3 rows (33.3%) are below 0"),
        ("./many/2.csv", 1, "on 2 rows"),
    ],
)
def test_files_of_every_form(folder: Project, data: str, code: int, words: str) -> None:
    assert words in folder.quick("validate", "orders.yaml", "--data", data, code=code).out
    elsewhere = Project(folder.root / "elsewhere")
    elsewhere.root.mkdir()
    elsewhere.write("codes.csv", "code\na\nb\n")
    assert words in elsewhere.quick("validate", "../orders.yaml", "--data", f"../{data}", code=code).out


def test_exit_codes(folder: Project) -> None:
    folder.write("broken.yaml", "kind: validation\nname: x\nexpects: {}\n")
    folder.write(
        "sliced.yaml",
        "kind: validation\nname: x\nslices: [{code: [0, 1]}]\nexpect: {columns: {id: {nulls: {max: 0%}}}}\n",
    )
    for words, code, said in (
        (["orders.yaml", "--data", "good.csv"], 0, ""),
        (["orders.yaml", "--data", "bad.csv"], 1, ""),
        (["orders.yaml"], 2, "does not say which data to judge"),
        (["nope.yaml", "--data", "good.csv"], 2, "there is no spec 'nope.yaml'"),
        (["broken.yaml", "--data", "good.csv"], 2, "expects"),
        (["orders.yaml", "--data", "nope.csv"], 2, "there is no file"),
        (["orders.yaml", "--data", "missing/*.csv"], 2, "no file fits the pattern 'missing/*.csv'"),
        (["orders.yaml", "--data", "nope@v3"], 4, "there is no 'nope@v3'"),
        (["orders.yaml", "--data", "good.csv", "--model", "x"], 2, "judges data, not a model"),
        (["orders.yaml", "--data", "good.csv", "--environment", "serv"], 2, "it knows serving"),
        (["orders.yaml", "--data", "good.csv", "--format", "pdf"], 2, "pdf"),
        (["orders.yaml", "--data", "good.csv", "-o", "orders.yaml/x"], 2, "cannot be written"),
        (["sliced.yaml", "--data", "good.csv"], 3, "its column is not a number"),
    ):
        assert said in folder.quick("validate", *words, code=code).err, words


def test_every_format_of_report_is_sound(folder: Project) -> None:
    def report(form: str, data: str = "bad.csv") -> str:
        code = 0 if data == "good.csv" else 1
        out = folder.quick("validate", "orders.yaml", "--data", data, "--format", form, code=code).out
        folder.quick("validate", "orders.yaml", "--data", data, "--format", form, "-o", f"out/report.{form}", code=code)
        assert (folder.root / f"out/report.{form}").read_text("utf-8").strip() == out.strip()
        return out

    found = json.loads(report("json"))
    assert {item["check"] for item in found["verdicts"] if item["state"] == "fail"} == {
        "id.unique",
        "amount.min",
        "code.references",
    }
    assert found["verdicts"][0].keys() >= {
        "check",
        "state",
        "message",
        "value",
        "bound",
        "n",
        "share",
        "examples",
        "reason",
    }
    suites = ElementTree.fromstring(report("junit"))
    (suite,) = suites.findall("testsuite")
    assert (suite.get("failures"), suite.get("tests")) == ("3", str(len(suite.findall("testcase"))))
    assert suite.get("skipped") == "1", "what waits for a baseline is skipped"
    assert report("md").startswith("## orders: failed (bad.csv)")
    page = report("html")
    assert page.startswith("<!doctype html>") and "&lt;z&gt;" in page and "<z>" not in page
    assert "said no" in report("text")
    assert "passed" in report("text", "good.csv")
    assert ElementTree.fromstring(report("junit", "good.csv"))[0].get("failures") == "0"


def test_json_and_a_file_at_once(folder: Project) -> None:
    ended = folder.quick("validate", "orders.yaml", "--data", "good.csv", "-f", "junit", "-o", "r.xml", "--json")
    assert ended.json["rows"] == 2
    assert ElementTree.parse(folder.root / "r.xml").getroot().tag == "testsuites"


def test_a_baseline_by_path(folder: Project) -> None:
    words = ("validate", "orders.yaml", "--data", "good.csv", "--baseline")
    same = folder.quick(*words, "many/2.csv", "--json").json
    assert (same["baseline"], same["subject"]) == ("many/2.csv", "good.csv")
    messages = [item["message"] for item in folder.quick(*words, "many", "--json").json["verdicts"]]
    assert "rows went from 3 to 2 (-33.3%)" in messages
    folder.write("large.csv", "id,amount,code\n" + "".join(f"{at},1,a\n" for at in range(9)))
    assert "rows went from 9 to 2" in folder.quick(*words, "large.csv", code=1).out
    folder.write("cut.csv", "id,amount,code\n1,2\n")
    assert "the baseline could not be read" in folder.quick(*words, "cut.csv", code=1).out
    assert "there is no file" in folder.quick(*words, "nope.csv", code=2).err


def test_an_environment_leaves_columns_out(folder: Project) -> None:
    folder.write("serve.csv", "id,amount\n1,5\n2,6\n")
    assert "code.required" in folder.quick("validate", "orders.yaml", "--data", "serve.csv", code=1).out
    said = folder.quick("validate", "orders.yaml", "--data", "serve.csv", "-e", "serving", "-v").out
    assert "code" not in said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"id,amount,code\n",
        b"\xff\xfe\x00",
        b"id,id,code\n1,1,a\n",
        b'id,amount,code\n1,"2,a\n',
        b"\x1f\x8b\x08",
    ],
)
def test_odd_files_give_a_reason(folder: Project, data: bytes) -> None:
    for name in ("odd.csv", "odd.csv.gz", "odd.parquet", "odd.jsonl", "odd.arrow"):
        (folder.root / name).write_bytes(data)
        ended = folder.quick("validate", "orders.yaml", "--data", name, "--json", code=1)
        assert any(item["state"] == "fail" for item in ended.json["verdicts"]), name
        assert "Traceback" not in ended.err and "NaN" not in ended.out
        assert all(item["message"] for item in ended.json["verdicts"])


@pytest.mark.parametrize("command", ["profile", "infer"])
def test_a_file_that_is_not_there_is_a_mistake_of_use(folder: Project, command: str) -> None:
    assert "there is no file 'nope.csv'" in folder.quick(command, "nope.csv", code=2).err
    assert "no file fits the pattern 'missing/*.csv'" in folder.quick(command, "missing/*.csv", code=2).err


def test_specs_are_checked_anywhere(folder: Project) -> None:
    assert "1 file is in order" in folder.quick("lint", "orders.yaml").out
    folder.write("odd.yaml", "kind: validation\nname: x\nexpect: {rows: {mim: 1}}\n")
    assert "did you mean 'min'?" in folder.quick("lint", "odd.yaml", code=2).err
    assert "no mlops.yaml" in folder.quick("lint", code=2).err
