"""One self-contained HTML page of a version of a model: its card, around all that its latest gate has found."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_cli.reports import figures, text
from mlops_cli.reports.card_sections import Section, about, evidence, history, measured
from mlops_cli.reports.items import rows_of
from mlops_cli.reports.model_card import ModelCard
from mlops_cli.reports.model_page import body, judged
from mlops_cli.reports.templating import render

ONE = 200  # characters of a limit


def card_html(card: ModelCard) -> str:
    """The page."""
    main = card.main
    found = render(
        "model_card.html",
        title=figures.plain(f"{card.title}: model card", 200),
        name=figures.plain(card.title, 120),
        aliases=[figures.plain(alias, 60) for alias in card.aliases],
        words=figures.plain(_words(card), 200),
        gates=[
            (figures.plain(item.gate, 80), item.passed, text.counts(item.found) + rows_of(item.found))
            for item in card.judged
        ],
        limits=[figures.plain(item, 2 * ONE) for item in card.limits],
        gate=figures.plain(main.gate, 80) if main else "",
        against=figures.plain(main.found.baseline or "", 120) if main else "",
        judged=body(main.found) if main else "",
        what=judged(main.found) if main else [],
        before=_filled(measured(card)) if main is None else [],
        sections=_filled([*about(card), *evidence(card), *history(card)]),
    )
    return str(found)


def _filled(parts: Iterable[Section]) -> list[Section]:
    return [part for part in parts if part.rows]


def _words(card: ModelCard) -> str:
    model = card.model
    if model is None:
        return "a model without a card"
    target = f" of {model.target}" if model.target else ""
    rows = f", fitted on {model.rows:,} rows" if model.rows is not None else ""
    return f"{model.estimator.rpartition('.')[2]}: {model.task}{target} from {len(model.features):,} features{rows}"
