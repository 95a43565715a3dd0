"""How often rows have been used to judge models: every choice that is made by them fits them a little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.faults import store_faults
from mlops_cli.store.journal import Line
from mlops_cli.workflows.workspace import Workspace

REMEMBERED = "cache/judged.json"


@dataclass(frozen=True)
class _Judged:
    """The part of a report that is needed here."""

    kind: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Seen:
    """The journal folded up to a line: rows -> the models that were judged on them, or the tables of predictions."""

    line: str = ""
    """The checksum of the last line that is in it."""
    models: dict[str, list[str]] = field(default_factory=dict)


def judged_before(workspace: Workspace, rows: Oid, besides: Oid) -> int:
    """How many models other than `besides` gates have judged on these rows, in runs and by hand, good or bad."""
    seen = _read(workspace)
    return len(set(seen.models.get(rows, ())) - {besides})


def _read(workspace: Workspace) -> _Seen:
    """The fold up to the last line; what an earlier call has folded is remembered, and made anew when it is lost."""
    path = workspace.store.folder / REMEMBERED
    lines = workspace.journal.lines()
    seen = _remembered(path)
    known = next((at + 1 for at in range(len(lines) - 1, -1, -1) if lines[at].sum == seen.line), 0)
    if not known:
        seen = _Seen()
    if known == len(lines):
        return seen
    for line in lines[known:]:
        for report in _reports(workspace, line):
            if "data" in report.inputs and "model" in report.inputs:
                models = seen.models.setdefault(report.inputs["data"], [])
                if report.inputs["model"] not in models:
                    models.append(report.inputs["model"])
    seen.line = lines[-1].sum
    with store_faults("remember what was judged"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, canonical(seen))
    return seen


def _remembered(path: Path) -> _Seen:
    data = read_if_there(path)
    try:
        return decode(data, _Seen) if data else _Seen()
    except BadRecord:
        return _Seen()


def _reports(workspace: Workspace, line: Line) -> Iterator[_Judged]:
    """The reports that a line leads to; those that the store has lost count no more."""
    oids: list[Oid] = [line.about] if line.about is not None else []
    try:
        if line.run is not None:
            stages = workspace.store.read_record(line.run, "run", RunRecord).stages
            oids += [
                item.outputs["report"].oid for item in stages if item.kind == "validate" and "report" in item.outputs
            ]
    except StoreError:
        return
    for oid in oids:
        try:
            found = decode(workspace.store.read(oid), _Judged)
        except (StoreError, BadRecord):
            continue
        if found.kind == "model":
            yield found
