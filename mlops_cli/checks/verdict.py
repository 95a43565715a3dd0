"""What a check says: the one result of data validation, model validation and, later, monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from mlops_cli.base.records import Json

State: TypeAlias = Literal["pass", "warn", "fail", "too_few", "not_run"]
HARMLESS_REASONS = frozenset({"no_baseline", "learning", "optional_column"})
UNCOMPARED = frozenset({"bad_baseline", "no_simple_model", "no_training_data", "no_model"})
"""Why a check was not made for what it needs beside the judged rows; where its spec says `severity: warn`, it warns."""

Cause: TypeAlias = Literal["fault", "real", "unclear"]
"""What a change looks like: a processing fault, a change of the world, or neither clearly."""
CALLS: Mapping[Cause, str] = {
    "fault": "looks like a processing fault",
    "real": "looks like a real change",
    "unclear": "it is unclear whether this is a fault or real",
}


@dataclass(frozen=True)
class Evidence:
    """One sign that a change is a processing fault, or that it is real."""

    sign: str
    """The sign's name, such as `value_spike`; docs/statistics.md lists them."""
    says: Literal["fault", "real"]
    weight: float
    """ln of how much likelier the sign is under what it speaks for than under the other; above 0."""
    text: str
    """What was seen, with the numbers."""


@dataclass(frozen=True)
class Verdict:
    """One check on one slice: what was measured, what was allowed, and what follows."""

    check: str
    """The check's id, `subject.comparator`."""
    subject: str
    state: State
    bound: str
    """The limit as a person reads it, such as `max 1%`."""
    message: str
    """One sentence: what was found."""
    slice: str | None = None
    value: Json = None
    baseline: Json = None
    n: int | None = None
    """Rows that the value was computed from."""
    interval: tuple[float, float] | None = None
    reason: str | None = None
    share: float | None = None
    """Share of rows, in [0, 1], that break a row-wise check."""
    examples: tuple[dict[str, Json], ...] = ()
    """Up to five offending rows; the key `row` counts data rows from 1."""
    p: float | None = None
    """Of a statistical check: the probability of such a distance if nothing has moved."""
    q: float | None = None
    """The rate of false discoveries among all checks with a p at most as large."""
    effect: float | None = None
    """How far it has moved beyond what chance gives on average: what the bound is held against."""
    method: str | None = None
    """How that was measured, such as `ks` or `cramers_v`, and what the natural variation was learned from."""
    evidence: tuple[Evidence, ...] = ()
    cause: Cause | None = None
    """What a confirmed change looks like; None where nothing has changed."""

    @property
    def blocks(self) -> bool:
        """Whether this verdict stops what is downstream."""
        return self.state == "fail" or (self.state == "not_run" and self.reason not in HARMLESS_REASONS)


@dataclass(frozen=True)
class Figure:
    """One metric of some rows, with how sure it is."""

    metric: str
    value: float
    low: float | None
    high: float | None
    """The confidence interval; None where there is none."""
    n: int
    """Rows that it was computed from."""
    method: str = ""
    """How the interval was made: `wilson`, `delong`, `bca`, ..."""


@dataclass(frozen=True)
class Curve:
    """Points of a drawing, x ascending: `roc` (false positive rate, recall), `precision_recall` (recall, precision),
    `calibration` (mean probability, share of positives, rows of the bin), `scores` (left edge of the bin, share of the
    positive rows, share of the others), `residuals` (left edge of the bin, share of rows), `predicted` (mean
    prediction, mean truth, rows of the bin)."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    weight: tuple[float, ...] = ()


@dataclass(frozen=True)
class SliceFigures:
    """The metrics of one slice."""

    slice: str
    n: int
    figures: tuple[Figure, ...]
    shrunken: Mapping[str, float] = field(default_factory=dict)
    """Metric -> its value drawn towards the one of all rows, the more the smaller the slice is."""


@dataclass(frozen=True)
class Detail:
    """What the page of a model shows beside the verdicts."""

    task: str
    positive: str | None = None
    confidence: float = 0.95
    figures: tuple[Figure, ...] = ()
    rivals: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    """The same metrics, on the same rows, of the baseline (`champion`) and of the simple models (`constant`,
    `linear`)."""
    slices: tuple[SliceFigures, ...] = ()
    curves: tuple[Curve, ...] = ()
    champion_curves: tuple[Curve, ...] = ()
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows by true class (outer) and predicted class; nothing for more than 20 classes."""
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Segment:
    """Rows on which the model is surely worse than elsewhere: found on one half, confirmed on the other."""

    rule: str
    """Which rows: `age >= 40 and plan = basic`."""
    n: int
    """Rows of the confirming half."""
    loss: float
    """Mean loss of its rows in the confirming half."""
    rest: float
    """Mean loss of all other rows of that half."""
    low: float
    high: float
    """The interval of the difference."""
    q: float
    """Probability of such a difference by chance, corrected for the number of segments that were tried."""


@dataclass(frozen=True)
class Report:
    """All verdicts of one validation, kept as an object of the store."""

    validation: str
    kind: Literal["data", "model"]
    subject: str
    verdicts: tuple[Verdict, ...]
    rows: int | None = None
    baseline: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    aside: int | None = None
    """Rows that were set aside; None: the validation sets none aside."""
    released: int = 0
    """Rows that would have been set aside, and that somebody has released."""
    spec: str | None = None
    """The identity of the text of the spec that was applied."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Argument (`model`, `data`, `baseline`, `train`) -> identity of what was judged and compared with."""
    detail: Detail | None = None
    notes: tuple[str, ...] = ()
    """What people should know of what was judged, such as that loading it runs code."""
    format: int = 1

    @property
    def passed(self) -> bool:
        """Whether nothing blocks."""
        return not any(verdict.blocks for verdict in self.verdicts)


def nothing_judged(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict on a gate of which no check could be judged on these rows: an open gate would be a promise that
    nobody kept. Checks that wait for a first baseline, and nothing else, are no reason to stop."""
    idle = all(verdict.state in ("too_few", "not_run") or verdict.reason in UNCOMPARED for verdict in verdicts)
    if not idle or not any(verdict.state == "too_few" for verdict in verdicts):
        return None
    message = f"nothing could be judged: {verdicts[0].message if len(verdicts) == 1 else 'no check had enough rows'}"
    return Verdict("gate.judged", "gate", "fail", "at least one check", message, reason="nothing_judged")


def strictly(verdict: Verdict) -> Verdict:
    """The verdict where the spec says `too_few: fail`: what cannot be told fails, unless its check only warns."""
    undecided = verdict.state == "too_few" or (verdict.state == "warn" and verdict.reason == "cannot_tell")
    return replace(verdict, state="fail") if undecided else verdict
