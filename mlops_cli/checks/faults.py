"""A processing fault or a real change: the signs for either are weighed, and the reasoning is shown.

The weights of the signs (ln of their likelihood ratios) are added, those of a fault counted up and those of a real
change down. From 1.5 (4.5 to 1) on there is a call; in between it is unclear, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlops_cli.checks.signs import COLUMN_SIGNS, Scene, odds
from mlops_cli.checks.surroundings import SCENE_SIGNS, SHARED_SIGNS, later, narrow_columns
from mlops_cli.checks.verdict import CALLS, Cause, Evidence, Verdict
from mlops_cli.measures.summary import ColumnSummary, Profile, SliceProfile

CALL = 1.5
"""Least sum of weights with which a change is called a fault, or real."""
NOT_THE_WHOLE = frozenset({"unit_ratio", "some_in_another_unit", "outliers", "one_slice", "constant", "value_spike"})
"""Signs that explain why all of a distribution moved, or deny it: its moving is no sign of its own then."""
NO_COLUMN = ColumnSummary("", "nothing", "", 0, 0)
CHANGED_REASONS = frozenset({"changed_but_small", "kind_changed", "no_value_now"})


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
    changes = [verdict for verdict in verdicts if is_change(verdict)]
    if not changes:
        return list(verdicts)
    around = surroundings(verdicts, changes, current, baseline, tuple(history) or (baseline,), time)
    shared = [item for sign in SHARED_SIGNS for item in sign(around)]
    result = []
    for verdict in verdicts:
        scene = scene_of(verdict, around) if is_change(verdict) else None
        result.append(verdict if scene is None else called(verdict, evidence_of(scene, shared)))
    return result


def is_change(verdict: Verdict) -> bool:
    """Whether a verdict confirms that something has changed, in whatever size."""
    if verdict.reason in CHANGED_REASONS:
        return True
    bad = verdict.state in ("fail", "warn")
    return bad and verdict.reason is None and (verdict.effect is not None or of_rows(verdict))


def of_rows(verdict: Verdict) -> bool:
    """Whether a verdict is about the number of rows; a column may be called `rows` too, with checks of other names."""
    return verdict.check in ("rows.change", "rows.within")


def surroundings(
    verdicts: Sequence[Verdict],
    changes: Sequence[Verdict],
    current: Profile,
    baseline: Profile,
    earlier: tuple[Profile, ...],
    time: str | None,
) -> Scene:
    """What all changes of a version have around them; the column is that of none of them yet."""
    tested = {verdict.subject for verdict in (*changes, *verdicts) if verdict.effect is not None}
    return Scene(
        new=NO_COLUMN,
        old=NO_COLUMN,
        history=(),
        current=current,
        baseline=baseline,
        profiles=earlier,
        changed=tuple(sorted({verdict.subject for verdict in changes if not of_rows(verdict)})),
        tested=len(tested),
        narrow=narrow_columns(current, baseline, earlier),
        time=current.column(time) if time is not None else None,
        time_before=baseline.column(time) if time is not None else None,
    )


def scene_of(verdict: Verdict, around: Scene) -> Scene | None:
    """The scene of one change; None where the profiles do not have its column."""
    if of_rows(verdict):
        return replace(around, measure="rows")
    name, label = verdict.subject, verdict.slice
    new, old = column_in(around.current, label, name), column_in(around.baseline, label, name)
    if new is None or old is None:
        return None
    words = verdict.check.split(".")
    found = (column_in(profile, label, name) for profile in around.profiles)
    return replace(
        around,
        new=new,
        old=old,
        history=tuple(item for item in found if item is not None),
        measure=words[-2] if len(words) > 2 else "distribution",
        whole=label is None,
    )


def evidence_of(scene: Scene, shared: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The signs for one change, the strongest first."""
    signs = SCENE_SIGNS if scene.measure == "rows" else (*COLUMN_SIGNS, *SCENE_SIGNS)
    seen = [*(item for sign in signs for item in sign(scene)), *shared]
    if any(item.sign in NOT_THE_WHOLE for item in seen):
        seen = [item for item in seen if item.sign != "whole_distribution"]
    if later(scene) and any(item.sign == "whole_distribution" for item in seen):
        seen = [item for item in seen if item.sign != "another_part"]  # growth or a season moves other columns, too
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
    told = f"{verdict.message}; {reasoning(cause, score, evidence)}" if evidence else verdict.message
    return replace(verdict, cause=cause, evidence=evidence, reason=reason, message=told)


def reasoning(cause: Cause, score: float, evidence: tuple[Evidence, ...]) -> str:
    """The call, its odds, and the strongest signs for and against it."""
    pro = [item for item in evidence if cause == "unclear" or item.says == cause]
    contra = [item for item in evidence if item not in pro]
    text = f"{CALLS[cause]} ({odds(abs(score))})" if cause != "unclear" else CALLS[cause]
    text += ": " + "; ".join(item.text for item in pro[:2])
    return text + (f"; against it: {contra[0].text}" if contra else "")
