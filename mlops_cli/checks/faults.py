"""A processing fault or a real change: the signs for either are weighed, and the reasoning is shown.

The weights of the signs (ln of their likelihood ratios) are added, those of a fault counted up and those of a real
change down. From 1.5 (4.5 to 1) on there is a call; in between it is unclear, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlops_cli.checks.signs import COLUMN_SIGNS, Scene, odds
from mlops_cli.checks.surroundings import SCENE_SIGNS
from mlops_cli.checks.verdict import Cause, Evidence, Verdict
from mlops_cli.measures.summary import ColumnSummary, Profile, SliceProfile

CALL = 1.5
"""Least sum of weights with which a change is called a fault, or real."""
NOT_THE_WHOLE = frozenset({"unit_ratio", "one_slice", "constant", "value_spike"})
"""Signs that explain why all of a distribution moved, or deny it: its moving is no sign of its own then."""
CHANGED_REASONS = frozenset({"changed_but_small", "kind_changed", "no_value_now"})
CALLS: dict[Cause, str] = {
    "fault": "looks like a processing fault",
    "real": "looks like a real change",
    "unclear": "it is unclear whether this is a fault or real",
}


def explain_changes(
    verdicts: Sequence[Verdict],
    current: Profile,
    baseline: Profile,
    history: Sequence[Profile] = (),
    *,
    time: str | None = None,
) -> list[Verdict]:
    """The verdicts in their order; confirmed changes have evidence, a cause, and the call in their message.

    `history` are the earlier accepted versions, the newest last; `time` names the column that says when a row happened.
    """
    statistical = {verdict.subject for verdict in verdicts if verdict.effect is not None or is_change(verdict)}
    changed = tuple(
        sorted({verdict.subject for verdict in verdicts if is_change(verdict) and verdict.subject != "rows"})
    )
    earlier = tuple(history) or (baseline,)
    result = []
    for verdict in verdicts:
        if not is_change(verdict):
            result.append(verdict)
            continue
        signs = evidence_of(verdict, current, baseline, earlier, changed, len(statistical), time)
        result.append(verdict if signs is None else called(verdict, signs))
    return result


def is_change(verdict: Verdict) -> bool:
    """Whether a verdict confirms that something has changed, in whatever size."""
    if verdict.reason in CHANGED_REASONS:
        return True
    bad = verdict.state in ("fail", "warn")
    counts = verdict.subject == "rows" and verdict.check.endswith((".change", ".within"))
    return bad and verdict.reason is None and (verdict.effect is not None or counts)


def evidence_of(
    verdict: Verdict,
    current: Profile,
    baseline: Profile,
    earlier: tuple[Profile, ...],
    changed: tuple[str, ...],
    tested: int,
    time: str | None,
) -> tuple[Evidence, ...] | None:
    """The signs for one change, the strongest first; None where the profiles do not have its column."""
    rows = verdict.subject == "rows"
    name = verdict.subject if not rows else next((column.name for column in current.columns), "")
    new, old = column_in(current, verdict.slice, name), column_in(baseline, verdict.slice, name)
    if new is None or old is None:
        return None
    words = verdict.check.split(".")
    scene = Scene(
        new=new,
        old=old,
        history=tuple(found for profile in earlier if (found := column_in(profile, verdict.slice, name)) is not None),
        current=current,
        baseline=baseline,
        profiles=earlier,
        changed=changed,
        tested=tested,
        time=current.column(time) if time is not None else None,
        time_before=baseline.column(time) if time is not None else None,
        measure="rows" if rows else words[-2] if len(words) > 2 else "distribution",
        whole=verdict.slice is None,
    )
    signs = SCENE_SIGNS if rows else (*COLUMN_SIGNS, *SCENE_SIGNS)
    seen = [item for sign in signs for item in sign(scene)]
    if any(item.sign in NOT_THE_WHOLE for item in seen):
        seen = [item for item in seen if item.sign != "whole_distribution"]
    return tuple(sorted(seen, key=lambda item: (-item.weight, item.sign)))


def column_in(profile: Profile, label: str | None, name: str) -> ColumnSummary | None:
    """The column of the whole data, or of a slice."""
    if label is None:
        return profile.column(name)
    part: SliceProfile | None = next((item for item in profile.slices if item.label == label), None)
    return None if part is None else part.column(name)


def called(verdict: Verdict, evidence: tuple[Evidence, ...]) -> Verdict:
    """The verdict with the call in its message; what only warns about nothing large keeps its state."""
    score = sum(item.weight if item.says == "fault" else -item.weight for item in evidence)
    cause: Cause = "fault" if score >= CALL else "real" if score <= -CALL else "unclear"
    reason = verdict.reason or {"fault": "looks_like_fault", "real": "looks_like_change"}.get(cause)
    return replace(
        verdict,
        cause=cause,
        evidence=evidence,
        reason=reason,
        message=f"{verdict.message}; {reasoning(cause, score, evidence)}",
    )


def reasoning(cause: Cause, score: float, evidence: tuple[Evidence, ...]) -> str:
    """The call, its odds, and the strongest signs for and against it."""
    if not evidence:
        return f"{CALLS[cause]}: no sign of either was found"
    pro = [item for item in evidence if cause == "unclear" or item.says == cause]
    contra = [item for item in evidence if item not in pro]
    text = f"{CALLS[cause]} ({odds(abs(score))})" if cause != "unclear" else CALLS[cause]
    text += ": " + "; ".join(item.text for item in pro[:2])
    return text + (f"; against it: {contra[0].text}" if contra else "")
