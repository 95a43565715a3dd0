"""Weak segments: parts of the rows on which a model is surely worse, found on one half and confirmed on the other.

The search is a beam search over conjunctions of conditions (subgroup discovery; Slice Finder, Chung et al. 2019). What
it finds is too good by selection, so its p-values are worth nothing: the other half, which the search has never seen,
is asked with Welch's test (1947) for each segment that is tried, corrected by Holm (1979).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import stats

from mlops_cli.measures.bins import Bins, bins_of
from mlops_cli.measures.columns import read_columns
from mlops_cli.measures.halving import first_half, sampled
from mlops_cli.measures.multiplicity import holm
from mlops_cli.measures.predictions import Array, Floats, Predictions

if TYPE_CHECKING:
    import pandas as pd

WORSE = 1.1
"""A segment counts where its mean loss is at least so many times the rest's; a further condition must add as much."""
SURE = 1e-3
"""Probabilities are held in [SURE, 1 - SURE], so that no single row carries a segment."""
SEARCHED = 50_000
BEAM = 10
DEPTH = 3
LARGEST = 2 / 3
"""The share of rows above which it is the rest that is special."""
SURELY = 3.0
AGAIN = 2.0
"""Welch's t by which a narrower rule must be worse than a wider one: in the searching half, where many are tried, and
in the confirming half."""
TRIED = 10
"""How many segments the other half is asked about: each one more makes the test of all a little harder."""
LOOKED_AT = 300
"""How many candidates are looked at for these."""
OVERLAP = 0.7

Rule: TypeAlias = "tuple[tuple[int, int, int], ...]"
"""(feature, first bin, bin after the last), ascending by feature: all of them hold."""


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
        found = np.square(rows.truth.astype(np.float64) - rows.label)
    elif rows.probable and rows.scores is not None:
        sure = rows.scores[np.arange(len(rows)), rows.truth]
        found = -np.log(np.clip(sure, SURE, 1 - SURE))
    else:
        found = (rows.truth != rows.label).astype(np.float64)
    return np.asarray(found) if bool(np.isfinite(found).all()) else None


def candidates(bins: Sequence[Bins], codes: Sequence[Array], loss: Floats, min_rows: int) -> dict[Rule, float]:
    """Rules whose rows have at least WORSE times the loss of the others, with their mean loss, the surest first."""
    found: dict[Rule, tuple[float, float]] = {}
    beam: list[Rule] = [()]
    for _ in range(DEPTH):
        level: dict[Rule, float] = {}
        for rule in beam:
            for grown, t, mean, rest in refined(rule, bins, codes, loss, min_rows):
                level[grown] = t
                if mean >= WORSE * rest and t > 0:
                    found[grown] = t, mean
        beam = sorted(level, key=lambda rule: (-level[rule], rule))[:BEAM]
    order = sorted(found, key=lambda rule: (-found[rule][0], len(rule), rule))
    return {rule: found[rule][1] for rule in order}


def refined(
    rule: Rule, bins: Sequence[Bins], codes: Sequence[Array], loss: Floats, min_rows: int
) -> Iterator[tuple[Rule, float, float, float]]:
    """Every rule with one condition more: (rule, Welch's t against all others, mean loss, mean loss of the others)."""
    total = sums(loss)
    inside = np.flatnonzero(held(rule, codes)) if rule else np.arange(len(loss))
    mine, bounds = loss[inside], {feature: (low, high) for feature, low, high in rule}
    for feature, each in enumerate(bins):
        low, high = bounds.get(feature, (0, each.count))
        cuts = {(max(a, low), min(b, high)) for a, b in each.ranges()} - {(low, high)}
        ranges = sorted((a, b) for a, b in cuts if a < b)
        if not ranges:
            continue
        here = codes[feature][inside]
        added = [np.bincount(here, weights=weight, minlength=each.count) for weight in (None, mine, np.square(mine))]
        upto = np.vstack([np.zeros(3), np.cumsum(np.asarray(added, dtype=np.float64).T, axis=0)])
        first, after = np.asarray(ranges).T
        part = upto[after] - upto[first]
        t, mean, rest = welch(part, total)
        enough = (part[:, 0] >= min_rows) & (part[:, 0] <= LARGEST * total[0])
        for at in np.flatnonzero(enough):
            grown = sorted((key, *ends) for key, ends in {**bounds, feature: ranges[at]}.items())
            yield tuple(grown), float(t[at]), float(mean[at]), float(rest[at])


def chosen(
    rules: Mapping[Rule, float], bins: Sequence[Bins], codes: Sequence[Array], loss: Floats, most: int
) -> dict[Rule, list[Rule]]:
    """The first rules that add something to every wider one, each with these: itself without one of its conditions, and
    the surer ones that most of its rows are in. Rules of nearly the same rows as a surer one are left out."""
    kept: dict[Rule, list[Rule]] = {}
    masks: dict[Rule, Array] = {}
    looked_at = 0
    for rule, mean in rules.items():
        if any(mean < WORSE * rules[other] and within(rule, other) for other in kept):
            continue
        if len(kept) == most or looked_at == LOOKED_AT:
            break
        looked_at += 1
        mask = held(rule, codes)
        shared = {other: int(np.count_nonzero(mask & masks[other])) for other in masks}
        if any(alike(mask, masks[other], count) for other, count in shared.items()):
            continue
        size = np.count_nonzero(mask)
        wider = [part for part in loosened(rule, bins) if part]
        wider += [other for other, count in shared.items() if count > OVERLAP * size]
        if adds(rule, wider, codes, loss, SURELY):
            kept[rule], masks[rule] = wider, mask
    return kept


def within(rule: Rule, other: Rule) -> bool:
    """Whether all rows of a rule are rows of the other, as the conditions alone say."""
    ranges = {feature: (low, high) for feature, low, high in rule}
    return all(low <= ranges.get(at, (-1, 0))[0] and ranges[at][1] <= high for at, low, high in other)


def adds(rule: Rule, wider: Sequence[Rule], codes: Sequence[Array], loss: Floats, least: float) -> bool:
    """Whether the rule's rows are worse than those that only each of the wider rules has: by Welch's t of at least
    `least`, and WORSE times as bad as all of these."""
    inside = held(rule, codes)
    for other in wider:
        around = held(other, codes)
        both, whole = sums(loss[inside & around]), sums(loss[around])
        if both[1] * whole[0] < WORSE * whole[1] * both[0] or welch(both[None, :], whole)[0][0] < least:
            return False
    return True


def sums(loss: Floats) -> Floats:
    """Rows, sum and sum of squares."""
    return np.asarray([len(loss), loss.sum(), np.square(loss).sum()], dtype=np.float64)


def text_of(rule: Rule, bins: Sequence[Bins]) -> str:
    """A rule as a person reads it."""
    return " and ".join(bins[at].text(low, high) for at, low, high in rule)


def loosened(rule: Rule, bins: Sequence[Bins]) -> Iterator[Rule]:
    """The rule without each of its conditions in turn; a range of numbers has two."""
    for at, (feature, low, high) in enumerate(rule):
        before, after, top = rule[:at], rule[at + 1 :], bins[feature].named
        if bins[feature].kind != "word" and low > 0 and high < top:
            yield (*before, (feature, 0, high), *after)
            yield (*before, (feature, low, top), *after)
        else:
            yield before + after


def held(rule: Rule, codes: Sequence[Array]) -> Array:
    """The rows of a rule, shape (n,)."""
    parts = [(codes[feature] >= low) & (codes[feature] < high) for feature, low, high in rule]
    return np.asarray(np.logical_and.reduce(parts))


def alike(mask: Array, other: Array, shared: int) -> bool:
    """Whether two segments share more than OVERLAP of the rows of either (Jaccard)."""
    return shared > OVERLAP * float(np.count_nonzero(mask) + np.count_nonzero(other) - shared)


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


def welch(part: Floats, total: Floats) -> tuple[Floats, Floats, Floats]:
    """Welch's t, the mean of the part and of the rest, from (rows, sum, sum of squares), shape (k, 3) and (3,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        other = total - part
        mean, rest = part[:, 1] / part[:, 0], other[:, 1] / other[:, 0]
        spread = [
            np.maximum(side[:, 2] / side[:, 0] - middle**2, 0.0) / side[:, 0]
            for side, middle in ((part, mean), (other, rest))
        ]
        t = (mean - rest) / np.sqrt(spread[0] + spread[1] + 1e-12 * (mean + rest) ** 2)
    return np.where(np.isfinite(t), t, 0.0), mean, rest


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
    reach = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    p = float(stats.t.sf(worse / error, freedom)) if error > 0 else float(worse <= 0)
    return Confirmed(len(ours), len(others), float(ours.mean()), float(others.mean()), worse - reach, worse + reach, p)


def apart(found: Sequence[Weak], loss: Floats, half: Array) -> tuple[Weak, ...]:
    """The segments without those that are bad only by the rows of a worse one."""
    kept: list[Weak] = []
    taken = np.zeros(len(loss), dtype=bool)
    for weak in found:
        own, left = sums(loss[weak.mask & ~taken & half]), sums(loss[~taken & half])
        shared = [int((weak.mask & other.mask).sum()) for other in kept]
        if any(alike(weak.mask, other.mask, count) for other, count in zip(kept, shared, strict=True)):
            continue
        t, mean, rest = welch(own[None, :], left)
        if kept and not (t[0] >= AGAIN and mean[0] >= WORSE * rest[0]):
            continue
        kept.append(weak)
        taken |= weak.mask
    return tuple(kept)
