"""A pipeline's graph as text, Mermaid, DOT, SVG, or a page: stages in layers, each below what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["text", "mermaid", "dot", "svg", "html"]
STATES = {
    "run": "#d97706",
    "maybe": "#d97706",
    "reuse": "#15803d",
    "blocked": "#b91c1c",
    "skip": "#6b7280",
    "": "#334155",
}
CHAR, HEIGHT, GAP_X, GAP_Y, PAD = 7.4, 40, 28, 48, 14  # pixels


@dataclass(frozen=True)
class Box:
    """One source or stage in a drawing. `state` is a plan's action, empty when unknown."""

    name: str
    kind: str
    state: str = ""


@dataclass(frozen=True)
class GraphView:
    """What a drawing shows. Arrows go from what is needed to who needs it, with the output's name."""

    pipeline: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str, str], ...]


def draw(view: GraphView, form: Form) -> str:
    """The drawing as text in the given form."""
    return DRAWERS[form](view)


def layers(view: GraphView) -> list[list[Box]]:
    """Boxes by depth: a box stands one layer below the deepest box that it needs."""
    depth: dict[str, int] = {}
    for box in view.boxes:
        above = [depth[start] for start, end, _ in view.arrows if end == box.name and start in depth]
        depth[box.name] = max(above, default=-1) + 1
    rows: list[list[Box]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for box in view.boxes:
        rows[depth[box.name]].append(box)
    return rows


def _text(view: GraphView) -> str:
    needs = _needs(view)
    lines = [view.pipeline]
    for number, row in enumerate(layers(view)):
        for box in row:
            mark = f" [{box.state}]" if box.state else ""
            after = f"  <- {', '.join(needs[box.name])}" if needs.get(box.name) else ""
            lines.append(f"  {'  ' * number}{box.name} ({box.kind}){mark}{after}")
    return "\n".join(lines) + "\n"


def _needs(view: GraphView) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start, end, label in view.arrows:
        found.setdefault(end, []).append(f"{start}.{label}" if label else start)
    return found


def _mermaid(view: GraphView) -> str:
    ids = {box.name: f"n{number}" for number, box in enumerate(view.boxes)}
    lines = ["flowchart TD"]
    for box in view.boxes:
        left, right = ("[(", ")]") if box.kind == "source" else ("[", "]")
        lines.append(f'  {ids[box.name]}{left}"{_quoted(box.name)}<br/>{_quoted(box.kind)}"{right}')
    for start, end, label in view.arrows:
        lines.append(f"  {ids[start]} -->{f'|{_quoted(label)}|' if label else ''} {ids[end]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("|", "&#124;")


def _dot(view: GraphView) -> str:
    def quote(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = [f"digraph {quote(view.pipeline)} {{", "  rankdir=TB; node [shape=box, fontname=sans];"]
    for box in view.boxes:
        shape = ", shape=cylinder" if box.kind == "source" else ""
        lines.append(
            f"  {quote(box.name)} [label={quote(f'{box.name} ({box.kind})')}, color={quote(STATES[box.state])}{shape}];"
        )
    lines += [f"  {quote(start)} -> {quote(end)} [label={quote(label)}];" for start, end, label in view.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _svg(view: GraphView) -> str:
    rows = _ordered(view)
    sizes = {box.name: max(len(box.name), len(box.kind)) * CHAR + 2 * PAD for row in rows for box in row}
    widths = [sum(sizes[box.name] for box in row) + GAP_X * (len(row) - 1) for row in rows]
    total_x = max(widths, default=0) + 2 * PAD
    total_y = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * PAD
    spots: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        x = (total_x - widths[number]) / 2
        for box in row:
            spots[box.name] = (x, PAD + number * (HEIGHT + GAP_Y))
            x += sizes[box.name] + GAP_X
    body = [
        *_arrows(view, spots, sizes),
        *(_box(box, *spots[box.name], sizes[box.name]) for row in rows for box in row),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_x:.0f} {total_y:.0f}" width="{total_x:.0f}" '
        f'height="{total_y:.0f}" role="img" aria-label="{escape(view.pipeline)}" '
        'font-family="ui-monospace, monospace" font-size="12">'
    )
    mark = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>'
    )
    return "\n".join([head, mark, *body, "</svg>"]) + "\n"


def _ordered(view: GraphView) -> list[list[Box]]:
    """Layers with each box near the mean place of what it needs, so that fewer arrows cross."""
    place: dict[str, float] = {}
    needs: dict[str, list[str]] = {}
    for start, end, _ in view.arrows:
        needs.setdefault(end, []).append(start)
    rows = []
    for row in layers(view):
        means = {box.name: _mean([place[name] for name in needs.get(box.name, ()) if name in place]) for box in row}
        ordered = sorted(row, key=lambda box, means=means: means[box.name])  # type: ignore[misc]
        place.update({box.name: (number + 0.5) / len(ordered) for number, box in enumerate(ordered)})
        rows.append(ordered)
    return rows


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _arrows(view: GraphView, spots: Mapping[str, tuple[float, float]], sizes: Mapping[str, float]) -> Iterable[str]:
    for start, end, label in view.arrows:
        (x1, y1), (x2, y2) = spots[start], spots[end]
        x1, y1, x2 = x1 + sizes[start] / 2, y1 + HEIGHT, x2 + sizes[end] / 2
        bend = (y2 - y1) / 2
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
        title = escape(f"{start}.{label}" if label else start)
        line = f'd="{path}" fill="none" stroke="#94a3b8" marker-end="url(#tip)"'
        yield f"<path {line}><title>{title}</title></path>"


def _box(box: Box, x: float, y: float, width: float) -> str:
    colour, radius = STATES[box.state], 16 if box.kind == "source" else 5
    middle = x + width / 2
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{HEIGHT}" rx="{radius}"'
    centre = f'x="{middle:.1f}" text-anchor="middle"'
    return (
        f"<g><title>{escape(f'{box.name}: {box.state}' if box.state else box.name)}</title>"
        f'<rect {place} fill="#fff" stroke="{colour}" stroke-width="1.5"/>'
        f'<text {centre} y="{y + 17:.1f}" fill="#0f172a">{escape(box.name)}</text>'
        f'<text {centre} y="{y + 32:.1f}" fill="{colour}" font-size="10">{escape(box.kind)}</text></g>'
    )


def _html(view: GraphView) -> str:
    states = sorted({box.state for box in view.boxes if box.state})
    legend = " ".join(f'<span style="color:{STATES[state]}">■ {state}</span>' for state in states)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(view.pipeline)}</title>'
        "<style>body{font:14px system-ui;margin:2rem;color:#0f172a;background:#fff}div{overflow:auto}</style>"
        f"<h1>{escape(view.pipeline)}</h1><p>{legend}</p><div>{_svg(view)}</div></html>\n"
    )


DRAWERS: Mapping[Form, Callable[[GraphView], str]] = {
    "text": _text,
    "mermaid": _mermaid,
    "dot": _dot,
    "svg": _svg,
    "html": _html,
}
