"""What report pages share: one verdict as words."""

from __future__ import annotations

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Report, State, Verdict

STATES: tuple[State, ...] = ("fail", "not_run", "warn", "too_few", "pass")
WORDS = {"pass": "pass", "warn": "warn", "fail": "FAIL", "too_few": "too few", "not_run": "not run"}

AGAINST = (".not_worse", ".better", ".beats")
"""Checks whose value is by how much the model is better than another."""

SEGMENTS = "weak_segments"
"""The check whose examples are segments, which have a table of their own."""


def title(report: Report) -> str:
    """`customers: failed (customers@v3 against customers@v2)`."""
    against = f" against {report.baseline}" if report.baseline else ""
    return f"{report.validation}: {'passed' if report.passed else 'failed'} ({report.subject}{against})"


def counts(report: Report) -> str:
    """`12 checks: 1 fail, 11 pass`."""
    found = {state: sum(verdict.state == state for verdict in report.verdicts) for state in STATES}
    listed = ", ".join(f"{number} {WORDS[state].lower()}" for state, number in found.items() if number)
    number = len(report.verdicts)
    return f"{number} check{'' if number == 1 else 's'}: {listed}" if listed else "no checks"


def value(found: Json) -> str:
    """A measured value, short."""
    if found is None:
        return ""
    return f"{found:.6g}" if isinstance(found, float) else str(found)


def measured(verdict: Verdict) -> str:
    """The value as a cell of a table, with its interval; beside the earlier one where it is of the same kind."""
    found = verdict.value
    if verdict.check.endswith(AGAINST) and isinstance(found, int | float):
        said = f"{found:+.4g}"
    else:
        said = value(found) + (f" (was {value(verdict.baseline)})" if verdict.baseline is not None else "")
    return said + (f" [{verdict.interval[0]:.4g}, {verdict.interval[1]:.4g}]" if verdict.interval else "")


def name(verdict: Verdict) -> str:
    """The check with its slice."""
    return verdict.check + (f" [{verdict.slice}]" if verdict.slice else "")


def rows(verdict: Verdict) -> list[str]:
    """The example rows, a line each: `row 17: age = -3`."""
    lines = []
    for example in verdict.examples:
        place = [f"{key} {example[key]}" for key in ("row", "line") if key in example]
        cells = [f"{key.strip()} = {shown(cell)}" for key, cell in example.items() if key not in ("row", "line")]
        lines.append(": ".join(part for part in (", ".join(place), ", ".join(cells)) if part))
    return lines


def shown(cell: Json) -> str:
    """A cell of an example row; an empty text is told from a missing value."""
    if cell is None:
        return "null"
    return "''" if cell == "" else str(cell)
