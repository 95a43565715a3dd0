"""How sure an area under the ROC curve is.

DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845, by mid-ranks (Sun and Xu, IEEE Signal Processing
Letters 21 (2014) 1389-1393); rows that belong together: Obuchowski, Biometrics 53 (1997) 567-578, which is DeLong's
where each unit is one row. More than two classes: the mean of the areas of each class against the rest, whose
deviations are added row by row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mlops_cli.measures.predictions import Array, Floats, Predictions


@dataclass(frozen=True)
class Placed:
    """An area, and what each row, or each unit of rows, adds to its deviation from the truth."""

    area: float
    hits: Floats
    """Of the positive rows: (share of the others that score below - area) / positives, else 0; shape (units,)."""
    misses: Floats
    """Of the others: (share of the positives that score above - area) / others, else 0; shape (units,)."""
    with_hits: int
    """Units that have a positive row."""
    with_misses: int
    """Units that have another row."""

    @property
    def variance(self) -> float:
        """Of the area; NaN where only one unit has positive rows, or only one has others."""
        each = float(self.hits @ self.hits) * corrected(self.with_hits)
        return each + float(self.misses @ self.misses) * corrected(self.with_misses) + self.shared

    @property
    def shared(self) -> float:
        """What positive and other rows of the same unit have in common."""
        both = float(self.hits @ self.misses)
        return 2 * both * corrected(len(self.hits)) if both else 0.0

    def __sub__(self, other: Placed) -> Placed:
        """The difference of two areas of the same rows: its deviation is the difference of the deviations."""
        area, hits, misses = self.area - other.area, self.hits - other.hits, self.misses - other.misses
        return Placed(area, hits, misses, self.with_hits, self.with_misses)


def corrected(units: int) -> float:
    """n / (n - 1)."""
    return units / (units - 1) if units > 1 else math.nan


def placed(rows: Predictions) -> Placed | None:
    """The area of some predictions with scores, their rows put into `rows.clusters`; None where a class is missing."""
    assert rows.scores is not None
    if rows.task == "binary":
        truth = rows.truth == rows.positive
        found = placements(rows.scores[:, rows.positive], truth)
        return None if found is None else clustered(*found, truth, ~truth, rows.clusters)
    areas, hits, misses = [], np.zeros(len(rows)), np.zeros(len(rows))
    for number in range(rows.scores.shape[1]):
        found = placements(rows.scores[:, number], rows.truth == number)
        if found is None:
            return None
        areas.append(found[0])
        hits += found[1]
        misses += found[2]
    every = np.ones(len(rows), dtype=bool)
    return clustered(float(np.mean(areas)), hits / len(areas), misses / len(areas), every, every, rows.clusters)


def clustered(area: float, hits: Floats, misses: Floats, hit: Array, miss: Array, clusters: Array | None) -> Placed:
    """The deviations of rows, added up by cluster; `hit` and `miss` say which rows count as what, shape (n,)."""
    if clusters is None:
        return Placed(area, hits, misses, int(np.count_nonzero(hit)), int(np.count_nonzero(miss)))
    count = int(clusters.max()) + 1
    by = [np.bincount(clusters, weights=each, minlength=count).astype(np.float64) for each in (hits, misses)]
    held = [int(np.count_nonzero(np.bincount(clusters[mask], minlength=count))) for mask in (hit, miss)]
    return Placed(area, by[0], by[1], held[0], held[1])


def placements(score: Floats, truth: Array) -> tuple[float, Floats, Floats] | None:
    """The area of one class, and the deviations of its rows and of the others, each (n,) in the order of the rows.

    None where there is only one class. Rows of equal score count half.
    """
    positives = int(np.count_nonzero(truth))
    others = len(truth) - positives
    if not positives or not others:
        return None
    order = np.argsort(score)
    values, hit = score[order], truth[order]
    passed = np.cumsum(hit, dtype=np.float64) - hit  # positives among the rows before
    steps = np.flatnonzero(values[1:] != values[:-1]) + 1
    if len(steps) == len(values) - 1:
        misses_below = np.arange(len(values)) - passed
    else:
        starts, lengths = np.concatenate(([0], steps)), np.diff(steps, prepend=0, append=len(values))
        middle = passed[starts] + np.add.reduceat(hit, starts, dtype=np.float64) / 2
        passed = np.repeat(middle, lengths)
        misses_below = np.repeat(starts + lengths / 2 - middle, lengths)
    area = float(misses_below[hit].sum()) / positives / others
    deviation = np.zeros((2, len(values)))
    deviation[0, order[hit]] = (misses_below[hit] / others - area) / positives
    deviation[1, order[~hit]] = (1.0 - area - passed[~hit] / positives) / others
    return area, deviation[0], deviation[1]


def logit_interval(area: float, variance: float, z: float) -> tuple[float, float] | None:
    """The interval of an area on the logit scale, which keeps to (0, 1) and is right near the edge (Qin and Hotilovac,
    Statistical Methods in Medical Research 17 (2008) 207-221); None for an area of 0 or 1, or without a variance."""
    if not (0 < area < 1 and variance > 0 and math.isfinite(variance)):
        return None
    centre, half = math.log(area / (1 - area)), z * math.sqrt(variance) / (area * (1 - area))
    return expit(centre - half), expit(centre + half)


def expit(x: float) -> float:
    """The share with this logit."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
