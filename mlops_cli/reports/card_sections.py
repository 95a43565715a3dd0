"""The card of a model as titled tables: said once for the terminal, for Markdown and for HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Detail
from mlops_cli.reports import figures, text
from mlops_cli.reports.model_card import ModelCard
from mlops_cli.reports.model_figures import ends, less_is_better, number, rivals_of, value_of

SHORT = 12  # digits of an identity
VALUE, MANY = 120, 100
"""Characters of a value; lines of a table, above which the others are counted."""


@dataclass(frozen=True)
class Section:
    """A table with a title; without a head its first column names what the others say."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Section:
    """A table whose cells are safe to show anywhere, and not too many."""
    kept = tuple(tuple(figures.plain(cell, VALUE) for cell in row) for row in rows[:MANY])
    return Section(title, tuple(head), kept, len(rows) - len(kept))


def about(card: ModelCard) -> Iterator[Section]:
    """What the version is, and where it comes from; sections without a line are left out."""
    yield section("What it is", (), list(_is(card)))
    if card.model is not None:
        signature = [[item.name, item.dtype or "not known"] for item in card.model.features]
        yield section("Features", ("feature", "type"), signature)
    yield section("Data", ("what", "identity", "rows"), list(_data(card)))
    if card.model is not None:
        yield section("Parameters", (), [[name, shown(value)] for name, value in card.model.params.items()])
    yield section("Made by", (), list(_origin(card)))


def evidence(card: ModelCard) -> Iterator[Section]:
    """What its gates have said."""
    rows = [
        [
            item.gate,
            "passed" if item.passed else "said no",
            text.counts(item.found),
            when(item.time),
            item.report[:SHORT],
        ]
        for item in card.judged
    ]
    yield section("Gates", ("gate", "state", "checks", "judged (UTC)", "report"), rows)


def measured(card: ModelCard) -> Iterator[Section]:
    """Its metrics with their intervals, and how far its slices lie apart."""
    found = card.main.found if card.main else None
    detail = found.detail if found else None
    if detail is None or not detail.figures:
        plain = found.metrics if found else card.metrics
        yield section("Metrics", (), [[name, number(value)] for name, value in sorted(plain.items())])
        return
    rivals = rivals_of(detail)
    head = ("metric", "value", f"{100 * detail.confidence:.4g}% interval", *rivals)
    rows = []
    for figure in detail.figures:
        others = [value_of(detail.rivals[name], figure.metric) for name in rivals]
        rows.append([figure.metric, number(figure.value), ends(figure), *map(number, others)])
    yield section("Metrics", head, rows)
    yield section("Slices", ("metric", "worst", "", "best", "", "apart"), list(_slices(detail)))


def history(card: ModelCard) -> Iterator[Section]:
    """Who moved which alias to it or away from it, and who stands for it."""
    steps = [
        [when(step.time), step.alias, "came" if step.arrived else "left", _why(step.why, step.because), step.who]
        for step in card.steps
    ]
    yield section("History", ("time (UTC)", "alias", "", "why", "who"), steps)
    signed = [[item.signer or "not known", item.key, when(item.time), item.fault or "good"] for item in card.signatures]
    yield section("Signatures", ("signer", "key", "signed (UTC)", ""), signed)


def sections(card: ModelCard) -> list[Section]:
    """The whole card, in the order in which it is read."""
    limits = section("Limits", (), [[item] for item in card.limits])
    every = [*evidence(card), *measured(card), limits, *about(card), *history(card)]
    return [part for part in every if part.rows]


def when(time: str) -> str:
    """A stored time as `2026-03-01 14:03:00`."""
    return time[:19].replace("T", " ")


def shown(value: Json) -> str:
    """A value of a parameter."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return number(value) if isinstance(value, float) else str(value)


def _why(why: str, because: str | None) -> str:
    return f"{why} ({because})" if because and because not in why else why


def _is(card: ModelCard) -> Iterator[list[str]]:
    yield ["version", card.title]
    if card.aliases:
        yield ["aliases", ", ".join(card.aliases)]
    model = card.model
    if model is not None:
        yield ["estimator", model.estimator]
        yield ["kept as", model.flavor]
        yield ["task", model.task]
        yield ["target", model.target or "not known"]
        if model.classes:
            yield ["classes", ", ".join(shown(name) for name in model.classes)]
        yield ["libraries", ", ".join(f"{name} {version}" for name, version in sorted(model.libraries.items()))]
    yield ["made (UTC)", when(card.created)]
    yield ["identity", card.oid]
    yield ["content", f"{card.content} ({card.bytes:,} bytes)"]


def _data(card: ModelCard) -> Iterator[list[str]]:
    model = card.model
    if model is not None and model.trained_on is not None:
        yield [f"fitted on {model.trained_on.name}", model.trained_on.oid[:SHORT], f"{model.trained_on.rows:,}"]
    elif model is not None and model.rows is not None:
        yield ["fitted on", "not known", f"{model.rows:,}"]
    for item in card.judged:
        rows = "" if item.found.rows is None else f"{item.found.rows:,}"
        if "data" in item.found.inputs:
            yield [f"judged on, by {item.gate}", item.found.inputs["data"][:SHORT], rows]
        else:
            yield [f"judged on, by {item.gate}", "not known", rows]
    for name, oid in card.origin.inputs.items() if card.origin else ():
        yield [f"source {name}", oid[:SHORT], ""]


def _origin(card: ModelCard) -> Iterator[list[str]]:
    origin = card.origin
    if origin is None:
        yield ["run", "none: it was added by hand"]
        return
    yield ["run", f"run:{origin.run} of {origin.pipeline} ({origin.spec}), {when(origin.started)}"]
    if origin.stage:
        yield ["stage", origin.stage]
    git = (
        f"git {origin.git.commit[:SHORT]}{' with uncommitted changes' if origin.git.dirty else ''}"
        if origin.git
        else "no git"
    )
    yield ["code", f"{git}; files {origin.code[:SHORT]}"]
    yield ["environment", origin.environment[:SHORT]]
    yield ["seed", "none" if origin.seed is None else str(origin.seed)]
    for name, value in origin.parameters.items():
        yield [f"parameter {name}", shown(value)]


def _slices(detail: Detail) -> Iterator[list[str]]:
    """The two extreme slices by each metric; what has no value is too small to have one."""
    for figure in detail.figures:
        found = [
            (part.slice, item.value) for part in detail.slices for item in part.figures if item.metric == figure.metric
        ]
        if len(found) > 1:
            ordered = sorted(found, key=lambda pair: pair[1], reverse=less_is_better(figure.metric))
            (worst, low), (best, high) = ordered[0], ordered[-1]
            yield [figure.metric, worst, number(low), best, number(high), number(abs(high - low))]
