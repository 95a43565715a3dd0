"""A model's metrics beside its rivals', and those of its slices: the lines of the tables of its page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from mlops_cli.checks.verdict import Detail, Figure, Report, SliceFigures, State, Verdict
from mlops_cli.measures.metrics import METRICS
from mlops_cli.reports import figures, text
from mlops_cli.reports.drawings import Look, Mark, Scale, scale_of, stretched, whiskers

CHAMPION = "champion"
SLICE, METRIC = 60, 40  # characters
SHOWN = 200  # slices of a table
BY_SLICE = "by_slice."
LIMIT = re.compile(r"(min|max) (-?\d[\d,]*\.?\d*(?:e-?\d+)?) ?(%?)")


@dataclass(frozen=True)
class MetricLine:
    """One metric of all rows."""

    name: str
    value: str
    ends: str
    drawing: Markup
    rivals: tuple[str, ...]
    """In the order of the table's columns."""
    verdicts: tuple[tuple[State, str], ...]
    """(state, bound) of the checks of this metric on all rows."""


@dataclass(frozen=True)
class SliceLine:
    """One slice by one metric."""

    name: str
    rows: str
    value: str
    ends: str
    drawing: Markup
    shrunken: str
    state: State | None
    word: str


@dataclass(frozen=True)
class Field:
    """What the drawings of one table of slices have in common."""

    scale: Scale
    bound: float | None
    overall: float | None


@dataclass(frozen=True)
class SliceTable:
    """All slices by one metric, the worst first, those too small to say anything last."""

    metric: str
    better: str
    overall: str
    opened: bool
    lines: tuple[SliceLine, ...]
    left_out: int
    """Slices that do not fit: none of them is worse."""


def rivals_of(detail: Detail) -> tuple[str, ...]:
    """The names of those that the model is held against: the champion, then the simple models."""
    return tuple(sorted(detail.rivals, key=lambda name: (name != CHAMPION, name)))


def metric_lines(report: Report, detail: Detail) -> list[MetricLine]:
    """A line for each metric, those that are gated first."""
    asked = [verdict.check.partition(".")[0] for verdict in report.verdicts if _of_all_rows(verdict)]
    order = {name: at for at, name in enumerate(dict.fromkeys(asked))}
    ordered = sorted(detail.figures, key=lambda figure: order.get(figure.metric, len(order)))
    return [_metric_line(figure, report, detail) for figure in ordered]


def _metric_line(figure: Figure, report: Report, detail: Detail) -> MetricLine:
    names = rivals_of(detail)
    others = {name: _find(detail.rivals[name], figure.metric) for name in names}
    marks = [_mark(figure, "model")]
    marks += [_mark(found, "champion" if name == CHAMPION else "simple") for name, found in others.items() if found]
    verdicts = [verdict for verdict in report.verdicts if _of_all_rows(verdict) and _asks(verdict, figure.metric)]
    bound = _first_bound(verdicts)
    core = [mark for mark in marks if mark.look != "simple"]
    scale = stretched(scale_of([*_reach(core), *([bound] if bound is not None else [])]), list(_reach(marks)))
    return MetricLine(
        figures.plain(figure.metric, METRIC),
        number(figure.value),
        ends(figure),
        whiskers(marks, scale, bound=bound),
        tuple(number(found.value) if found else "" for found in others.values()),
        tuple((verdict.state, figures.plain(_asked(verdict), 40)) for verdict in verdicts),
    )


def _asked(verdict: Verdict) -> str:
    """The bound in short; one of several rivals has a verdict of its own."""
    return f"beats {verdict.slice}" if verdict.slice and verdict.check.endswith(".beats") else verdict.bound


def _of_all_rows(verdict: Verdict) -> bool:
    return not verdict.check.startswith((BY_SLICE, "robust.", "leakage."))


def _asks(verdict: Verdict, metric: str) -> bool:
    """Whether a check is one of this metric: `roc_auc.min`, `by_slice.roc_auc.not_worse`."""
    return verdict.check.removeprefix(BY_SLICE).partition(".")[0] == metric


def bound_of(verdict: Verdict) -> float | None:
    """The number in a bound such as `min 0.8` or `max 5%`, in the metric's own unit; None for any other bound."""
    found = LIMIT.fullmatch(verdict.bound)
    if found is None:
        return None
    return float(found[2].replace(",", "")) / (100 if found[3] else 1)


def _first_bound(verdicts: Iterable[Verdict]) -> float | None:
    return next((bound for bound in map(bound_of, verdicts) if bound is not None), None)


def _find(known: Sequence[Figure], metric: str) -> Figure | None:
    return next((figure for figure in known if figure.metric == metric), None)


def value_of(known: Sequence[Figure], metric: str) -> float | None:
    """The value of a metric among figures; None where it is not."""
    found = _find(known, metric)
    return found.value if found else None


def _mark(figure: Figure, look: Look) -> Mark:
    return Mark(figure.value, figure.low, figure.high, look)


def _reach(marks: Sequence[Mark]) -> Iterator[float]:
    for mark in marks:
        yield from (value for value in (mark.value, mark.low, mark.high) if value is not None)


def number(value: float | None) -> str:
    """A metric's value with four digits."""
    return "" if value is None else figures.figure(value) or "none"


def ends(figure: Figure) -> str:
    """`0.912 to 0.934`."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{number(figure.low)} to {number(figure.high)}"


def less_is_better(metric: str) -> bool:
    """Whether the smaller value of a metric is the better one."""
    return metric in METRICS and METRICS[metric].better < 0


def slice_tables(report: Report, detail: Detail) -> list[SliceTable]:
    """A table for each metric of the slices; those that slices are judged by come first, and are open."""
    asked = {
        name
        for verdict in report.verdicts
        if verdict.check.startswith(BY_SLICE)
        for name in [verdict.check.removeprefix(BY_SLICE).partition(".")[0]]
    }
    known = dict.fromkeys(figure.metric for part in detail.slices for figure in part.figures)
    ordered = sorted(known, key=lambda name: name not in asked)
    opened = asked or set(ordered[:1])
    return [_slice_table(name, report, detail, name in opened) for name in ordered]


def _slice_table(metric: str, report: Report, detail: Detail, opened: bool) -> SliceTable:
    overall = _find(detail.figures, metric)
    found = {part.slice: _find(part.figures, metric) for part in detail.slices}
    judged = _judged(report, metric)
    few = {name for name, verdict in judged.items() if verdict.state == "too_few"}
    sign = 1 if less_is_better(metric) else -1
    bound = _first_bound(judged.values())

    def worst(name: str) -> tuple[bool, float]:
        figure = found[name]
        return (figure is None or name in few, -sign * figure.value if figure else 0.0)

    # Those too small to be judged have intervals from one end to the other, which would press all others into a dot.
    marks = [
        _mark(figure, "model")
        for name, figure in found.items()
        if figure and (name not in few or len(few) == len(found))
    ]
    steady = [value for value in (overall.value if overall else None, bound) if value is not None]
    field = Field(scale_of([*_reach(marks), *steady]), bound, overall.value if overall else None)
    parts = {part.slice: part for part in detail.slices}
    lines = [
        _slice_line(parts[name], found[name], parts[name].shrunken.get(metric), judged.get(name), field)
        for name in sorted(found, key=worst)[:SHOWN]
    ]
    better = "less is better" if sign > 0 else "more is better"
    if metric in METRICS and METRICS[metric].better == 0:
        better = "neither end is better"
    return SliceTable(
        figures.plain(metric, METRIC),
        better,
        number(overall.value) if overall else "",
        opened,
        tuple(lines),
        len(found) - len(lines),
    )


def _judged(report: Report, metric: str) -> Mapping[str, Verdict]:
    """The gravest verdict on each slice."""
    found: dict[str, Verdict] = {}
    for verdict in report.verdicts:
        if verdict.slice is not None and verdict.check.startswith(BY_SLICE) and _asks(verdict, metric):
            before = found.get(verdict.slice)
            if before is None or text.STATES.index(verdict.state) < text.STATES.index(before.state):
                found[verdict.slice] = verdict
    return found


def _slice_line(
    part: SliceFigures, figure: Figure | None, shrunken: float | None, verdict: Verdict | None, field: Field
) -> SliceLine:
    marks = [_mark(figure, "model")] if figure else []
    marks += [Mark(shrunken, look="simple")] if figure and shrunken is not None else []
    state = verdict.state if verdict else None
    return SliceLine(
        figures.plain(part.slice, SLICE),
        f"{part.n:,}",
        number(figure.value if figure else None),
        ends(figure) if figure else "",
        whiskers(marks, field.scale, bound=field.bound, overall=field.overall, lanes=False) if marks else Markup(),
        number(shrunken),
        "too_few" if state is None and figure is None else state,
        text.WORDS[state] if state else "" if figure else "too few",
    )
