"""What a model said about rows whose truth is known: the one input of every model metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json

Array: TypeAlias = "npt.NDArray[Any]"
Floats: TypeAlias = "npt.NDArray[np.float64]"


@dataclass(frozen=True)
class Ranking:
    """Rows in the order of one class's score: numbers of the rows of that class (`hits`) and of the others (`misses`),
    and for each hit how many misses score below it, and how many not above it."""

    hits: Array
    misses: Array
    below: Array
    not_above: Array


@dataclass(frozen=True)
class Predictions:
    """Truth and answers of n rows.

    Classes are numbered in the model's order: `truth` and `label` are class numbers, shape (n,), or plain numbers in a
    regression. `scores` has a column for each class, shape (n, classes); None where the model gives no scores.
    """

    task: Literal["binary", "multiclass", "regression", "ranking", "forecast"]
    truth: Array
    label: Array
    scores: Floats | None
    probable: bool
    """Whether the scores are probabilities."""
    classes: tuple[Json, ...] = ()
    positive: int = 1
    """The number of the class that counts as positive."""
    clusters: Array | None = None
    """For each row the number of its cluster, from 0 without gaps, shape (n,): rows of a cluster belong together (one
    customer, one household), and are resampled together. In a ranking it is the query."""
    at: int = 10
    """Ranking: how many of the first ranks count."""
    scale: Floats | None = None
    """Forecasts: the mean absolute error of the seasonal naive forecast on the training part of the row's series, shape
    (n,), which scales the errors (Hyndman and Koehler 2006); NaN where the series is not in the training data."""
    low: Floats | None = None
    high: Floats | None = None
    """Forecasts: the ends of the prediction interval, shape (n,)."""
    level: float = 0.9
    """The share of truths that the prediction interval is meant to hold."""
    costs: Floats | None = None
    """The cost of each answer, shape (true classes, predicted classes)."""

    rankings: dict[int, Ranking] = field(default_factory=dict, compare=False, repr=False)
    """Rankings by class, made when they are first asked for: every resample of the rows needs the same ones."""

    def __len__(self) -> int:
        return len(self.truth)

    def ranking(self, number: int) -> Ranking:
        """The rows ranked by the score of a class; there must be scores."""
        if number not in self.rankings:
            assert self.scores is not None
            score, truth = self.scores[:, number], self.truth == number
            order = np.argsort(score, kind="stable")
            hits, misses = order[truth[order]], order[~truth[order]]
            below = np.searchsorted(score[misses], score[hits], side="left")
            self.rankings[number] = Ranking(
                hits, misses, below, np.searchsorted(score[misses], score[hits], side="right")
            )
        return self.rankings[number]

    def unusable(self, *, scores: bool) -> int:
        """How many rows have no finite score (else no finite label)."""
        answers = self.scores if scores else self.label
        if answers is None or answers.dtype.kind != "f" or not len(answers):
            return 0
        return int((~np.isfinite(answers)).reshape(len(answers), -1).any(axis=1).sum())

    def where(self, mask: Array) -> Predictions:
        """The rows of a mask, shape (n,) of booleans."""
        scores = None if self.scores is None else self.scores[mask]
        return Predictions(
            self.task, self.truth[mask], self.label[mask], scores, self.probable, self.classes, self.positive
        )


def class_predictions(
    truth: Array, label: Array, scores: Array | None, probable: bool, classes: Sequence[Json], positive: Json
) -> Predictions:
    """Predictions of a classifier, from values as the data and the model hold them.

    `scores` has shape (n, classes), or (n,) for the larger class of two. Raises StageFailed for a truth outside the
    classes, or a positive class that there is not.
    """
    names = [text_of(value) for value in classes]
    if positive is not None and text_of(positive) not in names:
        raise StageFailed(f"there is no class '{text_of(positive)}'", f"the classes are {', '.join(names[:12])}")
    numbered = numbers_of(truth, names)
    if (numbered < 0).any():
        odd = text_of(np.asarray(truth)[numbered < 0][0].item() if hasattr(truth, "dtype") else None)
        raise StageFailed(
            f"the data has the class '{odd}', which the model does not know", f"it knows {', '.join(names[:12])}"
        )
    columns = None
    if scores is not None:
        matrix = np.asarray(scores, dtype=np.float64)
        columns = matrix if matrix.ndim == 2 else np.column_stack([1.0 - matrix if probable else -matrix, matrix])
    return Predictions(
        "binary" if len(names) == 2 else "multiclass",
        numbered,
        numbers_of(label, names),
        columns,
        probable,
        tuple(classes),
        names.index(text_of(positive)) if positive is not None else len(names) - 1,
    )


def number_predictions(truth: Array, label: Array) -> Predictions:
    """Predictions of a regression; raises StageFailed for a truth that is no number."""
    try:
        return Predictions("regression", np.asarray(truth, np.float64), np.asarray(label, np.float64), None, False)
    except (ValueError, TypeError):
        raise StageFailed("the target is not a number in every row", "check its column in the data") from None


def numbers_of(values: Array, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """The class number of each value, -1 for a value that is no class."""
    place = {name: index for index, name in enumerate(names)}
    distinct, inverse = np.unique(
        np.asarray([text_of(value) for value in np.asarray(values).tolist()]), return_inverse=True
    )
    return np.asarray([place.get(str(name), -1) for name in distinct], dtype=np.int64)[inverse]


def text_of(value: object) -> str:
    """A class as text, the same for 1, 1.0 and True as data and models may write them."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
