"""`diff` of two versions of a model: what they are made of, and how good they were found, overall and per slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Figure
from mlops_cli.models.card import Card, Trained
from mlops_cli.workflows.model_facts import JudgedBy, ModelFacts


@dataclass(frozen=True)
class FigurePair:
    """One metric of both versions, by the same gate."""

    metric: str
    first: Figure | None
    second: Figure | None
    overlap: bool | None
    """Whether the intervals have values in common; None where one of them is not known."""


@dataclass(frozen=True)
class SlicePair:
    """The metrics of one slice."""

    slice: str
    first_rows: int | None
    second_rows: int | None
    figures: tuple[FigurePair, ...]


@dataclass(frozen=True)
class GatePair:
    """What one gate found of both versions."""

    gate: str
    first_passed: bool | None
    """None: it has not judged this version."""
    second_passed: bool | None
    same_rows: bool
    """Whether both were judged on the same rows."""
    figures: tuple[FigurePair, ...]
    slices: tuple[SlicePair, ...]


@dataclass(frozen=True)
class ModelDifference:
    """How two models differ, plane by plane, and what gates found of each."""

    model: tuple[str, ...]
    """Flavor, estimator, task, target, classes."""
    features: tuple[str, ...]
    params: tuple[str, ...]
    trained_on: tuple[str, ...]
    """The rows that they were fitted on, the splits, the seed."""
    symbols: tuple[str, ...]
    """Functions, classes and constants of the project's code."""
    libraries: tuple[str, ...]
    gates: tuple[GatePair, ...]


def model_difference(one: ModelFacts, other: ModelFacts, symbols: tuple[str, ...]) -> ModelDifference:
    """The difference of two models; `symbols`: what of their code differs, in words."""
    nothing = Card("", None, "binary", ())
    old, new = one.card or nothing, other.card or nothing
    return ModelDifference(
        tuple(_kind(old, new)),
        tuple(_features(old, new)),
        tuple(pairs(old.params, new.params)),
        tuple(_trained(one, other)),
        symbols,
        tuple(pairs(old.libraries, new.libraries)),
        tuple(_gates(one.judged, other.judged)),
    )


def pairs(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    """The values of two mappings that differ, as lines."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            yield f"{name}: {_said(old, name)} -> {_said(new, name)}"


def _said(values: Mapping[str, Json], name: str) -> str:
    return str(values[name]) if name in values else "nothing"


def _kind(old: Card, new: Card) -> Iterator[str]:
    def facts(card: Card) -> dict[str, Json]:
        return {
            "flavor": card.flavor,
            "estimator": card.estimator,
            "task": card.task,
            "target": card.target,
            "classes": ", ".join(map(str, card.classes)),
        }

    yield from pairs(facts(old), facts(new))


def _features(old: Card, new: Card) -> Iterator[str]:
    before, after = ({item.name: item.dtype for item in card.features} for card in (old, new))
    yield from (f"{name} added ({after[name] or 'of unknown type'})" for name in after if name not in before)
    yield from (f"{name} removed" for name in before if name not in after)
    both = [name for name in after if name in before]
    yield from (f"{name}: {before[name]} -> {after[name]}" for name in both if before[name] != after[name])
    if both != [name for name in before if name in after]:
        yield "in another order"


def _trained(one: ModelFacts, other: ModelFacts) -> Iterator[str]:
    old, new = one.card, other.card
    if old is not None and new is not None:
        yield from pairs(_rows(old.trained_on, old.rows), _rows(new.trained_on, new.rows))
        yield from pairs({"seed": old.seed}, {"seed": new.seed})
    yield from pairs(_parts(one), _parts(other))


def _rows(trained: Trained | None, rows: int | None) -> dict[str, Json]:
    return {"data": trained.oid[:12] if trained else None, "rows": trained.rows if trained else rows}


def _parts(facts: ModelFacts) -> dict[str, Json]:
    return {f"{stage}.{part}": oid[:12] for stage, parts in facts.splits.items() for part, oid in parts.items()}


def _gates(one: tuple[JudgedBy, ...], other: tuple[JudgedBy, ...]) -> Iterator[GatePair]:
    first, second = ({item.gate: item for item in side} for side in (one, other))
    for gate in dict.fromkeys((*first, *second)):
        old, new = first.get(gate), second.get(gate)
        yield GatePair(
            gate,
            old.passed if old else None,
            new.passed if new else None,
            old is not None and new is not None and old.data is not None and old.data == new.data,
            tuple(_figures(old.figures if old else (), new.figures if new else ())),
            tuple(_slices(old, new)),
        )


def _figures(old: tuple[Figure, ...], new: tuple[Figure, ...]) -> Iterator[FigurePair]:
    first, second = ({item.metric: item for item in side} for side in (old, new))
    for metric in dict.fromkeys((*first, *second)):
        one, other = first.get(metric), second.get(metric)
        yield FigurePair(metric, one, other, overlaps(one, other))


def _slices(old: JudgedBy | None, new: JudgedBy | None) -> Iterator[SlicePair]:
    first, second = ({item.slice: item for item in side.slices} if side else {} for side in (old, new))
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name), second.get(name)
        figures = _figures(one.figures if one else (), other.figures if other else ())
        yield SlicePair(name, one.n if one else None, other.n if other else None, tuple(figures))


def overlaps(one: Figure | None, other: Figure | None) -> bool | None:
    """Whether two intervals have a value in common; None where there are no two of them."""
    if one is None or other is None:
        return None
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return None
    return one.low <= other.high and other.low <= one.high
