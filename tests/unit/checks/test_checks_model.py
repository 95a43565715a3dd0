"""The model gate: the safe end of an interval decides, small slices are told, rivals meet on the same rows."""

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import SpecError
from mlops_cli.checks.model import Rival, check_model
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import ModelValidation

ROWS = 2000


def spec(expect: str, more: str = "") -> ModelValidation:
    text = f"kind: validation\nname: gate\nmodel: m\ntarget: y\n{more}expect:\n{expect}"
    found = parse_validation(text, "gate.yaml")
    assert isinstance(found, ModelValidation)
    return found


def predictions(skill: float, seed: int = 0, rows: int = ROWS) -> Predictions:
    truth = np.random.default_rng(9).integers(0, 2, rows)
    noise = np.random.default_rng(seed).uniform(0, 1, rows)
    score = skill * truth + (1 - skill) * noise
    return class_predictions(truth, (score > 0.5).astype(int), score, True, [0, 1], None)


def frame(rows: int = ROWS) -> pd.DataFrame:
    return pd.DataFrame({"sex": np.where(np.arange(rows) % 3 == 0, "f", "m"), "age": np.arange(rows) % 100})


def only(report: Report, check: str, part: str | None = None) -> Verdict:
    return next(item for item in report.verdicts if item.check == check and (part is None or item.slice == part))


def test_a_bound_is_kept_broken_or_cannot_be_told() -> None:
    rows = predictions(0.3)
    value = check_model(spec("  accuracy: {min: 0}\n"), rows, frame()).metrics["accuracy"]
    states = {}
    for bound in (value - 0.05, value - 0.001, value + 0.001):
        report = check_model(spec(f"  accuracy: {{min: {bound}}}\n"), rows, frame())
        found = only(report, "accuracy.min")
        states[bound] = (found.state, found.reason, report.passed)
    assert list(states.values()) == [("pass", None, True), ("warn", "cannot_tell", True), ("fail", None, False)]


def test_a_limit_from_above() -> None:
    report = check_model(spec("  log_loss: {max: 0.01}\n  brier: {max: 1}\n"), predictions(0.3), frame())
    assert [item.state for item in report.verdicts] == ["fail", "pass"]
    assert "at most 0.01 is asked for" in report.verdicts[0].message


def test_cannot_tell_says_how_many_rows_would_do() -> None:
    rows = predictions(0.3)
    bound = check_model(spec("  accuracy: {min: 0}\n"), rows, frame()).metrics["accuracy"] - 0.005
    message = only(check_model(spec(f"  accuracy: {{min: {bound}}}\n"), rows, frame()), "accuracy.min").message
    needed = int(message.split("about ")[1].split(" ")[0].replace(",", ""))
    assert needed > ROWS


@pytest.mark.parametrize(
    ("new", "old", "state", "passed"),
    [(0.4, 0.3, "pass", True), (0.3, 0.4, "fail", False), (0.3, 0.3, "pass", True)],
    ids=["better", "worse", "same"],
)
def test_not_worse_than_the_baseline(new: float, old: float, state: str, passed: bool) -> None:
    gate = spec("  roc_auc: {not_worse: 0.005}\n  log_loss: {not_worse: 0.005}\n", "baseline: m@production\n")
    report = check_model(gate, predictions(new), frame(), Rival(predictions(old), "m@v1"))
    assert {item.state for item in report.verdicts} == {state}
    assert report.passed is passed
    assert report.baseline == "m@v1"
    assert only(report, "roc_auc.not_worse").value == report.metrics["roc_auc"]


def test_without_a_baseline_nothing_blocks_but_a_broken_one_does() -> None:
    gate = spec("  roc_auc: {not_worse: 0.005}\n", "baseline: m@production\n")
    report = check_model(gate, predictions(0.3), frame())
    assert [(item.state, item.reason) for item in report.verdicts] == [("not_run", "no_baseline")]
    assert report.passed
    report = check_model(gate, predictions(0.3), frame(), Rival(None, "m@v1", "no column 'x'"))
    assert [(item.state, item.reason) for item in report.verdicts] == [("not_run", "bad_baseline")]
    assert not report.passed


def test_slices_are_judged_each_and_small_ones_are_too_few() -> None:
    gate = spec(
        "  by_slice: {accuracy: {min: 0.5}}\n",
        "slices: [sex, {age: [0, 50, 99]}]\nmin_rows: 100\n",
    )
    report = check_model(gate, predictions(0.4), frame())
    assert {item.slice: item.state for item in report.verdicts} == {
        "sex=f": "pass",
        "sex=m": "pass",
        "age=[0, 50)": "pass",
        "age=[50, 99)": "pass",
        "age=outside": "too_few",
    }


def test_gap_and_ratio_name_the_slices() -> None:
    rows = predictions(0.3)
    label = np.where(frame().sex == "f", rows.label, 0)
    unfair = Predictions("binary", rows.truth, label, rows.scores, True, rows.classes)
    gate = spec("  by_slice: {accuracy: {gap: {max: 0.05}}, selection_rate: {ratio: {min: 0.8}}}\n", "slices: [sex]\n")
    report = check_model(gate, unfair, frame())
    assert [item.state for item in report.verdicts] == ["fail", "fail"]
    assert "between sex=m" in report.verdicts[0].message
    fair = check_model(gate, predictions(0.9), frame())
    assert [item.state for item in fair.verdicts] == ["pass", "pass"]


def test_a_slice_of_one_class_has_no_value() -> None:
    rows = predictions(0.3)
    parts = pd.DataFrame({"same": rows.truth})
    gate = spec("  by_slice: {roc_auc: {min: 0.5, gap: {max: 0.1}}}\n", "slices: [same]\n")
    report = check_model(gate, rows, parts)
    assert {item.state for item in report.verdicts} == {"too_few"}


def test_a_metric_that_cannot_be_is_a_mistake_with_a_place() -> None:
    rows = number_predictions(np.arange(500.0), np.arange(500.0))
    with pytest.raises(SpecError, match="accuracy is a metric of binary or multiclass problems") as caught:
        check_model(spec("  accuracy: {min: 0.5}\n"), rows, frame(500))
    assert caught.value.faults[0].place is not None
    report = check_model(spec("  r2: {min: 0.9}\n  rmse: {max: 1}\n"), rows, frame(500))
    assert report.passed


def test_few_rows_are_too_few() -> None:
    report = check_model(spec("  accuracy: {min: 0.1}\n"), predictions(0.9, rows=20), frame(20))
    assert [(item.state, item.reason) for item in report.verdicts] == [("too_few", "min_rows")]
