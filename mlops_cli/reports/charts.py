"""Small, quiet drawings as inline SVG: numbers in, markup out. Words, axes and colours are the page's.

A drawing has one unit of width a bin and a fixed height in units; the page stretches it. The newer version is a filled
shape, the older one a line over it, so that they can be told apart without colours.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

TALL = 60
"""Units of height of a chart."""
WIDE, LOW, BAR = 96, 26, 12
"""Pixels of a drawing in a line of a table, and of its widest bar."""


def chart(new: Sequence[float] | None, old: Sequence[float] | None, label: str) -> Markup:
    """Bars of one or two versions over the same bins; `label` says in words what can be seen."""
    drawn = [part for part in (new, old) if part]
    top = max((max(part) for part in drawn), default=0.0) or 1.0
    bins = len(drawn[0]) if drawn else 1
    filled = Markup('<path class="new" d="{}"/>').format(area(new, top, TALL)) if new else Markup()
    line = Markup('<path class="old" d="{}"/>').format(outline(old, top, TALL)) if old else Markup()
    return Markup(
        '<svg class="chart" viewBox="0 -2 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}{}</svg>'
    ).format(bins, TALL + 2, label, filled, line)


def spark(new: Sequence[float] | None, old: Sequence[float] | None) -> Markup:
    """The same in a few bytes, for a table whose other cells say it in figures. The style sheet gives it its size."""
    drawn = [part for part in (new, old) if part]
    if not drawn:
        return Markup()
    top = max(max(part) for part in drawn) or 1.0
    bar = max(1, min(BAR, WIDE // len(drawn[0])))
    filled = Markup('<path d="{}"/>').format(area(new, top, LOW, bar)) if new else Markup()
    line = Markup('<path class="old" d="{}"/>').format(outline(old, top, LOW, bar)) if old else Markup()
    return Markup("<svg>{}{}</svg>").format(filled, line)


def heights(shares: Sequence[float], top: float, tall: int) -> list[int]:
    """Bars in whole units; what is there at all has one unit at least, so that it can be seen."""
    return [max(1, round(share / top * tall)) if share > 0 else 0 for share in shares]


def area(shares: Sequence[float], top: float, tall: int, bar: int = 1) -> str:
    """The path around bars that stand side by side, each `bar` units wide; equal neighbours are one step."""
    return f"M0 {tall}{_steps(heights(shares, top, tall), tall, bar)}V{tall}z"


def outline(shares: Sequence[float], top: float, tall: int, bar: int = 1) -> str:
    """The path along the tops of bars."""
    bars = heights(shares, top, tall)
    return f"M0 {tall - bars[0]}{_steps(bars, tall, bar)}"


def _steps(bars: Sequence[int], tall: int, bar: int) -> str:
    words, at = [], 0
    while at < len(bars):
        run = at + 1
        while run < len(bars) and bars[run] == bars[at]:
            run += 1
        words.append(f"V{tall - bars[at]}h{(run - at) * bar}")
        at = run
    return "".join(words)


BLOCKS = "▁▂▃▄▅▆▇█"


def blocks(shares: Sequence[float], top: float = 0.0) -> str:
    """The same for a terminal: one character a bin, a blank for an empty one; `top` is the share of the tallest, by
    default the largest there is."""
    top = top or max(shares, default=0.0) or 1.0
    return "".join(
        " " if share <= 0 else BLOCKS[min(len(BLOCKS) - 1, int(share / top * len(BLOCKS)))] for share in shares
    )
