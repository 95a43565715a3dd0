"""What is known of a version of a model, and how two differ, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_cli.cli.render.history import SHORT, when
from mlops_cli.cli.screen import counted, paint, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_cli.base.records import Json
    from mlops_cli.checks.verdict import Figure
    from mlops_cli.models.card import Card
    from mlops_cli.workflows.model_diff import FigurePair, GatePair, ModelDifference
    from mlops_cli.workflows.model_facts import JudgedBy, ModelFacts

FEW = 12  # features, parameters or metrics before the list is cut
FEW_SLICES = 8


def model_rows(facts: ModelFacts, *, verbose: bool) -> list[list[str]]:
    """The rows that `show` has for a model beside those of every version."""
    rows = [["aliases", ", ".join(facts.aliases)]] if facts.aliases else []
    if facts.card is not None:
        rows += _card(facts.card, verbose)
    rows += [
        ["split", f"{stage}: " + ", ".join(f"{part} {oid[:SHORT]}" for part, oid in parts.items())]
        for stage, parts in facts.splits.items()
    ]
    for item in facts.signatures:
        word = f"does not count: {item.fault}" if item.fault else "good"
        rows.append(["signed", f"by {item.signer or item.key} at {when(item.time)}: {word}"])
    return rows + [["problem", paint(line, "bad")] for line in facts.problems]


def _card(card: Card, verbose: bool) -> list[list[str]]:
    target = f", predicts {card.target}" if card.target else ""
    rows = [["model", f"{card.estimator} ({card.flavor}), {card.task}{target}"]]
    if card.classes:
        rows.append(["classes", _list([str(item) for item in card.classes], verbose)])
    features = [f"{item.name} {item.dtype}".rstrip() for item in card.features]
    rows.append(["features", f"{len(features)}: {_list(features, verbose)}"])
    params = [f"{name}={value}" for name, value in card.params.items()]
    if params:
        rows.append(["set to", _list(params, verbose, "  ")])
    if card.trained_on is not None:
        trained = card.trained_on
        rows.append(["trained on", f"{trained.name}  {trained.oid[:SHORT]}  {counted(trained.rows, 'row')}"])
    elif card.rows is not None:
        rows.append(["trained on", counted(card.rows, "row")])
    if card.seed is not None:
        rows.append(["drawn with", f"seed {card.seed}"])
    return rows


def _list(items: Sequence[str], verbose: bool, between: str = ", ") -> str:
    shown = items if verbose else items[:FEW]
    more = f"{between}and {len(items) - len(shown)} more (-v)" if len(shown) < len(items) else ""
    return between.join(shown) + more


def judged_text(facts: ModelFacts, *, verbose: bool) -> str:
    """What the gates found: a block a gate."""
    return "\n\n".join(_judged(item, verbose) for item in facts.judged) or paint("no gate has judged it", "dim")


def _judged(item: JudgedBy, verbose: bool) -> str:
    word = paint("passed", "good") if item.passed else paint("said no", "bad")
    who = f" by {item.who}" if item.who else ""
    lines = [f"gate {item.gate}: {word}, {when(item.time)}{who}, report {item.report[:SHORT]}"]
    lines += [f"  {line}" for line in item.blocking]
    shown = item.figures if verbose else item.figures[:FEW]
    lines.append(table([[figure.metric, said(figure)] for figure in shown], indent="  "))
    if len(shown) < len(item.figures):
        lines.append(f"  and {len(item.figures) - len(shown)} more metrics (-v)")
    if item.slices and verbose:
        rows = [
            [part.slice, counted(part.n, "row"), "  ".join(f"{one.metric} {said(one)}" for one in part.figures)]
            for part in item.slices
        ]
        lines.append(table(rows, indent="  "))
    elif item.slices:
        lines.append(f"  and of {counted(len(item.slices), 'slice')} (-v)")
    return "\n".join(line for line in lines if line)


def said(figure: Figure | None) -> str:
    """A metric with its interval."""
    if figure is None:
        return "-"
    interval = "" if figure.low is None or figure.high is None else f"  [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{interval}"


def difference_parts(found: ModelDifference) -> list[str]:
    """The blocks that `diff` has for two models: planes that differ, then what each gate found."""
    planes = {
        "model": found.model,
        "features": found.features,
        "settings": found.params,
        "trained on": found.trained_on,
        "code reached": found.symbols,
        "libraries of the model": found.libraries,
    }
    parts = ["\n".join([name, *(f"  {line}" for line in lines)]) for name, lines in planes.items() if lines]
    return parts + [_gate(gate) for gate in found.gates]


def _gate(gate: GatePair) -> str:
    words = {True: "passed", False: "said no", None: "has not judged it"}
    rows = "on the same rows" if gate.same_rows else "not on the same rows"
    head = f"gate {gate.gate}: {words[gate.first_passed]} -> {words[gate.second_passed]}"
    both = gate.first_passed is not None and gate.second_passed is not None
    lines = [f"{head}, {rows}" if both else head]
    lines.append(table([_pair(pair) for pair in gate.figures], indent="  "))
    moved = [
        (part, [pair for pair in part.figures if _differs(pair)])
        for part in gate.slices
        if any(_differs(pair) for pair in part.figures)
    ]
    moved.sort(key=lambda item: not any(pair.overlap is False for pair in item[1]))
    for part, figures in moved[:FEW_SLICES]:
        sizes = f"{_count(part.first_rows)} -> {_count(part.second_rows)}"
        size = _count(part.first_rows) if part.first_rows == part.second_rows else sizes
        lines += [f"  {part.slice} ({size} rows)", table([_pair(pair) for pair in figures], indent="    ")]
    if len(moved) > FEW_SLICES:
        lines.append(f"  and {len(moved) - FEW_SLICES} more slices that differ (--json has them all)")
    return "\n".join(line for line in lines if line)


def _differs(pair: FigurePair) -> bool:
    return (pair.first.value if pair.first else None) != (pair.second.value if pair.second else None)


def _pair(pair: FigurePair) -> list[str]:
    change = f"{pair.second.value - pair.first.value:+.4g}" if pair.first and pair.second else ""
    apart = {True: "intervals overlap", False: paint("intervals are apart", "warn"), None: ""}
    note = apart[pair.overlap] if _differs(pair) else "the same"
    return [pair.metric, said(pair.first), said(pair.second), change, note]


def _count(rows: Json) -> str:
    return "-" if rows is None else f"{rows:,}"
