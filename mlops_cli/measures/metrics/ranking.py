"""Metrics of ranked lists. A query without any relevant row (relevance above 0) says nothing about a ranking and is
left out of all of them. Rows of equal score count as the mean over their orders (McSherry and Najork 2008)."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.lists import Lists, ideal
from mlops_cli.measures.metrics.base import Parts, columns, mean
from mlops_cli.measures.predictions import Array, Floats, Predictions

per_query = mean
"""The mean over the queries that have a relevant row: the value of every metric here."""


def queries(rows: Predictions, values: Floats) -> Parts:
    """(value, 1) on one row of each query with a relevant row, (0, 0) on all others; `values` has shape (queries,)."""
    lists = rows.lists
    known = lists.per_list(lists.relevant) > 0
    value, one = np.zeros(len(rows)), np.zeros(len(rows))
    value[lists.first[known]], one[lists.first[known]] = values[known], 1.0
    return columns(value, one)


def slots(lists: Lists, at: int) -> Array:
    """How many of the first `at` ranks each group fills, (groups,)."""
    return np.asarray(np.clip(at - lists.above, 0, lists.sizes))


def ndcg(rows: Predictions) -> Parts:
    """Discounted cumulative gain (Järvelin and Kekäläinen 2002) of the first `at` ranks, as a share of the best
    order's; the gain is the relevance, as in scikit-learn."""
    lists = rows.lists
    assert rows.clusters is not None
    longest = int((lists.above + lists.sizes).max())
    discount = 1 / np.log2(np.arange(longest) + 2)
    discount[rows.at :] = 0
    upto = np.append(0.0, np.cumsum(discount))
    share = (upto[lists.above + lists.sizes] - upto[lists.above]) / lists.sizes
    gained = lists.per_list(np.add.reduceat(lists.relevance, lists.groups) * share)
    best, rank = ideal(rows.truth, rows.clusters)
    most = np.add.reduceat(best * discount[rank], lists.starts)
    return queries(rows, np.divide(gained, most, out=np.zeros(len(most)), where=most > 0))


def precisions(rows: Predictions) -> Parts:
    """Of the first `at` ranks, how many hold a relevant row; a shorter list leaves ranks empty."""
    lists = rows.lists
    return queries(rows, lists.per_list(lists.relevant * slots(lists, rows.at) / lists.sizes) / rows.at)


def recalls(rows: Predictions) -> Parts:
    """Of the relevant rows, how many are in the first `at` ranks."""
    lists = rows.lists
    return queries(rows, shares(lists, lists.relevant * slots(lists, rows.at) / lists.sizes))


def average_precisions(rows: Predictions) -> Parts:
    """Mean precision over the relevant rows of the whole list, each at its own score (scikit-learn's average precision
    of each query); the mean over the queries is MAP."""
    lists = rows.lists
    so_far = np.cumsum(lists.relevant)
    so_far -= np.repeat(so_far[lists.opens] - lists.relevant[lists.opens], np.diff(lists.opens, append=len(so_far)))
    return queries(rows, shares(lists, lists.relevant * so_far / (lists.above + lists.sizes)))


def reciprocal_ranks(rows: Predictions) -> Parts:
    """1 / rank of the first relevant row of the whole list (Voorhees 1999).

    Of n rows of one score with r relevant ones, the first relevant is the j-th with chance C(n - j, r - 1) / C(n, r).
    """
    lists = rows.lists
    relevant = np.flatnonzero(lists.relevant > 0)
    whose = np.searchsorted(lists.opens, relevant, side="right") - 1
    who, at = np.unique(whose, return_index=True)
    first = relevant[at]  # the first group with a relevant row, of each list that has one
    n, r, above = lists.sizes[first], lists.relevant[first], lists.above[first]
    places = n - r + 1
    begins = np.cumsum(places) - places
    j = np.arange(int(places.sum())) - np.repeat(begins, places) + 1
    n, r, above = np.repeat(n, places), np.repeat(r, places), np.repeat(above, places)
    each = np.exp(chosen(n - j, r - 1) - chosen(n, r)) / (above + j)
    values = np.zeros(len(lists.starts))
    if len(who):
        values[who] = np.add.reduceat(each, begins)
    return queries(rows, values)


def hits(rows: Predictions) -> Parts:
    """Whether a relevant row is in the first `at` ranks; of n rows of one score with r relevant ones, m of which are in
    them, with chance 1 - C(n - r, m) / C(n, m)."""
    lists = rows.lists
    n, r, m = lists.sizes, lists.relevant, slots(lists, rows.at)
    certain = m > n - r
    none = np.where(certain, -np.inf, chosen(np.where(certain, n, n - r), m) - chosen(n, m))
    return queries(rows, -np.expm1(lists.per_list(np.where(r > 0, none, 0.0))))


def shares(lists: Lists, values: Floats) -> Floats:
    """The sums over each list as shares of its relevant rows, 0 where it has none."""
    relevant = lists.per_list(lists.relevant)
    return np.divide(lists.per_list(values), relevant, out=np.zeros(len(relevant)), where=relevant > 0)


def chosen(n: Array, k: Array) -> Floats:
    """The logarithm of the number of ways to choose k of n."""
    factorials = np.append(0.0, np.cumsum(np.log(np.arange(1, int(n.max(initial=0)) + 1))))
    return np.asarray(factorials[n] - factorials[k] - factorials[n - k])
