"""Average precision as a metric of sums, so that it can be drawn again: rows are counted by place in their order.

A place is a score of positive rows with all that lies between it and the next better one: what is between does not
count by itself. That is exact. Of more than 1,024 such scores neighbours share a place, so that each has as many
positive rows.
"""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.metrics.base import Parts, ratio
from mlops_cli.measures.predictions import Array, Floats, Predictions

PLACES = 1024


def ordered(rows: Predictions) -> list[Parts]:
    """One table of counts, places x (other, positive), for the positive class; of many classes one for each."""
    assert rows.scores is not None
    if rows.task == "binary":
        return [places(rows.scores[:, rows.positive], rows.truth == rows.positive)]
    return [places(rows.scores[:, number], rows.truth == number) for number in range(rows.scores.shape[1])]


def places(score: Floats, truth: Array) -> Parts:
    """The place of each row from the highest score down, and whether it is positive: cell 2 x place + truth."""
    order = np.argsort(score)[::-1]
    falling, hit = score[order], truth[order]
    starts = np.flatnonzero(np.append(True, falling[1:] != falling[:-1]))  # of each distinct score
    hits = np.add.reduceat(hit, starts, dtype=np.int64)
    better = np.cumsum(hits) - hits
    scores: Array = np.cumsum(hits > 0) - (hits > 0)  # of positive rows, that are better
    place = scores if scores[-1] < PLACES else better * PLACES // int(hits.sum())
    place = np.minimum(place, int(place[hits > 0].max(initial=-1)) + 1)
    cells = np.empty(len(hit), dtype=np.int64)
    cells[order] = 2 * np.repeat(place, np.diff(starts, append=len(hit))) + hit
    return Parts(2 * (int(place[-1]) + 1), cells=cells)


def average_precision(blocks: list[Floats]) -> Floats:
    """From the counts of one class or several, (..., cells) each, to the mean of their average precisions, (...)."""
    return np.asarray(np.mean([of_one(block) for block in blocks], axis=0))


def of_one(sums: Floats) -> Floats:
    """The mean precision over the positive rows, each at the end of its place; NaN without any."""
    counts = sums.reshape(*sums.shape[:-1], -1, 2)
    hits = counts[..., 1]
    found = np.cumsum(hits, axis=-1)
    precision = ratio(found, np.cumsum(counts.sum(axis=-1), axis=-1), 0.0)
    return ratio((hits * precision).sum(axis=-1), found[..., -1])
