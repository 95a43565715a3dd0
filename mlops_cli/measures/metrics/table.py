"""The table of all metrics: a new one is a function beside its likes, a line here, and one in `spec/metrics.py`, which
says what it is a metric of, what is better, and in which range it lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from mlops_cli.measures.metrics import confusion, numbers, probabilities, ranking, shares
from mlops_cli.measures.metrics.base import Metric, Parts
from mlops_cli.measures.predictions import Floats, Predictions
from mlops_cli.spec.metrics import BINARY, CLASSES, FORECAST
from mlops_cli.spec.metrics import METRICS as WORDS
from mlops_cli.spec.validation import Task


def summed(
    name: str,
    parts: Callable[[Predictions], Parts],
    value: Callable[[Floats], Floats],
    share: Callable[[Predictions], tuple[int, int]] | None = None,
    shared: tuple[Task, ...] = BINARY,
) -> Metric:
    """A metric that is made of sums."""
    said = WORDS[name]
    return Metric(name, said.tasks, said.better, said.least, said.most, said.needs, parts, value, share, shared=shared)


def ordered(name: Literal["roc_auc", "average_precision"]) -> Metric:
    """A metric that is made of the order of the rows."""
    said = WORDS[name]
    return Metric(name, said.tasks, said.better, said.least, said.most, said.needs, ranked=name)


MATRIX = confusion.matrix
_ALL = (
    summed("accuracy", confusion.rightness, confusion.accuracy, shares.right, CLASSES),
    summed("balanced_accuracy", MATRIX, confusion.balanced_accuracy),
    summed("precision", MATRIX, confusion.precision, shares.called),
    summed("recall", MATRIX, confusion.recall, shares.found),
    summed("specificity", MATRIX, confusion.specificity, shares.spared),
    summed("false_positive_rate", MATRIX, confusion.false_positive_rate, shares.alarmed),
    summed("false_negative_rate", MATRIX, confusion.false_negative_rate, shares.missed),
    summed("f1", MATRIX, confusion.f1),
    summed("mcc", MATRIX, confusion.mcc),
    summed("kappa", MATRIX, confusion.kappa),
    summed("selection_rate", MATRIX, confusion.selection_rate, shares.selected),
    summed("cost", confusion.costs, confusion.cost),
    ordered("roc_auc"),
    ordered("average_precision"),
    summed("log_loss", probabilities.surprises, probabilities.log_loss),
    summed("brier", probabilities.squares, probabilities.brier),
    summed("ece", probabilities.misses, probabilities.ece),
    summed("calibration_bias", probabilities.excesses, probabilities.calibration_bias),
    summed("mae", numbers.distances, numbers.mae),
    summed("rmse", numbers.squares, numbers.rmse),
    summed("r2", numbers.spreads, numbers.r2),
    summed("bias", numbers.biases, numbers.bias),
    summed("mape", numbers.percentages, numbers.mape),
    summed("smape", numbers.symmetric, numbers.smape),
    summed("wape", numbers.weights, numbers.wape),
    summed("mase", numbers.scaled, numbers.mase),
    summed("coverage", numbers.kept, numbers.coverage, shares.held, FORECAST),
    summed("interval_score", numbers.penalties, numbers.interval_score),
    summed("ndcg", ranking.ndcg, ranking.per_query),
    summed("map", ranking.average_precisions, ranking.per_query),
    summed("mrr", ranking.reciprocal_ranks, ranking.per_query),
    summed("hit_rate", ranking.hits, ranking.per_query),
    summed("precision_at_k", ranking.precisions, ranking.per_query),
    summed("recall_at_k", ranking.recalls, ranking.per_query),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
