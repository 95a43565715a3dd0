"""`mlops accept SPEC CHECK`: a person says that the data are right, and the spec is widened so that they pass."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.base.files import write_atomic
from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.spec.load import load_validation, parse_validation, shown_path
from mlops_cli.spec.patching import patched, value_at
from mlops_cli.spec.source import parse_document, read_document
from mlops_cli.spec.validation import EVERY, Check, DataValidation
from mlops_cli.workflows.validate_now import Subjects, validate_now
from mlops_cli.workflows.widening import Refused, remedies
from mlops_cli.workflows.workspace import Workspace


@dataclass(frozen=True)
class Changed:
    """One value of the spec, before and after; `old` is None where there was none."""

    key: str
    old: Json
    new: Json


@dataclass(frozen=True)
class Acceptance:
    """What accepting a check would change. `new` is the whole text."""

    spec: str
    check: str
    said: str
    """What the gate had found."""
    changes: tuple[Changed, ...]
    diff: str
    new: str
    written: bool = False


def propose(workspace: Workspace, spec: Path, name: str, subjects: Subjects) -> Acceptance:
    """The change after which the check `name` passes on the data; nothing is written.

    Raises UserError where there is no such check, where it passes already, and where only a person can change the spec.
    """
    validation = load_validation(spec, workspace.root, workspace.remember)
    if not isinstance(validation, DataValidation):
        raise UserError(f"{validation.file} judges a model", "edit the bound of the metric")
    report = validate_now(workspace, spec, subjects)
    verdicts = broken(report, name)
    document = read_document(spec, shown_path(spec, workspace.root))
    check = check_of(validation, name, verdicts[0])
    tried = 0
    for edits in remedies(check, verdicts, document, seen_of(workspace, validation, check, subjects.data)):
        tried += 1
        text = patched(document.text, document.file, edits)
        parse_validation(text, document.file)
        if not any(item.state in ("fail", "warn") for item in rejudged(workspace, text, spec, subjects, name)):
            before, after = document, parse_document(text, document.file)
            changes = tuple(
                Changed(".".join(map(str, edit.path)), value_at(before, edit.path), value_at(after, edit.path))
                for edit in edits
            )
            return Acceptance(
                document.file, name, verdicts[0].message, changes, diff(document.file, document.text, text), text
            )
    raise UserError(
        f"no wider bound was found with which '{name}' passes ({tried} tried): {verdicts[0].message}",
        f"edit {check.place}",
    )


def write(acceptance: Acceptance, spec: Path) -> None:
    """Replace the spec by the accepted text, in one step; a mark at the start of the file stays."""
    mark = b"\xef\xbb\xbf" if spec.read_bytes().startswith(b"\xef\xbb\xbf") else b""
    write_atomic(spec.resolve(), mark + acceptance.new.encode("utf-8"))


def broken(report: Report, name: str) -> list[Verdict]:
    """The verdicts of the check that did not pass, of all slices. Raises UserError where there are none."""
    mine = [item for item in report.verdicts if item.check == name]
    if not mine:
        known = sorted({item.check for item in report.verdicts})
        failing = [item.check for item in report.verdicts if item.state == "fail"]
        near = difflib.get_close_matches(name, known, 3, 0.5) or failing[:3]
        hint = f"did you mean {' or '.join(repr(item) for item in near)}?" if near else "`mlops validate` lists them"
        raise UserError(f"there is no check '{name}'", hint)
    wrong = [item for item in mine if item.state in ("fail", "warn")]
    spikes = [item for item in wrong if item.reason == "value_spike"]
    if wrong and len(spikes) == len(wrong):
        hint = "there is nothing to widen: it stops nothing, and what comes next is compared with these data too"
        raise UserError(f"'{name}' keeps its bound, and only tells of a value: {spikes[0].message}", hint)
    if wrong:
        return wrong
    idle = [item for item in mine if item.state in ("not_run", "too_few")]
    if idle:
        raise UserError(f"'{name}' was not judged: {idle[0].message}", "there is nothing to accept")
    raise UserError(f"'{name}' passes on these data", "there is nothing to accept")


def check_of(validation: DataValidation, name: str, verdict: Verdict) -> Check:
    """The check as the spec has it; one of every column becomes one of its own column. Raises UserError."""
    for check in validation.checks:
        if check.id == name:
            return check
    for check in validation.checks:
        if check.subject == EVERY and name.removeprefix("columns.") == verdict.subject + check.id.removeprefix(EVERY):
            return Check(
                id=name,
                subject=verdict.subject,
                measure=check.measure,
                comparator=check.comparator,
                bound=check.bound,
                place=check.place,
                severity=check.severity,
                distance=check.distance,
            )
    raise UserError(f"the spec does not write down '{name}': every data set is asked it", verdict.message)


def seen_of(workspace: Workspace, validation: DataValidation, check: Check, data: str | None) -> Sequence[Json]:
    """The different values of the column that a set does not have; nothing for other checks."""
    if check.comparator != "in":
        return ()
    return tuple(_unknown(workspace, validation, check, data or validation.data or ""))


def _unknown(workspace: Workspace, validation: DataValidation, check: Check, data: str) -> Iterator[Json]:
    from mlops_cli.checks.past import profile_for
    from mlops_cli.workflows.infer_spec import opened

    with opened(workspace.root, workspace, [data]) as sources:
        profile = profile_for(validation, sources[0].path, cache=workspace.measures)
    column = profile.column(check.subject)
    found = column.categories if column is not None else None
    if found is None:
        raise Refused(f"'{check.subject}' has too many different values for a set", "take `in` out, or write a pattern")
    numeric = column is not None and column.numbers is not None
    for text in sorted(found, key=float) if numeric else sorted(found):
        value: Json = (float(text) if "." in text or "e" in text else int(text)) if numeric else text
        if value not in check.values:
            yield value


def rejudged(workspace: Workspace, text: str, spec: Path, subjects: Subjects, name: str) -> list[Verdict]:
    """The verdicts of one check by another text of the spec."""
    with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
        path = Path(folder) / spec.name
        path.write_bytes(text.encode("utf-8"))
        report = validate_now(workspace, path, subjects)
    return [item for item in report.verdicts if item.check == name]


def diff(file: str, old: str, new: str) -> str:
    """The lines that differ, with three around them."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, file, f"{file} (accepted)")
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
