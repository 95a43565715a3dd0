"""A short page about the model that was judged."""

from __future__ import annotations

from typing import Any


def write(scores: dict[str, float], verdicts: dict[str, Any]) -> str:
    """Markdown: the scores on the test rows, then every check of the gate with its verdict."""
    lines = ["# Candidate", "", "| score | value |", "|---|---|"]
    lines += [f"| {name} | {value:.4f} |" for name, value in sorted(scores.items())]
    lines += ["", "| check | slice | verdict | found |", "|---|---|---|---|"]
    for verdict in verdicts["verdicts"]:
        where = verdict["slice"] or "all rows"
        lines.append(f"| {verdict['check']} | {where} | {verdict['state']} | {verdict['message']} |")
    return "\n".join(lines) + "\n"
