"""The simple models that every model must be better than: one answer for all rows, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_cli.measures.columns import Column, read_columns
from mlops_cli.measures.halving import sampled
from mlops_cli.measures.predictions import Array, Floats, Predictions, numbers_of, text_of
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

ROWS = 20_000
"""How many training rows the linear model is fitted on at most."""
WORDS = 20
"""How many values of a column of words the linear model tells apart."""
FEW = 3
"""A word in fewer training rows says nothing."""
WIDTH = 300
"""How many columns the linear model has at most; further features are left out."""
CELLS = 4_000_000
"""Rows x columns x classes that it is fitted on at most, so that it takes a second or two."""
BLOCK = 8_192
"""Rows that are encoded at a time."""
ONE_VALUE = "the training rows that were drawn have fewer than two different values of the target"
FAR = 10.0
"""Standardised numbers are held within this: a wild value of the judged rows must not become a wild answer."""


@dataclass(frozen=True)
class Unfit:
    """Why there is no linear model."""

    reason: str


def constant(rows: Predictions, train: Array | None = None) -> Predictions:
    """The best single answer for all rows: the commonest class with the shares of the classes as probabilities, or the
    mean; in a ranking the same score for all.

    `train` is the truth of the training rows as the data holds it; what is no class or no number there is left out.
    Where it is None or has nothing to learn from, the judged rows' own truth is taken, which flatters the constant.
    """
    if rows.task == "ranking":
        level = None if rows.scores is None else np.zeros_like(rows.scores)
        return answered(rows, np.zeros(len(rows)), level)
    known = rows.truth if train is None else truth_of(rows, train)
    known = known[usable(rows, known)]
    if train is not None and not len(known):
        return constant(rows)
    if not rows.classes:
        return answered(rows, np.full(len(rows), float(known.mean()) if len(known) else 0.0), None)
    counts = np.bincount(known, minlength=len(rows.classes)).astype(np.float64)
    shares = counts / max(counts.sum(), 1.0)
    return answered(rows, np.full(len(rows), int(shares.argmax())), np.tile(shares, (len(rows), 1)))


def linear(
    train: pd.DataFrame, test: pd.DataFrame, target: str, features: Sequence[str], like: Predictions
) -> Predictions | Unfit:
    """A logistic regression (classes) or a ridge regression (numbers), fitted on the training rows and asked about the
    test rows; `like` are the judged model's predictions of these.

    Numbers and moments are standardised, the median stands for missing ones beside a column that says so; of words the
    20 commonest have a column each. Raises StageFailed where the training data has no target.
    """
    need_columns([str(name) for name in train.columns], [target], "the training data")
    truth = truth_of(like, train[target].to_numpy())
    rows = np.flatnonzero(usable(like, truth))
    rows = rows[sampled(len(rows), ROWS)]
    if one_value(truth[rows]):
        return Unfit(ONE_VALUE)
    names = [name for name in features if name != target]
    pairs = paired(read_columns(train.iloc[rows], names), read_columns(test, names))
    fits = narrow([fitted(ours) for ours, _ in pairs])
    width = sum(fit.width for fit in fits)
    if not width:
        return Unfit("no feature is in both tables as numbers, moments or words that differ from row to row")
    # Columns were read from at most ROWS rows; a wide or many-classed problem is fitted on fewer of them.
    most = max(1_000, CELLS // (width * (len(like.classes) if len(like.classes) > 2 else 1)))
    some = sampled(len(rows), most)
    if one_value(truth[rows[some]]):
        return Unfit(ONE_VALUE)
    encoded = np.hstack([fit.encode(ours)[some] for fit, (ours, _) in zip(fits, pairs, strict=True)])
    return asked(estimator(encoded, truth[rows[some]], like), fits, [theirs for _, theirs in pairs], like)


def one_value(truth: Array) -> bool:
    """Whether there is nothing to tell apart."""
    return not len(truth) or not bool((truth != truth[0]).any())


def truth_of(rows: Predictions, values: Array) -> Array:
    """Values of the target as `rows.truth` has them: class numbers (-1: no class), or numbers (NaN: none)."""
    import pandas as pd

    if not rows.classes:
        return np.asarray(pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))
    codes, distinct = pd.factorize(values)
    numbers = numbers_of(np.asarray(distinct, dtype=object), [text_of(name) for name in rows.classes])
    return np.append(numbers, -1)[codes]


def usable(rows: Predictions, truth: Array) -> Array:
    """Which values of the target are a class, or a finite number."""
    return np.asarray(truth >= 0 if rows.classes else np.isfinite(truth))


def answered(rows: Predictions, label: Array, scores: Floats | None) -> Predictions:
    """The same rows with other answers; scores are probabilities where there are classes."""
    probable = scores is not None and rows.task != "ranking"
    return replace(rows, label=label, scores=scores, probable=probable, low=None, high=None)


@dataclass(frozen=True)
class Fitted:
    """How one feature becomes columns, as learned from the training rows."""

    words: tuple[str, ...] = ()
    middle: float = 0.0
    mean: float = 0.0
    deviation: float = 0.0
    gaps: bool = False
    """Whether training rows lack a value, so that a column says where one is missing."""

    @property
    def width(self) -> int:
        """How many columns it makes; 0 for a feature that does not differ."""
        return (len(self.words) or int(self.deviation > 0)) + int(self.gaps)

    def encode(self, column: Column) -> Floats:
        """The columns of all rows, shape (rows, width)."""
        missing = column.missing
        made = [missing[:, None].astype(np.float64)] if self.gaps else []
        if self.words:
            place = {word: at for at, word in enumerate(self.words)}
            known = np.asarray([place.get(word, -1) for word in column.words] + [-1])[column.codes]
            made.insert(0, (known[:, None] == np.arange(len(self.words))).astype(np.float64))
        elif self.deviation > 0:
            filled = np.where(missing, self.middle, column.numbers)
            made.insert(0, np.clip((filled - self.mean) / self.deviation, -FAR, FAR)[:, None])
        return np.hstack(made) if made else np.zeros((len(missing), 0))


def fitted(column: Column) -> Fitted:
    """What the training rows say about one feature."""
    missing = column.missing
    gaps = bool(missing.any() and not missing.all())
    if column.kind == "word":
        words = tuple(column.words[code] for code in column.common(WORDS, FEW))
        return Fitted(words if len(words) + gaps > 1 else (), gaps=gaps)
    known = column.numbers[~missing]
    if not len(known):
        return Fitted()
    middle = float(np.median(known))
    filled = np.where(missing, middle, column.numbers)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest double have no deviation
        mean, deviation = float(filled.mean()), float(filled.std())
    steady = not np.isfinite(deviation) or deviation <= 1e-12 * abs(mean)
    return Fitted((), middle, mean, 0.0 if steady else deviation, gaps)


def narrow(fits: Sequence[Fitted]) -> list[Fitted]:
    """The same, of which the ones past the widest table that is fitted make no columns."""
    total, kept = 0, []
    for fit in fits:
        fits_in = total + fit.width <= WIDTH
        total += fit.width if fits_in else 0
        kept.append(fit if fits_in else Fitted())
    return kept


def paired(ours: Sequence[Column], theirs: Sequence[Column]) -> list[tuple[Column, Column]]:
    """The features that both tables have as the same kind of column; one without any value is of every kind."""
    others = {column.name: column for column in theirs}
    found: list[tuple[Column, Column]] = []
    for column in ours:
        other = others.get(column.name)
        if other is None:
            continue
        if other.kind == column.kind:
            found.append((column, other))
        elif other.missing.all():
            size = len(other.missing)
            found.append((column, Column(column.name, column.kind, np.full(size, np.nan), np.full(size, -1))))
    return found


def estimator(encoded: Floats, truth: Array, like: Predictions) -> Any:
    """The fitted scikit-learn estimator; a fit that is stopped early is good enough for a simple model."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    model = LogisticRegression(max_iter=60) if like.classes else Ridge()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(encoded, truth)


def asked(model: Any, fits: Sequence[Fitted], columns: Sequence[Column], like: Predictions) -> Predictions:
    """The answers of a fitted estimator, made block by block: a million encoded rows would not fit into memory."""
    blocks = []
    for start in range(0, len(like), BLOCK):
        part = slice(start, start + BLOCK)
        encoded = np.hstack([fit.encode(column.part(part)) for fit, column in zip(fits, columns, strict=True)])
        blocks.append(model.predict_proba(encoded) if like.classes else model.predict(encoded))
    if not like.classes:
        label = np.concatenate(blocks) if blocks else np.zeros(0)
        ranks = like.task == "ranking" and like.scores is not None
        return answered(like, label, label[:, None] if ranks else None)
    scores = np.zeros((len(like), len(like.classes)))
    if blocks:
        scores[:, model.classes_] = np.concatenate(blocks)
    return answered(like, scores.argmax(axis=1), scores)
