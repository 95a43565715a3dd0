"""`kill -9` at random moments of a run: the store stays whole, the next run completes, what had finished is reused."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Project

ROUNDS = int(os.environ.get("MLOPS_SOAK_ROUNDS", "10"))
SPEC = """
kind: pipeline
name: crash
params: {round: 0}
data: {numbers: numbers.csv}
stages:
  first: {call: "steps:first", in: {table: numbers}, params: [round], out: table}
  left: {sh: "sleep 0.05; wc -c < {in.x} > {out.n}", in: {x: first}, out: {n: {type: file, path: out/left.txt}}}
  right: {sh: "sleep 0.02; cat {in.x} > {out.n}", in: {x: first}, out: {n: file}}
  last: {call: "steps:last", in: {left: left, right: right}, out: {report: {type: json, path: out/report.json}}}
"""
STEPS = """
import pandas as pd

def first(table: pd.DataFrame, round: int) -> pd.DataFrame:
    return table.assign(round=round)

def last(left, right):
    return {"left": left.read_text(), "right": right.stat().st_size}
"""


def make(folder: Path) -> Project:
    made = Project(folder)
    made.write("mlops.yaml", "name: crash\n")
    made.write("specs/pipeline.yaml", SPEC)
    made.write("steps.py", STEPS)
    made.write("numbers.csv", "a,b\n" + "".join(f"{n},{n * n}\n" for n in range(500)))
    return made


def start(project: Project, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mlops_cli", *words]
    return subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_killed_at_any_moment_a_run_loses_nothing(tmp_path: Path) -> None:
    project = make(tmp_path)
    project.mlops("run", "-p", "round=0")
    published = project.quick("ls", "--all", "--json").json["names"]
    chance = random.Random(7)
    for number in range(1, ROUNDS + 1):
        running = start(project, "run", "-p", f"round={number}")
        time.sleep(chance.uniform(0.05, 1.6))
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert project.quick("fsck", "--json").json["problems"] == []
        versions = {item["name"]: item["oid"] for item in project.quick("ls", "--all", "--json").json["names"]}
        assert versions.keys() >= {item["name"] for item in published}
        if number % 5 == 0:
            project.mlops("run", "-p", f"round={number}")
            assert (project.root / "out/report.json").exists()
    project.mlops("run", "-p", f"round={ROUNDS}")
    again = project.mlops("run", "-p", f"round={ROUNDS}", "--json").json
    assert {stage["status"] for stage in again["stages"]} == {"reused"}
    assert project.quick("show", "numbers@v1", "--json").json["version"]["artifact"]["bytes"] > 0
    project.mlops("run", "-p", "round=1000")  # the first stage that starts sweeps what the killed runs left
    assert not list((project.root / ".mlops/work").iterdir())


def test_what_had_finished_is_reused_after_a_kill(tmp_path: Path) -> None:
    project = make(tmp_path)
    project.edit("specs/pipeline.yaml", "sleep 0.05", "sleep 60")
    running = start(project, "run")
    for _ in range(400):
        if len(list((project.root / ".mlops/a").glob("?" * 64))) == 2:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    project.edit("specs/pipeline.yaml", "sleep 60", "sleep 0.05")
    report = project.mlops("run", "--json").json
    assert {stage["stage"]: stage["status"] for stage in report["stages"]} == {
        "first": "reused",
        "left": "ran",
        "right": "reused",
        "last": "ran",
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    project = make(tmp_path)
    project.edit("specs/pipeline.yaml", "sleep 0.05", f"echo $$ > {tmp_path}/pid; sleep 60")
    running = start(project, "run")
    for _ in range(400):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    running.send_signal(number)
    assert running.wait(30) == 130
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.05)
    lines = project.quick("runs", "--json").json["runs"]
    assert lines[0]["outcome"] == "interrupted"
    assert project.quick("fsck", "--json").json["problems"] == []


def test_two_runs_at_once_both_end_well(tmp_path: Path) -> None:
    project = make(tmp_path)
    both = [start(project, "run", "-p", f"round={number}") for number in (1, 2)]
    assert [running.wait(120) for running in both] == [0, 0]
    assert len(project.quick("runs", "--json").json["runs"]) == 2
    assert project.quick("fsck", "--json").json["problems"] == []
    same = [start(project, "run", "-p", "round=3") for _ in range(2)]
    assert [running.wait(120) for running in same] == [0, 0]
    assert len(project.quick("models", "--json").json["models"]) == 0
