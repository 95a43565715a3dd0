"""A report as Markdown, for a pull request or a CI job's summary."""

from __future__ import annotations

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import text


def markdown(report: Report) -> str:
    """The whole page; ends with a newline."""
    lines = [f"## {escape(text.title(report))}", "", text.counts(report) + rows_of(report), ""]
    if report.metrics:
        lines += ["| metric | value |", "|---|---|"]
        lines += [f"| {escape(name)} | {text.value(number)} |" for name, number in sorted(report.metrics.items())]
        lines.append("")
    lines += ["| | check | value | bound | n | what was found |", "|---|---|---|---|---|---|"]
    lines += [row(verdict) for verdict in sorted(report.verdicts, key=lambda item: text.STATES.index(item.state))]
    for verdict in report.verdicts:
        if verdict.examples:
            lines += ["", f"**{escape(text.name(verdict))}**", ""]
            lines += [f"- {escape(line)}" for line in text.rows(verdict)]
    return "\n".join(lines) + "\n"


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
