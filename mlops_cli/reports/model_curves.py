"""The drawings of a model's page: curves with the champion's over them, the confusion matrix, weak segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from mlops_cli.checks.verdict import Curve, Detail, Segment
from mlops_cli.reports import figures
from mlops_cli.reports.drawings import UNIT, Axis, Mark, Trace, axis, plot, scale_of, steps, whiskers
from mlops_cli.reports.model_figures import number

CLASS = 24  # characters of a class in the matrix
RULE = 160


@dataclass(frozen=True)
class Panel:
    """One drawing with its words."""

    title: str
    across: str
    """What the lower axis shows."""
    drawing: Markup
    note: str = ""


@dataclass(frozen=True)
class Pair:
    """A curve, and the same one of the champion."""

    new: Curve
    old: Curve | None
    positive: str | None

    @property
    def seen(self) -> list[float]:
        """All its numbers, of both sides."""
        return [value for curve in (self.new, self.old) if curve for value in (*curve.x, *curve.y)]

    @property
    def end(self) -> float:
        """Where the last bin of a histogram ends."""
        x = self.new.x
        return x[-1] + (x[1] - x[0] if len(x) > 1 else max(1.0, abs(x[-1]) / 100))


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix."""

    rows: str
    share: str
    """Of the rows of its true class."""
    shade: int
    """That share in percent."""
    right: bool


@dataclass(frozen=True)
class SegmentLine:
    """One weak segment."""

    rule: str
    rows: str
    loss: str
    rest: str
    ends: str
    drawing: Markup
    q: str


def panels(detail: Detail) -> list[Panel]:
    """The drawings in the order of the curves; a curve that no drawing is known for is left out."""
    old = {curve.name: curve for curve in detail.champion_curves}
    return [
        PANELS[curve.name](Pair(curve, old.get(curve.name), detail.positive))
        for curve in detail.curves
        if curve.name in PANELS and curve.x
    ]


def _traces(pair: Pair, *, dots: bool = False) -> list[Trace]:
    new, old = pair.new, pair.old
    found = [] if old is None or not old.x else [Trace(old.x, old.y, "champion")]
    return [*found, Trace(new.x, new.y, "model", dots)]


def _roc(pair: Pair) -> Panel:
    label = f"ROC: recall against the false positive rate, {len(pair.new.x)} points"
    return Panel(
        "ROC: recall by false positive rate",
        "false positive rate",
        plot(_traces(pair), UNIT, UNIT, label, diagonal=True),
    )


def _precision(pair: Pair) -> Panel:
    label = f"precision against recall, {len(pair.new.x)} points"
    return Panel("Precision by recall", "recall", plot(_traces(pair), UNIT, UNIT, label))


def _calibration(pair: Pair) -> Panel:
    top = axis([0.0, *pair.seen], least=0.0, most=1.0)
    of = f"of {figures.plain(pair.positive, 30)}" if pair.positive is not None else "of the likeliest class"
    return Panel(
        "Calibration",
        "mean probability of the bin",
        plot(_traces(pair, dots=True), top, top, "calibration: how often it came true", diagonal=True),
        note=f"share {of} in {_bins(pair.new)}; on the diagonal, it happens as often as was said",
    )


def _bins(curve: Curve) -> str:
    """`10 bins of about 1,234 rows`."""
    if not curve.weight:
        return f"{len(curve.x)} bins"
    low, high = min(curve.weight), max(curve.weight)
    rows = f"{low:,.0f} to {high:,.0f}" if high > low + 1 else f"{high:,.0f}"
    return f"{len(curve.x)} bin{'' if len(curve.x) == 1 else 's'} of {rows} rows"


def _scores(pair: Pair) -> Panel:
    new = pair.new
    positive = figures.plain(pair.positive or "the positive class", 30)
    traces = [
        Trace(*steps(new.x, pair.end, new.y), filled=True),
        Trace(*steps(new.x, pair.end, new.weight), "simple"),
    ]
    label = f"histograms of the scores of {positive} and of all others"
    return Panel(
        "Scores by class",
        "score",
        plot(traces, Axis(new.x[0], pair.end), axis([0.0, *new.y, *new.weight], least=0.0), label),
        f"filled: the rows of {positive}; line: all others; each in shares of its own rows",
    )


def _residuals(pair: Pair) -> Panel:
    beyond = 1.0 - sum(pair.new.y)
    away = f"; {figures.share(beyond)} of the rows lie beyond" if beyond > 1e-9 else ""
    traces = [Trace(*steps(pair.new.x, pair.end, pair.new.y), filled=True)]
    across, up = Axis(pair.new.x[0], pair.end), axis([0.0, *pair.new.y], least=0.0)
    return Panel(
        "Errors: prediction minus truth",
        "error",
        plot(traces, across, up, "histogram of the errors"),
        f"share of the rows{away}",
    )


def _predicted(pair: Pair) -> Panel:
    side = axis(pair.seen)
    drawn = plot(_traces(pair, dots=True), side, side, "mean truth by mean prediction", diagonal=True)
    return Panel("Mean truth by mean prediction", "mean prediction of the bin", drawn, note=_bins(pair.new))


def _relevance(pair: Pair) -> Panel:
    across = Axis(1.0, max(pair.new.x[-1], 2.0))
    up = axis([0.0, *pair.new.y, *(pair.old.y if pair.old else ())], least=0.0)
    drawn = plot(_traces(pair, dots=True), across, up, "mean relevance by rank")
    return Panel("Mean relevance by rank", "rank", drawn, note="a good ranking falls from left to right")


PANELS: Mapping[str, Callable[[Pair], Panel]] = {
    "roc": _roc,
    "precision_recall": _precision,
    "calibration": _calibration,
    "scores": _scores,
    "residuals": _residuals,
    "predicted": _predicted,
    "relevance": _relevance,
}


def matrix(detail: Detail) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    """(true class, its cells by predicted class)."""
    names = [figures.named(name, CLASS) for name in detail.classes]
    return tuple(
        (
            names[at] if at < len(names) else str(at),
            tuple(_cell(count, line, at == other) for other, count in enumerate(line)),
        )
        for at, line in enumerate(detail.confusion)
    )


def _cell(count: int, line: tuple[int, ...], right: bool) -> Cell:
    total = sum(line)
    return Cell(f"{count:,}", figures.portion(count, total), round(100 * count / total) if total else 0, right)


def segment_lines(detail: Detail) -> list[SegmentLine]:
    """The weak segments as they were found, the weakest first."""
    scale = scale_of([0.0, *(end for part in detail.segments for end in (part.low, part.high, part.loss - part.rest))])
    return [
        _segment(part, whiskers([Mark(part.loss - part.rest, part.low, part.high)], scale, overall=0.0))
        for part in detail.segments
    ]


def _segment(part: Segment, drawing: Markup) -> SegmentLine:
    return SegmentLine(
        figures.plain(part.rule, RULE),
        f"{part.n:,}",
        number(part.loss),
        number(part.rest),
        f"{number(part.low)} to {number(part.high)}",
        drawing,
        "<0.0001" if part.q < 0.0001 else f"{part.q:.2g}",
    )
