"""What a model said about rows whose truth is known: the one input of every model metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.measures.lists import Lists, lists

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = "npt.NDArray[Any]"
Floats: TypeAlias = "npt.NDArray[np.float64]"


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

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def lists(self) -> Lists:
        """Of a ranking: the list of each query; made once, as every metric of rankings needs it."""
        assert self.clusters is not None
        return lists(self.truth, self.label, self.clusters)

    def where(self, mask: Array) -> Predictions:
        """The rows of a mask, shape (n,) of booleans."""

        def part(values: Floats | None) -> Floats | None:
            return None if values is None else values[mask]

        return replace(
            self,
            truth=self.truth[mask],
            label=self.label[mask],
            scores=part(self.scores),
            clusters=None if self.clusters is None else closed(self.clusters[mask]),
            scale=part(self.scale),
            low=part(self.low),
            high=part(self.high),
        )


def class_predictions(
    truth: Array, label: Array, scores: Array | None, probable: bool, classes: Sequence[Json], positive: Json
) -> Predictions:
    """Predictions of a classifier, from values as the data and the model hold them.

    `scores` has shape (n, classes), or (n,) for the second class of two. A label that is no class has the number -1.
    Raises StageFailed for a truth outside the classes, a positive class that there is not, and other shapes.
    """
    names = [text_of(value) for value in classes]
    if positive is not None and text_of(positive) not in names:
        raise StageFailed(f"there is no class '{text_of(positive)}'", f"the classes are {', '.join(names[:12])}")
    same_rows(truth, label=label)
    numbered = numbers_of(truth, names)
    if (numbered < 0).any():
        odd = text_of(np.asarray(truth)[numbered < 0][:1].tolist()[0])
        raise StageFailed(
            f"the data has the class '{odd}', which the model does not know", f"it knows {', '.join(names[:12])}"
        )
    return Predictions(
        "binary" if len(names) == 2 else "multiclass",
        numbered,
        numbers_of(label, names),
        None if scores is None else score_columns(scores, len(numbered), len(names), probable),
        probable,
        tuple(classes),
        names.index(text_of(positive)) if positive is not None else len(names) - 1,
    )


def score_columns(scores: Array, rows: int, classes: int, probable: bool) -> Floats:
    """Scores of shape (rows, classes), from these or from those of the second class of two, (rows,)."""
    matrix = numeric(scores, "the scores are")
    if matrix.shape == (rows,) and classes == 2:
        return np.stack([1.0 - matrix if probable else -matrix, matrix], axis=1)
    if matrix.shape != (rows, classes):
        shape = " x ".join(f"{size:,}" for size in matrix.shape)
        raise StageFailed(
            f"the scores have the shape {shape}, for {rows:,} rows and {classes:,} classes",
            "a model gives one score for each row and class",
        )
    return matrix


def number_predictions(truth: Array, label: Array) -> Predictions:
    """Predictions of a regression, both (n,); raises StageFailed for a truth that is not a number in every row."""
    same_rows(truth, label=label)
    return Predictions("regression", finite(truth), numeric(label, "the predictions are"), None, False)


def forecast_predictions(
    truth: Array,
    label: Array,
    scale: Array | None = None,
    low: Array | None = None,
    high: Array | None = None,
    level: float = 0.9,
) -> Predictions:
    """Forecasts with, where there are any, the scale of each row's series and the ends of its prediction interval, all
    (n,). Raises StageFailed for a truth that is not a number in every row, and for other shapes."""
    same_rows(truth, label=label, scale=scale, low=low, high=high)
    if not 0 < level < 1:
        raise StageFailed(f"{level} is no level of a prediction interval", "it is a share between 0 and 1, such as 0.9")
    return Predictions(
        "forecast",
        finite(truth),
        numeric(label, "the predictions are"),
        None,
        False,
        scale=None if scale is None else numeric(scale, "the scale is"),
        low=None if low is None else numeric(low, "the low ends are"),
        high=None if high is None else numeric(high, "the high ends are"),
        level=level,
    )


def ranking_predictions(truth: Array, score: Array, queries: Array, at: int = 10) -> Predictions:
    """Ranked rows, all (n,): the relevance (0 or more), the score, and the query, of any type.

    Raises StageFailed for a relevance that is negative or no number, rows without a query, and other shapes.
    """
    same_rows(truth, score=score, queries=queries)
    relevance = finite(truth)
    if (relevance < 0).any():
        raise StageFailed(
            f"the relevance is negative in {int((relevance < 0).sum()):,} of {len(relevance):,} rows",
            "0 says that a row is not relevant, more that it is",
        )
    if at < 1:
        raise StageFailed(f"the first {at} ranks are none", "at is 1 or more")
    return Predictions(
        "ranking", relevance, numeric(score, "the scores are"), None, False, clusters=numbered(queries, "query"), at=at
    )


def same_rows(truth: Array, **others: Array | None) -> None:
    """Raises StageFailed where something has not one value for each row."""
    for name, values in others.items():
        if values is not None and np.shape(values) != (len(truth),):
            shape = " x ".join(f"{size:,}" for size in np.shape(values))
            raise StageFailed(
                f"there are {len(truth):,} rows, and the {name} has the shape {shape}",
                "one value for each row is needed",
            )


def numeric(values: Array, what: str) -> Floats:
    """The values as doubles; raises StageFailed where they are no numbers."""
    try:
        return np.asarray(values, np.float64)
    except (ValueError, TypeError):
        raise StageFailed(f"{what} not a number in every row", "a number is needed, or nothing") from None


def finite(truth: Array) -> Floats:
    """The truth as doubles; raises StageFailed where it is missing, infinite or no number."""
    try:
        values = np.asarray(truth, np.float64)
    except (ValueError, TypeError):
        raise StageFailed("the target is not a number in every row", "check its column in the data") from None
    odd = ~np.isfinite(values)
    if odd.any():
        rows = ", ".join(str(index + 1) for index in np.flatnonzero(odd)[:5])
        raise StageFailed(
            f"the target is missing or infinite in {int(odd.sum()):,} of {len(values):,} rows (rows {rows})",
            "leave these rows out: without the truth nothing can be judged",
        )
    return values


def numbered(values: Array, what: str) -> npt.NDArray[np.int64]:
    """The number of each value among the distinct ones, from 0 without gaps, in the order in which they come.

    Raises StageFailed for missing values, lists and structs; `what` is the name of one value, such as `query`.
    """
    codes = distinct_codes(values, what)
    missing = int(np.count_nonzero(codes < 0))
    if missing:
        raise StageFailed(
            f"{missing:,} of {len(codes):,} rows have no {what}", f"every row needs one: fill the column of the {what}"
        )
    return np.asarray(codes, np.int64)


def distinct_codes(values: Array | pd.Series[Any], what: str) -> npt.NDArray[np.int64]:
    """The number of each value among the distinct ones, -1 for a missing one. Raises StageFailed for lists and structs,
    which tell nothing apart; `what` is the name of the column, or of one value."""
    import pandas as pd

    try:
        return np.asarray(pd.factorize(values)[0], np.int64)
    except TypeError:
        raise StageFailed(f"'{what}' holds lists or structs", "name a column of plain values") from None


def closed(numbers: Array) -> npt.NDArray[np.int64]:
    """Numbers from 0 without the gaps, in the same order."""
    present = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=bool)
    present[numbers] = True
    return np.asarray((np.cumsum(present) - 1)[numbers], np.int64)


def numbers_of(values: Array, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """The class number of each value, -1 for a value that is no class."""
    import pandas as pd

    place = {name: index for index, name in enumerate(names)}
    raw = np.asarray(values)
    if raw.dtype.kind == "U":  # pandas would make a Python text of every row first
        distinct = np.unique(raw)
        codes = np.searchsorted(distinct, raw)
    else:
        codes, distinct = pd.factorize(raw)
    numbers = [place.get(text_of(value), -1) for value in np.asarray(distinct).tolist()]
    return np.asarray([*numbers, -1], dtype=np.int64)[codes]  # a missing value has the code -1: the last


def text_of(value: object) -> str:
    """A class as text, the same for 1, 1.0 and True as data and models may write them."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
