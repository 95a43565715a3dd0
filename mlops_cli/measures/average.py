"""Average precision as a metric of sums, so that it can be drawn again: rows are counted by place in their order.

There are 1,024 places, of equal size in the sense that each has the same share of the positive rows and of the others
together; rows of one score share a place. Up to 512 distinct scores of positive rows it is exact.
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
    steps = np.append(True, falling[1:] != falling[:-1])
    hits = np.cumsum(hit)
    before = hits - hit
    share = before / max(int(hits[-1]), 1) + (np.arange(len(hit)) - before) / max(len(hit) - int(hits[-1]), 1)
    first = np.maximum.accumulate(np.where(steps, np.arange(len(hit)), 0))
    found = np.minimum((share[first] * (PLACES / 2)).astype(np.int64), PLACES - 1)
    cells = np.empty(len(hit), dtype=np.int64)
    cells[order] = 2 * found + hit
    return Parts(2 * PLACES, cells=cells)


def average_precision(blocks: list[Floats]) -> Floats:
    """From the counts of one class or several, (..., cells) each, to the mean of their average precisions, (...)."""
    return np.asarray(np.mean([of_one(block) for block in blocks], axis=0))


def of_one(sums: Floats) -> Floats:
    """The mean precision over the positive rows, each at the end of its place; NaN without any."""
    counts = sums.reshape(*sums.shape[:-1], PLACES, 2)
    hits = counts[..., 1]
    found = np.cumsum(hits, axis=-1)
    precision = ratio(found, np.cumsum(counts.sum(axis=-1), axis=-1), 0.0)
    return ratio((hits * precision).sum(axis=-1), found[..., -1])
