"""Every example and the annotated specs, in a fresh copy, through the real command."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Project

EXAMPLES = sorted(path.name for path in (REPOSITORY / "examples").iterdir() if path.is_dir())


def run(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    """The report of `mlops run`."""
    report: dict[str, Any] = project.mlops("run", *words, "--json", code=code).json
    return report


def statuses(report: dict[str, Any]) -> Counter[str]:
    """How many stages ended how."""
    return Counter(stage["status"] for stage in report["stages"])


def ran(report: dict[str, Any]) -> set[str]:
    """The stages that were executed, without their matrix."""
    return {stage["stage"].partition("[")[0] for stage in report["stages"] if stage["status"] in ("ran", "gate_failed")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The large example after its first run."""
    outside = Project(tmp_path_factory.mktemp("example"), {"PYTHONPATH": str(REPOSITORY)})
    outside.mlops("init", "cancer", "--example", "breast-cancer")
    cancer = Project(outside.root / "cancer", outside.environment)
    assert set(statuses(run(cancer))) == {"ran"}
    return cancer.root


@pytest.fixture
def cancer(finished: Path, tmp_path: Path) -> Project:
    """A copy of the large example after its first run, free to be changed."""
    shutil.copytree(finished, tmp_path / "cancer")
    return Project(tmp_path / "cancer")


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "breast-cancer"])
def test_example_runs_and_is_then_up_to_date(name: str, tmp_path: Path) -> None:
    Project(tmp_path).mlops("init", "copy", "--example", name)
    copy = Project(tmp_path / "copy")
    copy.mlops("lint", *sorted(path.relative_to(copy.root).as_posix() for path in copy.root.glob("specs/*.yaml")))
    assert set(statuses(run(copy))) == {"ran"}
    assert set(statuses(run(copy))) == {"reused"}


def test_annotated_specs_run_as_they_stand(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "specs", tmp_path / "specs", ignore=shutil.ignore_patterns(".mlops"))
    here = Project(tmp_path)
    here.mlops("lint", "-C", "specs", "pipeline.yaml", "validation.data.yaml", "validation.model.yaml")
    assert set(statuses(run(here, "-C", "specs", "pipeline.yaml"))) == {"ran"}
    assert "checks:" in (tmp_path / "specs" / "reports" / "summary.txt").read_text()
    assert set(statuses(run(here, "-C", "specs", "pipeline.yaml"))) == {"reused"}


def test_large_example_is_up_to_date_after_one_run(cancer: Project) -> None:
    assert set(statuses(run(cancer))) == {"reused"}
    assert "roc_auc" in (cancer.root / "reports" / "model.md").read_text("utf-8")
    assert "breast-cancer" in cancer.mlops("models").out


def test_a_parameter_runs_what_depends_on_it(cancer: Project) -> None:
    assert ran(run(cancer, "-p", "max_iter=200")) == {"train", "choose", "judge", "publish", "report"}


def test_a_helper_runs_what_calls_it_and_an_unused_one_nothing(cancer: Project) -> None:
    cancer.edit("cancer/shapes.py", "return 2 * (area", "return 2.0 * (area")
    cancer.edit("cancer/model.py", "    return StandardScaler", "    # nothing\n    return StandardScaler")
    assert ran(run(cancer)) == set()
    cancer.edit("cancer/model.py", "with_mean=True", "with_mean=False")
    again = ran(run(cancer))
    assert "train" in again
    assert "clean" not in again


def edited(line: str, number: int, fault: str) -> str:
    cells = line.split(",")
    if fault == "category" and number <= 40 and cells[1] == "malignant":
        cells[1] = "unclear"
    elif fault == "shift":
        cells[2] = str(float(cells[2]) * 1.3)
    elif fault == "nulls" and number % 20 == 0:
        cells[3] = ""
    elif fault == "type" and number == 5:
        cells[2] = "large"
    return ",".join(cells)


@pytest.mark.parametrize(
    ("fault", "column", "told"),
    [
        ("category", "diagnosis", "unclear"),
        ("shift", "mean_radius", "10%"),
        ("nulls", "mean_texture", "1%"),
        ("type", "mean_radius", "large"),
    ],
)
def test_bad_data_stops_before_training(cancer: Project, fault: str, column: str, told: str) -> None:
    before = cancer.mlops("log", "--json").out
    head, *rows = (cancer.root / "data" / "samples.csv").read_text().splitlines()
    changed = [edited(row, number, fault) for number, row in enumerate(rows, 1)]
    cancer.write("data/samples.csv", "\n".join([head, *changed]) + "\n")
    shown = cancer.mlops("run", code=1)
    assert column in shown.out + shown.err
    assert told in shown.out + shown.err
    assert cancer.mlops("log", "--json").out == before
    assert ran(run(cancer, code=1)) <= {"check"}


def test_a_weak_model_is_not_published(cancer: Project) -> None:
    cancer.edit("specs/pipeline.yaml", "[0.003, 0.03, 0.3, 3.0]", "[0.000001]")
    before = cancer.mlops("models", "--json").out
    shown = cancer.mlops("run", code=1)
    assert "recall" in shown.out + shown.err
    assert cancer.mlops("models", "--json").out == before
