"""Signs that a test promises too much: rows that were trained on, a feature that is the answer, a test of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.measures.columns import Column, read_columns
from mlops_cli.measures.halving import first_half, sampled
from mlops_cli.measures.metrics.ranked import roc_auc
from mlops_cli.measures.moments import moments
from mlops_cli.measures.predictions import Array, Floats, Predictions
from mlops_cli.measures.rows import row_hashes
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5
ROWS = 20_000
"""How many rows the power of features is learned from and measured on at most."""
DEPTH = 4


@dataclass(frozen=True)
class Overlap:
    """Test rows that are also training rows."""

    rows: int
    share: float
    """Of the test rows, in [0, 1]."""
    natural: float
    """Share of the training rows that have an equal one among themselves: what repeats without any leak."""
    examples: tuple[dict[str, Json], ...] = ()
    """Up to five: `row` of the test data and `training_row`, counted from 1."""
    same: bool = False
    """Whether the two are the same rows, each as often."""


def overlap(train: pd.DataFrame, test: pd.DataFrame, columns: Sequence[str]) -> Overlap:
    """Test rows that equal a training row in all `columns`, by 64-bit hashes: among a million rows and a million, one
    pair is taken for equal by mistake in about one of ten million comparisons. Numbers are equal by value, whatever
    their type; moments in UTC; two missing values are equal. Raises StageFailed for a missing column, or for none."""
    import pandas as pd

    if not columns:
        raise StageFailed("rows cannot be compared without columns", "name the features that both tables have")
    need_columns([str(name) for name in train.columns], columns, "the training data")
    need_columns([str(name) for name in test.columns], columns, "the test data")
    known, asked = row_hashes(train, test, columns)
    found = pd.Series(asked).isin(known).to_numpy()
    twins = pd.Series(known).duplicated(keep=False).to_numpy()
    same = len(asked) > 0 and np.array_equal(np.sort(asked), np.sort(known))
    examples: list[dict[str, Json]] = []
    for row in np.flatnonzero(found)[:EXAMPLES]:
        first = int(np.flatnonzero(known == asked[row])[0])
        examples.append({"row": int(row) + 1, "training_row": first + 1})
    return Overlap(int(found.sum()), share_of(found), share_of(twins), tuple(examples), same)


def share_of(mask: Array) -> float:
    """The share of rows that a mask holds; 0 of none."""
    return float(mask.mean()) if len(mask) else 0.0


def after(train: pd.DataFrame, test: pd.DataFrame, column: str) -> float:
    """The share of test rows that are not after the newest training row (or do not say when they are), in [0, 1].

    Raises StageFailed where the column is missing or holds no moments or numbers, or not the same kind in both.
    """
    need_columns([str(name) for name in train.columns], [column], "the training data")
    need_columns([str(name) for name in test.columns], [column], "the test data")
    ours, theirs = moments(train[column], "the training data"), moments(test[column], "the test data")
    if not ours.known.any():
        raise StageFailed(f"no training row says when it is: '{column}' is empty", "name another column of time")
    if theirs.known.any() and ours.kind != theirs.kind:
        raise StageFailed(
            f"'{column}' is a {ours.kind} in the training data and a {theirs.kind} in the test data",
            "write it the same way in both",
        )
    newest = ours.values[ours.known].max()
    return share_of(~(theirs.known & (theirs.values > newest)))


def feature_power(frame: pd.DataFrame, truth: Predictions, features: Sequence[str]) -> list[tuple[str, float]]:
    """How well each feature by itself gives the truth, in [0, 1], the strongest first: learned on one random half of at
    most 20,000 rows and measured on the other, so that what is only memorised has no power.

    Two classes: the area under the ROC curve, folded (0.5: nothing, 1: all); more: balanced accuracy; numbers: r2, and
    0 below it. A feature that does not differ has 0. Numbers are judged by a tree of depth 4, words by a table of their
    values. Raises StageFailed for a feature that the frame lacks.
    """
    need_columns([str(name) for name in frame.columns], features, "the data")
    rows = sampled(len(truth), ROWS)
    answers = truth.truth[rows]
    half = first_half(len(rows), None if truth.clusters is None else truth.clusters[rows])
    columns = {column.name: column for column in read_columns(frame.iloc[rows], features)}
    powers = [(name, power(columns.get(name), answers, half, len(truth.classes))) for name in features]
    return sorted(powers, key=lambda item: -item[1])


def power(column: Column | None, truth: Array, half: Array, classes: int) -> float:
    """The power of one feature; 0 where it is not readable, does not differ, or there is nothing to tell apart."""
    if column is None or any(len(np.unique(truth[part])) < 2 for part in (half, ~half)):
        return 0.0
    told = told_apart(column, truth, half, classes)
    if told is None:
        return 0.0
    actual = truth[~half]
    if classes == 2:
        return area(told[:, 1], actual == 1)
    if classes:
        answer = told.argmax(axis=1)
        return float(np.mean([(answer[actual == name] == name).mean() for name in np.unique(actual)]))
    said = [told[:, 0]] if column.kind == "word" else [told[:, 0], line(column.numbers, truth, half)]
    return max(r2(actual, each) for each in said)


def r2(actual: Floats, said: Floats) -> float:
    """The share of the variance that is explained, 0 where there is none."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = float(np.square(actual - said).sum() / np.square(actual - actual.mean()).sum())
    return max(0.0, 1.0 - left) if np.isfinite(left) else 0.0


def line(numbers: Floats, truth: Array, half: Array) -> Floats:
    """What a straight line through the learning half says about the other: a copy of a number in another unit is no
    staircase of 16 steps. A missing number is answered with the mean."""
    known = half & ~np.isnan(numbers)
    if not known.any():
        return np.full(int((~half).sum()), float(truth[half].mean()))
    middle, mean = numbers[known].mean(), truth[known].mean()
    offset = numbers - middle
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        slope = (offset[known] * (truth[known] - mean)).sum() / np.square(offset[known]).sum()
        said = mean + slope * offset[~half]
    return np.asarray(np.where(np.isfinite(said), said, mean))


def told_apart(column: Column, truth: Array, half: Array, classes: int) -> Floats | None:
    """What the feature says about the other half, shape (rows, classes) or (rows, 1), learned on `half`; classes weigh
    the same, however rare. None where the feature is the same in all rows."""
    groups = column.codes if column.kind == "word" else leaves(column, truth, half, classes)
    if groups is None or not len(groups) or bool((groups == groups[0]).all()):
        return None
    groups = groups + 1
    aims = np.eye(classes)[truth] if classes else truth[:, None].astype(np.float64)
    weight = np.ones(aims.shape[1])
    if classes:
        weight = 1.0 / np.maximum(aims[half].mean(axis=0) * classes, 1e-12)
    counted = aims * weight
    size = int(groups.max()) + 1
    rows = np.bincount(groups[half], weights=counted[half].sum(axis=1) if classes else None, minlength=size)
    sums = np.stack([np.bincount(groups[half], weights=part, minlength=size) for part in counted[half].T], axis=1)
    prior = counted[half].sum(axis=0) / max(float(rows.sum()), 1e-12)
    # One row's worth of what is usual: a value that was seen once has half a say, one never seen none.
    table = (sums + prior) / (rows + 1.0)[:, None]
    return np.asarray(table[groups[~half]])


def leaves(column: Column, truth: Array, half: Array, classes: int) -> Array | None:
    """The leaf of a shallow tree that each number falls into; missing numbers are below all others."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    known = column.numbers[~column.missing]
    if not len(known):
        return None
    _, ranks = np.unique(np.where(column.missing, -np.inf, column.numbers), return_inverse=True)
    values = ranks.astype(np.float32)[:, None]  # the order is all that a tree reads; trees hold single precision
    tree = (
        DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=5, class_weight="balanced", random_state=0)
        if classes
        else DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=5, random_state=0)
    )
    return np.asarray(tree.fit(values[half], truth[half]).apply(values))


def area(score: Floats, hits: Array) -> float:
    """The folded area under the ROC curve."""
    found = roc_auc(score, hits)
    return max(found, 1.0 - found)
