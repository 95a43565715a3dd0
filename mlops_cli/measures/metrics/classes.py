"""Model metrics by name, equal to scikit-learn's. Each is written over rows with weights, so that many resamples of the
rows are measured at once: `weights` has shape (samples, rows), the result (samples,). Undefined values are NaN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.measures.predictions import Array, Floats, Predictions, Ranking

Task: TypeAlias = Literal["binary", "multiclass", "regression"]
Formula: TypeAlias = Callable[[Predictions, Floats], Floats]

CLASSES: tuple[Task, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Metric:
    """A metric's formula, for which tasks it is defined, whether more is better, and what it needs."""

    formula: Formula
    tasks: tuple[Task, ...]
    better: Literal[1, -1]
    needs: Literal["labels", "scores", "probabilities"] = "labels"
    proportion: Callable[[Predictions], tuple[int, int]] | None = None
    """For a share of rows in a binary problem: (hits, rows), from which Wilson's interval follows."""


def ratio(part: Floats, whole: Floats, empty: float = float("nan")) -> Floats:
    """part / whole, `empty` where the whole is zero."""
    result: Floats = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, empty), where=whole != 0)
    return result


def positives(rows: Predictions) -> tuple[Array, Array]:
    """Whether truth and label are the positive class."""
    return rows.truth == rows.positive, rows.label == rows.positive


def accuracy(rows: Predictions, weights: Floats) -> Floats:
    """Share of rows with the right class."""
    return ratio(weights @ (rows.truth == rows.label).astype(float), weights.sum(axis=1))


def per_class(rows: Predictions, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """True positives, truths and labels by class, each (samples, classes); binary: of the positive class alone."""
    present = [rows.positive] if rows.task == "binary" else np.union1d(rows.truth, rows.label).tolist()
    truth = np.stack([(rows.truth == number).astype(float) for number in present], axis=1)
    label = np.stack([(rows.label == number).astype(float) for number in present], axis=1)
    return weights @ (truth * label), weights @ truth, weights @ label


def precision(rows: Predictions, weights: Floats) -> Floats:
    """Of the rows called positive, how many are (macro average over more than two classes)."""
    hits, _, labels = per_class(rows, weights)
    return np.asarray(ratio(hits, labels, 0.0).mean(axis=1))


def recall(rows: Predictions, weights: Floats) -> Floats:
    """Of the positive rows, how many are found (macro average over more than two classes)."""
    hits, truths, _ = per_class(rows, weights)
    return np.asarray(ratio(hits, truths, float("nan") if rows.task == "binary" else 0.0).mean(axis=1))


def f1(rows: Predictions, weights: Floats) -> Floats:
    """Harmonic mean of precision and recall (macro average over more than two classes)."""
    hits, truths, labels = per_class(rows, weights)
    return np.asarray(ratio(2 * hits, truths + labels, float("nan") if rows.task == "binary" else 0.0).mean(axis=1))


def balanced_accuracy(rows: Predictions, weights: Floats) -> Floats:
    """Mean recall of the classes that the truth has."""
    present = np.unique(rows.truth)
    truth = np.stack([(rows.truth == number).astype(float) for number in present], axis=1)
    right = (rows.truth == rows.label).astype(float)[:, None]
    recalls = ratio(weights @ (truth * right), weights @ truth)
    known = ~np.isnan(recalls)
    return ratio(np.where(known, recalls, 0.0).sum(axis=1), known.sum(axis=1).astype(float))


def selection_rate(rows: Predictions, weights: Floats) -> Floats:
    """Share of rows that are called positive."""
    return ratio(weights @ (rows.label == rows.positive).astype(float), weights.sum(axis=1))


def roc_auc(rows: Predictions, weights: Floats) -> Floats:
    """Chance that a positive row scores above a negative one (one against the rest over more than two classes)."""
    assert rows.scores is not None
    if rows.task == "binary":
        return area(rows.ranking(rows.positive), weights)
    each = [area(rows.ranking(number), weights) for number in range(rows.scores.shape[1])]
    return np.asarray(np.mean(each, axis=0))


def area(ranked: Ranking, weights: Floats) -> Floats:
    """Area under the ROC curve of one class; rows of equal score count half."""
    passed = np.zeros((len(weights), len(ranked.misses) + 1))
    np.cumsum(weights[:, ranked.misses], axis=1, out=passed[:, 1:])
    drawn = weights[:, ranked.hits]
    pairs = drawn.sum(axis=1) * passed[:, -1]
    better = np.einsum("sr,sr->s", drawn, passed[:, ranked.below])
    if not np.array_equal(ranked.below, ranked.not_above):
        better = 0.5 * (better + np.einsum("sr,sr->s", drawn, passed[:, ranked.not_above]))
    return ratio(better, pairs)


def log_loss(rows: Predictions, weights: Floats) -> Floats:
    """Mean of minus the logarithm of the probability that the true class was given."""
    assert rows.scores is not None
    tiny = np.finfo(np.float64).eps
    given = np.clip(rows.scores[np.arange(len(rows)), rows.truth], tiny, 1 - tiny)
    return ratio(weights @ -np.log(given), weights.sum(axis=1))


def brier(rows: Predictions, weights: Floats) -> Floats:
    """Mean squared distance of the probabilities from the truth (of the positive class alone, for two classes)."""
    assert rows.scores is not None
    if rows.task == "binary":
        squares = (rows.scores[:, rows.positive] - (rows.truth == rows.positive)) ** 2
    else:
        truth = rows.truth[:, None] == np.arange(rows.scores.shape[1])
        squares = ((rows.scores - truth) ** 2).sum(axis=1)
    return ratio(weights @ squares, weights.sum(axis=1))


def mae(rows: Predictions, weights: Floats) -> Floats:
    """Mean absolute error."""
    return ratio(weights @ np.abs(rows.truth - rows.label), weights.sum(axis=1))


def rmse(rows: Predictions, weights: Floats) -> Floats:
    """Root of the mean squared error."""
    return np.sqrt(ratio(weights @ (rows.truth - rows.label) ** 2, weights.sum(axis=1)))


def r2(rows: Predictions, weights: Floats) -> Floats:
    """Share of the truth's variance that the predictions explain; undefined for a constant truth."""
    if np.ptp(rows.truth) == 0:
        return np.full(len(weights), np.nan)  # by rounding, the sum of squares below may be a little above 0
    centred = rows.truth - rows.truth.mean()
    total = weights.sum(axis=1)
    spread = weights @ centred**2 - ratio((weights @ centred) ** 2, total)
    return 1.0 - ratio(weights @ (rows.truth - rows.label) ** 2, spread)


def right_rows(rows: Predictions) -> tuple[int, int]:
    """(rows with the right class, rows)."""
    return int((rows.truth == rows.label).sum()), len(rows)


def called_rows(rows: Predictions) -> tuple[int, int]:
    """(positive among those called positive, rows called positive)."""
    truth, label = positives(rows)
    return int((truth & label).sum()), int(label.sum())


def found_rows(rows: Predictions) -> tuple[int, int]:
    """(found among the positive, positive rows)."""
    truth, label = positives(rows)
    return int((truth & label).sum()), int(truth.sum())


def selected_rows(rows: Predictions) -> tuple[int, int]:
    """(rows called positive, rows)."""
    return int(positives(rows)[1].sum()), len(rows)


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(accuracy, CLASSES, 1, proportion=right_rows),
    "balanced_accuracy": Metric(balanced_accuracy, CLASSES, 1),
    "precision": Metric(precision, CLASSES, 1, proportion=called_rows),
    "recall": Metric(recall, CLASSES, 1, proportion=found_rows),
    "f1": Metric(f1, CLASSES, 1),
    "roc_auc": Metric(roc_auc, CLASSES, 1, "scores"),
    "log_loss": Metric(log_loss, CLASSES, -1, "probabilities"),
    "brier": Metric(brier, CLASSES, -1, "probabilities"),
    "selection_rate": Metric(selection_rate, ("binary",), 1, proportion=selected_rows),
    "mae": Metric(mae, ("regression",), -1),
    "rmse": Metric(rmse, ("regression",), -1),
    "r2": Metric(r2, ("regression",), 1),
}


def unable(name: str, rows: Predictions) -> str | None:
    """Why a metric cannot be computed from these predictions at all, or None where it can."""
    metric = METRICS[name]
    if rows.task not in metric.tasks:
        kinds = " or ".join(metric.tasks)
        return f"{name} is a metric of {kinds} problems, and this is a {rows.task} problem"
    if metric.needs == "scores" and rows.scores is None:
        return f"{name} needs scores, and the model only gives labels"
    if metric.needs == "probabilities" and not (rows.scores is not None and rows.probable):
        return f"{name} needs probabilities, and the model gives none"
    return None


def value_of(name: str, rows: Predictions) -> float | None:
    """A metric of all rows; None where it is not defined on them (no rows, one class only)."""
    if not len(rows) or unusable(name, rows):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(METRICS[name].formula(rows, np.ones((1, len(rows))))[0])
    return value if np.isfinite(value) else None


def unusable(name: str, rows: Predictions) -> int:
    """How many rows have answers that a metric cannot use: missing or infinite ones."""
    return rows.unusable(scores=METRICS[name].needs != "labels")


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value; `broken` where the model is at fault and not the choice of rows."""

    reason: Literal["no_rows", "not_finite", "one_class", "one_value", "too_large"]
    message: str
    broken: bool = False


def why_undefined(name: str, rows: Predictions) -> Undefined:
    """The reason for which `value_of` gives None."""
    if not len(rows):
        return Undefined("no_rows", f"{name} is not defined: there are no rows")
    odd = unusable(name, rows)
    if odd:
        answers = "predictions" if METRICS[name].needs == "labels" else "scores"
        message = f"{name} cannot be computed: {odd:,} of {len(rows):,} rows have missing or infinite {answers}"
        return Undefined("not_finite", message, broken=True)
    if rows.task != "regression":
        return Undefined("one_class", f"{name} is not defined: {classes_of(rows)}")
    if name == "r2" and np.ptp(rows.truth) == 0:
        return Undefined("one_value", f"{name} is not defined: the target is {rows.truth[0]:.4g} in every row")
    return Undefined("too_large", f"{name} cannot be computed: the numbers are too large", broken=True)


def classes_of(rows: Predictions) -> str:
    """Which class is missing among the true ones, or all there is."""
    names = [str(value) for value in rows.classes] or [str(number) for number in range(rows.positive + 1)]
    present = np.unique(rows.truth).tolist()
    if len(present) == 1:
        return f"every row is of class '{names[present[0]]}'"
    if rows.task == "binary":
        return f"no row is of class '{names[rows.positive]}'"
    missing = [label for number, label in enumerate(names) if number not in present]
    return "no row is of class " + ", ".join(f"'{label}'" for label in missing[:5])


def all_values(rows: Predictions) -> dict[str, float]:
    """Every metric that is defined on these predictions."""
    names = [name for name in METRICS if unable(name, rows) is None]
    values = {name: value_of(name, rows) for name in names}
    return {name: value for name, value in values.items() if value is not None}
