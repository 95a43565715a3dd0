"""What others ask of the metrics: a value, all values, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.measures.metrics.ranked import ranked_value
from mlops_cli.measures.metrics.table import METRICS
from mlops_cli.measures.predictions import Floats, Predictions
from mlops_cli.spec.metrics import Needs

LACKS: dict[Needs, str] = {
    "scores": "scores, and the model only gives labels",
    "probabilities": "probabilities, and the model gives none",
    "costs": "costs, and none are given",
    "scale": "the data that the model was trained on, by which its errors are scaled",
    "bounds": "prediction intervals, and there are none",
    "queries": "queries, and none are given",
}

Reason: TypeAlias = Literal[
    "no_rows", "not_finite", "one_class", "one_value", "zero_truth", "no_relevant", "no_scale", "too_large"
]


def unable(name: str, rows: Predictions) -> str | None:
    """Why a metric cannot be computed from these predictions at all, or None where it can."""
    metric = METRICS[name]
    if rows.task not in metric.tasks:
        kinds = " or ".join(metric.tasks)
        return f"{name} is a metric of {kinds} problems, and this is a {rows.task} problem"
    has: dict[Needs, bool] = {
        "labels": True,
        "scores": rows.scores is not None,
        "probabilities": rows.scores is not None and rows.probable,
        "costs": rows.costs is not None,
        "scale": rows.scale is not None,
        "bounds": rows.low is not None and rows.high is not None,
        "queries": rows.clusters is not None,
    }
    return None if has[metric.needs] else f"{name} needs {LACKS[metric.needs]}"


def value_of(name: str, rows: Predictions) -> float | None:
    """A metric of all rows; None where it is not defined on them (no rows, one class only)."""
    if not len(rows) or unusable(name, rows):
        return None
    metric = METRICS[name]
    with np.errstate(over="ignore", invalid="ignore"):
        if metric.parts is None or metric.value is None:
            value = ranked_value(metric, rows)
        else:
            value = float(metric.value(metric.parts(rows).total()))
    return value if np.isfinite(value) else None


def unusable(name: str, rows: Predictions) -> int:
    """How many rows have answers that a metric cannot use: missing or infinite ones, labels that are no class, scores
    that are no probabilities."""
    needs = METRICS[name].needs
    if needs in ("scores", "probabilities"):
        return 0 if rows.scores is None else outside(rows.scores, needs == "probabilities")
    if needs == "bounds":
        ends = [end for end in (rows.low, rows.high) if end is not None]
        return outside(np.stack(ends, axis=1), False) if ends else 0
    if rows.label.dtype.kind == "f":
        return outside(rows.label[:, None], False)
    return int(np.count_nonzero(rows.label < 0))


def outside(answers: Floats, probable: bool) -> int:
    """Rows with a value that is not finite or, where they are probabilities, not in [0, 1]; `answers` is (n, some)."""
    if not answers.size:
        return 0
    least, most = (0.0, 1.0) if probable else (-np.finfo(np.float64).max, np.finfo(np.float64).max)
    if answers.min() >= least and answers.max() <= most:  # not so for NaN; far faster than to look at every row
        return 0
    return int(np.count_nonzero(~((answers >= least) & (answers <= most)).all(axis=1)))


@dataclass(frozen=True)
class Undefined:
    """Why a metric has no value; `broken` where the model is at fault and not the choice of rows."""

    reason: Reason
    message: str
    broken: bool = False


def why_undefined(name: str, rows: Predictions) -> Undefined:
    """The reason for which `value_of` gives None."""
    if not len(rows):
        return Undefined("no_rows", f"{name} is not defined: there are no rows")
    odd = unusable(name, rows)
    if odd:
        message = f"{name} cannot be computed: {odd:,} of {len(rows):,} rows have {unfit(name, rows)}"
        return Undefined("not_finite", message, broken=True)
    if rows.task in ("binary", "multiclass"):
        return Undefined("one_class", f"{name} is not defined: {classes_of(rows)}")
    if rows.task == "ranking":
        return Undefined("no_relevant", f"{name} is not defined: no query has a relevant row")
    zeros = int(np.count_nonzero(rows.truth == 0))
    if (name == "mape" and zeros) or (name == "wape" and zeros == len(rows)):
        hint = "; wape and smape can bear that" if name == "mape" else ""
        message = f"{name} is not defined: the target is 0 in {zeros:,} of {len(rows):,} rows{hint}"
        return Undefined("zero_truth", message)
    if name == "r2" and np.ptp(rows.truth) == 0:
        return Undefined("one_value", f"{name} is not defined: the target is {rows.truth[0]:.4g} in every row")
    if name == "mase" and rows.scale is not None and not (np.isfinite(rows.scale) & (rows.scale > 0)).any():
        return Undefined("no_scale", f"{name} is not defined: no series has a past, or none ever changed in it")
    return Undefined("too_large", f"{name} cannot be computed: the numbers are too large", broken=True)


def unfit(name: str, rows: Predictions) -> str:
    """What is wrong with the answers that `unusable` counts."""
    needs = METRICS[name].needs
    if needs == "probabilities" and rows.scores is not None and np.isfinite(rows.scores).all():
        return "scores that are no probabilities"
    if needs in ("scores", "probabilities"):
        return "missing or infinite scores"
    if needs == "bounds":
        return "missing or infinite ends of the prediction interval"
    return "missing or infinite predictions" if rows.label.dtype.kind == "f" else "predictions that are no class"


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
