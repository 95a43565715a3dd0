"""Looking at things: plan, explain, dag, status, log, show, diff, validate; text for people and JSON for machines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

from conftest import Project


def test_every_drawing_is_well_formed(trained: Project) -> None:
    text = trained.quick("dag").out
    assert "check (validate) [reuse]  <- samples" in text
    assert trained.quick("dag", "--format", "mermaid").out.startswith("flowchart TD\n")
    assert trained.quick("dag", "--format", "dot").out.startswith('digraph "cancer" {')
    svg = ElementTree.fromstring(trained.quick("dag", "--format", "svg").out)
    assert svg.tag.endswith("svg")
    assert len(svg.findall("{http://www.w3.org/2000/svg}g")) == 12, "eleven stages and a source"
    page = trained.quick("dag", "--format", "html").out
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", ""), "the page needs nothing from elsewhere"


def test_a_drawing_needs_no_data_and_can_go_to_a_file(demo: Project) -> None:
    shutil.rmtree(demo.root / "data")
    (demo.root / "mlops.lock").unlink()
    demo.quick("dag", "-o", "graph.txt")
    assert "check (validate)  <- samples" in (demo.root / "graph.txt").read_text()
    assert "no file or folder data/samples.csv" in demo.quick("plan", code=2).err


def test_every_command_speaks_json(trained: Project) -> None:
    commands = ["plan", "status", "log", "ls", "models", "runs", "dag", "explain train", "explain breast-cancer@v1"]
    commands += [
        "show breast-cancer",
        "show breast-cancer@candidate",
        "diff breast-cancer@v1 samples@v1",
        "fsck",
        "lint specs/pipeline.yaml",
    ]
    commands += ["run --check", "validate specs/data.yaml", "add -n data/samples.csv"]
    for words in commands:
        ended = trained.quick(*words.split(), "--json")
        assert isinstance(json.loads(ended.out), dict), words
        assert ended.err == "", words


def test_errors_speak_json_too(trained: Project) -> None:
    for words, code in (
        ("show nothing", 4),
        ("run nowhere.yaml", 2),
        ("frobnicate", 2),
        ("run -p x", 2),
        ("explain nothing", 2),
    ):
        ended = trained.quick(*words.split(), "--json", code=code)
        error = json.loads(ended.err)["error"]
        assert error["exit_code"] == code, words
        assert error["faults"][0]["message"], words
        assert ended.out == "", words


def test_references_of_every_form_are_understood(trained: Project) -> None:
    version = trained.quick("show", "breast-cancer", "--json").json
    for reference in (
        "breast-cancer@v1",
        "breast-cancer@candidate",
        "breast-cancer@{2999-01-01}",
        version["oid"],
        version["oid"][:8],
    ):
        assert trained.quick("show", reference, "--json").json["oid"] == version["oid"], reference
    run = version["run"]["id"]
    assert trained.quick("show", f"run:{run}", "--json").json["run"]["id"] == run
    assert "did you mean 'breast-cancer'?" in trained.quick("show", "breast-cancr", code=4).err
    assert "has no version 9" in trained.quick("show", "breast-cancer@v9", code=4).err
    assert "is not a time" in trained.quick("show", "breast-cancer@{someday}", code=2).err
    assert "there was no" in trained.quick("show", "breast-cancer@{2001-01-01}", code=4).err


def test_the_report_of_a_gate_and_the_log_of_a_stage_can_be_read(demo: Project) -> None:
    evidence = demo.quick("show", "breast-cancer@v1", "--json").json["version"]["evidence"]
    report = demo.quick("show", evidence[0], "--json").json["data"]
    assert {verdict["state"] for verdict in report["verdicts"]} <= {"pass", "not_run"}
    demo.edit("cancer/prepare.py", "    table = raw", '    print("so many rows:", len(raw))\n    table = raw')
    run = demo.quick("run", "--json").json
    log = next(stage["log"] for stage in run["stages"] if stage["stage"] == "clean")
    assert demo.quick("show", log[:12]).out == "so many rows: 569\n"


def test_one_gate_by_hand_on_plain_files(demo: Project) -> None:
    assert "passed" in demo.quick("validate", "specs/data.yaml").out
    text = (demo.root / "data/samples.csv").read_text()
    demo.write("new.csv", text.replace("malignant", "unknown", 3))
    ended = demo.quick("validate", "specs/data.yaml", "--data", "new.csv", "--baseline", "samples@v1", code=1)
    assert "diagnosis.in" in ended.out
    assert "unknown" in ended.out
    report = demo.quick("validate", "specs/data.yaml", "--data", "new.csv", "--json", code=1).json
    assert [verdict["check"] for verdict in report["verdicts"] if verdict["state"] == "fail"] == ["diagnosis.in"]
    junit = ElementTree.fromstring(
        demo.quick("validate", "specs/data.yaml", "--data", "new.csv", "--format", "junit", code=1).out
    )
    assert junit[0].get("failures") == "1"
    assert "| " in demo.quick("validate", "specs/data.yaml", "--format", "md").out
    model = demo.quick(
        "validate", "specs/model.yaml", "--model", "breast-cancer@v1", "--data", "cancer/split.test", "--json"
    ).json
    assert model["metrics"]["roc_auc"] > 0.9
    assert (
        "there is no 'cancer/split.tst'"
        in demo.quick("validate", "specs/model.yaml", "--data", "cancer/split.tst", code=4).err
    )


def test_add_and_checkout_keep_what_was_there(demo: Project) -> None:
    demo.write("data/notes/a.txt", "one\n")
    demo.write("data/notes/b.txt", "two\n")
    assert "2 files" in demo.quick("add", "data/notes").out
    demo.write("data/notes/a.txt", "changed and stored nowhere\n")
    demo.write("data/notes/mine.txt", "untracked\n")
    ended = demo.quick("checkout", "data/notes@v1")
    assert (demo.root / "data/notes/a.txt").read_text() == "one\n"
    assert (demo.root / "data/notes/mine.txt").read_text() == "untracked\n"
    assert "autosave/1" in ended.out
    demo.quick("checkout", "autosave/1", "saved")
    kept = (
        [path.read_text() for path in (demo.root / "saved").rglob("*") if path.is_file()]
        if (demo.root / "saved").is_dir()
        else [(demo.root / "saved").read_text()]
    )
    assert kept == ["changed and stored nowhere\n"]


def test_init_overwrites_nothing(demo: Project) -> None:
    assert "already a project" in demo.quick("init", code=2).err
    assert "there is no example 'nothing'" in demo.quick("init", "x", "--example", "nothing", code=2).err
    demo.write("other/specs/pipeline.yaml", "mine")
    assert "is already there" in demo.quick("init", "other", "--example", "breast-cancer", code=2).err
    assert (demo.root / "other/specs/pipeline.yaml").read_text() == "mine"


def test_outside_a_project_the_way_in_is_told(tmp_path: Path) -> None:
    assert "mlops init" in Project(tmp_path).quick("run", code=2).err


def test_an_empty_project_says_what_to_write(tmp_path: Path) -> None:
    empty = Project(tmp_path)
    empty.quick("init", "new")
    inside = Project(tmp_path / "new")
    assert "write specs/pipeline.yaml" in inside.quick("run", code=2).err
    assert "no pipeline in specs/" in inside.quick("status").out
    assert "nothing has a name yet" in inside.quick("log").out
