"""`mlops explain churn@production`: why an alias of a model points where it does, with the evidence it moved on."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_cli.base.clock import parse_time
from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.checks.verdict import Figure, Report
from mlops_cli.store.journal import Line
from mlops_cli.store.objects import header
from mlops_cli.store.records import Promoted
from mlops_cli.store.refs import split_ref
from mlops_cli.store.whole import version_record
from mlops_cli.workflows.evidence import read_report
from mlops_cli.workflows.history import is_inner_alias
from mlops_cli.workflows.model_facts import judged_by
from mlops_cli.workflows.policy import policy_id
from mlops_cli.workflows.workspace import Workspace

FEW = 6  # metrics of a gate


def explain_alias(workspace: Workspace, reference: str) -> tuple[str, tuple[str, ...]] | None:
    """What to call the alias that a REF names, and why it moved last (up to the moment in the REF); None: no alias.

    Raises UserError for a moment that is none, StoreError for a damaged journal.
    """
    name, moment = split_ref(reference)
    history = workspace.journal.history(name) if "@" in name and not is_inner_alias(name) else []
    past = [item for item in history if moment is None or parse_time(item[0].time) <= moment]
    line, oid = past[-1] if past else (None, None)
    if line is None or oid is None:
        return None
    return reference, tuple(_why(workspace, name, line, oid))


def _why(workspace: Workspace, name: str, line: Line, oid: Oid) -> Iterator[str]:
    model, _, alias = name.partition("@")
    record = _promoted(workspace, line)
    was = line.set[name][0]
    before = f", before {_number(workspace, model, was)}" if was is not None and was != oid else ""
    yield f"{alias} is {_number(workspace, model, oid)}{before}"
    yield f"moved at {line.time} by {line.who}: {line.why}"
    if record is None:
        # A run moves an alias when its gates have passed; their reports are in the version.
        version = version_record(workspace.store, oid)
        for report in version.evidence if version is not None and line.run is not None else ():
            yield from _evidence(workspace, None, report)
        return
    if record.action == "rollback":
        yield f"a rollback: {record.because or 'nobody said why'}"
    for gate, report in sorted(record.evidence.items()):
        yield from _evidence(workspace, gate, report)
    if not record.evidence:
        yield "no gate had judged it"
    if record.policy is not None and record.policy != policy_id(workspace, alias):
        yield "mlops.yaml asked for something else of it then than it does now"
    for item in record.missing:
        yield f"overridden: {item}"
    if record.missing:
        yield f"because: {record.because or 'nobody said why'}"


def _promoted(workspace: Workspace, line: Line) -> Promoted | None:
    """The record of a promotion or a rollback, where the line is about one."""
    if line.about is None or not workspace.store.read(line.about).startswith(header("promotion")):
        return None
    return workspace.store.read_record(line.about, "promotion", Promoted)


def _number(workspace: Workspace, model: str, oid: Oid) -> str:
    versions = workspace.journal.versions(model)
    return f"{model}@v{versions.index(oid) + 1}" if oid in versions else oid[:12]


def _evidence(workspace: Workspace, gate: str | None, oid: Oid) -> Iterator[str]:
    """What a gate's report says; a lost one is told, for the promotion stands without it."""
    try:
        report = read_report(workspace, oid)
    except StoreError as error:
        yield f"{f'gate {gate}: its' if gate else 'a'} report is lost ({error})"
        return
    yield f"gate {report.validation} {'passed' if report.passed else 'said no'} (report {oid[:12]}, {_checks(report)})"
    found = judged_by(report, oid, "", "")
    yield from (f"  {message}" for message in found.blocking)
    shown = ", ".join(map(_said, found.figures[:FEW]))
    if shown:
        yield f"  {shown}"


def _checks(report: Report) -> str:
    counts: dict[str, int] = {}
    for verdict in report.verdicts:
        counts[verdict.state] = counts.get(verdict.state, 0) + 1
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.items())


def _said(figure: Figure) -> str:
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.metric} {figure.value:.4g}{interval}"
