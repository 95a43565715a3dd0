"""What a model's answers look like as drawings: at most 101 points each, every point exact for the rows it is made of.

Everything is read off sorted scores, so that a million rows take as long as sorting them twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlops_cli.measures.predictions import Array, Floats, Predictions

STEPS = 50
"""Thresholds of a curve that are taken from the rows of each of the two classes."""
BINS, TALL_BINS = 10, 20
"""Bins of equal mass of a calibration; bins of equal width of a histogram."""
CLASSES = 20
"""A matrix of more classes than these cannot be read."""
OUTER = 0.005
"""Share of the rows at either end of the errors that a histogram leaves out: one error in a thousand would else
squeeze all others into one bar."""
RANKS = 20
HUGE = 1e150
"""Numbers beyond this are left out: sums of them are no numbers."""


@dataclass(frozen=True)
class Points:
    """Points of a drawing, x ascending.

    `roc` (false positive rate, recall), `precision_recall` (recall, precision), `calibration` (mean probability, share
    of rows where it was right, rows of the bin), `scores` (left edge of the bin, share of the positive rows, share of
    the others), `residuals` (left edge of the bin of prediction minus truth, share of rows), `predicted` (mean
    prediction, mean truth, rows of the bin), `relevance` (rank from 1, mean relevance of the rows there, queries).
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    weight: tuple[float, ...] = ()


def curves(rows: Predictions) -> tuple[Points, ...]:
    """The drawings that these predictions allow; rows without a finite answer are left out, and so are drawings with
    numbers that are too large. Nothing is raised."""
    found = [make(rows) for make in MAKERS.get(rows.task, ())] if len(rows) else []
    return tuple(points for group in found for points in group if np.isfinite([*points.x, *points.y]).all())


def confusion(rows: Predictions) -> tuple[tuple[int, ...], ...]:
    """Rows by true class (outer) and predicted class; nothing for more than 20 classes, or where there are none."""
    size = len(rows.classes)
    if not 2 <= size <= CLASSES or rows.task not in ("binary", "multiclass"):
        return ()
    truth, label = np.asarray(rows.truth), np.asarray(rows.label)
    known = (label >= 0) & (truth >= 0)
    cells = truth[known].astype(np.int64) * size + label[known].astype(np.int64)
    counts = np.bincount(cells, minlength=size * size).reshape(size, size)
    return tuple(tuple(int(cell) for cell in line) for line in counts)


def _binary(rows: Predictions) -> Iterator[Points]:
    if rows.scores is None:
        return
    score = np.asarray(rows.scores[:, rows.positive], dtype=np.float64)
    finite = np.abs(score) < HUGE  # which what is no number is not
    positive = np.asarray(rows.truth) == rows.positive
    hits, misses = np.sort(score[finite & positive]), np.sort(score[finite & ~positive])
    if len(hits) and len(misses):
        yield from _thresholds(hits, misses)
    if rows.probable:
        yield from _calibration(hits, misses)
    if len(hits) + len(misses):
        yield _scores(hits, misses, rows.probable)


def _thresholds(hits: Floats, misses: Floats) -> Iterator[Points]:
    """ROC (Fawcett 2006) and precision against recall at thresholds that are scores of evenly spaced rows of each
    class; both arguments ascending, shape (rows of the class,)."""
    chosen = np.unique(np.concatenate([_spaced(hits), _spaced(misses)]))[::-1]
    caught = len(hits) - np.searchsorted(hits, chosen, side="left")
    alarms = len(misses) - np.searchsorted(misses, chosen, side="left")
    recall, false = caught / len(hits), alarms / len(misses)
    yield Points("roc", _floats([0.0, *false]), _floats([0.0, *recall]))
    precision = caught / (caught + alarms)
    yield Points("precision_recall", _floats(recall), _floats(precision))


def _spaced(ordered: Floats) -> Floats:
    """Up to 50 of the values, the least and the greatest among them."""
    return ordered[np.unique(np.linspace(0, len(ordered) - 1, STEPS).round().astype(np.int64))]


def _calibration(hits: Floats, misses: Floats) -> Iterator[Points]:
    """Bins of equal mass, as many as the probabilities have different values to cut at; probabilities of the rows where
    it happened, and of the others, both ascending."""
    whole = np.concatenate([hits, misses])
    if not len(whole):
        return
    edges = _edges(whole)
    right, wrong = _cut(hits, edges), _cut(misses, edges)
    rows = right[0] + wrong[0]
    kept = rows > 0
    mean = (right[1] + wrong[1])[kept] / rows[kept]
    yield Points("calibration", _floats(mean), _floats(right[0][kept] / rows[kept]), _floats(rows[kept]))


def _edges(values: Floats) -> Floats:
    """Where bins of equal mass end, each value in one bin: strictly ascending, without the outer ends."""
    ranks = [len(values) * part // BINS for part in range(1, BINS)]
    return np.unique(np.partition(values, ranks)[ranks])


def _cut(ordered: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Rows, and the sum of their values, in each bin `(edge, next edge]`, shape (edges + 1,)."""
    ends = np.concatenate([[0], np.searchsorted(ordered, edges, side="right"), [len(ordered)]])
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    return np.diff(ends).astype(np.float64), np.diff(sums[ends])


def _scores(hits: Floats, misses: Floats, probable: bool) -> Points:
    """How the scores of the two classes lie, each in shares of its own rows."""
    filled = [part for part in (hits, misses) if len(part)]
    low, high = min(part[0] for part in filled), max(part[-1] for part in filled)
    if probable or not high - low > 1 / HUGE:
        half = max(0.5, abs(low) / 100)  # of large numbers the neighbours are further away
        low, high = (0.0, 1.0) if probable else (low - half, high + half)
    edges = np.linspace(low, high, TALL_BINS + 1)
    return Points("scores", _floats(edges[:-1]), _floats(_shares(hits, edges)), _floats(_shares(misses, edges)))


def _shares(ordered: Floats, edges: Floats) -> Floats:
    """Shares of the values in half-open bins, the last one closed."""
    ends = np.searchsorted(ordered, edges, side="left")
    ends[-1] = np.searchsorted(ordered, edges[-1], side="right")
    return np.diff(ends) / max(len(ordered), 1)


def _multiclass(rows: Predictions) -> Iterator[Points]:
    """Whether the class that is held likeliest is right as often as its probability says (Guo et al. 2017)."""
    if rows.scores is None or not rows.probable:
        return
    top = rows.scores.max(axis=1)
    right = rows.scores.argmax(axis=1) == rows.truth
    finite = np.isfinite(top)
    yield from _calibration(np.sort(top[finite & right]), np.sort(top[finite & ~right]))


def _numbers(rows: Predictions) -> Iterator[Points]:
    truth, answer = np.asarray(rows.truth, dtype=np.float64), np.asarray(rows.label, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        error = answer - truth
    near = (np.abs(error) < HUGE) & (np.abs(answer) < HUGE)  # which what is no number is not
    if not near.any():
        return
    yield _residuals(error[near])
    yield _predicted(truth[near], answer[near])


def _residuals(error: Floats) -> Points:
    outer = int(len(error) * OUTER)
    ordered = np.partition(error, [outer, len(error) - 1 - outer])
    low, high = ordered[outer], ordered[len(error) - 1 - outer]
    if not high - low > 1 / HUGE:
        low, high = low - 0.5, high + 0.5
    if not (np.diff(np.linspace(low, high, TALL_BINS + 1)) > 0).all():  # numbers lie no closer there: one bar is all
        return Points("residuals", _floats([low]), _floats([1.0]))
    counts, edges = np.histogram(error, bins=TALL_BINS, range=(low, high))
    return Points("residuals", _floats(edges[:-1]), _floats(counts / len(error)))


def _predicted(truth: Floats, answer: Floats) -> Points:
    """Mean prediction and mean truth in bins of equal mass of the prediction."""
    edges = _edges(answer)
    place = np.searchsorted(edges, answer, side="left")
    rows = np.bincount(place, minlength=len(edges) + 1)
    kept = rows > 0
    means = [np.bincount(place, weights=part, minlength=len(rows))[kept] / rows[kept] for part in (answer, truth)]
    return Points("predicted", _floats(means[0]), _floats(means[1]), _floats(rows[kept]))


def _ranking(rows: Predictions) -> Iterator[Points]:
    """The mean relevance at each of the first ranks: it falls where the ranking is good. Ties keep the rows' order."""
    if rows.clusters is None:
        return
    answer = np.asarray(rows.label, dtype=np.float64)
    order = np.lexsort((-answer, rows.clusters))
    query = np.asarray(rows.clusters)[order]
    first = np.searchsorted(query, query, side="left")
    rank = np.arange(len(query)) - first
    most = min(RANKS, max(rows.at, 1))
    near = rank < most
    count = np.bincount(rank[near], minlength=most)
    total = np.bincount(rank[near], weights=np.asarray(rows.truth, dtype=np.float64)[order][near], minlength=most)
    kept = count > 0
    yield Points(
        "relevance", _floats(np.arange(1, most + 1)[kept]), _floats(total[kept] / count[kept]), _floats(count[kept])
    )


def _floats(values: Array | Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


MAKERS: dict[str, tuple[Callable[[Predictions], Iterator[Points]], ...]] = {
    "binary": (_binary,),
    "multiclass": (_multiclass,),
    "regression": (_numbers,),
    "forecast": (_numbers,),
    "ranking": (_ranking,),
}
