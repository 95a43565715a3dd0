"""What the gate on a model measured beside its verdicts: metrics against the champion's, and where it is weak."""

from __future__ import annotations

from mlops_cli.checks.verdict import Detail, Figure
from mlops_cli.cli.screen import table

CHAMPION = "champion"


def figures_text(detail: Detail) -> str:
    """The metrics with their intervals, beside those of the champion and of the simple models."""
    rivals = sorted(detail.rivals, key=lambda name: (name != CHAMPION, name))
    rows = [
        [figure.metric, f"{figure.value:.4g}", _ends(figure), *(_of(detail, name, figure.metric) for name in rivals)]
        for figure in detail.figures
    ]
    head = ("METRIC", "VALUE", f"{100 * detail.confidence:.4g}% INTERVAL", *(name.upper() for name in rivals))
    return "  measured on these rows:\n" + table(rows, head=head, indent="    ") if rows else ""


def _ends(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"[{figure.low:.4g}, {figure.high:.4g}]"


def _of(detail: Detail, rival: str, metric: str) -> str:
    found = next((figure.value for figure in detail.rivals[rival] if figure.metric == metric), None)
    return "" if found is None else f"{found:.4g}"


def segments_text(detail: Detail) -> str:
    """Where it is surely worse than elsewhere; nothing without such a place."""
    if not detail.segments:
        return ""
    rows = [
        [part.rule, f"{part.n:,}", f"{part.loss:.4g}", f"{part.rest:.4g}", f"[{part.low:.4g}, {part.high:.4g}]"]
        for part in detail.segments
    ]
    head = ("WHERE", "ROWS", "LOSS", "ELSEWHERE", "DIFFERENCE")
    return "  where it is weaker than elsewhere:\n" + table(rows, head=head, indent="    ")
