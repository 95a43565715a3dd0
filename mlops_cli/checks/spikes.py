"""One value that came into many rows of a column and hardly moved its distribution: the fault that drift does not see.

A sensor that was dead for a day makes 3 % of a month zero. No distance above a sensible bound tells, so a value that
sticks out as a sentinel, a stuck sensor or a default does is a warning of the column's `drift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlops_cli.checks.compared import family
from mlops_cli.checks.described import said
from mlops_cli.checks.faults import called
from mlops_cli.checks.signs import SPIKE, fault, isolated, spikes_of
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.summary import ColumnSummary, Profile

TELLING = 3.0
"""Least weight of a spike that warns by itself: 20 to 1 for a fault."""
SURE = 1e-5
"""Chance that such a rise is none, in one column; so small that hundreds of columns stay quiet."""


def with_spikes(
    verdicts: Sequence[Verdict], current: Profile, baseline: Profile, history: Sequence[Profile] = ()
) -> list[Verdict]:
    """The verdicts in their order; a `drift` that passes over a telling spike in all rows warns, and says why."""
    return [spiked(item, current, baseline, history) if passes(item) else item for item in verdicts]


def passes(verdict: Verdict) -> bool:
    """Whether this is the drift of a whole column, and nothing of it is too large."""
    return verdict.state == "pass" and verdict.slice is None and verdict.check == f"{verdict.subject}.drift"


def spiked(verdict: Verdict, current: Profile, baseline: Profile, history: Sequence[Profile]) -> Verdict:
    """The verdict as a warning where a value sticks out that did so in no earlier version."""
    new, old = current.column(verdict.subject), baseline.column(verdict.subject)
    if new is None or old is None or new.numbers is None or old.numbers is None or new.kind == "boolean":
        return verdict
    past = [column for profile in history if (column := profile.column(verdict.subject)) is not None]
    found = [
        (weight, text, value)
        for weight, text, value in spikes_of(new, old, new.numbers.steps, old.numbers.steps, SURE)
        if weight >= TELLING and not rows_with(value, old) and not any(stood_out(value, column) for column in past)
    ]
    if not found:
        return verdict
    weight, text, value = max(found)
    known = said(value, family(new.kind) == "time")
    message = f"the distribution as a whole moved no more than is allowed, but the value {known} stands out"
    warned = replace(verdict, state="warn", reason="value_spike", message=message)
    return called(warned, (fault("value_spike", weight, text),))


def stood_out(value: float, column: ColumnSummary) -> bool:
    """Whether the value was frequent in an earlier version, and no number among its likes there."""
    if column.numbers is None or rows_with(value, column) < SPIKE / 2 * column.numbers.count:
        return False
    return value in (0.0, -1.0) or isolated(value, column.numbers.steps)


def rows_with(value: float, column: ColumnSummary) -> float:
    """How many rows of a column of numbers hold a value; about so many where there are very many different ones."""
    if column.numbers is None:
        return 0.0
    below, upto = column.numbers.steps.ranks(np.array([value]))
    return float(upto[0] - below[0])
