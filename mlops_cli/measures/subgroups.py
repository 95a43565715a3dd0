"""Subgroups: conjunctions of conditions whose rows cost more than the others, searched for on some rows.

A beam search (subgroup discovery; Slice Finder, Chung et al., ICDE 2019) by Welch's t (1947). What it finds is too good
by selection: its numbers prove nothing, and are to be confirmed on other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mlops_cli.measures.bins import Bins
from mlops_cli.measures.predictions import Array, Floats

WORSE = 1.1
"""A segment counts where its mean loss is at least so many times the rest's; a further condition must add as much."""
LARGEST = 2 / 3
"""The share of rows above which it is the rest that is special."""
SURELY = 3.0
"""Welch's t by which a narrower rule must be worse than a wider one, where many are tried."""
OVERLAP = 0.7
"""Rules that share more of their rows (Jaccard) are nearly the same."""
BEAM = 10
DEPTH = 3
LOOKED_AT = 300
"""How many candidates are looked at before there are enough."""

Rule: TypeAlias = "tuple[tuple[int, int, int], ...]"
"""(feature, first bin, bin after the last), ascending by feature: all of them hold."""


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
