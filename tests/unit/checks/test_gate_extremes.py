"""Answers and costs near the ends of what a double holds: the report stays readable, and so does its page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.records import canonical, decode
from mlops_cli.checks.comparators.limits import needed
from mlops_cli.checks.model import check_model
from mlops_cli.checks.trial import Rival
from mlops_cli.checks.verdict import Report
from mlops_cli.measures.measured import Measured
from mlops_cli.measures.predictions import Predictions, class_predictions, number_predictions, ranking_predictions
from mlops_cli.reports.junit import junit
from mlops_cli.reports.markdown import markdown
from mlops_cli.reports.model_page import html
from mlops_cli.spec.load import parse_validation
from mlops_cli.spec.validation import ModelValidation

ROWS = 600
SIZES = (0.0, 5e-324, 1e-310, 1e-160, 1.0, 1e12, 1e75, 1e149, 1e160, 1e300, 1.7e308)
GROUPS = pd.DataFrame({"g": np.arange(ROWS) % 3, "a": np.arange(ROWS) % 50})
SLICED = "by_slice: {{{0}: {{max: 1, not_worse: 0.1, gap: {{max: 0.1}}}}}}\n"


def judged(expect: str, rows: Predictions, old: Predictions) -> Report:
    text = f"kind: validation\nname: gate\nmodel: m\ntarget: y\nbaseline: m@v1\nslices: [g]\nmin_rows: 50\n{expect}"
    spec = parse_validation(text + "weak_segments: {most: 3}\n", "gate.yaml")
    assert isinstance(spec, ModelValidation)
    return check_model(spec, rows, GROUPS, Rival(old, "m@v1"), label="m")


def readable(report: Report) -> None:
    assert decode(canonical(report), Report) == report
    assert "<html" in html(report)
    assert markdown(report).endswith("\n")
    assert junit(report).startswith("<?xml")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("spread", ["alike", "both sides", "one far away"])
def test_numbers_of_any_size_give_a_report_that_can_be_kept_and_shown(size: float, spread: str) -> None:
    source = np.random.default_rng(3)
    truth = source.normal(size=ROWS)
    far = {
        "alike": np.full(ROWS, size),
        "both sides": size * np.where(np.arange(ROWS) % 2, 1, -1),
        "one far away": np.where(np.arange(ROWS) == 7, size, truth),
    }[spread]
    expect = "expect:\n  rmse: {max: 1, not_worse: 0.1}\n  mae: {better: 0, beats: [constant]}\n"
    expect += "  " + SLICED.format("mae")
    for new, old in ((far, truth), (truth + 0.1, far), (far, -far)):
        readable(judged(expect, number_predictions(truth, new), number_predictions(truth, old)))
    readable(judged(expect, number_predictions(far, truth), number_predictions(far, far)))


@pytest.mark.parametrize("size", SIZES)
def test_scores_and_costs_of_any_size(size: float) -> None:
    source = np.random.default_rng(5)
    truth = source.integers(0, 2, ROWS)
    signs = source.choice([-1.0, 0.0, 1.0], ROWS)
    label = np.where(source.random(ROWS) < 0.8, truth, 1 - truth)
    expect = "expect:\n  roc_auc: {min: 0.4, not_worse: 0.1}\n  cost: {max: 1}\n"
    expect = "costs: {miss: 1, false_alarm: 1}\n" + expect + "  " + SLICED.format("cost")
    for costs in ([[0.0, size], [size, 0.0]], [[-size, size], [1.0, 0.0]]):
        rows = class_predictions(truth, label, signs * size, False, [0, 1], None)
        new = with_costs(rows, costs)
        readable(judged(expect, new, with_costs(class_predictions(truth, truth, signs, False, [0, 1], None), costs)))


def with_costs(rows: Predictions, costs: list[list[float]]) -> Predictions:
    return replace(rows, costs=np.asarray(costs))


@pytest.mark.parametrize("size", SIZES)
def test_a_ranking_by_scores_of_any_size(size: float) -> None:
    source = np.random.default_rng(6)
    relevance, queries = source.integers(0, 3, ROWS), np.arange(ROWS) // 10
    rows = ranking_predictions(relevance, source.choice([-1.0, 1.0], ROWS) * size, queries)
    old = ranking_predictions(relevance, source.normal(size=ROWS), queries)
    readable(judged("query: g\nexpect:\n  ndcg: {min: 0.1, not_worse: 0.1}\n", rows, old))


@pytest.mark.parametrize("ends", [(1e300, -1e300, 0.0), (1e-300, 1e300, 0.0), (np.nan, 0.0, 1.0), (1.0, -1e308, 1e-9)])
def test_the_rows_that_would_do_are_never_more_than_there_are(ends: tuple[float, float, float]) -> None:
    value, safe, bound = ends
    assert "would" in needed(Measured(value, 100), value, safe, bound)


def test_perfect_answers_keep_no_strict_bound() -> None:
    truth = np.arange(ROWS) % 2
    rows = class_predictions(truth, truth, truth.astype(float), True, [0, 1], None)
    expect = "expect:\n  ece: {max: 0.001}\n  log_loss: {max: 0.001}\n  brier: {max: 0.001}\n"
    report = judged(expect, rows, rows)
    found = {item.check: (item.state, item.reason) for item in report.verdicts}
    assert {found[f"{name}.max"] for name in ("ece", "log_loss", "brier")} == {("warn", "cannot_tell")}
    loose = judged(expect.replace("0.001", "0.1"), rows, rows)
    assert {item.check: item.state for item in loose.verdicts}["ece.max"] == "pass"
    exact = number_predictions(truth, truth)
    message = next(
        item for item in judged("expect:\n  mae: {max: 1}\n", exact, exact).verdicts if item.subject == "mae"
    )
    assert "nothing varies in these rows" in message.message


def test_signs_that_cannot_be_seen_stay_out_of_every_report() -> None:
    turned, bell = "\u202e", "\x07"
    name = f"a{turned}b{bell}c&lt;"
    spec = parse_validation(
        "kind: validation\nname: gate\nmodel: m\ntarget: y\nslices: [g]\nmin_rows: 50\n"
        "expect: {by_slice: {mae: {max: 1000000000.0}}}\n",
        "gate.yaml",
    )
    assert isinstance(spec, ModelValidation)
    frame = pd.DataFrame({"g": np.where(np.arange(ROWS) % 2, name, "d")})
    numbers = np.arange(ROWS, dtype=float)
    report = check_model(spec, number_predictions(numbers, numbers + numbers % 7), frame, label="m")
    for page in (markdown(report), junit(report), html(report)):
        assert turned not in page and bell not in page
    assert "c\\&lt;" in markdown(report)
    assert {item.bound for item in report.verdicts if item.subject == "mae"} >= {"max 1,000,000,000"}


def test_weak_segments_say_what_the_loss_is() -> None:
    numbers = np.random.default_rng(2).normal(size=ROWS)
    wide = numbers + np.where(GROUPS["g"] == 1, 300.0, 1.0) * np.random.default_rng(4).normal(size=ROWS)
    report = judged(
        "expect:\n  mae: {max: 1}\n", number_predictions(numbers, wide), number_predictions(numbers, numbers)
    )
    found = next(item for item in report.verdicts if item.check.startswith("weak_segments"))
    assert "mean squared error" in found.message
    assert "e+" not in found.message
