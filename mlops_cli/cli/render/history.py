"""Names, moves and runs in lists, and the state of the project, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_cli.cli.render.plans import TITLES, WORDS
from mlops_cli.cli.screen import counted, duration, paint, size, table
from mlops_cli.pipeline.records import spoken
from mlops_cli.spec.metrics import chief

if TYPE_CHECKING:
    from mlops_cli.workflows.history import Moved, Named, RunLine
    from mlops_cli.workflows.status import PipelineStatus, ProjectStatus

SHORT = 12  # digits of an identity


def when(time: str) -> str:
    """A stored time as `2026-03-01 14:03:00`, in UTC."""
    return time[:19].replace("T", " ")


def log_text(moves: Sequence[Moved]) -> str:
    """`log`: one line a move."""
    rows = []
    for move in moves:
        version = f"v{move.version}" if move.version else "removed"
        commit = f"git {move.commit}" if move.commit else ""
        rows.append(
            [
                paint(when(move.time), "dim"),
                move.name,
                version,
                (move.oid or "")[:SHORT],
                move.why,
                commit,
                paint(move.who, "dim"),
            ]
        )
    return table(rows, head=("TIME (UTC)", "NAME", "VERSION", "ID", "WHY", "CODE", "WHO")) or "nothing has a name yet"


def names_text(found: Sequence[Named]) -> str:
    """`ls`: one line a name."""
    rows = []
    for item in found:
        files = f", {counted(item.artifact.files, 'file')}" if item.artifact.layout == "tree" else ""
        note = paint(", ".join(item.aliases), "good")
        rows.append(
            [
                item.name,
                item.kind,
                f"v{item.version}",
                size(item.artifact.bytes) + files,
                when(item.created),
                item.oid[:SHORT],
                note,
            ]
        )
    return (
        table(rows, head=("NAME", "KIND", "VERSION", "SIZE", "MADE (UTC)", "ID", "ALIASES")) or "nothing has a name yet"
    )


def runs_text(found: Sequence[RunLine]) -> str:
    """`runs`: one line a run."""
    rows = []
    for run in found:
        style = {"done": "good", "gate_failed": "warn"}.get(run.outcome, "bad")
        counts = ", ".join(f"{count} {spoken(status)}" for status, count in run.counts.items())
        metrics = "  ".join(f"{name} {value:.4g}" for name, value in chief(run.metrics).items())
        parameters = " ".join(f"{name}={value}" for name, value in run.parameters.items())
        outcome = paint(spoken(run.outcome), style)
        rows.append(
            [
                f"run:{run.id}",
                run.pipeline,
                outcome,
                when(run.started),
                duration(run.seconds),
                counts,
                parameters,
                metrics,
            ]
        )
    return (
        table(rows, head=("RUN", "PIPELINE", "OUTCOME", "STARTED (UTC)", "TIME", "STAGES", "PARAMETERS", "METRICS"))
        or "no run is recorded yet"
    )


def status_text(found: ProjectStatus) -> str:
    """`status`: the project at a glance."""
    parts = [f"{paint(found.project, 'bold')} in {found.root}"]
    parts += [_pipeline(item) for item in found.pipelines] or ["no pipeline in specs/ yet"]
    if found.last_run:
        run = found.last_run
        parts.append(f"last run: run:{run.id} of {run.pipeline}, {spoken(run.outcome)}, {when(run.started)}")
    if found.names:
        parts.append(names_text(found.names))
    return "\n\n".join(parts)


def _pipeline(item: PipelineStatus) -> str:
    if item.problem:
        # The lock is no spec: lint would find nothing wrong, and the problem itself says how to mend it.
        see = "" if item.problem.startswith("mlops.lock:") else f" (see `mlops lint {item.spec}`)"
        return f"{item.spec}: {paint(item.problem, 'bad')}{see}"
    counts = Counter(stage.action for stage in item.planned)
    if set(counts) <= {"reuse", "skip"}:
        return f"{item.spec}: {paint('up to date', 'good')}, {len(item.planned)} stages"
    words = ", ".join(f"{counts[action]} {TITLES[action]}" for action in WORDS if counts[action])
    rows = [
        [stage.stage, paint(*WORDS[stage.action]), stage.reason] for stage in item.planned if stage.action != "reuse"
    ]
    return f"{item.spec}: {words}\n" + table(rows, indent="  ")
