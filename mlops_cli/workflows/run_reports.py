"""`mlops report`: what the gates of a run found, whether or not they let anything through."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_cli.base.errors import UserError
from mlops_cli.checks.verdict import Report
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.spec.places import suggestion
from mlops_cli.store.refs import resolve
from mlops_cli.workflows.evidence import read_report
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class GateReport:
    """The report of one gate of a run."""

    stage: str
    report: Report


def run_reports(workspace: Workspace, reference: str | None, stages: tuple[str, ...] = ()) -> list[GateReport]:
    """The reports of a run (None: of the newest one that has any) in the order of its stages; of `stages` alone, where
    some are named. Raises UserError where the REF is no run, or there is no such gate in it."""
    run = _run(workspace, reference)
    gates = {item.stage: item.outputs["report"].oid for item in run.stages if "report" in item.outputs}
    unknown = [name for name in stages if name not in gates]
    if unknown or not gates:
        what = f"'{unknown[0]}' is no gate of run {run.id}" if unknown else f"run {run.id} has no gates"
        raise UserError(what, suggestion(unknown[0], gates, "gates") if unknown else "a stage with `validate` is one")
    return [
        GateReport(name, read_report(workspace, oid)) for name, oid in gates.items() if not stages or name in stages
    ]


def chosen(found: list[GateReport]) -> GateReport:
    """The one that people want to see: the first that said no, else the last."""
    return next((item for item in found if not item.report.passed), found[-1])


def _run(workspace: Workspace, reference: str | None) -> RunRecord:
    if reference is not None:
        found = resolve(workspace.store, workspace.journal, reference)
        oid = found.version.run if found.version is not None else found.oid if found.kind == "run" else None
        if oid is None:
            raise UserError(f"'{reference}' is no run, and no run has made it", "`mlops runs` lists the runs there are")
        return workspace.store.read_record(oid, "run", RunRecord)
    for line in reversed(workspace.journal.lines()):
        if line.run is not None:
            run = workspace.store.read_record(line.run, "run", RunRecord)
            if any("report" in item.outputs for item in run.stages):
                return run
    raise UserError("no run with a gate is recorded yet", "mlops run")
