"""What a gate said, as a table: every check that did not pass, with values, bounds and example rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import CALLS, Evidence, Report, State, Verdict
from mlops_cli.cli.render.gate_figures import figures_text, segments_text
from mlops_cli.cli.screen import counted, paint, table
from mlops_cli.reports.text import AGAINST, SEGMENTS

MARKS = {
    "pass": ("✓ pass", "good"),
    "warn": ("! warn", "warn"),
    "fail": ("✗ fail", "bad"),
    "too_few": ("? too few", "warn"),
    "not_run": ("- not run", "dim"),
}
CELL = 40  # characters of an example value
SECONDS = ("file.age.max", ".freshness.max")  # checks whose value is a time in seconds
ONE_OR_MORE = {
    "fault": ("this looks like a processing fault", "these look like a processing fault"),
    "real": ("this looks like a real change", "these look like a real change"),
    "unclear": ("it is unclear whether this is a fault or real", "it is unclear whether these are a fault or real"),
}
MANY = 30  # checks of a model, above which those that passed are counted
GRAVITY: tuple[State, ...] = ("fail", "not_run", "warn", "too_few", "pass")
NAME = 44  # characters of a check's or a slice's name
FOLDED = 8  # checks without an answer that are shown one by one


def gate_text(label: str, report: Report, *, verbose: bool = False, brief: bool = False, measured: bool = False) -> str:
    """One gate: a headline, the checks worth reading (all with `verbose`), the rows that broke them.

    `brief` leaves a gate that passed with its headline; `measured` adds what the gate on a model measured.
    """
    counts: Counter[str] = Counter(verdict.state for verdict in report.verdicts)
    words = ", ".join(f"{counts[state]} {MARKS[state][0][2:]}" for state in MARKS if counts[state]) or "no checks"
    state = paint("passed", "good") if report.passed else paint("said no", "bad")
    rows = f" on {counted(report.rows, 'row')}" if report.rows is not None else ""
    if report.aside is not None:
        kept = (report.rows or 0) - report.aside
        rows += f" = {kept:,} kept + {report.aside:,} set aside"
    against = f", against {report.baseline}" if report.baseline else ""
    head = f"gate {paint(label, 'bold')} ({report.validation}){rows}{against}: {state} ({words})"
    shown, passed = _shown(report, verbose=verbose, brief=brief)
    idle = [verdict for verdict in shown if verdict.state in ("not_run", "too_few")]
    if not report.passed and not verbose and len(idle) > FOLDED:
        # One fault, such as a file that cannot be read, leaves every other check without an answer.
        failed = any(verdict.state == "fail" for verdict in shown)
        idle = [verdict for verdict in idle if failed or not verdict.blocks]
        shown = [verdict for verdict in shown if verdict not in idle]
    parts = [
        head,
        table(
            [_row(verdict) for verdict in shown],
            head=("CHECK", "SLICE", "STATE", "VALUE", "BOUND", "WHAT"),
            indent="  ",
        )
        if shown
        else "",
    ]
    hidden = len(idle) if not shown or (idle and idle[0] not in shown) else 0
    if hidden:
        parts.append(f"  {counted(hidden, 'check')} without an answer (-v shows them)")
    if passed:
        parts.append(f"  {counted(passed, 'check')} passed (-v shows them)")
    segments = report.detail.segments if report.detail is not None else ()
    parts += [
        _examples(verdict, report.kind)
        for verdict in shown
        if verdict.examples and verdict.state != "pass" and not (segments and verdict.subject == SEGMENTS)
    ]
    parts += _reasons([verdict for verdict in shown if verdict.evidence and verdict.state in ("fail", "warn")])
    if report.detail is not None and not brief:
        parts += [segments_text(report.detail), figures_text(report.detail) if measured else ""]
    parts += [f"  note: {note}" for note in report.notes]
    return "\n".join(part for part in parts if part)


def _shown(report: Report, *, verbose: bool, brief: bool) -> tuple[list[Verdict], int]:
    """The verdicts to show, and how many that passed are counted instead: many checks of a model are read from the
    gravest on."""
    if verbose:
        return list(report.verdicts), 0
    if report.kind == "data" or brief:
        return [verdict for verdict in report.verdicts if _worth_reading(verdict)], 0
    if len(report.verdicts) <= MANY:
        return list(report.verdicts), 0
    ordered = sorted(report.verdicts, key=lambda item: (not item.blocks, GRAVITY.index(item.state)))
    shown = [verdict for verdict in ordered if verdict.state != "pass"]
    return shown, len(ordered) - len(shown)


def _worth_reading(verdict: Verdict) -> bool:
    return verdict.state != "pass" and not (verdict.state == "not_run" and not verdict.blocks)


def _row(verdict: Verdict) -> list[str]:
    mark, style = MARKS[verdict.state] if verdict.state != "not_run" or not verdict.blocks else ("✗ not run", "bad")
    value = cell(verdict.value)
    if verdict.check.endswith(SECONDS) and isinstance(verdict.value, int | float):
        value = _age(verdict.value)
    if verdict.check.endswith(AGAINST) and isinstance(verdict.value, int | float):
        value = f"{verdict.value:+.4g}"
    if verdict.interval:
        value += f" [{verdict.interval[0]:.4g}, {verdict.interval[1]:.4g}]"
    what = _found(verdict) if verdict.state != "pass" else ""
    return [short(verdict.check), short(verdict.slice or ""), paint(mark, style), value, short(verdict.bound), what]


def _age(seconds: float) -> str:
    """An age in the largest unit of which it has two: `36 h`, `5718 d`."""
    size, unit = next((item for item in ((86_400, "d"), (3600, "h"), (60, "min")) if seconds >= 2 * item[0]), (1, "s"))
    return f"{seconds / size:.4g} {unit}"


def _found(verdict: Verdict) -> str:
    """What was found, with the call and its odds; the signs for it stand below the table, once for all checks."""
    if verdict.cause is None or not verdict.evidence:
        return verdict.message
    found, call, reasons = verdict.message.partition(f"; {CALLS[verdict.cause]}")
    return found + call + (reasons.partition(")")[0] + ")" if reasons.startswith(" (") else "")


def _examples(verdict: Verdict, kind: Literal["data", "model"]) -> str:
    names = dict.fromkeys(name for row in verdict.examples for name in row)
    columns = [*(["row"] if "row" in names else []), *(name for name in names if name != "row")]
    rows = [[cell(row.get(name)) for name in columns] for row in verdict.examples]
    head = (
        f"rows that break {verdict.check}"
        if kind == "data" or "row" in names
        else f"{verdict.check}, the gravest first"
    )
    return f"  {head}:\n" + table(rows, head=columns, indent="    ")


def _reasons(verdicts: Sequence[Verdict]) -> list[str]:
    """Why changes are called faults or real: the signs with their weights, those of several changes once."""
    groups: dict[tuple[str, tuple[Evidence, ...]], list[str]] = {}
    for verdict in verdicts:
        part = f" ({verdict.slice})" if verdict.slice else ""
        groups.setdefault((verdict.cause or "unclear", verdict.evidence), []).append(f"{verdict.check}{part}")
    return [
        f"  {ONE_OR_MORE[cause][len(checks) > 1]}: {', '.join(checks)}\n"
        + table([[item.says, f"+{item.weight:.1f}", item.text] for item in evidence], indent="    ")
        for (cause, evidence), checks in groups.items()
    ]


def short(name: str) -> str:
    """A name in a table, cut in its middle: both ends tell names apart."""
    text = "".join(char if char.isprintable() else "�" for char in name)
    return text if len(text) <= NAME else f"{text[: NAME - 13]}…{text[-12:]}"


def cell(value: Json) -> str:
    """A value in a table: short, on one line."""
    if isinstance(value, float):
        text = f"{value:.4g}"
    elif isinstance(value, bool) or value is None:
        text = {True: "true", False: "false", None: ""}[value]
    elif isinstance(value, list):
        text = ", ".join(cell(item) for item in value)
    else:
        text = str(value)
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"
