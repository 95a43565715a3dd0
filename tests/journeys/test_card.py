"""The card of a model, from the real command: what it is, what its gates found, who moved it."""

from __future__ import annotations

import shutil

import pytest
from conftest import Project

NAME = "breast-cancer"


@pytest.fixture(scope="module")
def promoted(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example with its first version in production."""
    made = Project(tmp_path_factory.mktemp("card") / "demo")
    shutil.copytree(trained.root, made.root, symlinks=True)
    made.quick("promote", f"{NAME}@v1", "production")
    return made


def test_a_card_tells_what_a_model_is_and_what_is_known_of_it(promoted: Project) -> None:
    text = promoted.quick("card", f"{NAME}@production").out
    for words in (
        f"{NAME}@v1",
        "candidate, production",
        "sklearn.pipeline.Pipeline",
        "diagnosis",
        "benign, malignant",
        "cancer-gate  passed",
        "95% INTERVAL",
        "fitted on train.parquet",
        "judged on, by cancer-gate",
        "worst_radius",
        "model__C",
        "of cancer (specs/pipeline.yaml)",
        "promote",
    ):
        assert words in text, words
    titles = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert titles[1:4] == ["Gates", "Metrics", "Slices"] and "History" in titles


def test_a_card_is_json_with_all_of_it(promoted: Project) -> None:
    found = promoted.quick("card", NAME, "--json").json
    assert found == promoted.quick("card", NAME, "-f", "json").json
    assert (found["name"], found["number"], found["aliases"]) == (NAME, 1, ["candidate", "production"])
    assert found["model"]["target"] == "diagnosis" and found["model"]["trained_on"]["rows"] > 0
    assert found["origin"]["parameters"]["max_iter"] == 500
    (judged,) = found["judged"]
    assert judged["passed"] and judged["found"]["detail"]["curves"]
    assert [step["alias"] for step in found["steps"]] == ["candidate", "production"]


def test_a_card_is_one_page_and_one_text(promoted: Project) -> None:
    promoted.quick("card", NAME, "-f", "html", "-o", "card.html")
    page = (promoted.root / "card.html").read_text("utf-8")
    assert page.count("<html") == 1 and "<script" not in page and len(page) < 500_000
    for words in ("ROC: recall by false positive rate", "cancer-gate", "model__C", "Confusion matrix", "production"):
        assert words in page, words
    assert promoted.quick("card", NAME, "-f", "html").out == page
    text = promoted.quick("card", NAME, "-f", "md").out
    assert text.startswith(f"# {NAME}@v1\n") and "## Metrics" in text


def test_judging_by_hand_is_on_the_card(promoted: Project) -> None:
    strict = (promoted.root / "specs/model.yaml").read_text("utf-8")
    strict = strict.replace("name: cancer-gate", "name: strict-gate").replace("min: 0.95", "min: 0.9999")
    promoted.write("strict.yaml", strict)
    promoted.quick("validate", "strict.yaml", "--model", f"{NAME}@v1", code=1)
    found = promoted.quick("card", NAME, "--json").json
    assert {item["gate"]: item["passed"] for item in found["judged"]} == {"cancer-gate": True, "strict-gate": False}
    assert any(limit.startswith("strict-gate: roc_auc.min fails") for limit in found["limits"])
    text = promoted.quick("card", NAME).out
    assert "strict-gate  said no" in text and "Limits" in text


def test_the_gate_tells_its_figures_beside_the_baseline(promoted: Project) -> None:
    text = promoted.quick("validate", "specs/model.yaml", "--model", f"{NAME}@v1", "--baseline", f"{NAME}@v1").out
    assert "measured on these rows:" in text
    head = next(line for line in text.splitlines() if line.strip().startswith("METRIC"))
    assert "INTERVAL" in head and "CONSTANT" in head and "LINEAR" in head


@pytest.mark.parametrize(
    ("reference", "code", "words"),
    [
        ("samples", 2, "'samples' is no model but data"),
        ("nobody", 4, "there is no 'nobody'"),
        (f"{NAME}@v9", 4, "has no version 9"),
    ],
)
def test_only_models_have_a_card(promoted: Project, reference: str, code: int, words: str) -> None:
    assert words in promoted.quick("card", reference, code=code).err


def test_a_run_has_no_card(promoted: Project) -> None:
    run = promoted.quick("runs", "--json").json["runs"][0]["id"]
    assert "is no model but a run" in promoted.quick("card", f"run:{run}", code=2).err
