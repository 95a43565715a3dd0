"""What is natural: how far earlier versions of a column lie from each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlops_cli.checks.compared import compare
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, Numbers, merge
from mlops_cli.spec.validation import Distance

FINE = 256
"""Steps of a distribution here: a limit learned from a few versions needs no more than 0.4 %."""


def effects(current: ColumnSummary, versions: Sequence[ColumnSummary], by: Distance) -> list[float]:
    """The distance of each version from all the others together, and last that of the current one from all of them."""
    light = [lighter(item) for item in versions]
    pairs = [(item, together([*light[:at], *light[at + 1 :]])) for at, item in enumerate(light)]
    found = [compare(item, rest, by) for item, rest in [*pairs, (lighter(current), together(light))]]
    return [0.0 if item is None else item.effect for item in found]


def together(columns: Sequence[ColumnSummary]) -> ColumnSummary:
    """The columns as one; how often values repeat is taken over from those in which they repeat least."""
    whole = merge(columns)
    repeats = max(item.distinct / max(item.filled, 1) for item in columns)
    return replace(whole, distinct=repeats * whole.filled)


def lighter(column: ColumnSummary) -> ColumnSummary:
    """The column without its sketch, and with fewer steps."""
    return replace(column, sketch=b"", numbers=coarse(column.numbers), lengths=coarse(column.lengths))


def coarse(numbers: Numbers | None) -> Numbers | None:
    """At most 256 steps with equal mass between them."""
    if numbers is None or len(numbers.steps.values) <= FINE:
        return numbers
    steps = numbers.steps
    wanted = np.linspace(0.0, steps.count, FINE)
    kept = np.unique(np.clip(np.searchsorted(steps.upto, wanted, "left"), 0, len(steps.values) - 1))
    fewer = Steps(steps.values[kept], steps.below[kept], steps.upto[kept], False)
    return replace(numbers, packed=fewer.packed(), exact=False)
