"""A run for people: what ran, what was reused and why, what the gates said, what was published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_cli.base.records import BadRecord, decode
from mlops_cli.checks.verdict import Report
from mlops_cli.cli.render.verdicts import gate_text
from mlops_cli.cli.screen import counted, duration, paint, table
from mlops_cli.pipeline.records import StageResult

if TYPE_CHECKING:
    from mlops_cli.store.store import Store
    from mlops_cli.workflows.plan_pipeline import PlannedStage
    from mlops_cli.workflows.publish import Published
    from mlops_cli.workflows.run_pipeline import RunReport

WORDS = {
    "ran": ("ran", "good"),
    "reused": ("reused", "dim"),
    "failed": ("failed", "bad"),
    "gate_failed": ("said no", "bad"),
    "blocked": ("blocked", "warn"),
    "skipped": ("skipped", "dim"),
    "cancelled": ("cancelled", "warn"),
}
ORDER = ("ran", "reused", "gate_failed", "failed", "blocked", "skipped", "cancelled")
TAIL = 20  # lines of a failed stage's log
SHOWN_REUSED = 12  # stages; a graph with more of them gets one line for all that were reused
ALIAS_OF_OURS = "passed."


def run_text(report: RunReport, store: Store, *, verbose: bool) -> str:
    """The closing summary of a run."""
    parts = [_headline(report), _stages(report.stages, verbose=verbose), _notes(report.stages, verbose=verbose)]
    parts += [_failure(result, store) for result in report.stages if result.status == "failed"]
    parts += [text for result in report.stages if (text := _gate(result, store, verbose=verbose))]
    parts += [_published(report, verbose=verbose), _ending(report)]
    return "\n\n".join(part for part in parts if part)


def pending_text(pending: Sequence[PlannedStage]) -> str:
    """`run --check`: what is not up to date."""
    if not pending:
        return "everything is up to date"
    rows = [[item.stage, item.action, item.reason] for item in pending]
    return f"{counted(len(pending), 'stage')} not up to date\n" + table(rows, indent="  ")


def _headline(report: RunReport) -> str:
    counts: Counter[str] = Counter(result.status for result in report.stages)
    if set(counts) <= {"reused", "skipped"} and not report.published:
        state = f"everything is up to date, {counted(len(report.stages), 'stage')} in {duration(report.seconds)}"
        return f"{paint(report.pipeline, 'bold')}: {state}"
    words = ", ".join(f"{counts[status]} {WORDS[status][0]}" for status in ORDER if counts[status])
    return f"{paint(report.pipeline, 'bold')}: {words} in {duration(report.seconds)}"


def _stages(stages: Sequence[StageResult], *, verbose: bool) -> str:
    reused = [result for result in stages if result.status == "reused"]
    fold = not verbose and len(reused) > SHOWN_REUSED
    rows = []
    for result in stages:
        if fold and result.status == "reused":
            continue
        word, style = WORDS[result.status]
        time = duration(result.seconds) if result.seconds and result.status != "reused" else ""
        rows.append([result.stage, paint(word, style), time, result.reason])
        if verbose:
            rows += [["", "", "", change] for change in result.changes[1:]]
    if fold:
        rows.append([f"{len(reused)} others", paint("reused", "dim"), "", "unchanged"])
    return table(rows, head=("STAGE", "WHAT", "TIME", "WHY"), indent="  ")


def _notes(stages: Sequence[StageResult], *, verbose: bool) -> str:
    told = [result for result in stages if result.status == "ran" or verbose]
    return "\n".join(f"{paint('note', 'warn')}: {result.stage}: {note}" for result in told for note in result.notes)


def _failure(result: StageResult, store: Store) -> str:
    lines = [f"{paint('error', 'bad')}: stage '{result.stage}' failed: {result.failure}"]
    if result.hint:
        lines.append(f"  = hint: {result.hint}")
    if result.log:
        log = store.read(result.log).decode("utf-8", "replace").rstrip().splitlines()
        lines += [f"  {paint('|', 'dim')} {line}" for line in log[-TAIL:]]
        if len(log) > TAIL:
            lines.append(f"  = the whole log: mlops show {result.log[:12]}")
    return "\n".join(lines)


def _gate(result: StageResult, store: Store, *, verbose: bool) -> str:
    if result.kind != "validate" or "report" not in result.outputs:
        return ""
    try:
        report = decode(store.read(result.outputs["report"].oid), Report)
    except BadRecord as error:
        return f"the report of {result.stage} cannot be read: {error}"
    return gate_text(result.stage, report, verbose=verbose, brief=result.status == "reused")


def _published(report: RunReport, *, verbose: bool) -> str:
    aliases: dict[tuple[str, int], list[str]] = {}
    for item in report.published:
        if item.alias and not item.alias.startswith(ALIAS_OF_OURS):
            aliases.setdefault((item.name, item.number), []).append(item.alias)
    named = [item for item in report.published if not item.alias]
    inner = [item for item in named if item.kind == "data" and item.name.startswith(f"{report.pipeline}/")]
    shown = sorted((item for item in named if verbose or item not in inner), key=lambda item: item.kind, reverse=True)
    rows = [_row(item, aliases) for item in shown]
    known = {(item.name, item.number) for item in named}
    rows += [
        [f"{name}@v{number}", f"is now {', '.join(names)}"]
        for (name, number), names in aliases.items()
        if (name, number) not in known
    ]
    if inner and not verbose:
        rows.append([counted(len(inner), "output"), "mlops ls -a"])
    text = "published\n" + table(rows, indent="  ") if rows else ""
    metrics = next((item.metrics for item in reversed(report.stages) if item.metrics and item.kind == "validate"), {})
    if metrics and any(item.kind == "model" for item in named):
        text += "\n\nmetrics\n" + table([[name, f"{value:.4g}"] for name, value in metrics.items()], indent="  ")
    return text


def _row(item: Published, aliases: dict[tuple[str, int], list[str]]) -> list[str]:
    names = aliases.get((item.name, item.number))
    return [
        f"{item.name}@v{item.number}",
        item.kind + (f", now {', '.join(names)}" if names else ""),
        item.artifact.oid[:12],
    ]


def _ending(report: RunReport) -> str:
    lines = [f"restored {path} from mlops.lock" for path in report.restored]
    for path in report.files:
        kept = f" (what was there is kept: mlops checkout {report.saved[path]} PATH)" if path in report.saved else ""
        lines.append(f"wrote {path}{kept}")
    match report.outcome:
        case "gate_failed":
            rest = "nothing else" if report.published else "nothing"
            lines.append(paint(f"A gate said no: nothing downstream ran, {rest} was published.", "bad"))
            lines.append(paint("as a page: mlops report -f html -o gate.html", "dim"))
        case "failed":
            lines.append("Finished stages are kept: mend the failed one and run again.")
        case "interrupted":
            lines.append("Interrupted: finished stages are kept, the next run goes on from there.")
    if report.recorded:
        lines.append(paint(f"run {report.id}", "dim"))
    return "\n".join(lines)
