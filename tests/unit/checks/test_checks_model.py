"""The model gate: the safe end of an interval decides, small slices are told, rivals meet on the same rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import SpecError
from mlops_cli.checks.model import check_model as judge
from mlops_cli.checks.trial import NO_RIVAL, Known, Rival
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import ModelValidation

ROWS = 2000


def check_model(spec: ModelValidation, rows: Predictions, frame: pd.DataFrame, rival: Rival = NO_RIVAL) -> Report:
    """The report without what is looked at in every model."""
    report = judge(spec, rows, frame, rival)
    return replace(report, verdicts=tuple(item for item in report.verdicts if item.check.split(".")[-1] != "beats"))


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
    found = only(report, "roc_auc.not_worse")
    assert isinstance(found.value, float) and isinstance(found.baseline, float)
    assert found.value == pytest.approx(report.metrics["roc_auc"] - found.baseline, abs=1e-9)
    assert f"roc_auc is {report.metrics['roc_auc']:.4g}, the baseline's {found.baseline:.4g}; it is" in found.message


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
    assert [item.state for item in report.verdicts] == ["too_few", "too_few", "too_few", "fail"]
    assert report.verdicts[0].message == "0 positive rows, and 10 are asked for before roc_auc of a slice is judged"
    assert report.verdicts[-1].reason == "nothing_judged"


def test_a_metric_that_cannot_be_is_a_mistake_with_a_place() -> None:
    rows = number_predictions(np.arange(500.0), np.arange(500.0))
    with pytest.raises(SpecError, match="accuracy is a metric of binary or multiclass problems") as caught:
        check_model(spec("  accuracy: {min: 0.5}\n"), rows, frame(500))
    assert caught.value.faults[0].place is not None
    report = check_model(spec("  r2: {min: 0.9}\n  rmse: {max: 1}\n"), rows, frame(500))
    assert report.passed


def test_few_rows_are_too_few() -> None:
    report = check_model(spec("  accuracy: {min: 0.1}\n"), predictions(0.9, rows=20), frame(20))
    found = [(item.state, item.reason) for item in report.verdicts]
    assert found == [("too_few", "min_rows"), ("fail", "nothing_judged")]
    assert not report.passed


def test_a_gate_of_which_some_check_was_judged_may_pass_unless_the_spec_is_strict() -> None:
    checks = "  accuracy: {min: 0.5}\n  by_slice: {accuracy: {min: 0.5, severity: warn}, f1: {min: 0.1}}\n"
    settings = "slices: [{age: [0, 50, 99]}]\nmin_rows: 100\n"
    report = check_model(spec(checks, settings), predictions(0.9), frame())
    assert report.passed
    assert {item.state for item in report.verdicts if item.slice == "age=outside"} == {"too_few"}
    report = check_model(spec(checks, settings + "too_few: fail\n"), predictions(0.9), frame())
    assert {item.check: item.state for item in report.verdicts if item.slice == "age=outside"} == {
        "by_slice.accuracy.min": "too_few",
        "by_slice.f1.min": "fail",
    }
    assert not report.passed


def test_what_cannot_be_told_fails_a_strict_gate() -> None:
    rows = predictions(0.3)
    bound = check_model(spec("  accuracy: {min: 0}\n"), rows, frame()).metrics["accuracy"] - 0.001
    found = only(check_model(spec(f"  accuracy: {{min: {bound}}}\n", "too_few: fail\n"), rows, frame()), "accuracy.min")
    assert (found.state, found.reason) == ("fail", "cannot_tell")


def test_scores_that_are_no_numbers_fail_and_leave_no_metric() -> None:
    rows = predictions(0.3)
    assert rows.scores is not None
    for count, odd in ((ROWS, np.nan), (1, np.inf)):
        scores = rows.scores.copy()
        scores[:count] = odd
        broken = Predictions("binary", rows.truth, rows.label, scores, True, rows.classes)
        gate = spec(
            "  roc_auc: {min: 0.5}\n  accuracy: {min: 0.1}\n  by_slice: {brier: {gap: {max: 1}}}\n", "slices: [sex]\n"
        )
        report = check_model(gate, broken, frame())
        assert [item.state for item in report.verdicts] == ["fail", "pass", "fail"]
        assert report.verdicts[0].reason == "not_finite"
        assert f"{count:,} of 2,000 rows have missing or infinite scores" in report.verdicts[0].message
        assert "accuracy" in report.metrics and not {"roc_auc", "brier", "log_loss"} & set(report.metrics)


def test_a_baseline_without_finite_scores_blocks() -> None:
    rows = predictions(0.3)
    assert rows.scores is not None
    old = Predictions("binary", rows.truth, rows.label, rows.scores * np.nan, True, rows.classes)
    gate = spec("  roc_auc: {not_worse: 0.1}\n", "baseline: m@production\n")
    report = check_model(gate, rows, frame(), Rival(old, "m@v1"))
    assert [(item.state, item.reason) for item in report.verdicts] == [("not_run", "bad_baseline")]


def test_a_regression_says_why_a_metric_has_no_value() -> None:
    same, label = np.full(500, 0.1), np.arange(500.0)
    cases = {
        "one_value": number_predictions(same, label),
        "not_finite": number_predictions(label, np.where(label == 7, np.nan, label)),
        "too_large": number_predictions(label * 1e300, -label * 1e300),
    }
    for reason, rows in cases.items():
        report = check_model(spec("  r2: {min: 0.5}\n  mae: {min: 0}\n"), rows, frame(500))
        assert report.verdicts[0].reason == reason
        assert (report.verdicts[0].state == "fail") == (reason != "one_value")
        assert "r2" not in report.metrics
        assert all(np.isfinite(value) for value in report.metrics.values())


def test_a_text_null_and_no_value_are_two_slices() -> None:
    truth = np.arange(350) % 2
    right = np.arange(350) >= 200
    rows = class_predictions(truth, np.where(right, truth, 1 - truth), None, False, [0, 1], None)
    data = pd.DataFrame({"g": np.where(right, "null", None)})
    text = "  by_slice: {accuracy: {min: 0.7, not_worse: 0.1}}\n"
    report = judge(spec(text, "baseline: m@v1\nslices: [g]\n"), rows, data, Rival(rows, "m@v1"))
    found = {(item.check, item.slice): (item.state, item.n) for item in report.verdicts if item.slice}
    assert {key[1]: value for key, value in found.items() if key[0].endswith("min")} == {
        "g='null'": ("pass", 150),
        "g=null": ("fail", 200),
    }
    assert report.detail is not None
    assert [(item.slice, item.n) for item in report.detail.slices] == [("g='null'", 150), ("g=null", 200)]


def test_a_gate_whose_size_and_probes_alone_could_be_looked_at_has_judged_nothing() -> None:
    text = "  accuracy: {min: 0.1}\n  size: {max: 1 MB}\n"
    known = Known(running={"size": (10.0, 1)})
    report = judge(spec(text, "weak_segments: {most: 3}\n"), predictions(0.9, rows=20), frame(20), NO_RIVAL, known)
    states = {item.check: (item.state, item.reason) for item in report.verdicts}
    assert states["size.max"] == ("pass", None)
    assert states["weak_segments.max"] == ("too_few", "min_rows")
    assert states["gate.judged"] == ("fail", "nothing_judged")


def test_a_probe_of_a_few_rows_says_nothing() -> None:
    rows, data = predictions(0.9, rows=20), frame(20)
    known = Known(target="y", features=(("age", "int64"),), ask=lambda _: rows)
    probe = "robust: {noise: {by: 10%, accuracy: 0.1}}\n"
    report = judge(
        spec("  size: {max: 1 MB}\n", probe), rows, data, NO_RIVAL, replace(known, running={"size": (10.0, 1)})
    )
    assert [item.reason for item in report.verdicts if item.check.startswith("robust")] == ["min_rows"]


@pytest.mark.parametrize(
    ("shared", "state"), [(0, "pass"), (40, "warn"), (600, "fail"), (2000, "fail")], ids=["none", "few", "many", "same"]
)
def test_rows_that_were_trained_on_stop_a_gate_that_states_no_bound(shared: int, state: str) -> None:
    data = pd.DataFrame({"a": np.arange(2000.0), "y": np.arange(2000) % 2})
    train = data.assign(a=np.where(np.arange(2000) < shared, data["a"], data["a"] + 0.5)).iloc[::-1]
    known = Known(train=train, target="y", features=(("a", "float64"),))
    found = {
        more: only(
            judge(spec("  accuracy: {min: 0.1}\n", more), predictions(0.9), data, NO_RIVAL, known),
            "leakage.overlap.max",
        ).state
        for more in ("", "leakage: {overlap: {max: 100%}}\n")
    }
    assert list(found.values()) == [state, "pass"]


def test_a_warning_check_whose_baseline_cannot_be_compared_warns() -> None:
    text = "  roc_auc: {min: 0.1}\n  accuracy: {not_worse: 0.1, severity: warn}\n"
    rival = Rival(None, "old", "it is about other rows")
    report = check_model(spec(text, "baseline: m@v1\n"), predictions(0.9), frame(), rival)
    assert (only(report, "accuracy.not_worse").state, report.passed) == ("warn", True)
    strict = text.replace(", severity: warn", "")
    report = check_model(spec(strict, "baseline: m@v1\n"), predictions(0.9), frame(), rival)
    assert (only(report, "accuracy.not_worse").state, report.passed) == ("not_run", False)
