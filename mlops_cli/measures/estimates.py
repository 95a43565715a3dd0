"""How sure a metric is, and how sure the difference of two models on the same rows.

Which method for which metric is decided here and nowhere else; docs/statistics.md says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlops_cli.measures.average import average_precision, ordered
from mlops_cli.measures.bca import Interval, interval
from mlops_cli.measures.delong import logit_interval, placed
from mlops_cli.measures.estimated import Estimate, Method, gap, quotient, two_sided
from mlops_cli.measures.folded import calibration_interval
from mlops_cli.measures.metrics import METRICS, unusable, value_of
from mlops_cli.measures.metrics.base import Metric, Parts
from mlops_cli.measures.paired import discordant
from mlops_cli.measures.predictions import Floats, Predictions
from mlops_cli.measures.resampling import drawable, units_of
from mlops_cli.measures.shares import mcnemar, tango, wilson
from mlops_cli.measures.special import normal, normal_quantile

__all__ = ["Estimate", "Method", "difference", "estimate", "gap", "quotient"]


def estimate(name: str, rows: Predictions, confidence: float) -> Estimate | None:
    """A metric with its interval; None where it has no value on these rows.

    `rows.clusters` says which rows belong together: the interval then counts clusters and not rows.
    """
    if not len(rows) or unusable(name, rows):
        return None
    metric = METRICS[name]
    if metric.ranked == "roc_auc":
        return of_area(metric, rows, confidence)
    hits = metric.hits(rows) if rows.clusters is None else None
    if hits is not None and hits[1]:
        low, high = wilson(*hits, confidence)
        return Estimate(hits[0] / hits[1], len(rows), low, high, confidence, "wilson", hits[1])
    parts, formula = made_of(metric, rows)
    value = value_of(name, rows) if metric.ranked else float(formula([part.total() for part in parts]))
    if value is None or not math.isfinite(value):
        return None
    if name == "ece":
        ends = calibration_interval(metric, rows, value, confidence)
        if ends[0] == ends[1]:
            return unvarying(metric, rows, value, confidence)
        return Estimate(value, len(rows), *ends, confidence, "folded", units_of(rows).count)
    return drawn(metric, rows, value, parts, formula, confidence)


def made_of(metric: Metric, rows: Predictions) -> tuple[list[Parts], Callable[[list[Floats]], Floats]]:
    """The parts of a metric, and its formula from their sums."""
    if metric.ranked == "average_precision":
        return ordered(rows), average_precision
    assert metric.parts is not None
    assert metric.value is not None
    formula = metric.value
    return [metric.parts(rows)], lambda sums: formula(sums[0])


def drawn(
    metric: Metric,
    rows: Predictions,
    value: float,
    parts: list[Parts],
    formula: Callable[[list[Floats]], Floats],
    confidence: float,
) -> Estimate:
    """A metric with the interval of its resamples."""
    units = units_of(rows)
    counted = float(formula([part.total() for part in parts]))
    found = interval(
        counted, drawable(parts, units, clustered=rows.clusters is not None), formula, units.count, confidence
    )
    if found is None:
        return Estimate(value, len(rows), None, None, confidence, "percentile", units.count)
    if found.method == "fixed":
        return unvarying(metric, rows, value, confidence)
    shift = value - counted  # of an order that was counted by place, which is not quite the rows' own
    low, high = (min(max(end + shift, metric.least), metric.most) for end in (found.low, found.high))
    return Estimate(value, len(rows), low, high, confidence, found.method, units.count)


def unvarying(metric: Metric, rows: Predictions, value: float, confidence: float) -> Estimate:
    """A metric of which every resample gives the same: how much it might vary is known only of a perfect (or perfectly
    wrong) value with a largest and a smallest one."""
    if value in (metric.least, metric.most) and np.isfinite([metric.least, metric.most]).all():
        return of_rarest(metric, rows, value, confidence)
    return Estimate(value, len(rows), None, None, confidence, "fixed", units_of(rows).count)


def of_rarest(metric: Metric, rows: Predictions, value: float, confidence: float) -> Estimate:
    """The interval of a perfect (or perfectly wrong) metric, where nothing varies and resamples tell nothing: as if it
    were a share of the rows, or clusters, of the rarest class.

    For an area under the curve this is on the safe side: its variance is at most A (1 - A) / min(positives, others)
    (Birnbaum and Klose, Annals of Mathematical Statistics 28 (1957) 933-945).
    """
    count, span = rarest(rows), metric.most - metric.least
    share = (value - metric.least) / span
    low, high = wilson(share * count, count, confidence)
    ends = metric.least + low * span, metric.least + high * span
    return Estimate(value, len(rows), *ends, confidence, "rarest", count)


def rarest(rows: Predictions) -> int:
    """How many rows, or clusters with a row, the rarest class has that occurs; all of them in a regression."""
    if rows.task not in ("binary", "multiclass"):
        return len(rows) if rows.clusters is None else int(rows.clusters.max()) + 1
    if rows.clusters is None:
        counts = np.bincount(rows.truth)
        return int(counts[counts > 0].min())
    return min(len(np.unique(rows.clusters[rows.truth == number])) for number in np.unique(rows.truth))


def of_area(metric: Metric, rows: Predictions, confidence: float) -> Estimate | None:
    """The area under the ROC curve by DeLong, on the logit scale."""
    found = placed(rows)
    if found is None:
        return None
    ends = logit_interval(found.area, found.variance, normal_quantile(0.5 + confidence / 2))
    if ends is None:
        return of_rarest(metric, rows, found.area, confidence)
    units = len(rows) if rows.clusters is None else len(found.hits)
    return Estimate(found.area, len(rows), *ends, confidence, "delong", units)


# --- two models on the same rows -----------------------------------------------------------------------------------


def difference(name: str, new: Predictions, old: Predictions, confidence: float) -> Estimate | None:
    """How much better `new` is than `old` on the same rows, in the same order: above 0 it is better (of a metric that
    is neither good nor bad: new - old). None where one of the two has no value.

    Models that give the same answer on every row differ by nothing, and that is sure: the interval is [0, 0].
    """
    if not len(new) or unusable(name, new) or unusable(name, old):
        return None
    metric = METRICS[name]
    sign = metric.better or 1
    if metric.ranked == "roc_auc":
        return between_areas(new, old, confidence)
    pairs = discordant(name, new, old) if new.clusters is None else None
    if pairs is None:
        return between_draws(metric, new, old, sign, confidence)
    if not pairs.rows:
        return None
    wins, losses = (pairs.wins, pairs.losses) if sign > 0 else (pairs.losses, pairs.wins)
    if np.array_equal(new.label, old.label):
        return Estimate(0.0, len(new), 0.0, 0.0, confidence, "tango", pairs.rows, 1.0, "mcnemar")
    low, high = tango(wins, losses, pairs.rows, confidence)
    p, value = mcnemar(wins, losses), (wins - losses) / pairs.rows
    return Estimate(value, len(new), low, high, confidence, "tango", pairs.rows, p, "mcnemar")


def between_areas(new: Predictions, old: Predictions, confidence: float) -> Estimate | None:
    """The difference of two areas by DeLong's paired test; of clusters by Obuchowski's."""
    first, second = placed(new), placed(old)
    if first is None or second is None:
        return None
    found = first - second
    error = math.sqrt(max(found.variance, 0.0))
    if not math.isfinite(error):
        return Estimate(found.area, len(new), None, None, confidence, "delong", len(found.hits), 1.0, "delong")
    half = normal_quantile(0.5 + confidence / 2) * error
    p = 2 * normal(-abs(found.area) / error) if error > 0 else float(found.area == 0)
    ends = found.area - half, found.area + half
    return Estimate(found.area, len(new), *ends, confidence, "delong", len(found.hits), p, "delong")


def between_draws(metric: Metric, new: Predictions, old: Predictions, sign: int, confidence: float) -> Estimate | None:
    """The difference of any metric, both models drawn on the same rows together."""
    first, formula = made_of(metric, new)
    second, _ = made_of(metric, old)
    now, before = value_of(metric.name, new), value_of(metric.name, old)
    if now is None or before is None:
        return None

    def apart(sums: list[Floats]) -> Floats:
        return sign * (formula(sums[: len(first)]) - formula(sums[len(first) :]))

    value, parts, units = sign * (now - before), first + second, units_of(new)
    counted = float(apart([part.total() for part in parts]))
    source = drawable(parts, units, clustered=new.clusters is not None)
    found = interval(counted, source, apart, units.count, confidence) or Interval(math.nan, math.nan, "percentile")
    if math.isnan(found.low):
        return Estimate(value, len(new), None, None, confidence, "percentile", units.count, 1.0, "bootstrap")
    shift = value - counted
    made = Estimate(
        value, len(new), found.low + shift, found.high + shift, confidence, found.method, units.count, None, "bootstrap"
    )
    return replace(made, p=two_sided(made))
