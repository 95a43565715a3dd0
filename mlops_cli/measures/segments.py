"""Weak segments: parts of the rows on which a model is surely worse, found on one half and confirmed on the other.

The confirming half, which the search has never seen, is asked with Welch's test (1947) for each segment that is tried,
corrected for their number by Holm (1979).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_cli.measures.bins import Bins, bins_of
from mlops_cli.measures.columns import read_columns
from mlops_cli.measures.halving import first_half, sampled
from mlops_cli.measures.multiplicity import holm
from mlops_cli.measures.predictions import Array, Floats, Predictions
from mlops_cli.measures.special import special
from mlops_cli.measures.subgroups import WORSE, Rule, adds, candidates, chosen, held, sums, text_of, welch

if TYPE_CHECKING:
    import pandas as pd

SURE = 1e-3
"""Probabilities are held in [SURE, 1 - SURE], so that no single row carries a segment."""
SEARCHED = 50_000
"""How many rows of the searching half are looked at."""
TRIED = 10
"""How many segments the other half is asked about: each one more makes the test of all a little harder."""
AGAIN = 2.0
"""Welch's t by which a narrower rule must be worse than a wider one in the confirming half too."""
HUGE = 1e150
"""Losses beyond this are none: their squares, of which tests are made, are no numbers."""
NEW = 0.5
"""A further segment has at least this share of rows that are in no worse one."""


@dataclass(frozen=True, eq=False)
class Weak:
    """A segment on which the model is worse: what was measured on the confirming half, and its rows among all."""

    rule: str
    """Which rows: `age >= 40 and plan = basic`."""
    mask: Array
    """Of all rows, shape (n,)."""
    n: int
    """Rows of the confirming half."""
    loss: float
    """Mean loss of its rows in the confirming half: log loss, share of wrong labels, or squared error."""
    rest: float
    """Mean loss of all other rows of that half."""
    low: float
    high: float
    """The interval of the difference of the two, by itself (not corrected for the number of segments)."""
    q: float
    """Probability of such a difference by chance, corrected for the number of segments that were tried."""


def weak_segments(
    frame: pd.DataFrame,
    rows: Predictions,
    features: Sequence[str],
    most: int,
    min_rows: int,
    confidence: float = 0.95,
) -> tuple[Weak, ...]:
    """At most `most` segments, the worst first; `frame` has the features, row for row with the predictions.

    Each half must have `min_rows` of a segment's rows, and at most two thirds of its rows are one. With no weak segment
    at all, any is reported in at most a share 1 - confidence of the cases. A ranking has no loss by row: nothing is
    found.
    """
    loss = losses(rows)
    if loss is None or most < 1 or len(rows) < 4 * min_rows:
        return ()
    search = first_half(len(rows), rows.clusters)
    seen = np.flatnonzero(search)
    seen = seen[sampled(len(seen), SEARCHED)]
    columns = read_columns(frame.iloc[seen], features)
    bins = [bins_of(column, min_rows) for column in columns]
    codes = [each.codes(column) for each, column in zip(bins, columns, strict=True)]
    rules = chosen(candidates(bins, codes, loss[seen], min_rows), bins, codes, loss[seen], max(most, TRIED))
    whole = everywhere(rules, bins, frame)
    other = [each[~search] if len(each) else each for each in whole]
    tested = []
    for rule, wider in rules.items():
        if not all(len(whole[feature]) for feature, _, _ in rule):
            continue
        mask = held(rule, whole)
        test = confirmed(mask, ~search, loss, rows.clusters, confidence)
        if min(test.n, test.others) >= min_rows:
            tested.append((rule, mask, test, adds(rule, wider, other, loss[~search], AGAIN)))
    adjusted = holm([test.p for _, _, test, _ in tested])
    found = [
        Weak(text_of(rule, bins), mask, test.n, test.loss, test.rest, test.low, test.high, q)
        for (rule, mask, test, needed), q in zip(tested, adjusted, strict=True)
        if needed and q <= 1 - confidence and test.loss >= WORSE * test.rest
    ]
    return apart(sorted(found, key=lambda weak: (-weak.loss, weak.rule)), loss, ~search)[:most]


def losses(rows: Predictions) -> Floats | None:
    """What each row costs, shape (n,); None where a row by itself has no loss, or the answers are no numbers."""
    if rows.task == "ranking" or not len(rows):
        return None
    if not rows.classes:
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.square(rows.truth.astype(np.float64) - rows.label)
    elif rows.probable and rows.scores is not None:
        sure = rows.scores[np.arange(len(rows)), rows.truth]
        found = -np.log(np.clip(sure, SURE, 1 - SURE))
    else:
        found = (rows.truth != rows.label).astype(np.float64)
    return np.asarray(found) if bool((np.abs(found) < HUGE).all()) else None


def loss_name(rows: Predictions) -> str:
    """What the loss of a row is, in words."""
    if not rows.classes:
        return "mean squared error"
    return "log loss" if rows.probable and rows.scores is not None else "share of errors"


def everywhere(rules: Iterable[Rule], bins: Sequence[Bins], frame: pd.DataFrame) -> list[Array]:
    """For each feature the bins of all rows of the frame; empty for one that is in no rule, and for one that is numbers
    in the searched rows and words elsewhere."""
    used = sorted({feature for rule in rules for feature, _, _ in rule})
    columns = {column.name: column for column in read_columns(frame, [bins[at].name for at in used])}
    codes = [np.zeros(0, dtype=np.int64) for _ in bins]
    for feature in used:
        column = columns.get(bins[feature].name)
        if column is not None and column.kind == bins[feature].kind:
            codes[feature] = bins[feature].codes(column)
    return codes


@dataclass(frozen=True)
class Confirmed:
    """One segment on the confirming half."""

    n: int
    others: int
    loss: float
    rest: float
    low: float
    high: float
    p: float
    """One-sided: of a segment that is no worse than the rest."""


def confirmed(mask: Array, half: Array, loss: Floats, clusters: Array | None, confidence: float) -> Confirmed:
    """Welch's one-sided test of the segment against the rest of the half. Rows of a cluster belong together: with
    clusters, the variance is that of the clusters' sums (Liang and Zeger 1986)."""
    ours, others = loss[mask & half], loss[~mask & half]
    if min(len(ours), len(others)) < 2:
        return Confirmed(len(ours), len(others), 0.0, 0.0, 0.0, 0.0, 1.0)
    worse = float(ours.mean() - others.mean())
    parts = ours.var(ddof=1) / len(ours), others.var(ddof=1) / len(others)
    square = float(sum(parts))
    freedom = square**2 / (parts[0] ** 2 / (len(ours) - 1) + parts[1] ** 2 / (len(others) - 1)) if square > 0 else 1.0
    if clusters is not None:
        pull = np.where(mask, (loss - ours.mean()) / len(ours), -(loss - others.mean()) / len(others))[half]
        _, units = np.unique(clusters[half], return_inverse=True)
        count = min(len(np.unique(clusters[half & mask])), len(np.unique(clusters[half & ~mask])))
        square = float(np.square(np.bincount(units, weights=pull)).sum()) * count / max(count - 1, 1)
        freedom = float(max(count - 1, 1))
    error = square**0.5
    reach = float(special().stdtrit(freedom, 0.5 + confidence / 2)) * error
    p = float(special().stdtr(freedom, -worse / error)) if error > 0 else float(worse <= 0)
    return Confirmed(len(ours), len(others), float(ours.mean()), float(others.mean()), worse - reach, worse + reach, p)


def apart(found: Sequence[Weak], loss: Floats, half: Array) -> tuple[Weak, ...]:
    """The segments without those that are mostly, or bad only by, the rows of a worse one."""
    kept: list[Weak] = []
    taken = np.zeros(len(loss), dtype=bool)
    for weak in found:
        own, left = sums(loss[weak.mask & ~taken & half]), sums(loss[~taken & half])
        t, mean, rest = welch(own[None, :], left)
        if kept and not (own[0] >= NEW * weak.n and t[0] >= AGAIN and mean[0] >= WORSE * rest[0]):
            continue
        kept.append(weak)
        taken |= weak.mask
    return tuple(kept)
