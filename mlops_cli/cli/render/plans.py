"""Plans and explanations for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_cli.cli.screen import duration, paint, table

if TYPE_CHECKING:
    from mlops_cli.workflows.explain import Explained
    from mlops_cli.workflows.plan_pipeline import PlannedStage

WORDS = {
    "run": ("run", "good"),
    "reuse": ("reuse", "dim"),
    "maybe": ("run?", "warn"),
    "blocked": ("blocked", "bad"),
    "skip": ("skip", "dim"),
}
TITLES = {
    "run": "would run",
    "reuse": "would be reused",
    "maybe": "may run",
    "blocked": "would be blocked",
    "skip": "would be skipped",
}


def plan_text(planned: Sequence[PlannedStage], *, verbose: bool) -> str:
    """The stages of a plan with reasons; `run?` waits for results that may turn out unchanged."""
    rows = []
    for item in planned:
        word, style = WORDS[item.action]
        time = (
            f"~{duration(item.expected_seconds)}"
            if item.expected_seconds is not None and item.action in ("run", "maybe")
            else ""
        )
        rows.append([item.stage, paint(word, style), time, item.reason])
        if verbose:
            rows += [["", "", "", change] for change in item.changes[1:]]
    counts = Counter(item.action for item in planned)
    words = ", ".join(f"{counts[action]} {TITLES[action]}" for action in WORDS if counts[action])
    return table(rows, head=("STAGE", "PLAN", "TIME", "WHY"), indent="  ") + f"\n\n{words or 'nothing to plan'}"


def explain_text(found: Sequence[Explained]) -> str:
    """Why each subject is as it is."""
    return "\n\n".join(
        "\n".join([paint(item.subject, "bold"), *(f"  {line}" for line in item.lines)]) for item in found
    )
