"""The first day with the tool: from an empty folder to a gated model, and what happens when something changes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import Ended, Project


def statuses(ended: Ended) -> dict[str, str]:
    return {stage["stage"]: stage["status"] for stage in ended.json["stages"]}


def names(project: Project) -> dict[str, str]:
    return {item["name"]: item["oid"] for item in project.quick("ls", "--all", "--json").json["names"]}


def executed(ended: Ended) -> set[str]:
    return {
        name.partition("[")[0] for name, status in statuses(ended).items() if status in ("ran", "gate_failed", "failed")
    }


def test_the_first_run_registers_a_gated_model(trained: Project) -> None:
    models = trained.quick("models", "--json").json["models"]
    assert [(model["name"], model["version"], model["aliases"]) for model in models] == [
        ("breast-cancer", 1, ["candidate"])
    ]
    assert models[0]["metrics"]["roc_auc"] > 0.9
    shown = trained.quick("show", "breast-cancer@v1", "--json").json
    assert shown["version"]["evidence"]
    assert shown["run"]["code"]
    assert shown["run"]["environment"]
    assert shown["run"]["parameters"]


def test_the_second_run_does_nothing(demo: Project) -> None:
    before = (demo.root / ".mlops/journal").read_bytes()
    second = demo.mlops("run", "--json")
    assert set(statuses(second).values()) == {"reused"}
    assert second.json["recorded"] is False
    assert (demo.root / ".mlops/journal").read_bytes() == before
    assert demo.mlops("run", "--check").out.strip() == "everything is up to date"


def test_a_parameter_runs_what_depends_on_it_and_says_why(demo: Project) -> None:
    plan = demo.quick("plan", "-p", "max_iter=60", "--json").json["stages"]
    assert {stage["stage"].partition("[")[0] for stage in plan if stage["action"] == "reuse"} == {
        "check",
        "clean",
        "split",
    }
    ended = demo.mlops("run", "-p", "max_iter=60", "--json")
    assert "train" in executed(ended)
    assert not {"check", "clean", "split"} & executed(ended)
    assert "parameter max_iter: 500 -> 60" in demo.quick("explain", "train[strength=0.3]").out
    back = executed(demo.mlops("run", "--json"))
    assert "train" not in back, "the first parameters are still known"
    assert "input @baseline" in demo.quick("explain", "judge").out, "the gate compares with the candidate in between"


def test_a_bad_parameter_is_told(demo: Project) -> None:
    assert "did you mean 'max_iter'?" in demo.quick("run", "-p", "max_itr=60", code=2).err
    assert "below the minimum 50" in demo.quick("run", "-p", "max_iter=3", code=2).err
    assert "not a whole number" in demo.quick("run", "-p", "max_iter=many", code=2).err


def test_code_counts_by_function(demo: Project) -> None:
    demo.edit(
        "cancer/model.py",
        "    return Pipeline",
        "    # scaled, because the columns differ by orders of magnitude\n    return Pipeline",
    )
    demo.edit("cancer/shapes.py", "2 * (area", "2.0 * (area")
    assert executed(demo.mlops("run", "--json")) == set(), "a comment and an unused function are nothing"
    demo.edit("cancer/model.py", "StandardScaler(with_mean=True)", "StandardScaler()")
    ended = demo.mlops("run", "--json")
    assert executed(ended) == {"train"}, "the helper re-runs the training, whose results are the same bytes"
    assert "code cancer.model:scaler changed" in demo.quick("explain", "train[strength=3.0]").out
    demo.edit("cancer/shapes.py", "perimeter**2 / (4 * math.pi * area)", "perimeter**2 / (12 * area)")
    assert {"clean", "split", "train", "choose", "judge"} <= executed(demo.mlops("run", "--json"))


def spoil(project: Project, column: str, change: Any) -> list[int]:
    """Change a column of the source; `change` gets row number and value. Returns the rows that changed."""
    path = project.root / "data/samples.csv"
    head, *rows = path.read_text().splitlines()
    place, changed, out = head.split(",").index(column), [], [head]
    for number, row in enumerate(rows, 1):
        cells = row.split(",")
        new = change(number, cells[place])
        if new != cells[place]:
            changed.append(number)
        cells[place] = new
        out.append(",".join(cells))
    path.write_text("\n".join(out) + "\n")
    return changed


FAULTS = {
    "nulls": ("mean_texture", lambda row, value: "" if row % 20 == 0 else value, "mean_texture.nulls.max"),
    "a new category": ("diagnosis", lambda row, value: "unclear" if row == 7 else value, "diagnosis.in"),
    "a wrong type": ("mean_area", lambda row, value: "large" if row in (3, 4) else value, "mean_area.type"),
    "out of range": ("mean_radius", lambda row, value: "-1" if row == 9 else value, "mean_radius.min"),
    "a repeated key": ("sample", lambda row, value: "S001" if row == 12 else value, "sample.unique"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_data_stops_before_training(demo: Project, fault: str) -> None:
    column, change, check = FAULTS[fault]
    before = names(demo)
    changed = spoil(demo, column, change)
    ended = demo.quick("run", code=1)
    assert check in ended.out
    assert column in ended.out
    assert re.search(rf"^    {changed[0]}\b", ended.out, re.MULTILINE), "the first bad row is shown by its number"
    assert names(demo) == before, "no name moved"
    report = demo.quick("run", "--json", code=1).json
    assert {stage["status"] for stage in report["stages"]} == {"gate_failed", "blocked"}
    assert report["published"] == []


def test_a_shifted_mean_is_seen_against_the_last_good_version(demo: Project) -> None:
    spoil(demo, "mean_texture", lambda row, value: f"{float(value) * 1.25:.4f}")
    ended = demo.quick("run", code=1)
    assert "mean_texture.mean.change" in ended.out
    assert "10%" in ended.out


def test_history_tells_code_data_parameters_and_metrics(demo: Project) -> None:
    first = demo.quick("ls", "--all", "--json").json["names"]
    spoil(demo, "worst_texture", lambda row, value: f"{float(value) + 0.01:.4f}")
    demo.edit("cancer/prepare.py", "drop=True)", "drop=True).copy()")
    demo.mlops("run", "-p", "max_iter=80")
    difference = demo.quick("diff", "breast-cancer@v1", "breast-cancer@v2", "--json").json
    assert difference["code"] == ["cancer/prepare.py changed"]
    assert difference["parameters"] == ["max_iter: 500 -> 80"]
    assert len(difference["data"]) == 1
    assert difference["data"][0].startswith("samples: ")
    assert {name for name, _, _ in difference["metrics"]} >= {"roc_auc", "recall"}
    moves = [
        move for move in demo.quick("log", "breast-cancer", "--json").json["moves"] if move["name"] == "breast-cancer"
    ]
    assert [move["version"] for move in moves] == [2, 1]
    # the old data and the old code give the same results again
    run = demo.quick("show", "breast-cancer@v1", "--json").json["run"]["id"]
    demo.mlops("checkout", "samples@v1")
    demo.mlops("checkout", f"run:{run}", ".")
    ended = demo.mlops("run", "--force", "--json")
    assert set(statuses(ended).values()) == {"ran"}
    again = {item["name"]: item["artifact"]["oid"] for item in demo.quick("ls", "--all", "--json").json["names"]}
    # The judge compares with the candidate that came in between; everything else is the same to the byte.
    judged = ("cancer/judge.report", "cancer/report.page")
    before = {item["name"]: item["artifact"]["oid"] for item in first}
    assert {name: oid for name, oid in again.items() if name not in judged} == {
        name: oid for name, oid in before.items() if name not in judged
    }
    assert demo.quick("models", "--json").json["models"][0]["version"] == 2, "the same content is the same version"


def test_a_missing_source_comes_back_from_the_lock(demo: Project) -> None:
    content = (demo.root / "data/samples.csv").read_bytes()
    (demo.root / "data/samples.csv").unlink()
    assert executed(demo.mlops("run", "--json")) == set()
    assert (demo.root / "data/samples.csv").read_bytes() == content


def test_locked_refuses_other_data(demo: Project) -> None:
    demo.mlops("run", "--locked")
    spoil(demo, "worst_texture", lambda row, value: f"{float(value) + 0.01:.4f}")
    assert "mlops.lock has" in demo.quick("run", "--locked", code=2).err


def test_a_failing_stage_shows_the_line_and_keeps_the_rest(demo: Project) -> None:
    demo.edit(
        "cancer/report.py",
        'return "\\n".join(lines)',
        'raise ValueError("no page today")\n    return "\\n".join(lines)',
    )
    ended = demo.quick("run", code=3)
    assert "ValueError: no page today (cancer/report.py:" in ended.out
    assert "Traceback" in ended.out, "the user's own traceback is shown, from the log of the stage"
    assert "mlops_cli" not in ended.out
    assert demo.quick("models", "--json").json["models"][0]["version"] == 1
