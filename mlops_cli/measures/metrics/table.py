"""The table of all metrics: a new one is a function beside its likes and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_cli.measures.metrics import confusion, numbers, probabilities, ranking, shares
from mlops_cli.measures.metrics.base import CLASSES, NUMBERS, Metric, Task

INF = float("inf")
BINARY: tuple[Task, ...] = ("binary",)
FORECAST: tuple[Task, ...] = ("forecast",)
RANKING: tuple[Task, ...] = ("ranking",)
MATRIX = confusion.matrix

_ALL = (
    Metric(
        "accuracy", CLASSES, 1, parts=confusion.rightness, value=confusion.accuracy, share=shares.right, shared=CLASSES
    ),
    Metric("balanced_accuracy", CLASSES, 1, parts=MATRIX, value=confusion.balanced_accuracy),
    Metric("precision", CLASSES, 1, parts=MATRIX, value=confusion.precision, share=shares.called),
    Metric("recall", CLASSES, 1, parts=MATRIX, value=confusion.recall, share=shares.found),
    Metric("specificity", BINARY, 1, parts=MATRIX, value=confusion.specificity, share=shares.spared),
    Metric("false_positive_rate", BINARY, -1, parts=MATRIX, value=confusion.false_positive_rate, share=shares.alarmed),
    Metric("false_negative_rate", BINARY, -1, parts=MATRIX, value=confusion.false_negative_rate, share=shares.missed),
    Metric("f1", CLASSES, 1, parts=MATRIX, value=confusion.f1),
    Metric("mcc", CLASSES, 1, -1.0, parts=MATRIX, value=confusion.mcc),
    Metric("kappa", CLASSES, 1, -1.0, parts=MATRIX, value=confusion.kappa),
    Metric("selection_rate", BINARY, 0, parts=MATRIX, value=confusion.selection_rate, share=shares.selected),
    Metric("cost", CLASSES, -1, -INF, INF, "costs", confusion.costs, confusion.cost),
    Metric("roc_auc", CLASSES, 1, needs="scores", ranked="roc_auc"),
    Metric("average_precision", BINARY, 1, needs="scores", ranked="average_precision"),
    Metric("log_loss", CLASSES, -1, 0, INF, "probabilities", probabilities.surprises, probabilities.log_loss),
    Metric("brier", CLASSES, -1, 0, 2, "probabilities", probabilities.squares, probabilities.brier),
    Metric("ece", CLASSES, -1, 0, 1, "probabilities", probabilities.misses, probabilities.ece),
    Metric(
        "calibration_bias", BINARY, 0, -1, 1, "probabilities", probabilities.excesses, probabilities.calibration_bias
    ),
    Metric("mae", NUMBERS, -1, 0, INF, parts=numbers.distances, value=numbers.mae),
    Metric("rmse", NUMBERS, -1, 0, INF, parts=numbers.squares, value=numbers.rmse),
    Metric("r2", NUMBERS, 1, -INF, 1, parts=numbers.spreads, value=numbers.r2),
    Metric("bias", NUMBERS, 0, -INF, INF, parts=numbers.biases, value=numbers.bias),
    Metric("mape", NUMBERS, -1, 0, INF, parts=numbers.percentages, value=numbers.mape),
    Metric("smape", NUMBERS, -1, 0, 2, parts=numbers.symmetric, value=numbers.smape),
    Metric("wape", NUMBERS, -1, 0, INF, parts=numbers.weights, value=numbers.wape),
    Metric("mase", FORECAST, -1, 0, INF, "scale", numbers.scaled, numbers.mase),
    Metric("coverage", FORECAST, 0, 0, 1, "bounds", numbers.kept, numbers.coverage, shares.held, shared=FORECAST),
    Metric("interval_score", FORECAST, -1, 0, INF, "bounds", numbers.penalties, numbers.interval_score),
    Metric("ndcg", RANKING, 1, needs="queries", parts=ranking.ndcg, value=ranking.per_query),
    Metric("map", RANKING, 1, needs="queries", parts=ranking.average_precisions, value=ranking.per_query),
    Metric("mrr", RANKING, 1, needs="queries", parts=ranking.reciprocal_ranks, value=ranking.per_query),
    Metric("hit_rate", RANKING, 1, needs="queries", parts=ranking.hits, value=ranking.per_query),
    Metric("precision_at_k", RANKING, 1, needs="queries", parts=ranking.precisions, value=ranking.per_query),
    Metric("recall_at_k", RANKING, 1, needs="queries", parts=ranking.recalls, value=ranking.per_query),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
