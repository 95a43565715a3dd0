"""What is known for and against a version of a model: the latest report of every gate that has judged it.

Every judgement moves an alias of ours, `churn@judged.<gate>`, to the version that was judged, also where it stood there
already. The line of the journal leads to the report: by its run, or, where somebody has judged by hand, directly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.checks.verdict import Report
from mlops_cli.pipeline.records import RunRecord, StageRecord, StageResult
from mlops_cli.store.journal import Conflict, Line, Move
from mlops_cli.store.records import Version
from mlops_cli.workflows.workspace import Workspace

JUDGED = "@judged."
MODEL = "model"  # the argument of a gate under which its report says what it has judged
RECORD = re.compile(rb"mlops/[a-z]+/[0-9]+\n")  # how a record of the store begins; a report is plain JSON
ATTEMPTS = 20  # others that may judge at the same moment before we give up


@dataclass(frozen=True)
class Judgement:
    """What one gate said of one version."""

    gate: str
    """The name of the validation."""
    passed: bool
    report: Oid
    spec: str | None
    """The identity of what the spec asked for when it was applied."""
    inputs: Mapping[str, str]
    """Argument -> identity of what was judged and compared with."""
    time: str
    """When it was judged; a result that was reused keeps its time."""
    who: str
    run: Oid | None
    """None: it was judged by hand."""


def judged_name(model: str, gate: str) -> str:
    """The alias that the judgements of a gate move."""
    return f"{model}{JUDGED}{gate}"


def evidence_of(workspace: Workspace, version: Oid) -> dict[str, Judgement]:
    """Gate -> its latest judgement of exactly this version. A report of another content does not count.

    Raises StoreError where the version, or a report of it, is lost.
    """
    record = workspace.store.read_record(version, "version", Version)
    start = f"{record.name}{JUDGED}"
    found: dict[str, Judgement] = {}
    for name in sorted(workspace.journal.names()):
        if name.startswith(start):
            gate = name.removeprefix(start)
            lines = workspace.journal.moves_to(name, version)
            judgements = (_judgement(workspace, line, gate, record.artifact.oid) for line in lines)
            latest = next((item for item in judgements if item is not None), None)
            if latest is not None:
                found[gate] = latest
    return found


def is_recorded(workspace: Workspace, model: str, gate: str, version: Oid, report: Oid) -> bool:
    """Whether a judgement of a version by a gate rests on this report. A result that is reused is recorded once: what
    somebody has found by hand since then stays the latest word."""
    lines = workspace.journal.moves_to(judged_name(model, gate), version)
    return any(report == found for line in lines for found, _ in _reports(workspace, line))


def record_judgement(workspace: Workspace, report: Report, version: Oid) -> Oid:
    """Keep what a gate said of a version by hand, pass or fail, and return the report's identity. Raises StoreError."""
    record = workspace.store.read_record(version, "version", Version)
    if report.inputs.get(MODEL) != record.artifact.oid:
        raise ValueError(f"this report judges another content than {record.name}")
    with workspace.store.begin() as transaction:
        oid = transaction.add_bytes(canonical(report))
        transaction.commit()
    workspace.store.flush()
    name = judged_name(record.name, report.validation)
    number = workspace.journal.versions(record.name).index(version) + 1
    why = f"{report.validation} by hand on {record.name}@v{number}: {'passed' if report.passed else 'said no'}"
    for _ in range(ATTEMPTS):
        try:
            workspace.journal.append([Move(name, workspace.journal.names().get(name), version)], why, about=oid)
            return oid
        except Conflict:
            continue  # somebody else judged at this moment: the line that comes last is the latest judgement
    raise Conflict("could not record the judgement: too many others did at the same time", "validate again")


def read_report(workspace: Workspace, oid: Oid) -> Report:
    """A report of the store. Raises StoreError where it is lost, or no report."""
    try:
        return decode(workspace.store.read(oid), Report)
    except BadRecord as error:
        raise StoreError(f"object {oid[:12]} is no report: {error}", "judge again: mlops validate") from None


def _judgement(workspace: Workspace, line: Line, gate: str, content: Oid) -> Judgement | None:
    for oid, result in _reports(workspace, line):
        if result is None and RECORD.match(workspace.store.read(oid)):
            continue  # the line is about something else: somebody has moved our alias by hand
        report = read_report(workspace, oid)
        if report.validation == gate and report.inputs.get(MODEL) == content:
            time = line.time
            if result is not None and result.record is not None:
                time = workspace.store.read_record(result.record, "stage", StageRecord).started
            return Judgement(gate, report.passed, oid, report.spec, report.inputs, time, line.who, line.run)
    return None


def _reports(workspace: Workspace, line: Line) -> Iterator[tuple[Oid, StageResult | None]]:
    """The reports that a line leads to, each with the stage that made it (None: by hand)."""
    if line.about is not None:
        yield line.about, None
    elif line.run is not None:
        for result in workspace.store.read_record(line.run, "run", RunRecord).stages:
            if result.kind == "validate" and "report" in result.outputs:
                yield result.outputs["report"].oid, result
