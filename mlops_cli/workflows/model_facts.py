"""What `show` and `diff` tell of a version of a model: its card, its splits, what gates found, who signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.checks.verdict import Figure, Report
from mlops_cli.models.card import Card
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.records import Version
from mlops_cli.workflows.evidence import evidence_of, read_report
from mlops_cli.workflows.history import aliases_of
from mlops_cli.workflows.model_cards import CARD, card_of
from mlops_cli.workflows.sign import Signature, signatures_of
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class SliceOf:
    """The metrics of one slice."""

    slice: str
    n: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class JudgedBy:
    """The latest word of one gate on this very version."""

    gate: str
    passed: bool
    time: str
    who: str
    report: Oid
    data: str | None
    """The identity of the rows that it was judged on."""
    figures: tuple[Figure, ...]
    slices: tuple[SliceOf, ...]
    blocking: tuple[str, ...]
    """What was found by the checks that say no."""


@dataclass(frozen=True)
class ModelFacts:
    """All of it."""

    card: Card | None
    splits: Mapping[str, Mapping[str, Oid]]
    """Stage that splits -> part -> identity."""
    judged: tuple[JudgedBy, ...]
    """The newest first."""
    aliases: tuple[str, ...]
    signatures: tuple[Signature, ...]
    problems: tuple[str, ...] = ()
    """What is lost or damaged of these facts."""


def model_facts(workspace: Workspace, oid: Oid, version: Version, run: RunRecord | None) -> ModelFacts:
    """The facts of a version of a model; what is lost of them is among the problems."""
    problems: list[str] = []
    card: Card | None = None
    judged: tuple[JudgedBy, ...] = ()
    try:
        card = card_of(workspace, version.artifact)
    except StoreError as error:
        problems.append(f"{CARD}: {error}")
    try:
        judged = tuple(judgements(workspace, oid, version))
    except StoreError as error:
        problems.append(f"what gates found: {error}")
    splits = {
        result.stage: {name: item.oid for name, item in result.outputs.items()}
        for result in (run.stages if run else ())
        if result.kind == "split"
    }
    aliases = aliases_of(workspace.journal.names()).get((version.name, oid), ())
    return ModelFacts(card, splits, judged, aliases, tuple(signatures_of(workspace, oid)), tuple(problems))


def judgements(workspace: Workspace, oid: Oid, version: Version) -> Iterator[JudgedBy]:
    """The latest judgement of each gate, newest first; of an older version the reports of its run.

    Raises StoreError where a report is lost.
    """
    found = evidence_of(workspace, oid)
    for item in sorted(found.values(), key=lambda one: (one.time, one.gate), reverse=True):
        yield judged_by(read_report(workspace, item.report), item.report, item.time, item.who)
    for report in version.evidence if not found else ():
        yield judged_by(read_report(workspace, report), report, version.created, "")


def judged_by(report: Report, oid: Oid, time: str, who: str) -> JudgedBy:
    """What a report says, in short."""
    detail = report.detail
    slices = tuple(SliceOf(item.slice, item.n, item.figures) for item in detail.slices) if detail else ()
    blocking = tuple(verdict.message for verdict in report.verdicts if verdict.blocks)
    return JudgedBy(
        report.validation, report.passed, time, who, oid, report.inputs.get("data"), _figures(report), slices, blocking
    )


def _figures(report: Report) -> tuple[Figure, ...]:
    """All metrics, those with an interval first: of a report without detail, its verdicts have some."""
    found = {figure.metric: figure for figure in (report.detail.figures if report.detail is not None else ())}
    for verdict in report.verdicts:
        name = verdict.subject
        if verdict.slice is None and verdict.interval is not None and name in report.metrics and name not in found:
            found[name] = Figure(name, report.metrics[name], *verdict.interval, verdict.n or report.rows or 0)
    rest = (name for name in report.metrics if name not in found)
    return (*found.values(), *(Figure(name, report.metrics[name], None, None, report.rows or 0) for name in rest))
