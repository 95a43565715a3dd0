"""The report of a validation as one self-contained HTML page: what stands in the way first, with all that is known."""

from __future__ import annotations

from mlops_cli.checks.verdict import Report
from mlops_cli.reports import figures, model_page, text
from mlops_cli.reports.items import fit, item, line, loud, rows_of
from mlops_cli.reports.templating import render

LIMIT = 460_000
"""Bytes of all that grows with the report; the frame around it stays below 20 KB."""


def html(report: Report) -> str:
    """The page; what does not fit below 500 KB is counted, never what blocks before what does not."""
    if report.kind == "model":
        return model_page.html(report)
    ordered = sorted(report.verdicts, key=lambda verdict: (not verdict.blocks, text.STATES.index(verdict.state)))
    noted = [verdict for verdict in ordered if loud(verdict)]
    quiet = [verdict for verdict in ordered if not loud(verdict)]
    items, room = fit([render("verdict.html", item=item(verdict)) for verdict in noted], LIMIT)
    lines, _ = fit([render("line.html", line=line(verdict)) for verdict in quiet], room)
    found = render(
        "validation.html",
        title=figures.plain(text.title(report), 200),
        name=figures.plain(report.validation, 120),
        passed=report.passed,
        subject=figures.plain(report.subject, 120),
        against=figures.plain(report.baseline or "", 120),
        counts=text.counts(report) + rows_of(report),
        metrics=[(figures.plain(name, 80), text.value(value)) for name, value in sorted(report.metrics.items())],
        items=items,
        hidden_items=len(noted) - len(items),
        lines=lines,
        hidden_lines=len(quiet) - len(lines),
    )
    return str(found)
