"""Every example and the annotated specs, in a fresh copy, through the real command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())


def mlops(folder: Path, *words: str, code: int = 0) -> str:
    """What a command prints; fails the test when it does not end with `code`."""
    environment = {**os.environ, "NO_COLOR": "1"}
    line = [sys.executable, "-m", "mlops_cli", *words]
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run(folder: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """The report of `mlops run`."""
    report: dict[str, Any] = json.loads(mlops(folder, "run", *words, "--json", code=code))
    return report


def statuses(report: dict[str, Any]) -> Counter[str]:
    """How many stages ended how."""
    return Counter(stage["status"] for stage in report["stages"])


def ran(report: dict[str, Any]) -> set[str]:
    """The stages that were executed, without their matrix."""
    return {stage["stage"].partition("[")[0] for stage in report["stages"] if stage["status"] in ("ran", "gate_failed")}


@pytest.fixture(scope="module")
def cancer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The large example after its first run."""
    folder = tmp_path_factory.mktemp("example")
    mlops(folder, "init", "cancer", "--example", "breast-cancer")
    assert set(statuses(run(folder / "cancer"))) == {"ran"}
    return folder / "cancer"


@pytest.fixture
def copy(cancer: Path, tmp_path: Path) -> Path:
    """The large example after its first run, free to be changed."""
    shutil.copytree(cancer, tmp_path / "cancer")
    return tmp_path / "cancer"


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "breast-cancer"])
def test_example_runs_and_is_then_up_to_date(name: str, tmp_path: Path) -> None:
    mlops(tmp_path, "init", "copy", "--example", name)
    folder = tmp_path / "copy"
    specs = [path.relative_to(folder).as_posix() for path in sorted((folder / "specs").glob("*.yaml"))]
    mlops(folder, "lint", *specs)
    assert set(statuses(run(folder))) == {"ran"}
    assert set(statuses(run(folder))) == {"reused"}


def test_annotated_specs_run_as_they_stand(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    mlops(tmp_path, "lint", "-C", "specs", "pipeline.yaml", "validation.data.yaml", "validation.model.yaml")
    assert set(statuses(run(tmp_path, "-C", "specs", "pipeline.yaml"))) == {"ran"}
    assert "checks:" in (tmp_path / "specs" / "reports" / "summary.txt").read_text()
    assert set(statuses(run(tmp_path, "-C", "specs", "pipeline.yaml"))) == {"reused"}


def test_large_example_is_up_to_date_after_one_run(copy: Path) -> None:
    assert set(statuses(run(copy))) == {"reused"}
    assert "roc_auc" in (copy / "reports" / "model.md").read_text("utf-8")
    assert "breast-cancer" in mlops(copy, "models")


def test_a_parameter_runs_what_depends_on_it(copy: Path) -> None:
    assert ran(run(copy, "-p", "max_iter=200")) == {"train", "choose", "judge", "publish", "report"}


def test_a_helper_runs_what_calls_it_and_an_unused_one_nothing(copy: Path) -> None:
    shapes = copy / "cancer" / "shapes.py"
    shapes.write_text(shapes.read_text().replace("return 2 * (area", "return 2.0 * (area") + "\n# nothing\n")
    assert ran(run(copy)) == set()
    model = copy / "cancer" / "model.py"
    model.write_text(model.read_text().replace("with_mean=True", "with_mean=False"))
    assert "train" in ran(run(copy)) and "clean" not in ran(run(copy))


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
def test_bad_data_stops_before_training(copy: Path, fault: str, column: str, told: str) -> None:
    samples = copy / "data" / "samples.csv"
    before = mlops(copy, "log", "--json")
    head, *rows = samples.read_text().splitlines()
    changed = [edited(row, number, fault) for number, row in enumerate(rows, 1)]
    samples.write_text("\n".join([head, *changed]) + "\n")
    text = mlops(copy, "run", code=1)
    assert column in text and told in text
    assert mlops(copy, "log", "--json") == before
    again = run(copy, code=1)
    assert {stage["stage"] for stage in again["stages"] if stage["status"] == "ran"} == set()


def test_a_weak_model_is_not_published(copy: Path) -> None:
    spec = copy / "specs" / "pipeline.yaml"
    spec.write_text(spec.read_text().replace("[0.003, 0.03, 0.3, 3.0]", "[0.000001]"))
    before = mlops(copy, "models", "--json")
    text = mlops(copy, "run", code=1)
    assert "recall" in text
    assert mlops(copy, "models", "--json") == before
