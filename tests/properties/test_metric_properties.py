"""Metrics of any rows at all: they equal scikit-learn's or say why they have no value, and never warn."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlops_cli.measures.metrics import METRICS, unable, value_of, why_undefined
from mlops_cli.measures.predictions import (
    Predictions,
    class_predictions,
    forecast_predictions,
    number_predictions,
    ranking_predictions,
)

FEW = settings(max_examples=150, deadline=None)
PROBABILITY = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 0.1, 5e-324, 1 - 2**-53]), st.floats(0, 1))
NUMBER = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 1e-300, 1e300]), st.floats(-1e9, 1e9))
BINARY = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), PROBABILITY), min_size=1, max_size=30)
NUMBERS = st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=20)
RANKED = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.integers(0, 4)), min_size=1, max_size=30
)


def sound(rows: Predictions) -> None:
    """Every metric of the task has a value in its range, or a reason not to have one."""
    for name, metric in METRICS.items():
        if unable(name, rows) is not None:
            continue
        value = value_of(name, rows)
        if value is None:
            assert why_undefined(name, rows).message
        else:
            assert metric.least - 1e-12 <= value <= metric.most + 1e-12, (name, value)


@FEW
@given(BINARY)
def test_two_classes(given_rows: list[tuple[int, int, float]]) -> None:
    truth, label, score = (np.asarray(column) for column in zip(*given_rows, strict=True))
    rows = class_predictions(truth, label, score, True, [0, 1], None)
    sound(rows)
    both = len(set(truth)) == 2
    assert (value_of("roc_auc", rows) is not None) == both
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, about what is not defined
        wanted = {
            "accuracy": sk.accuracy_score(truth, label),
            "brier": sk.brier_score_loss(truth, score, pos_label=1),
            "log_loss": sk.log_loss(truth, score, labels=[0, 1]),
            "precision": sk.precision_score(truth, label, zero_division=0),
        }
        if both:
            wanted |= {
                "roc_auc": sk.roc_auc_score(truth, score),
                "average_precision": sk.average_precision_score(truth, score),
                "mcc": sk.matthews_corrcoef(truth, label),
                "kappa": sk.cohen_kappa_score(truth, label),
                "f1": sk.f1_score(truth, label),
                "balanced_accuracy": sk.balanced_accuracy_score(truth, label),
            }
    for name, value in wanted.items():
        found = value_of(name, rows)
        assert found is not None
        np.testing.assert_allclose(found, value, rtol=1e-11, atol=1e-13, err_msg=name)


@FEW
@given(st.integers(1, 5), st.data())
def test_any_number_of_classes(many: int, data: st.DataObject) -> None:
    numbers = st.integers(0, many - 1)
    pairs = data.draw(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
    truth, label = (np.asarray(column) for column in zip(*pairs, strict=True))
    scores = np.random.default_rng(len(pairs)).dirichlet(np.ones(many), len(pairs))
    sound(class_predictions(truth, label, scores, True, list(range(many)), None))


@FEW
@given(NUMBERS)
def test_numbers(pairs: list[tuple[float, float]]) -> None:
    truth, label = (np.asarray(column) for column in zip(*pairs, strict=True))
    sound(number_predictions(truth, label))
    sound(forecast_predictions(truth, label, np.abs(label), label - 1, label + np.abs(truth), 0.5))


@FEW
@given(RANKED, st.integers(1, 12))
def test_rankings(given_rows: list[tuple[int, float, int]], at: int) -> None:
    relevance, score, query = (np.asarray(column) for column in zip(*given_rows, strict=True))
    rows = ranking_predictions(relevance, score, query, at)
    sound(rows)
    lists = [(relevance[rows], score[rows]) for rows in (query == one for one in np.unique(query))]
    known = [(of, said) for of, said in lists if of.any()]
    assert (value_of("ndcg", rows) is not None) == bool(known)
    if known:
        gains = [1.0 if len(of) == 1 else sk.ndcg_score([of], [said], k=at) for of, said in known]
        np.testing.assert_allclose(value_of("ndcg", rows), np.mean(gains), rtol=1e-11)
        precisions = [sk.average_precision_score(of > 0, said) for of, said in known]
        np.testing.assert_allclose(value_of("map", rows), np.mean(precisions), rtol=1e-11)
