"""What came of running a run again, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_cli.cli.screen import counted, paint, table
from mlops_cli.pipeline.records import spoken

if TYPE_CHECKING:
    from mlops_cli.workflows.reproduce import Reproduction
    from mlops_cli.workflows.rerun import Compared, FirstDifference

SHORT, FEW = 8, 12  # digits of an identity, lines before they are cut
HEADS = {
    "changed": "differs first, because of",
    "not_deterministic": "differs first, and nothing that it depends on does",
    "failed": "ends otherwise",
    "gone": "cannot be compared",
    "unknown": "differs first",
}


def reproduction_text(found: Reproduction, *, verbose: bool) -> str:
    """The verdict, the first difference with its causes, then the stages."""
    compared = [item for item in found.stages if item.same is not None]
    if found.same:
        head = (
            f"{found.reference} is reproduced: {counted(len(compared), 'stage')} of run:{found.run} gave the same again"
        )
        parts = [paint(head, "good")]
    else:
        parts = [paint(f"{found.reference} is not reproduced (run:{found.run} of {found.pipeline})", "bad")]
    if found.first is not None:
        parts.append(_first(found.first, verbose))
    idle = [f"  {item.stage}: {line}" for item in compared if item.same for line in item.changes]
    if idle:
        parts.append("\n".join(["other than then, without effect on the result:", *_some(idle, verbose)]))
    moved = [item for item in compared if item.metrics]
    if moved:
        rows = [
            [item.stage, metric.name, _number(metric.then), _number(metric.now)]
            for item in moved
            for metric in item.metrics
        ]
        parts.append("metrics that differ\n" + table(rows, head=("STAGE", "METRIC", "THEN", "NOW"), indent="  "))
    if verbose or not found.same:
        parts.append(table([_row(item) for item in found.stages], head=("STAGE", "", "THEN", "NOW"), indent="  "))
    parts += [paint(f"note: {note}", "dim") for note in found.notes]
    if found.kept:
        parts.append(f"rebuilt in {found.kept}")
    return "\n\n".join(parts)


def _some(lines: list[str], verbose: bool) -> list[str]:
    return lines if verbose or len(lines) <= FEW else [*lines[:FEW], f"  and {len(lines) - FEW} more (-v)"]


def _first(first: FirstDifference, verbose: bool) -> str:
    lines = _some([f"  {first.stage}: {line}" for line in first.lines], verbose)
    return "\n".join([f"{paint(first.stage, 'bold')} {HEADS[first.reason]}", *lines])


def _row(item: Compared) -> list[str]:
    word = "not compared" if item.same is None else "same" if item.same else paint("differs", "bad")
    if item.then != item.now:
        return [item.stage, word, spoken(item.then), spoken(item.now)]
    outputs = [pair for pair in item.outputs if pair.then != pair.now] or list(item.outputs)
    then = "  ".join(f"{pair.name} {(pair.then or 'nothing')[:SHORT]}" for pair in outputs)
    now = "  ".join(f"{pair.name} {(pair.now or 'nothing')[:SHORT]}" for pair in outputs)
    return [item.stage, word, then, now]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
