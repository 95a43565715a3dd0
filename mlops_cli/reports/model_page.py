"""The gate on a model as one self-contained HTML page: the verdict, its figures, slices, curves, and what was judged.

It is read without a script. What does not fit is counted, never what blocks before what does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import figures, text
from mlops_cli.reports.items import fit, item, line, loud, rows_of
from mlops_cli.reports.model_curves import matrix, panels, segment_lines
from mlops_cli.reports.model_figures import metric_lines, rivals_of, slice_tables
from mlops_cli.reports.templating import render, weight

ITEMS, SLICES, LINES = 150_000, 170_000, 90_000
"""Bytes of what stands in the way, of the tables of slices, and of the other checks; all else stays below 60 KB."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Fairness: between slices": ("gap", "ratio"),
    "Slices": ("by_slice",),
    "Against the baseline": ("not_worse", "better"),
    "Against simple models": ("beats",),
    "Robustness": ("robust",),
    "Leakage": ("leakage",),
    "Weak segments": ("weak_segments",),
    "Latency and size": ("latency_mean", "latency_p50", "latency_p99", "size"),
}
"""Heading -> first or last part of a check's id; the first that fits."""
OTHERS = "Thresholds"


@dataclass(frozen=True)
class Group:
    """Quiet verdicts of one kind."""

    title: str
    lines: tuple[str, ...]
    hidden: int


def html(report: Report) -> str:
    """The page of one report."""
    found = render(
        "model.html",
        title=figures.plain(text.title(report), 200),
        name=figures.plain(report.validation, 120),
        passed=report.passed,
        subject=figures.plain(report.subject, 120),
        against=figures.plain(report.baseline or "", 120),
        counts=text.counts(report) + rows_of(report),
        judged=body(report),
        what=judged(report),
    )
    return str(found)


def body(report: Report) -> Markup:
    """All that a report says below its headline."""
    ordered = sorted(
        map(without_segments, report.verdicts), key=lambda item: (not item.blocks, text.STATES.index(item.state))
    )
    noted = [verdict for verdict in ordered if loud(verdict)]
    quiet = [verdict for verdict in ordered if not loud(verdict)]
    items, _ = fit([render("verdict.html", item=item(verdict)) for verdict in noted], ITEMS)
    detail = report.detail
    tables, hidden = _slices(report)
    return render(
        "judged.html",
        items=items,
        hidden_items=len(noted) - len(items),
        metrics=metric_lines(report, detail) if detail else [],
        rivals=[figures.plain(name, 40) for name in rivals_of(detail)] if detail else [],
        plain_metrics=[] if detail and detail.figures else _plain_metrics(report),
        percent=f"{100 * detail.confidence:.4g}%" if detail else "",
        panels=panels(detail) if detail else [],
        champion=bool(detail and detail.champion_curves),
        classes=[figures.named(name, 24) for name in detail.classes] if detail else [],
        matrix=matrix(detail) if detail else (),
        segments=segment_lines(detail) if detail else [],
        slices=tables,
        hidden_slices=hidden,
        groups=_groups(quiet),
    )


def without_segments(verdict: Verdict) -> Verdict:
    """A verdict whose examples do not repeat the table of weak segments."""
    return replace(verdict, examples=()) if verdict.subject == text.SEGMENTS else verdict


def _plain_metrics(report: Report) -> list[tuple[str, str]]:
    return [(figures.plain(name, 80), text.value(value)) for name, value in sorted(report.metrics.items())]


def _slices(report: Report) -> tuple[list[Markup], list[str]]:
    """The tables of slices that fit, and the metrics of those that do not."""
    if report.detail is None:
        return [], []
    tables = slice_tables(report, report.detail)
    drawn: list[Markup] = []
    room = SLICES
    for table in tables:
        made = render("slices.html", table=table)
        room -= weight(made)
        if room < 0:
            break
        drawn.append(made)
    return drawn, [table.metric for table in tables[len(drawn) :]]


def group_of(verdict: Verdict) -> str:
    """The heading that a check belongs under."""
    parts = verdict.check.split(".")
    return next((title for title, words in GROUPS.items() if parts[0] in words or parts[-1] in words), OTHERS)


def _groups(quiet: Sequence[Verdict]) -> list[Group]:
    """The quiet verdicts under their headings, thresholds first."""
    found, room = [], LINES
    for title in (OTHERS, *GROUPS):
        members = [verdict for verdict in quiet if group_of(verdict) == title]
        lines, room = fit([render("line.html", line=line(verdict)) for verdict in members], room)
        if members:
            found.append(Group(title, tuple(lines), len(members) - len(lines)))
    return found


def judged(report: Report) -> list[tuple[str, str]]:
    """What was judged, by which spec, beside what: (name, identity or words)."""
    detail = report.detail
    rows = [("spec", report.spec or ""), *report.inputs.items()]
    found = [(figures.plain(name, 40), figures.plain(value, 80)) for name, value in rows]
    if report.rows is not None:
        found.append(("rows", f"{report.rows:,}"))
    if detail is not None:
        found += [("task", detail.task), ("positive class", figures.plain(detail.positive or "", 80))]
        found.append(("confidence", f"{100 * detail.confidence:.4g}%"))
    return [(name, value) for name, value in found if value]
