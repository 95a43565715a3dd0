"""What there is to say about a version of a model, as facts: the record behind the card, and the limits that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.store.records import GitState

if TYPE_CHECKING:
    from mlops_cli.models.card import Card

LIMITS = 20
"""More than these are counted."""
BY_SLICE = "by_slice."
SLICES = 6  # told by name in one sentence


@dataclass(frozen=True)
class Origin:
    """The run that made the version."""

    run: str
    pipeline: str
    spec: str
    stage: str | None
    started: str
    code: Oid
    git: GitState | None
    environment: Oid
    parameters: Mapping[str, Json]
    seed: int | None
    inputs: Mapping[str, Oid]
    """Source -> its content."""


@dataclass(frozen=True)
class Judged:
    """The latest judgement of one gate."""

    gate: str
    passed: bool
    time: str
    who: str
    report: Oid
    found: Report


@dataclass(frozen=True)
class Step:
    """An alias came to this version, or left it."""

    time: str
    who: str
    alias: str
    arrived: bool
    why: str
    because: str | None = None
    missing: tuple[str, ...] = ()
    """What the policy asked for and was not there, where somebody has overridden it."""


@dataclass(frozen=True)
class SignedBy:
    """A signature over the version, checked."""

    key: str
    signer: str | None
    time: str
    fault: str | None
    """None: it is good."""


@dataclass(frozen=True)
class ModelCard:
    """One version of a model."""

    name: str
    number: int | None
    oid: Oid
    content: Oid
    bytes: int
    created: str
    aliases: tuple[str, ...]
    model: Card | None
    """None: its folder has no card."""
    origin: Origin | None
    judged: tuple[Judged, ...]
    """The newest first."""
    metrics: Mapping[str, float]
    steps: tuple[Step, ...]
    """The oldest first."""
    signatures: tuple[SignedBy, ...]
    limits: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """`churn@v3`."""
        return f"{self.name}@v{self.number}" if self.number else self.name

    @property
    def main(self) -> Judged | None:
        """The judgement whose figures are shown: the newest that has any in detail, else the newest."""
        full = [item for item in self.judged if item.found.detail is not None]
        return next(iter(full or self.judged), None)


def limits(card: ModelCard) -> tuple[str, ...]:
    """What a user of the model should know, each a sentence that follows from a fact."""
    found = list(dict.fromkeys([*_of_the_model(card), *_of_the_gates(card)]))
    if len(found) > LIMITS:
        return (*found[:LIMITS], f"and {len(found) - LIMITS} more: see the reports of its gates")
    return tuple(found)


def _of_the_model(card: ModelCard) -> Iterator[str]:
    model = card.model
    if not card.judged:
        yield "no gate has judged this version"
    if model is not None:
        if model.trained_on is None:
            yield "it is not known which data it was fitted on"
        if model.flavor == "pickle":
            yield "its file is a pickle: loading it runs code that is in it"
        if model.note:
            yield model.note
    for step in card.steps:
        if step.missing:
            yield f"it became {step.alias} although something was missing: {'; '.join(step.missing)}"
    yield from (
        f"a signature with the key {item.key} does not count: {item.fault}" for item in card.signatures if item.fault
    )


def _of_the_gates(card: ModelCard) -> Iterator[str]:
    trained = card.model.trained_on.oid if card.model and card.model.trained_on else None
    for item in card.judged:
        if trained is not None and item.found.inputs.get("data") == trained:
            yield f"{item.gate} has judged it on the rows that it was fitted on"
        for verdict in sorted(item.found.verdicts, key=lambda verdict: not verdict.blocks):
            sentence = _limit(verdict)
            if sentence:
                yield f"{item.gate}: {sentence}"
        few = _too_small(item.found)
        if few is not None:
            yield f"{item.gate}: {few}"
        if item.found.detail is not None:
            for part in item.found.detail.segments:
                yield f"it is weak where {part.rule} ({part.n:,} rows): loss {part.loss:.4g}, elsewhere {part.rest:.4g}"


def _limit(verdict: Verdict) -> str | None:
    where = f" in {verdict.slice}" if verdict.slice else ""
    if verdict.blocks or verdict.state == "warn":
        word = "fails" if verdict.blocks else "warns"
        return f"{verdict.check}{where} {word}: {verdict.message}"
    if verdict.state == "too_few" and not verdict.check.startswith(BY_SLICE):
        return f"{verdict.check}{where} could not be judged: {verdict.message}"
    return None


def _too_small(report: Report) -> str | None:
    """The slices of which some check could not be judged, in one sentence."""
    found = {
        verdict.slice: verdict.n
        for verdict in report.verdicts
        if verdict.state == "too_few" and verdict.slice and verdict.check.startswith(BY_SLICE)
    }
    if not found:
        return None
    told = [f"{name} ({rows:,} rows)" if rows is not None else name for name, rows in list(found.items())[:SLICES]]
    more = f" and {len(found) - SLICES} more" if len(found) > SLICES else ""
    return f"too few rows to judge {', '.join(told)}{more}"
