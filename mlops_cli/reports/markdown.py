"""A report as Markdown, for a pull request or a CI job's summary."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import text
from mlops_cli.reports.figures import visible
from mlops_cli.reports.model_figures import ends, number, rivals_of, value_of

FOLDED = 20
"""Checks that passed, above which they are folded away: a comment on a pull request is read from its beginning."""


def markdown(report: Report) -> str:
    """The whole page; ends with a newline."""
    lines = [f"## {escape(text.title(report))}", "", text.counts(report) + rows_of(report), ""]
    lines += metrics(report)
    ordered = sorted(report.verdicts, key=lambda item: text.STATES.index(item.state))
    passed = [verdict for verdict in ordered if verdict.state == "pass"]
    folded = passed if len(passed) > FOLDED else []
    lines += table([verdict for verdict in ordered if verdict not in folded])
    for segment in report.detail.segments if report.detail else ():
        found = f"weak where {segment.rule} ({segment.n:,} rows): loss {segment.loss:.4g}, elsewhere {segment.rest:.4g}"
        lines += ["", escape(found)]
    for verdict in report.verdicts:
        if verdict.examples and verdict.subject != text.SEGMENTS:
            lines += ["", f"**{escape(text.name(verdict))}**", ""]
            lines += [f"- {escape(line)}" for line in text.rows(verdict)]
    if folded:
        lines += ["", f"<details><summary>{len(folded)} checks passed</summary>", "", *table(folded), "", "</details>"]
    return "\n".join(lines) + "\n"


def metrics(report: Report) -> list[str]:
    """The lines of a table of metrics, with intervals and rivals where they are known."""
    detail = report.detail
    if detail is not None and detail.figures:
        rivals = rivals_of(detail)
        head = ["metric", "value", f"{100 * detail.confidence:.4g}% interval", *rivals]
        rows = [[figure.metric, number(figure.value), ends(figure)] for figure in detail.figures]
        for row, figure in zip(rows, detail.figures, strict=True):
            row += [number(value_of(detail.rivals[name], figure.metric)) for name in rivals]
    else:
        head = ["metric", "value"]
        rows = [[name, text.value(value)] for name, value in sorted(report.metrics.items())]
    lines = ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:], ""] if rows else []


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """The lines of a table; none without verdicts."""
    head = ["| | check | value | bound | n | what was found |", "|---|---|---|---|---|---|"]
    return [*head, *map(row, verdicts)] if verdicts else []


def rows_of(report: Report) -> str:
    """How many rows were judged."""
    return "" if report.rows is None else f", on {report.rows:,} rows"


def row(verdict: Verdict) -> str:
    """One line of the table."""
    count = "" if verdict.n is None else f"{verdict.n:,}"
    cells = [
        text.WORDS[verdict.state],
        text.name(verdict),
        text.measured(verdict),
        verdict.bound,
        count,
        verdict.message,
    ]
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def escape(words: str) -> str:
    """Words that stay words in Markdown and inside a table."""
    words = visible(" ".join(words.split()))
    for sign in ("\\", "`", "*", "_", "|", "<", ">", "[", "]", "#", "&"):
        words = words.replace(sign, "\\" + sign)
    return words
