"""What the two libraries of boosted trees share: answers from a table of raw scores, and trees that are trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.card import Card, Task
from mlops_cli.models.files import refused
from mlops_cli.models.flavors.base import short

if TYPE_CHECKING:
    import pandas as pd

Numbers: TypeAlias = "np.ndarray[Any, Any]"
Ask: TypeAlias = "Callable[[pd.DataFrame], Numbers]"
EXTRA = "mlops-cli[boosting]"


class BoostedRegressor:
    """Trees whose sum is the answer."""

    def __init__(self, booster: Any, ask: Ask) -> None:
        self.booster, self.ask = booster, ask

    def predict(self, rows: pd.DataFrame) -> Numbers:
        """The number of each row, shape (rows,)."""
        return self.ask(rows)


class BoostedClassifier:
    """Trees that give the probability of the second of two classes, or of each of several."""

    def __init__(self, booster: Any, ask: Ask, classes: Sequence[Json]) -> None:
        self.booster, self.ask = booster, ask
        self.classes_ = np.asarray(classes)

    def predict_proba(self, rows: pd.DataFrame) -> Numbers:
        """Probabilities, shape (rows, classes)."""
        found = self.ask(rows)
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        return np.column_stack([1.0 - found, found]) if found.ndim == 1 else found

    def predict(self, rows: pd.DataFrame) -> Numbers:
        """The likeliest class of each row, shape (rows,); of two equal ones the first."""
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])


def answering(booster: Any, ask: Ask, card: Card) -> BoostedRegressor | BoostedClassifier:
    """The booster as an estimator of the card's task."""
    if card.task == "regression":
        return BoostedRegressor(booster, ask)
    return BoostedClassifier(booster, ask, card.classes)


def task_of(count: int | None) -> Task:
    """The task of a model with so many classes; None: it gives numbers."""
    return "regression" if count is None else "binary" if count == 2 else "multiclass"


def refuse_count(card: Card, path: Path, features: int) -> None:
    """Raises StageFailed where a file is of a model with more or fewer features than the card says."""
    if features != len(card.features):
        raise refused(path, f"it takes {features:,} features, and the card of the model has {len(card.features):,}")


def no_probabilities(name: str, objective: str, instead: str) -> StageFailed:
    """The error for a classifier whose objective gives no probabilities."""
    return StageFailed(f"the model {short(name)} gives no probabilities with the objective '{objective}'", instead)


def check_children(path: Path, number: int, left: Numbers, right: Numbers, inner: int, leaves: int) -> None:
    """Raises StageFailed unless the links of a tree make a tree: a walk from node 0 ends whatever the rows say.

    `left`, `right`: for each of `inner` nodes the child, shape (inner,): a node, or a leaf as `-1 - leaf`.
    """
    children = np.concatenate([left, right])
    if len(left) != inner or len(right) != inner:
        raise refused(path, f"tree {number} says it has {inner:,} nodes, and has {len(left):,}")
    if len(children) and (children.max() >= inner or children.min() < -leaves):
        raise refused(path, f"tree {number} points outside itself")
    nodes = children[children >= 0]
    if (nodes == 0).any() or len(np.unique(nodes)) != len(nodes):
        raise refused(path, f"tree {number} goes round in a circle")


def check_features(path: Path, number: int, used: Numbers, features: int) -> None:
    """Raises StageFailed where a tree asks for a feature that is not there."""
    if len(used) and (used.max() >= features or used.min() < 0):
        raise refused(path, f"tree {number} asks for feature {int(used.max()):,} of {features:,}")
