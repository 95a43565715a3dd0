"""`mlops card REF`: what there is to say about a version of a model, gathered from the store and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.reports.model_card import Judged, ModelCard, Origin, SignedBy, Step, limits
from mlops_cli.store.objects import header
from mlops_cli.store.records import Promoted, Version
from mlops_cli.store.refs import resolve
from mlops_cli.workflows.evidence import evidence_of, read_report
from mlops_cli.workflows.history import aliases_of, is_inner_alias
from mlops_cli.workflows.model_cards import card_of
from mlops_cli.workflows.sign import signatures_of
from mlops_cli.workflows.workspace import Workspace


def model_card(workspace: Workspace, reference: str) -> ModelCard:
    """The card of the version that a REF names. Raises UserError where that is no model, StoreError where something
    of it is lost."""
    found = resolve(workspace.store, workspace.journal, reference)
    version = found.version
    if version is None or version.kind != "model":
        kind = f"a{'n' if found.kind == 'object' else ''} {found.kind}" if version is None else "data"
        raise UserError(f"'{reference}' is no model but {kind}", "`mlops models` lists the models there are")
    card = ModelCard(
        name=version.name,
        number=found.version_number,
        oid=found.oid,
        content=version.artifact.oid,
        bytes=version.artifact.bytes,
        created=version.created,
        aliases=aliases_of(workspace.journal.names()).get((version.name, found.oid), ()),
        model=card_of(workspace, version.artifact),
        origin=_origin(workspace, version),
        judged=_judged(workspace, found.oid, version),
        metrics=version.metrics,
        steps=tuple(_steps(workspace, version.name, found.oid)),
        signatures=tuple(
            SignedBy(item.key, item.signer, item.time, item.fault) for item in signatures_of(workspace, found.oid)
        ),
    )
    return replace(card, limits=limits(card))


def _origin(workspace: Workspace, version: Version) -> Origin | None:
    if version.run is None:
        return None
    run = workspace.store.read_record(version.run, "run", RunRecord)
    inputs = {name: item.oid for name, item in sorted(run.inputs.items())}
    return Origin(
        run.id,
        run.pipeline,
        run.spec,
        version.stage,
        run.started,
        run.code,
        run.git,
        run.environment,
        run.parameters,
        run.seed,
        inputs,
    )


def _judged(workspace: Workspace, oid: Oid, version: Version) -> tuple[Judged, ...]:
    """The latest judgement of each gate. A version from before judgements were recorded has the reports of its run."""
    found = [
        Judged(item.gate, item.passed, item.time, item.who, item.report, read_report(workspace, item.report))
        for item in evidence_of(workspace, oid).values()
    ]
    if not found:
        for place in version.evidence:
            report = read_report(workspace, place)
            found.append(Judged(report.validation, report.passed, version.created, "", place, report))
    return tuple(sorted(found, key=lambda item: (item.time, item.gate), reverse=True))


def _steps(workspace: Workspace, name: str, oid: Oid) -> Iterator[Step]:
    """How aliases came to a version and left it, the oldest first."""
    for line in workspace.journal.lines():
        for full, (old, new) in line.set.items():
            base, sign, alias = full.partition("@")
            if base != name or not sign or is_inner_alias(full) or old == new or oid not in (old, new):
                continue
            promoted = _promoted(workspace, line.about)
            ours = promoted is not None and new == oid
            yield Step(
                line.time,
                line.who,
                alias,
                new == oid,
                line.why,
                promoted.because if promoted is not None and ours else None,
                promoted.missing if promoted is not None and ours else (),
            )


def _promoted(workspace: Workspace, about: Oid | None) -> Promoted | None:
    """The record of a promotion, where a line of the journal is about one."""
    if about is None or not workspace.store.read(about).startswith(header("promotion")):
        return None
    return workspace.store.read_record(about, "promotion", Promoted)
