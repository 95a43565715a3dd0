"""`show`, `diff` and `explain` of versions of models: what they are made of, how good they are, why they were promoted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Project

from mlops_cli.checks.verdict import Figure
from mlops_cli.models.card import Card, Feature, Trained
from mlops_cli.workflows.model_diff import model_difference, overlaps
from mlops_cli.workflows.model_facts import JudgedBy, ModelFacts, SliceOf

HEAVY = ["pandas", "numpy", "sklearn", "pyarrow", "duckdb", "jsonschema"]


def shown(project: Project, reference: str) -> dict[str, Any]:
    found: dict[str, Any] = project.quick("show", reference, "--json").json
    return found


def test_show_tells_what_a_model_is_and_how_good(demo: Project) -> None:
    found = shown(demo, "breast-cancer")
    card = found["model"]["card"]
    assert card["estimator"] == "sklearn.pipeline.Pipeline"
    assert card["flavor"] == "sklearn"
    assert (card["target"], card["task"], card["classes"]) == ("diagnosis", "binary", ["benign", "malignant"])
    assert len(card["features"]) == 12
    split = shown(demo, "cancer/split.train")["version"]["artifact"]["oid"]
    assert card["trained_on"]["oid"] == split == found["model"]["splits"]["split"]["train"]
    assert card["trained_on"]["rows"] == 284
    (judged,) = found["model"]["judged"]
    assert (judged["gate"], judged["passed"]) == ("cancer-gate", True)
    figures = {figure["metric"]: figure for figure in judged["figures"]}
    assert figures["roc_auc"]["low"] < figures["roc_auc"]["value"] <= figures["roc_auc"]["high"]
    assert {part["slice"] for part in judged["slices"]} >= {"size=small", "size=large"}
    assert found["model"]["aliases"] == ["candidate"]
    text = demo.quick("show", "breast-cancer").out
    assert "sklearn.pipeline.Pipeline (sklearn), binary, predicts diagnosis" in text
    assert "gate cancer-gate: passed" in text
    assert f"{figures['roc_auc']['value']:.4g}  [{figures['roc_auc']['low']:.4g}, " in text
    assert "size=small" not in text
    assert "size=small" in demo.quick("show", "breast-cancer", "-v").out


def test_diff_tells_what_two_models_are_made_of(demo: Project) -> None:
    demo.edit("cancer/model.py", "with_mean=True", "with_mean=False")
    demo.edit("specs/pipeline.yaml", "irregularity, growth]", "irregularity]")
    demo.mlops("run", "-p", "max_iter=300")
    found = demo.quick("diff", "breast-cancer@v1", "breast-cancer@v2", "--json").json["model"]
    assert "growth removed" in " ".join(found["features"])
    assert "model__max_iter: 500 -> 300" in found["params"]
    assert any(line.startswith("code cancer.model:") for line in found["symbols"])
    assert found["trained_on"] == []
    (gate,) = found["gates"]
    assert gate["same_rows"] is True
    pairs = {pair["metric"]: pair for pair in gate["figures"]}
    assert pairs["roc_auc"]["overlap"] is True
    assert {part["slice"] for part in gate["slices"]} >= {"size=small", "size=large"}
    text = demo.quick("diff", "breast-cancer@v1", "breast-cancer@v2").out
    assert "features\n  growth removed" in text
    assert "gate cancer-gate: passed -> passed, on the same rows" in text
    assert "intervals overlap" in text


def test_diff_of_models_on_other_rows_says_so(demo: Project) -> None:
    demo.mlops("run", "-p", "seed=3")
    text = demo.quick("diff", "breast-cancer@v1", "breast-cancer@v2").out
    assert "not on the same rows" in text
    assert "trained on\n  data: " in text
    assert "split.test: " in text


def figure(value: float, low: float | None, high: float | None) -> Figure:
    return Figure("accuracy", value, low, high, 100)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (figure(0.9, 0.8, 0.95), figure(0.96, 0.94, 0.99), True),
        (figure(0.9, 0.8, 0.93), figure(0.96, 0.94, 0.99), False),
        (figure(0.96, 0.94, 0.99), figure(0.9, 0.8, 0.93), False),
        (figure(0.9, 0.8, 0.94), figure(0.96, 0.94, 0.99), True),
        (figure(0.9, None, None), figure(0.96, 0.94, 0.99), None),
        (None, figure(0.96, 0.94, 0.99), None),
    ],
)
def test_intervals_overlap(one: Figure | None, other: Figure | None, said: bool | None) -> None:
    assert overlaps(one, other) is said


def facts(card: Card, *judged: JudgedBy) -> ModelFacts:
    return ModelFacts(card, {}, judged, (), ())


def judged(gate: str, data: str, *slices: SliceOf) -> JudgedBy:
    return JudgedBy(gate, True, "2026-01-01T00:00:00.000Z", "", "0" * 64, data, (figure(0.9, 0.8, 0.95),), slices, ())  # type: ignore[arg-type]


def test_a_difference_has_every_plane() -> None:
    old = Card("a.B", "y", "binary", (Feature("u", "int64"), Feature("v", "float64")), (0, 1), {"depth": 3}, seed=1)
    new = Card(
        "a.C",
        "y",
        "multiclass",
        (Feature("w", "float64"), Feature("v", "int64")),
        (0, 1, 2),
        {"depth": 4, "leaf": 1},
        {"xgboost": "2.0"},
        flavor="xgboost",
        trained_on=Trained("1" * 64, "file", "train.csv", 50),  # type: ignore[arg-type]
        seed=2,
    )
    small = SliceOf("plan=free", 20, (figure(0.5, 0.4, 0.6),))
    large = SliceOf("plan=free", 30, (figure(0.8, 0.7, 0.9),))
    only = SliceOf("plan=paid", 9, (figure(0.8, 0.7, 0.9),))
    found = model_difference(
        facts(old, judged("g", "same", small), judged("one", "x")),
        facts(new, judged("g", "same", large, only)),
        ("code m:f changed",),
    )
    assert found.model == (
        "classes: 0, 1 -> 0, 1, 2",
        "estimator: a.B -> a.C",
        "flavor: sklearn -> xgboost",
        "task: binary -> multiclass",
    )
    assert found.features == ("w added (float64)", "u removed", "v: float64 -> int64")
    assert found.params == ("depth: 3 -> 4", "leaf: nothing -> 1")
    assert found.libraries == ("xgboost: nothing -> 2.0",)
    assert found.trained_on == (f"data: None -> {'1' * 12}", "rows: None -> 50", "seed: 1 -> 2")
    both, alone = found.gates
    assert (both.gate, both.same_rows, alone.gate, alone.second_passed) == ("g", True, "one", None)
    assert [(part.slice, part.first_rows, part.second_rows) for part in both.slices] == [
        ("plan=free", 20, 30),
        ("plan=paid", None, 9),
    ]
    assert both.slices[0].figures[0].overlap is False
    assert alone.figures[0].second is None


def test_explain_tells_why_an_alias_is_where_it_is(demo: Project) -> None:
    by_run = demo.quick("explain", "breast-cancer@candidate").out
    assert "candidate is breast-cancer@v1" in by_run
    assert "gate cancer-gate passed (report " in by_run
    demo.mlops("promote", "breast-cancer@v1", "production")
    text = demo.quick("explain", "breast-cancer@production").out
    assert "production is breast-cancer@v1" in text
    assert "promote breast-cancer@v1 to production: gates cancer-gate passed" in text
    assert "roc_auc 0." in text
    demo.mlops("run", "-p", "max_iter=60")
    demo.write("mlops.yaml", "name: breast-cancer\npromotion:\n  production: {gates: [absent]}\n")
    assert demo.mlops("promote", "breast-cancer@v2", "production", code=1)
    demo.mlops("promote", "breast-cancer@v2", "production", "--override", "--because", "the fair is tomorrow")
    text = demo.quick("explain", "breast-cancer@production").out
    assert "production is breast-cancer@v2, before breast-cancer@v1" in text
    assert "overridden: " in text
    assert "absent" in text
    assert "because: the fair is tomorrow" in text


def test_explain_tells_what_was_true_at_a_moment(demo: Project) -> None:
    at = Project(demo.root, {"MLOPS_NOW": "2031-03-01T00:00:00Z"})
    at.mlops("promote", "breast-cancer@v1", "production")
    demo.mlops("run", "-p", "max_iter=60")
    later = Project(demo.root, {"MLOPS_NOW": "2031-04-01T00:00:00Z"})
    later.mlops("promote", "breast-cancer@v2", "production")
    assert "production is breast-cancer@v1" in demo.quick("explain", "breast-cancer@production@{2031-03-02}").out
    assert "production is breast-cancer@v2, before" in demo.quick("explain", "breast-cancer@production").out


def test_show_diff_and_explain_are_light(demo: Project, tmp_path: Path) -> None:
    script = "import json, sys\nfrom mlops_cli.cli.boundary import run\ncode = run({!r})\nloaded = [name for name in {!r} if name in sys.modules]\nprint(json.dumps([code, loaded]), file=sys.stderr)\n"
    for words in (
        ["show", "breast-cancer"],
        ["diff", "breast-cancer@v1", "breast-cancer@v1"],
        ["explain", "breast-cancer@candidate"],
    ):
        ended = subprocess.run(
            [sys.executable, "-c", script.format(words, HEAVY)],
            cwd=demo.root,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stderr.strip().splitlines()[-1] == "[0, []]", words
