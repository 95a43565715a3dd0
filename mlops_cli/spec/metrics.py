"""What a spec can know of a metric: the tasks that have it, whether more is better, its range, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

from mlops_cli.spec.validation import Task

Needs: TypeAlias = Literal["labels", "scores", "probabilities", "costs", "scale", "bounds", "queries"]
"""What a metric reads besides the truth."""


@dataclass(frozen=True)
class Words:
    """A metric as specs see it. How it is computed stands in `measures/metrics/`, which takes these facts from here."""

    tasks: tuple[Task, ...]
    better: Literal[1, -1, 0]
    """1: more is better; -1: less is; 0: neither."""
    needs: Needs = "labels"
    least: float = 0.0
    most: float = 1.0


BINARY: tuple[Task, ...] = ("binary",)
CLASSES: tuple[Task, ...] = ("binary", "multiclass")
NUMBERS: tuple[Task, ...] = ("regression", "forecast")
FORECAST: tuple[Task, ...] = ("forecast",)
RANKING: tuple[Task, ...] = ("ranking",)

METRICS: Mapping[str, Words] = {
    "accuracy": Words(CLASSES, 1),
    "balanced_accuracy": Words(CLASSES, 1),
    "precision": Words(CLASSES, 1),
    "recall": Words(CLASSES, 1),
    "specificity": Words(BINARY, 1),
    "false_positive_rate": Words(BINARY, -1),
    "false_negative_rate": Words(BINARY, -1),
    "f1": Words(CLASSES, 1),
    "mcc": Words(CLASSES, 1, least=-1.0),
    "kappa": Words(CLASSES, 1, least=-1.0),
    "selection_rate": Words(BINARY, 0),
    "cost": Words(CLASSES, -1, "costs", -inf, inf),
    "roc_auc": Words(CLASSES, 1, "scores"),
    "average_precision": Words(BINARY, 1, "scores"),
    "log_loss": Words(CLASSES, -1, "probabilities", most=inf),
    "brier": Words(CLASSES, -1, "probabilities", most=2.0),  # of two classes 1
    "ece": Words(CLASSES, -1, "probabilities"),
    "calibration_bias": Words(BINARY, 0, "probabilities", -1.0),
    "mae": Words(NUMBERS, -1, most=inf),
    "rmse": Words(NUMBERS, -1, most=inf),
    "r2": Words(NUMBERS, 1, least=-inf),
    "bias": Words(NUMBERS, 0, least=-inf, most=inf),
    "mape": Words(NUMBERS, -1, most=inf),
    "smape": Words(NUMBERS, -1, most=2.0),
    "wape": Words(NUMBERS, -1, most=inf),
    "mase": Words(FORECAST, -1, "scale", most=inf),
    "coverage": Words(FORECAST, 0, "bounds"),
    "interval_score": Words(FORECAST, -1, "bounds", most=inf),
    "ndcg": Words(RANKING, 1, "queries"),
    "map": Words(RANKING, 1, "queries"),
    "mrr": Words(RANKING, 1, "queries"),
    "hit_rate": Words(RANKING, 1, "queries"),
    "precision_at_k": Words(RANKING, 1, "queries"),
    "recall_at_k": Words(RANKING, 1, "queries"),
}
RUNNING = ("latency_mean", "latency_p50", "latency_p99", "size")
"""What is measured of a model itself, not of its answers."""
EQUALIZED_ODDS = "equalized_odds"
"""Of slices alone: the larger of the differences in recall and in the false positive rate."""

USUAL: Mapping[Task, tuple[str, ...]] = {
    "binary": ("roc_auc", "accuracy", "log_loss"),
    "multiclass": ("accuracy", "balanced_accuracy", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
    "forecast": ("mae", "wape", "bias"),
    "ranking": ("ndcg", "mrr"),
}
"""The metrics that are shown of a task where there is room for few, and where no check asks for them."""


def chief(metrics: Mapping[str, float]) -> dict[str, float]:
    """The usual ones among many metrics; all where none of them is usual."""
    usual = dict.fromkeys(name for names in USUAL.values() for name in names if name in metrics)
    return {name: metrics[name] for name in usual or metrics}
