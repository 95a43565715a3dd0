"""The records of `kind: validation`, of data and of a model: subjects, comparators and bounds, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.spec.expression import Expression

Severity: TypeAlias = Literal["fail", "warn"]
Probe: TypeAlias = Literal["missing", "noise", "unseen"]
"""A feature without values, numbers with noise, a category that was never seen."""
Task: TypeAlias = Literal["binary", "multiclass", "regression", "ranking", "forecast"]
ColumnType: TypeAlias = Literal["integer", "number", "string", "boolean", "date", "timestamp"]
Comparator: TypeAlias = Literal[
    "is", "min", "max", "in", "matches", "unique", "required", "change", "within", "drift", "order", "closed",
    "references", "not_worse", "better", "beats", "drop", "gap", "ratio", "share",
]  # fmt: skip
Unit: TypeAlias = Literal["number", "share", "percent", "points", "bytes", "seconds"]
Distance: TypeAlias = Literal["auto", "ks", "cramers_v", "psi", "js", "wasserstein", "l_infinity"]
"""How far two distributions are apart. `auto`: debiased `ks` for numbers, bias-corrected `cramers_v` for categories."""
Direction: TypeAlias = Literal["ascending", "strictly_ascending", "descending", "strictly_descending"]
NamedFormat: TypeAlias = Literal[
    "email", "url", "uuid", "ipv4", "ipv6", "hostname", "date", "time", "datetime", "country_code", "currency_code",
    "hex_color", "json",
]  # fmt: skip
COMPARING: frozenset[Comparator] = frozenset({"change", "drift", "within"})
"""Comparators that need earlier versions."""
EVERY = "*"
"""The subject of a check of every column that has no check of its own with that measure and comparator."""


@dataclass(frozen=True)
class Bound:
    """A limit as written: `1%` as a share is Bound(0.01, "share"), `30%` of a baseline is Bound(0.3, "percent")."""

    value: float
    unit: Unit
    text: str


@dataclass(frozen=True)
class Check:
    """One expectation. `id` is `subject.comparator`, such as `age.nulls.max` or `roc_auc.min`."""

    id: str
    subject: str
    """A column's name or EVERY, or `format`, `bytes`, `encoding`, `file`, `rows`, `columns`, the columns of a key, a
    row rule's text, a metric's name."""
    measure: str
    """Of the file: format bytes encoding age rows columns keys rule. Of a column: type present nulls empties sentinels
    zeros min max mean std median distinct values matches named length_min length_max unique distribution order gaps
    freshness references. Of a model: a metric's name, or latency_mean latency_p50 latency_p99 size equalized_odds
    overlap feature_power after_training test_uses weak_segments."""
    comparator: Comparator
    bound: Bound | None
    place: Place
    severity: Severity = "fail"
    values: tuple[Json, ...] = ()
    """The allowed set of `in`, the single expected word of `is`, the sentinels, or the columns that `closed` knows."""
    pattern: str | None = None
    rule: Expression | None = None
    sql: str | None = None
    per_slice: bool = False
    """The check is asked of every slice too."""
    tolerance: float = 0.0
    """Share of the rows, in [0, 1], that may break a row-wise check."""
    named: NamedFormat | None = None
    """The format of `matches` where it is one with a name."""
    distance: Distance = "auto"
    direction: Direction | None = None
    columns: tuple[str, ...] = ()
    """The columns of a compound key, or the one column that `references` looks in; of a model check: the features that
    it is asked of (none: all)."""
    table: str | None = None
    """The table that `references` looks in: a path in the project."""
    absent_before: str | None = None
    """A date (ISO 8601): in data that ends before it, the column may be missing."""
    not_in: tuple[str, ...] = ()
    """Environments, such as `serving`, in which the check is not made."""
    probe: Probe | None = None
    """Of `drop`: how the inputs are spoilt before the model is asked again."""
    amount: float = 0.0
    """Of the probe `noise`: by which share of its standard deviation each number is moved."""


@dataclass(frozen=True)
class Slice:
    """A way to cut rows: by the values of a column, or by half-open bins `[edge, next)` of it."""

    column: str
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True)
class DataValidation:
    """`kind: validation` of data. `baseline` is a REF, `previous`, or None."""

    name: str
    file: str
    data: str | None
    baseline: str | None
    checks: tuple[Check, ...]
    types: tuple[tuple[str, ColumnType], ...]
    """Declared columns in the order of the spec, with their types."""
    too_few: Severity = "warn"
    """What a check does that has too few rows or values to be judged."""
    slices: tuple[Slice, ...] = ()
    time: str | None = None
    """The column that says when a row happened."""
    quarantine: Quarantine | None = None
    history: int = 8
    """How many earlier versions that passed are looked at for the natural variation, and by `within ... of history`."""
    false_discovery: float = 0.01
    """The rate of false discoveries that statistical checks keep to, over all columns and slices together."""


@dataclass(frozen=True)
class Quarantine:
    """Rows that break a row-wise check are set aside; above `most` the gate says no."""

    name: str
    """The dataset that they become."""
    most: Bound
    """The largest share of rows, or number of rows (unit `number`), that may be set aside."""


@dataclass(frozen=True)
class Scored:
    """The columns of a table of predictions: what was true, and what some model said."""

    data: str | None
    """A REF or a path; None: the stage's `in` gives it."""
    truth: str
    label: str | None = None
    """The predicted class or number; without it, the class of the highest score."""
    score: str | None = None
    """The probability of the positive class, or a score that ranks."""
    scores: tuple[tuple[str, str], ...] = ()
    """For more than two classes: (class, column of its probability)."""
    id: str | None = None
    """The column that tells rows apart: by it they are matched with those of the baseline."""
    low: str | None = None
    high: str | None = None
    """The ends of a forecast's prediction interval."""
    level: float = 0.9
    """The share of truths that this interval should hold, in (0, 1)."""


@dataclass(frozen=True)
class Forecast:
    """What makes rows a forecast: their order in time, the series that they belong to, the length of a season."""

    time: str
    series: str | None = None
    season: int = 1
    """Rows in a season: the naive forecast is the value so many rows ago."""


@dataclass(frozen=True)
class Costs:
    """What an answer costs. Two classes: `miss` and `false_alarm` (and perhaps the right answers); else a matrix."""

    miss: float = 0.0
    false_alarm: float = 0.0
    hit: float = 0.0
    rejection: float = 0.0
    """Of a right negative."""
    matrix: tuple[tuple[str, str, float], ...] = ()
    """(true class, predicted class, cost); what is not named costs 0."""


@dataclass(frozen=True)
class ModelValidation:
    """`kind: validation` of a model, on `model` + `data`, or on a table of `predictions`."""

    name: str
    file: str
    model: str | None
    data: str | None
    target: str | None
    baseline: str | None
    slices: tuple[Slice, ...]
    """Ways to cut the rows; `crossed` are cut by several of them at once."""
    checks: tuple[Check, ...]
    confidence: float = 0.95
    min_rows: int = 100
    min_positives: int = 10
    """Rows of the rarer class, below which a slice of a binary problem is too small to be judged."""
    positive: Json = None
    """The label that counts as positive in a binary problem; None: the larger of the two."""
    too_few: Severity = "warn"
    """What a check does that has too few rows to be judged."""
    crossed: tuple[tuple[Slice, ...], ...] = ()
    predictions: Scored | None = None
    task: Task | None = None
    """None: what the model is, or what the columns of the predictions suggest."""
    cluster: str | None = None
    """The column whose equal values mark rows that belong together: intervals resample such rows all at once."""
    query: str | None = None
    """Ranking: the column whose equal values mark the rows that are ranked among themselves."""
    at: int = 10
    """Ranking: how many of the first ranks count."""
    forecast: Forecast | None = None
    costs: Costs | None = None
    weak_segments: int = 0
    """How many weak segments are searched for; 0: none."""

    @property
    def named_columns(self) -> list[str]:
        """The columns of a table of predictions that the spec names, but for those of its slices."""
        said, forecast = self.predictions, self.forecast
        named = [self.cluster, self.query]
        if said is not None:
            named = [said.truth, said.label, said.score, said.id, said.low, said.high, *named]
            named += [column for _, column in said.scores]
        named += [forecast.time, forecast.series] if forecast is not None else []
        return [name for name in dict.fromkeys(named) if name is not None]


Validation: TypeAlias = DataValidation | ModelValidation


def data_of(judged: Validation) -> str | None:
    """What a spec names as its data: of a table of predictions, that table."""
    scored = judged.predictions if isinstance(judged, ModelValidation) else None
    return scored.data if scored is not None else judged.data
