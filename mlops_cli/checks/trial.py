"""A model on trial: its answers, the rows they are about, what it is compared with, and what was measured so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, Judgement, without_rows
from mlops_cli.checks.verdict import State, Verdict
from mlops_cli.measures.estimates import Estimate, estimate
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.metrics import why_undefined
from mlops_cli.measures.predictions import Predictions
from mlops_cli.measures.slices import Part
from mlops_cli.spec.validation import Check, ModelValidation

if TYPE_CHECKING:
    import pandas as pd

Ask: TypeAlias = "Callable[[pd.DataFrame], Predictions]"
"""The model, asked about other rows; raises StageFailed where it has no answer."""


@dataclass(frozen=True)
class Rival:
    """The baseline: its predictions of the same rows, or why it gives none."""

    predictions: Predictions | None
    label: str | None = None
    fault: str | None = None


NO_RIVAL = Rival(None)


@dataclass(frozen=True)
class Known:
    """What is known of the model besides its answers; nothing of it for a table of predictions."""

    train: pd.DataFrame | None = None
    """The rows that it was fitted on."""
    target: str | None = None
    features: tuple[tuple[str, str], ...] = ()
    """Its features: (name, pandas type)."""
    ask: Ask | None = None
    running: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """`latency_p99`, ... in seconds and `size` in bytes, each with the number of times it was measured."""
    uses: int | None = None
    """How many other models have been judged on these rows before."""


NOTHING_KNOWN = Known()


@dataclass
class Trial:
    """One model on trial. Estimates are made when they are first asked for, and kept."""

    spec: ModelValidation
    rows: Predictions
    frame: pd.DataFrame
    parts: Sequence[Part]
    rival: Rival
    known: Known
    _estimates: dict[tuple[str, str | None], Estimate | None] = field(default_factory=dict)
    _rows: dict[str, Predictions] = field(default_factory=dict)

    @property
    def alpha(self) -> float:
        """The chance of stopping a model for a slice that is as good as it must be."""
        return 1.0 - self.spec.confidence

    def rows_of(self, part: Part | None) -> Predictions:
        """The answers about one slice, or all."""
        if part is None:
            return self.rows
        if part.label not in self._rows:
            self._rows[part.label] = self.rows.where(part.rows)
        return self._rows[part.label]

    def estimate(self, metric: str, part: Part | None = None) -> Estimate | None:
        """A metric of a slice or of all rows with its interval; None where it is not defined."""
        key = metric, part.label if part is not None else None
        if key not in self._estimates:
            found = estimate(metric, self.rows_of(part), self.spec.confidence)
            if found is not None and groups_of(self.rows_of(part)) < FEW_CLUSTERS:
                found = replace(found, low=None, high=None)  # so few say nothing of how much they vary
            self._estimates[key] = found
        return self._estimates[key]

    def too_small(self, check: Check, part: Part | None) -> Verdict | None:
        """The verdict on rows that are too few to say anything of this metric."""
        rows, label = self.rows_of(part), part.label if part is not None else None
        if len(rows) < self.spec.min_rows:
            what = "a slice" if part is not None else "a model"
            message = f"{len(rows):,} rows, and {self.spec.min_rows:,} are asked for before {what} is judged"
            return without_rows(check, "too_few", "min_rows", message, label, len(rows))
        if (groups := groups_of(rows)) < FEW_CLUSTERS:
            kind = "query" if rows.task == "ranking" else "cluster"
            many = f"1 {kind}" if groups == 1 else f"{groups} {'queries' if kind == 'query' else 'clusters'}"
            message = f"the rows are of {many}, and {FEW_CLUSTERS} are needed to see how much they vary"
            return without_rows(check, "too_few", "few_clusters", message, label, len(rows))
        for name, count in self._classes(check.measure, rows):
            if part is not None and count < self.spec.min_positives:
                message = (
                    f"{count:,} {name} rows, and {self.spec.min_positives:,} are asked for before {check.measure} of a "
                    "slice is judged"
                )
                return without_rows(check, "too_few", "min_positives", message, label, len(rows))
        return None

    def _classes(self, metric: str, rows: Predictions) -> list[tuple[str, int]]:
        """How many rows of each class there are that a metric of a binary problem rests on."""
        if rows.task != "binary":
            return []
        positive = int((rows.truth == rows.positive).sum())
        counts = {"positive": positive, "negative": len(rows) - positive}
        return [(name, counts[name]) for name in RESTS_ON.get(metric, ())]


RESTS_ON: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("recall", "false_negative_rate", "f1", "average_precision"), ("positive",)),
    **dict.fromkeys(("specificity", "false_positive_rate"), ("negative",)),
    **dict.fromkeys(("roc_auc", "balanced_accuracy", "mcc", "kappa", "equalized_odds"), ("positive", "negative")),
}
"""The classes of which a binary metric needs enough rows."""


FEW_CLUSTERS = 10
"""Rows of fewer clusters are not judged: an interval is made of how much clusters differ."""


def groups_of(rows: Predictions) -> int:
    """How many independent groups the rows are of; the rows themselves where nothing says that any belong together, and
    enough where there are none at all, which other checks tell."""
    if rows.clusters is None or not len(rows):
        return max(len(rows), FEW_CLUSTERS)
    return int(rows.clusters.max()) + 1


OPEN = 1e12
"""The end of an interval that has none, such as of a ratio to what may be 0: JSON knows no infinity."""
VARIES = "nothing varies in these rows, so that they do not tell how sure that is"
NO_INTERVAL = "no interval can be made of these rows, so that nothing tells how sure that is"


def measured(found: Estimate) -> Measured:
    """An estimate as comparators take it, with stable digits; numbers that are too large to be any are left out."""
    value = rounded(found.value) if math.isfinite(found.value) else None
    return Measured(value, found.n, interval=ends_of(found))


def ends_of(found: Estimate) -> tuple[float, float] | None:
    """The interval with stable digits; None where it has no ends that are numbers."""
    if found.low is None or found.high is None:
        return None
    high = OPEN if found.high == math.inf and found.value < OPEN else found.high
    return (rounded(found.low), rounded(high)) if math.isfinite(found.low) and math.isfinite(high) else None


def decided(case: Case, found: Estimate) -> Judgement:
    """What the comparator says of an estimate. One without an interval keeps no bound: whether it would on other rows
    is what nobody can tell."""
    said = COMPARATORS[case.check.comparator](case)
    if said.state != "pass" or case.found.interval is not None:
        return said
    why = VARIES if found.method == "fixed" else NO_INTERVAL
    return Judgement("warn", f"{said.message}; {why}", "cannot_tell")


def undefined(check: Check, rows: Predictions, part: str | None) -> Verdict:
    """The verdict where a metric has no value: too few rows of some kind, or answers that are no numbers."""
    why = why_undefined(check.measure, rows)
    state: State = "too_few" if not why.broken else "warn" if check.severity == "warn" else "fail"
    return without_rows(check, state, why.reason, why.message, part, len(rows))
