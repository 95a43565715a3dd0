"""Ranked lists with rows of equal score: every metric is the mean over their orders."""

from itertools import permutations

import numpy as np
import pytest
from sklearn import metrics as sk

from mlops_cli.measures.metrics import METRICS, value_of, why_undefined
from mlops_cli.measures.predictions import Array, ranking_predictions

RANDOM = np.random.default_rng(8)
AT = 3


def by_hand(name: str, relevance: Array, at: int) -> float:
    """A metric of rows in an order that is known."""
    hit = relevance > 0
    if name == "mrr":
        return 1 / (1 + int(hit.argmax()))
    if name == "hit_rate":
        return float(hit[:at].any())
    if name == "precision_at_k":
        return hit[:at].sum() / at
    if name == "recall_at_k":
        return hit[:at].sum() / hit.sum()
    discount = 1 / np.log2(np.arange(len(relevance)) + 2)
    best = np.sort(relevance)[::-1]
    return (relevance * discount)[:at].sum() / (best * discount)[:at].sum()


def over_orders(name: str, relevance: Array, score: Array, at: int) -> float:
    """The mean over all orders of the rows that have falling scores."""
    orders = [list(order) for order in permutations(range(len(score)))]
    falling = [order for order in orders if (np.diff(score[order]) <= 0).all()]
    return float(np.mean([by_hand(name, relevance[order], at) for order in falling]))


@pytest.mark.parametrize("name", ["ndcg", "mrr", "hit_rate", "precision_at_k", "recall_at_k"])
def test_ties_count_as_the_mean_over_their_orders(name: str) -> None:
    relevance = np.asarray([0.0, 0, 0, 1, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1])
    score = RANDOM.integers(0, 3, 24).astype(float)
    score[12:18] = 0.5  # a list of nothing but ties
    query = np.repeat(["a", "b", "c", "d"], 6)
    rows = ranking_predictions(relevance, score, query, AT)
    wanted = [over_orders(name, relevance[query == one], score[query == one], AT) for one in "abcd"]
    assert value_of(name, rows) == pytest.approx(np.mean(wanted), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].needs == "queries"])
@pytest.mark.parametrize("at", [1, 4, 50])
def test_constant_scores_do_not_profit_from_the_order_of_the_file(name: str, at: int) -> None:
    relevance = np.repeat([3.0, 0.0], [5, 20])  # the relevant rows come first
    said, turned = (ranking_predictions(one, np.zeros(25), np.zeros(25), at) for one in (relevance, relevance[::-1]))
    assert value_of(name, said) == pytest.approx(value_of(name, turned), rel=1e-12)


@pytest.mark.parametrize("at", [1, 2, 7, 100])
def test_gain_and_precision_equal_scikit_learn_with_ties(at: int) -> None:
    relevance, score = RANDOM.integers(0, 4, (30, 20)).astype(float), RANDOM.integers(0, 5, (30, 20)).astype(float)
    rows = ranking_predictions(relevance.ravel(), score.ravel(), np.repeat(np.arange(30), 20), at)
    assert value_of("ndcg", rows) == pytest.approx(sk.ndcg_score(relevance, score, k=at), rel=1e-12)
    each = [sk.average_precision_score(one > 0, said) for one, said in zip(relevance, score, strict=True)]
    assert value_of("map", rows) == pytest.approx(np.mean(each), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].needs == "queries"])
def test_queries_without_a_relevant_row_are_left_out(name: str) -> None:
    relevance, score, query = np.asarray([0.0, 0, 1, 0]), np.asarray([1.0, 2, 3, 4]), np.asarray([5, 5, 9, 9])
    both, one = ranking_predictions(relevance, score, query), ranking_predictions(relevance[2:], score[2:], query[2:])
    assert value_of(name, both) == value_of(name, one)
    none = both.where(query == 5)
    assert value_of(name, none) is None
    assert why_undefined(name, none).reason == "no_relevant"


def test_long_lists_of_ties_stay_exact() -> None:
    relevance = np.zeros(100_000)
    relevance[70_000] = 1
    rows = ranking_predictions(relevance, np.zeros(100_000), np.zeros(100_000), 10)
    assert value_of("mrr", rows) == pytest.approx((1 / np.arange(1, 100_001)).mean(), rel=1e-9)
    assert value_of("hit_rate", rows) == pytest.approx(1e-4, abs=1e-9)
