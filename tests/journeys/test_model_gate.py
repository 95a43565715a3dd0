"""The gate on models and on tables of predictions, through the real command: what it stops, and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.conftest import Project

ROWS = 4000


def scores(skill: float, seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Predictions of a classifier for patients of three sites; more skill, better scores."""
    source = np.random.default_rng(11)
    truth = source.random(rows) < 0.4
    site = source.choice(["north", "south", "west"], rows, p=[0.5, 0.3, 0.2])
    noise = np.random.default_rng(seed).normal(size=rows)
    score = 1 / (1 + np.exp(-(skill * (truth * 2 - 1) + noise)))
    return pd.DataFrame({"id": np.arange(rows), "y": truth.astype(int), "p": score, "site": site})


@pytest.fixture
def folder(project: Project) -> Project:
    project.write("mlops.yaml", "name: gates\n")
    return project


def gate(folder: Project, expect: str, more: str = "", columns: str = "truth: y, score: p, id: id") -> None:
    text = f"kind: validation\nname: gate\npredictions: {{data: new.csv, {columns}}}\n{more}expect:\n{expect}"
    folder.write("gate.yaml", text)


def verdicts(folder: Project, *words: str, code: int) -> dict[tuple[str, str | None], Any]:
    report = folder.mlops("validate", "gate.yaml", "--json", *words, code=code).json
    return {(item["check"], item["slice"]): item for item in report["verdicts"]}


def save(folder: Project, frame: pd.DataFrame, name: str) -> None:
    frame.to_csv(folder.root / name, index=False)


def test_a_challenger_better_overall_but_worse_in_one_slice_is_stopped_and_the_slice_named(folder: Project) -> None:
    old, new = scores(0.8, 1), scores(1.4, 2)
    worse = new["site"] == "west"
    new.loc[worse, "p"] = scores(0.1, 3).loc[worse, "p"]
    save(folder, old, "old.csv")
    save(folder, new, "new.csv")
    gate(
        folder,
        "  roc_auc: {better: 0}\n  log_loss: {better: 0}\n  by_slice: {roc_auc: {not_worse: 0.02}}\n",
        "baseline: old.csv\nslices: [site]\n",
    )
    found = verdicts(folder, "--baseline", "old.csv", code=1)
    assert found["roc_auc.better", None]["state"] == "pass"
    states = {part: item["state"] for (check, part), item in found.items() if check == "by_slice.roc_auc.not_worse"}
    assert states == {"site=north": "pass", "site=south": "pass", "site=west": "fail"}
    stopped = found["by_slice.roc_auc.not_worse", "site=west"]
    assert stopped["q"] < 0.01 and stopped["value"] < -0.1
    text = folder.mlops("validate", "gate.yaml", "--baseline", "old.csv", code=1).out
    assert "site=west" in text and "said no" in text


def test_what_is_not_shown_to_be_better_is_stopped_with_the_rows_that_would_do(folder: Project) -> None:
    save(folder, scores(0.80, 1, 600), "old.csv")
    save(folder, scores(0.83, 2, 600), "new.csv")
    gate(folder, "  roc_auc: {better: 0, not_worse: 0.1}\n", "baseline: old.csv\n")
    found = verdicts(folder, "--baseline", "old.csv", code=1)
    assert (found["roc_auc.better", None]["state"], found["roc_auc.not_worse", None]["state"]) == ("fail", "pass")
    better = found["roc_auc.better", None]
    assert better["value"] > 0
    assert "this is not shown: too few rows to be sure, about" in better["message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.head(3000), "it is about other rows: of 4,000 judged rows 1,000 are not among its 3,000"),
        (lambda frame: frame.assign(id=frame["id"] + 100), "it is about other rows"),
        (lambda frame: frame.assign(y=1 - frame["y"]), "its truth differs in 4,000 of 4,000 rows"),
        (lambda frame: pd.concat([frame, frame.head(5)]), "does not tell the rows of the baseline apart: 5 are double"),
        (lambda frame: frame.drop(columns="p"), "has no column 'p'"),
    ],
    ids=["fewer", "others", "truth", "double", "column"],
)
def test_a_comparison_on_other_rows_is_refused(folder: Project, change: Any, words: str) -> None:
    save(folder, scores(1.0, 2), "new.csv")
    save(folder, change(scores(0.8, 1)), "old.csv")
    gate(folder, "  roc_auc: {min: 0.6, not_worse: 0.05}\n", "baseline: old.csv\n")
    found = verdicts(folder, "--baseline", "old.csv", code=1)["roc_auc.not_worse", None]
    assert (found["state"], found["reason"]) == ("not_run", "bad_baseline")
    assert words in found["message"]


def test_the_order_of_the_baseline_does_not_matter(folder: Project) -> None:
    save(folder, scores(1.0, 2), "new.csv")
    save(folder, scores(0.8, 1), "old.csv")
    save(folder, scores(0.8, 1).sample(frac=1, random_state=1), "shuffled.csv")
    gate(folder, "  roc_auc: {not_worse: 0.05}\n  accuracy: {not_worse: 0.05}\n", "baseline: old.csv\n")
    one, other = (verdicts(folder, "--baseline", name, code=0) for name in ("old.csv", "shuffled.csv"))
    assert one == other


def test_without_ids_rows_are_not_compared(folder: Project) -> None:
    save(folder, scores(1.0, 2), "new.csv")
    save(folder, scores(0.8, 1), "old.csv")
    gate(folder, "  roc_auc: {not_worse: 0.05}\n", "baseline: old.csv\n", "truth: y, score: p")
    ended = folder.mlops("validate", "gate.yaml", "--baseline", "old.csv", code=2)
    assert "nothing tells which rows of the baseline are which" in ended.err


def test_among_many_slices_chance_alone_stops_nobody(folder: Project) -> None:
    frame = scores(1.0, 2, 12_000)
    frame["shop"] = np.random.default_rng(5).integers(0, 60, len(frame))
    save(folder, frame, "new.csv")
    gate(folder, "  by_slice: {accuracy: {min: 0.84}}\n", "slices: [shop]\n")
    found = verdicts(folder, code=0)
    below = [item for (check, _), item in found.items() if check == "by_slice.accuracy.min" and item["value"] < 0.84]
    assert len(below) > 3
    assert {item["state"] for item in below} == {"warn"}
    assert all("chance alone could do that" in item["message"] for item in below)
    assert all("drawn towards all rows it is 0.8" in item["message"] for item in below)


@pytest.mark.parametrize("groups", [1, 2, 9])
def test_rows_of_a_few_clusters_say_too_little(folder: Project, groups: int) -> None:
    save(folder, scores(1.2, 1).assign(site=np.arange(ROWS) % groups), "new.csv")
    save(folder, scores(0.8, 2).assign(site=0), "old.csv")
    expect = "  accuracy: {min: 0.5, better: 0, not_worse: 0.1}\n  log_loss: {max: 9}\n"
    gate(folder, expect, "cluster: site\nbaseline: old.csv\n")
    found = verdicts(folder, "--baseline", "old.csv", code=1)
    states = {check: (item["state"], item["reason"]) for (check, _), item in found.items()}
    assert states["accuracy.min"] == states["accuracy.not_worse"] == ("too_few", "few_clusters")
    assert states["accuracy.better"] == ("fail", "few_clusters")
    report = folder.mlops("validate", "gate.yaml", "--json", "--baseline", "old.csv", code=1).json
    assert all(item["low"] is None for item in report["detail"]["figures"])


TABLES: dict[str, tuple[str, str, str]] = {
    "multiclass": (
        "truth: y, score: {a: pa, b: pb, c: pc}",
        "",
        "  accuracy: {min: 0.5}\n  log_loss: {max: 1.2}\n  mcc: {min: 0.3}\n  roc_auc: {min: 0.6}\n",
    ),
    "regression": ("truth: y, label: p", "", "  rmse: {max: 2}\n  r2: {min: 0.5}\n  bias: {min: -1, max: 1}\n"),
    "ranking": ("truth: y, score: p", "query: q\nat: 5\n", "  ndcg: {min: 0.3}\n  mrr: {min: 0.3}\n"),
    "forecast": (
        "truth: y, label: p, low: lo, high: hi",
        "forecast: {time: day, series: shop}\n",
        "  wape: {max: 0.5}\n  coverage: {min: 0.5}\n",
    ),
}


def table(task: str) -> pd.DataFrame:
    source = np.random.default_rng(3)
    rows = 900
    if task == "multiclass":
        truth = source.integers(0, 3, rows)
        raw = np.exp(source.normal(size=(rows, 3)) + 2.5 * np.eye(3)[truth])
        shares = raw / raw.sum(axis=1, keepdims=True)
        return pd.DataFrame(
            {"y": np.array(list("abc"))[truth], "pa": shares[:, 0], "pb": shares[:, 1], "pc": shares[:, 2]}
        )
    if task == "ranking":
        truth = source.integers(0, 3, rows)
        return pd.DataFrame({"q": np.arange(rows) // 9, "y": truth, "p": truth + source.normal(size=rows)})
    truth = source.normal(10, 3, rows)
    answer = truth + source.normal(size=rows)
    frame = pd.DataFrame({"y": truth, "p": answer, "lo": answer - 1.6, "hi": answer + 1.6})
    return frame.assign(day=np.arange(rows) // 3, shop=np.arange(rows) % 3)


@pytest.mark.parametrize("task", list(TABLES))
def test_every_task_is_judged_from_a_table(folder: Project, task: str) -> None:
    columns, more, expect = TABLES[task]
    save(folder, table(task), "new.csv")
    gate(folder, expect, more, columns)
    report = folder.mlops("validate", "gate.yaml", "--json").json
    assert report["detail"]["task"] == task
    asked = [item for item in report["verdicts"] if not item["check"].endswith(".beats")]
    assert {item["state"] for item in asked} == {"pass"}
    assert all(item["interval"] is not None for item in asked)
    beats = [item for item in report["verdicts"] if item["check"].endswith(".beats")]
    assert [item["state"] for item in beats] == ["pass"]


def test_costs_and_clusters_and_crossed_slices(folder: Project) -> None:
    frame = scores(1.0, 2).assign(household=np.arange(ROWS) // 8, age=np.arange(ROWS) % 90)
    save(folder, frame, "new.csv")
    gate(
        folder,
        "  cost: {max: 2}\n  by_slice: {recall: {gap: {max: 0.5}}, equalized_odds: {gap: {max: 0.6}}}\n",
        "costs: {miss: 10, false_alarm: 1}\ncluster: household\nslices: [site, [site, {age: [0, 45, 90]}]]\n",
    )
    report = folder.mlops("validate", "gate.yaml", "--json").json
    cost = next(item for item in report["verdicts"] if item["check"] == "cost.max")
    yes = frame["p"] >= 0.5
    expected = (10 * ((frame["y"] == 1) & ~yes) + 1 * ((frame["y"] == 0) & yes)).mean()
    assert cost["value"] == pytest.approx(expected)
    columns = {item["slice"] for item in report["verdicts"] if item["check"] == "by_slice.recall.gap"}
    assert columns == {"site", "site & age"}
    assert "site=west & age=[0, 45)" in {item["slice"] for item in report["detail"]["slices"]}


def test_two_classes_may_have_a_score_each(folder: Project) -> None:
    frame = scores(1.0, 2).assign(
        q=lambda frame: 1 - frame["p"], y=lambda frame: np.where(frame["y"] == 1, "yes", "no")
    )
    save(folder, frame, "new.csv")
    gate(folder, "  recall: {min: 0.5}\n", "positive: yes\n", "truth: y, score: {yes: p, no: q}, id: id")
    both = folder.mlops("validate", "gate.yaml", "--json").json
    gate(folder, "  recall: {min: 0.5}\n", "positive: yes\n")
    one = folder.mlops("validate", "gate.yaml", "--json").json
    assert both["detail"]["task"] == "binary"
    assert both["metrics"] == pytest.approx(one["metrics"])


def test_errors_of_one_season_hang_together(folder: Project) -> None:
    frame = table("forecast")
    drift = np.repeat(np.random.default_rng(0).normal(size=len(frame) // 30), 30)
    save(folder, frame.assign(p=frame["p"] + 3 * drift[np.argsort(np.argsort(frame["day"]))]), "new.csv")
    widths = {}
    for season in (1, 10):
        gate(
            folder,
            "  mae: {max: 9}\n",
            f"forecast: {{time: day, series: shop, season: {season}}}\n",
            "truth: y, label: p",
        )
        (found,) = folder.mlops("validate", "gate.yaml", "--json").json["detail"]["figures"][:1]
        widths[season] = found["high"] - found["low"]
    assert widths[10] > 1.5 * widths[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.assign(lo=frame["hi"] + 1), "'lo' is above 'hi' in 900 rows"),
        (lambda frame: frame.assign(day=np.nan), "900 rows have no 'day'"),
        (lambda frame: frame.assign(p=1e308, y=frame["y"] * 1e300), "too large"),
    ],
    ids=["ends", "times", "large"],
)
def test_a_forecast_that_cannot_be_judged_is_told(folder: Project, change: Any, words: str) -> None:
    save(folder, change(table("forecast")), "new.csv")
    columns, more, _ = TABLES["forecast"]
    gate(folder, "  rmse: {max: 5}\n", more, columns)
    ended = folder.mlops("validate", "gate.yaml", code=None)
    assert ended.code in (1, 3) and words in ended.out + ended.err and "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.assign(p="high"), "the column 'p' does not hold numbers"),
        (
            lambda frame: frame.assign(p=np.where(frame.index == 3, np.nan, frame["p"])),
            "no finite number in 1 of 4,000",
        ),
        (
            lambda frame: frame.assign(y=np.where(frame.index == 3, np.nan, frame["y"])),
            "'y' has no value in 1 of 4,000",
        ),
        (lambda frame: frame.assign(y=1), "every row is of class '1'"),
        (lambda frame: frame.assign(y=frame.index % 4), "one score, and 4 classes"),
        (lambda frame: frame.drop(columns="site"), "no column 'site'"),
        (lambda frame: frame.head(0), "has no rows"),
        (lambda frame: frame.assign(id=frame["id"] // 2), "does not tell the rows of the predictions apart: 2,000 are"),
    ],
    ids=["text", "nan", "truth", "one-class", "classes", "slice", "empty", "double"],
)
def test_a_table_that_cannot_be_judged_is_told(folder: Project, change: Any, words: str) -> None:
    save(folder, change(scores(1.0, 2)), "new.csv")
    gate(folder, "  roc_auc: {min: 0.6}\n  by_slice: {accuracy: {min: 0.1}}\n", "slices: [site]\n")
    ended = folder.mlops("validate", "gate.yaml", code=3)
    assert words in ended.err


LEAKY = """
kind: pipeline
name: leaky
data: {rows: rows.csv}
stages:
  split: {split: rows, by: random, shares: {train: 0.5, test: 0.5}}
  train:
    fit: "sklearn.linear_model:LogisticRegression"
    target: y
    in: {data: split.train}
  judge: {validate: specs/gate.yaml, in: {model: train, data: split.test}}
  publish: {register: leaky, in: {model: judge.model}}
"""


def leaky(folder: Project, frame: pd.DataFrame, more: str = "") -> None:
    save(folder, frame, "rows.csv")
    folder.write("specs/pipeline.yaml", LEAKY)
    folder.write(
        "specs/gate.yaml",
        f"kind: validation\nname: gate\ntarget: y\nmodel: leaky\n{more}expect:\n  roc_auc: {{min: 0.5}}\n",
    )


def features(rows: int = 2000) -> pd.DataFrame:
    source = np.random.default_rng(4)
    truth = source.integers(0, 2, rows)
    return pd.DataFrame({"a": source.normal(size=rows) + truth, "b": source.normal(size=rows), "y": truth})


def test_a_model_with_a_leaked_column_is_caught_though_nobody_asked(folder: Project) -> None:
    frame = features()
    leaky(folder, frame.assign(refund=frame["y"] * 100 + np.random.default_rng(0).normal(size=len(frame))))
    out = folder.mlops("run", code=1).out
    assert "leakage.feature.max" in out and "'refund' alone tells the truth" in out
    assert folder.mlops("models", "--json").json["models"] == []
    leaky(folder, frame)
    assert "published" in folder.mlops("run").out


def test_rows_of_the_training_data_among_the_judged_are_counted(folder: Project) -> None:
    frame = features(1000)
    leaky(folder, pd.concat([frame, frame]), "leakage: {overlap: {max: 1%}}\n")
    out = folder.mlops("run", code=1).out
    assert "leakage.overlap.max" in out and "stand in the training data too" in out


def test_the_uses_of_a_test_set_are_counted(folder: Project) -> None:
    leaky(folder, features(), "leakage: {uses: {max: 2}}\n")
    folder.mlops("run")
    states = []
    for strength in (0.1, 0.01):
        folder.write(
            "specs/pipeline.yaml", LEAKY.replace("    target: y", f"    target: y\n    with: {{C: {strength}}}")
        )
        ended = folder.mlops("run", "--json", code=None)
        states.append(ended.code)
    assert states == [0, 1]
    assert "3 models have been judged on these rows" in folder.mlops("run", code=1).out


def test_a_run_that_was_stopped_can_be_looked_at(folder: Project) -> None:
    assert "no run with a gate is recorded yet" in folder.mlops("report", code=2).err
    frame = features()
    leaky(folder, frame.assign(refund=frame["y"] * 100 + np.random.default_rng(0).normal(size=len(frame))))
    out = folder.mlops("run", code=1).out
    assert "mlops report -f html -o gate.html" in out
    assert "leakage.feature.max" in folder.mlops("report", code=1).out
    folder.mlops("report", "-f", "html", "-o", "gate.html", code=1)
    page = (folder.root / "gate.html").read_text("utf-8")
    assert "&#39;refund&#39; alone tells the truth" in page or "'refund' alone tells the truth" in page
    gates = folder.mlops("report", "--json", "--stage", "judge", code=1).json["gates"]
    assert [item["stage"] for item in gates] == ["judge"]
    run = folder.mlops("runs", "--json").json["runs"][0]["id"]
    assert folder.mlops("report", f"run:{run}", "-f", "junit", code=1).out.startswith("<?xml")
    assert "did you mean 'judge'?" in folder.mlops("report", "-s", "jud", code=2).err


TWO = """
kind: pipeline
name: two
data: {rows: rows.csv}
stages:
  split: {split: rows, by: random, shares: {train: 0.5, test: 0.5}}
  good: {fit: "sklearn.linear_model:LogisticRegression", target: y, features: [a], in: {data: split.train}}
  bad: {fit: "sklearn.linear_model:LogisticRegression", target: y, features: [b], in: {data: split.train}}
  judge_good: {validate: specs/gate.yaml, in: {model: good, data: split.test}}
  judge_bad: {validate: specs/gate.yaml, in: {model: bad, data: split.test}}
  publish_good: {register: good, in: {model: judge_good.model}}
  publish_bad: {register: bad, in: {model: judge_bad.model}}
"""


def test_a_model_whose_own_gate_has_passed_is_registered_whatever_happens_to_another(folder: Project) -> None:
    leaky(folder, features())
    folder.edit("specs/gate.yaml", "min: 0.5", "min: 0.6")
    folder.write("specs/pipeline.yaml", TWO)
    out = folder.mlops("run", "--keep-going", code=1).out
    assert "good@v1" in out
    assert [item["name"] for item in folder.mlops("models", "--json").json["models"]] == ["good"]


def test_a_table_to_compare_with_that_is_nowhere_is_no_first_day(folder: Project) -> None:
    save(folder, scores(1.0, 2), "new.csv")
    gate(folder, "  roc_auc: {not_worse: 0.05}\n", "baseline: champoin.csv\n")
    assert "there is no file 'champoin.csv'" in folder.mlops("validate", "gate.yaml", code=2).err
    save(folder, scores(0.9, 1), "champoin.csv")
    assert verdicts(folder, code=0)["roc_auc.not_worse", None]["state"] == "pass"


@pytest.mark.parametrize(
    ("columns", "more", "words"),
    [
        ("truth: y, score: p, id: many", "", "'many' holds lists or structs"),
        ("truth: y, score: p", "cluster: many\n", "'many' holds lists or structs"),
        ("truth: y, score: p", "slices: [many]\n", "the slice 'many' has lists or structs"),
        ("truth: y, score: p", "query: many\ntask: ranking\n", "'many' holds lists or structs"),
        ("truth: y, score: p", "positive: 3\n", "there is no class '3'"),
    ],
    ids=["id", "cluster", "slice", "query", "positive"],
)
def test_columns_that_tell_nothing_apart_are_told(folder: Project, columns: str, more: str, words: str) -> None:
    frame = scores(1.0, 2, 300).drop(columns="id")
    frame["many"] = [[number, number] for number in range(300)]
    frame.to_parquet(folder.root / "new.parquet")
    expect = "  ndcg: {min: 0.1}\n" if "ranking" in more else "  accuracy: {min: 0.1}\n"
    text = f"kind: validation\nname: gate\npredictions: {{data: new.parquet, {columns}}}\n{more}expect:\n{expect}"
    folder.write("gate.yaml", text)
    ended = folder.mlops("validate", "gate.yaml", code=3)
    assert words in ended.err


def test_ids_of_another_type_in_the_baseline_are_told(folder: Project) -> None:
    save(folder, scores(1.0, 2, 300), "new.csv")
    save(folder, scores(0.8, 1, 300).assign(id=[f"r{number}" for number in range(300)]), "old.csv")
    gate(folder, "  accuracy: {not_worse: 0.05}\n", "baseline: old.csv\n")
    found = verdicts(folder, code=1)["accuracy.not_worse", None]
    assert "'id' holds numbers here and no numbers in the baseline" in found["message"]


def test_two_classes_are_many_where_the_spec_says_so(folder: Project) -> None:
    save(folder, scores(1.0, 2, 400).eval("q = 1 - p"), "new.csv")
    expect = "  roc_auc: {min: 0.5}\n  f1: {min: 0.1}\n  log_loss: {max: 2}\n  ece: {max: 0.9}\n"
    gate(folder, expect, "task: multiclass\n", "truth: y, score: {0: q, 1: p}")
    report = folder.mlops("validate", "gate.yaml", "--json", code=0).json
    assert report["detail"]["task"] == "multiclass"
