"""Drawings of a model's figures as inline SVG: intervals beside each other, and curves with their axes.

What is judged is filled or a thick line, the champion hollow or a dashed line, so that they can be told apart without
colours. Words and figures stand in the tables; a drawing says nothing that they do not say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from markupsafe import Markup

WIDE, LANE, EDGE = 220, 10, 7
"""Pixels of a drawing of intervals, of one mark's height in it, and between its ends and the outermost marks."""
FURTHER = 2
"""How many times its own width the range of a drawing may grow on either side for what is not judged."""
LEFT, TOP, RIGHT, BOTTOM, TALL = 38, 8, 312, 206, 228
"""Where the field of a plot begins and ends in its units, and how tall it is with the figures below."""

HUGE, CLOSE = 1e300, 1e-12
"""The largest number that is drawn where it is; the part of their size by which two must differ to be apart."""

Look: TypeAlias = Literal["model", "champion", "simple"]


@dataclass(frozen=True)
class Mark:
    """A value with its interval (None: only the value)."""

    value: float
    low: float | None = None
    high: float | None = None
    look: Look = "model"


@dataclass(frozen=True)
class Scale:
    """The range that drawings of one table have in common."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Pixels from the left; what lies outside stands at the end."""
        part = (value - self.low) / (self.high - self.low)
        return round(EDGE + min(max(part, 0.0), 1.0) * (WIDE - 2 * EDGE), 1)


def scale_of(values: Sequence[float]) -> Scale:
    """The range of some values, never empty; numbers that are none are left out, and the largest stand at its ends."""
    found = [min(max(value, -HUGE), HUGE) for value in values if math.isfinite(value)]
    low, high = min(found, default=0.0), max(found, default=1.0)
    size = max(abs(low), abs(high))
    if high - low > max(size * CLOSE, 1 / HUGE):
        return Scale(low, high)
    half = max(0.5, size / 100)
    return Scale(low - half, high + half)


def stretched(scale: Scale, values: Sequence[float]) -> Scale:
    """A range that takes in further values as long as it does not become much wider by them; what stays outside is
    drawn as an arrow at the end, so that a simple model far away does not press all others into a dot."""
    room = FURTHER * (scale.high - scale.low)
    near = [value for value in values if scale.low - room <= value <= scale.high + room]
    return scale_of([scale.low, scale.high, *near])


def whiskers(
    marks: Sequence[Mark], scale: Scale, *, bound: float | None = None, overall: float | None = None, lanes: bool = True
) -> Markup:
    """Values with their intervals, one under the other (without `lanes`: on one line); `bound` is a dashed line,
    `overall` (all rows) a fine one."""
    tall = LANE * (len(marks) if lanes else 1) + 4
    parts = [
        _upright(scale, value, tall, look) for value, look in ((overall, "all"), (bound, "bound")) if value is not None
    ]
    for number, mark in enumerate(marks):
        parts.append(_mark(mark, scale, LANE * number * lanes + 7))
    return Markup('<svg class="whiskers" viewBox="0 0 {} {}" style="height:{}px" aria-hidden="true">{}</svg>').format(
        WIDE, tall, tall, Markup().join(parts)
    )


def _upright(scale: Scale, value: float, tall: int, look: str) -> Markup:
    return Markup('<path class="{}" d="M{} 0V{}"/>').format(look, f"{scale.at(value):g}", tall)


def _mark(mark: Mark, scale: Scale, y: int) -> Markup:
    x = scale.at(mark.value)
    if not scale.low <= mark.value <= scale.high:
        start, by = (5, -4) if mark.value < scale.low else (WIDE - 5, 4)
        return Markup('<path class="simple" d="M{} {}l{} 3l{} 3"/>').format(start, y - 3, by, -by)
    line = Markup()
    if mark.low is not None and mark.high is not None:
        line = Markup('<path class="{}" d="M{} {}H{}"/>').format(
            mark.look, f"{scale.at(mark.low):g}", y, f"{scale.at(mark.high):g}"
        )
    if mark.look == "simple":
        return line + Markup('<path class="simple" d="M{} {}v6"/>').format(f"{x:g}", y - 3)
    return line + Markup('<circle class="{}" cx="{}" cy="{}" r="3.5"/>').format(mark.look, f"{x:g}", y)


@dataclass(frozen=True)
class Axis:
    """The range of one side of a plot."""

    low: float
    high: float

    @property
    def ticks(self) -> tuple[float, ...]:
        """The ends and what lies between them at round distances."""
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(number * step for number in range(first, last + 1))


def _step(span: float) -> float:
    """A round distance of which three to six fit."""
    rough = 10.0 ** math.floor(math.log10(span / 3))
    return next((rough * by for by in (10, 5, 2) if span / (rough * by) >= 3), rough)


def axis(values: Sequence[float], *, least: float | None = None, most: float | None = None) -> Axis:
    """A range around values that ends at round numbers, `least` and `most` at the furthest."""
    scale = scale_of(values)
    step = _step(scale.high - scale.low)
    low, high = math.floor(scale.low / step + 1e-9) * step, math.ceil(scale.high / step - 1e-9) * step
    low, high = low if least is None else max(low, least), high if most is None else min(high, most)
    return Axis(low, high) if high > low else Axis(scale.low, scale.high)


UNIT = Axis(0.0, 1.0)


@dataclass(frozen=True)
class Trace:
    """A line through points, with `dots` on them, or (`filled`) the area below it."""

    x: Sequence[float]
    y: Sequence[float]
    look: Look = "model"
    dots: bool = False
    filled: bool = False


def steps(edges: Sequence[float], end: float, shares: Sequence[float]) -> tuple[list[float], list[float]]:
    """The outline of bars that begin at `edges` (the last ends at `end`) as points."""
    ends = [*edges, end]
    x = [side for at in range(len(shares)) for side in (ends[at], ends[at + 1])]
    return [ends[0], *x, end], [0.0, *(share for share in shares for _ in range(2)), 0.0]


def plot(traces: Sequence[Trace], x: Axis, y: Axis, label: str, *, diagonal: bool = False) -> Markup:
    """Lines in a field with figures at its sides; `label` says in words what can be seen."""
    parts = [_grid(x, y)]
    if diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        parts.append(_line([low, high], [low, high], x, y, "diagonal"))
    for trace in traces:
        if not trace.dots or len(trace.x) > 1:
            parts.append(_line(trace.x, trace.y, x, y, "filled" if trace.filled else trace.look))
        if trace.dots:
            parts += [
                Markup('<circle class="{}" cx="{}" cy="{}" r="4"/>').format(trace.look, *_place(one, other, x, y))
                for one, other in zip(trace.x, trace.y, strict=True)
            ]
    return Markup('<svg class="plot" viewBox="0 0 320 {}" role="img" aria-label="{}">{}</svg>').format(
        TALL, label, Markup().join(parts)
    )


def _place(one: float, other: float, x: Axis, y: Axis) -> tuple[str, str]:
    across = LEFT + (one - x.low) / (x.high - x.low) * (RIGHT - LEFT)
    down = BOTTOM - (other - y.low) / (y.high - y.low) * (BOTTOM - TOP)
    return f"{across:.1f}", f"{down:.1f}"


def _line(xs: Sequence[float], ys: Sequence[float], x: Axis, y: Axis, look: str) -> Markup:
    words = " ".join(" ".join(_place(one, other, x, y)) for one, other in zip(xs, ys, strict=True))
    return Markup('<path class="{}" d="M{}"/>').format(look, words)


def _grid(x: Axis, y: Axis) -> Markup:
    parts = [Markup('<path class="grid" d="M{} {}V{}H{}"/>').format(LEFT, TOP, BOTTOM, RIGHT)]
    for tick in x.ticks:
        across, _ = _place(tick, y.low, x, y)
        parts.append(Markup('<text x="{}" y="{}" class="mid">{}</text>').format(across, BOTTOM + 16, _figure(tick)))
    for tick in y.ticks:
        _, down = _place(x.low, tick, x, y)
        parts.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(LEFT, down, RIGHT))
        parts.append(
            Markup('<text x="{}" y="{}" class="end">{}</text>').format(
                LEFT - 5, f"{float(down) + 4:.1f}", _figure(tick)
            )
        )
    return Markup().join(parts)


def _figure(tick: float) -> str:
    """A round number in little room."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(tick) >= 10 * size or (size > 1e3 and abs(tick) >= size):
            return f"{tick / size:.4g}{unit}"
    return f"{tick:.4g}" if abs(tick) > 1e-12 else "0"
