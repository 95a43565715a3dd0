"""One verdict on a page: in full, or as a line of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import figures, text
from mlops_cli.reports.templating import weight

MESSAGE = 600
PLACES = ("row", "line")
"""Where an example stands in the data."""
CELL = 80  # characters of a value in a row


@dataclass(frozen=True)
class Item:
    """One verdict in full."""

    state: str
    word: str
    name: str
    message: str
    facts: tuple[tuple[str, str], ...]
    call: str
    """What caused it, as far as the evidence goes."""
    evidence: tuple[tuple[str, str, str], ...]
    """(what it speaks for, how strongly, what was seen)."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Line:
    """One verdict in a table."""

    state: str
    word: str
    name: str
    value: str
    bound: str
    n: str
    message: str


def loud(verdict: Verdict) -> bool:
    """Whether a person should read it: it blocks, it warns, or what it could not tell has a known cause. What passed
    has changed by no more than is allowed."""
    caused = bool(verdict.cause or verdict.evidence) and verdict.state != "pass"
    return verdict.blocks or verdict.state == "warn" or caused


def rows_of(report: Report) -> str:
    """`, on 1,234 rows`."""
    if report.rows is None:
        return ""
    aside = f", {report.aside:,} of them set aside" if report.aside is not None else ""
    return f", on {report.rows:,} row{'' if report.rows == 1 else 's'}{aside}"


def fit(parts: Sequence[str], room: int) -> tuple[list[str], int]:
    """As many parts as fit into so many bytes, and the room that is left."""
    kept: list[str] = []
    for part in parts:
        room -= weight(part) + 1
        if room < 0:
            return kept, 0
        kept.append(part)
    return kept, room


def item(verdict: Verdict) -> Item:
    """A verdict in full."""
    names = dict.fromkeys(str(name) for row in verdict.examples for name in row)
    head = (*(name for name in PLACES if name in names), *(name for name in names if name not in PLACES))
    return Item(
        verdict.state,
        text.WORDS[verdict.state],
        figures.plain(text.name(verdict), 160),
        figures.plain(verdict.message, MESSAGE),
        tuple((name, figures.plain(value, 200)) for name, value in _facts(verdict) if value),
        _call(verdict),
        tuple(_evidence(verdict)),
        tuple(figures.plain(name, 40) for name in head),
        tuple(tuple(_cell(row, name) for name in head) for row in verdict.examples),
    )


def line(verdict: Verdict) -> Line:
    """A verdict as a line of the table."""
    return Line(
        verdict.state,
        text.WORDS[verdict.state],
        figures.plain(text.name(verdict), 80),
        figures.plain(text.measured(verdict), CELL),
        figures.plain(verdict.bound, CELL),
        "" if verdict.n is None else f"{verdict.n:,}",
        figures.plain(verdict.message, 160),
    )


def _facts(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "value", text.value(verdict.value)
    yield "bound", verdict.bound
    yield "baseline", text.value(verdict.baseline)
    yield "rows", "" if verdict.n is None else f"{verdict.n:,}"
    yield "interval", f"{verdict.interval[0]:.4g} to {verdict.interval[1]:.4g}" if verdict.interval else ""
    yield "share of rows", figures.share(verdict.share)
    yield from _statistics(verdict)
    yield "reason", (verdict.reason or "").replace("_", " ") if verdict.cause is None else ""


def _cell(row: dict[str, Json], name: str) -> str:
    return figures.plain(text.shown(row[name]), CELL) if name in row else ""


def _statistics(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "effect", "" if verdict.effect is None else f"{verdict.effect:.3g}"
    yield "p", "" if verdict.p is None else _probability(verdict.p)
    yield "q", "" if verdict.q is None else _probability(verdict.q)
    yield "method", verdict.method or ""


def _probability(value: float) -> str:
    return "below 0.0001" if value < 0.0001 else f"{value:.2g}"


CALLS = {
    "fault": "looks like a processing fault",
    "real": "looks like a real change",
    "unclear": "fault or real change: unclear",
}
SPEAKS = {"fault": "a fault", "real": "a real change"}


def _call(verdict: Verdict) -> str:
    return CALLS[verdict.cause] if verdict.cause else ""


def _evidence(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """What speaks for what, the strongest first."""
    for found in sorted(verdict.evidence, key=lambda evidence: -abs(evidence.weight)):
        yield SPEAKS[found.says], f"{found.weight:.1f}", figures.plain(found.text, MESSAGE)
