"""A report as Markdown, for a pull request or a CI job's summary."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import text

FOLDED = 20
"""Checks that passed, above which they are folded away: a comment on a pull request is read from its beginning."""


def markdown(report: Report) -> str:
    """The whole page; ends with a newline."""
    lines = [f"## {escape(text.title(report))}", "", text.counts(report) + rows_of(report), ""]
    if report.metrics:
        lines += ["| metric | value |", "|---|---|"]
        lines += [f"| {escape(name)} | {text.value(number)} |" for name, number in sorted(report.metrics.items())]
        lines.append("")
    ordered = sorted(report.verdicts, key=lambda item: text.STATES.index(item.state))
    passed = [verdict for verdict in ordered if verdict.state == "pass"]
    folded = passed if len(passed) > FOLDED else []
    lines += table([verdict for verdict in ordered if verdict not in folded])
    for verdict in report.verdicts:
        if verdict.examples:
            lines += ["", f"**{escape(text.name(verdict))}**", ""]
            lines += [f"- {escape(line)}" for line in text.rows(verdict)]
    if folded:
        lines += ["", f"<details><summary>{len(folded)} checks passed</summary>", "", *table(folded), "", "</details>"]
    return "\n".join(lines) + "\n"


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """The lines of a table; none without verdicts."""
    head = ["| | check | value | bound | n | what was found |", "|---|---|---|---|---|---|"]
    return [*head, *map(row, verdicts)] if verdicts else []


def rows_of(report: Report) -> str:
    """How many rows were judged."""
    return "" if report.rows is None else f", on {report.rows:,} rows"


def row(verdict: Verdict) -> str:
    """One line of the table."""
    value = text.value(verdict.value) + (
        f" (was {text.value(verdict.baseline)})" if verdict.baseline is not None else ""
    )
    count = "" if verdict.n is None else f"{verdict.n:,}"
    cells = [text.WORDS[verdict.state], text.name(verdict), value, verdict.bound, count, verdict.message]
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def escape(words: str) -> str:
    """Words that stay words in Markdown and inside a table."""
    for sign in ("\\", "`", "*", "_", "|", "<", ">", "[", "]", "#"):
        words = words.replace(sign, "\\" + sign)
    return " ".join(words.split())
