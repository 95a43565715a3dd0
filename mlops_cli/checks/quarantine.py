"""Rows that break a check are set aside with all their reasons, and the others go on: in = kept + set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from mlops_cli.checks.aside import SetAside, set_aside
from mlops_cli.checks.asked import Subject
from mlops_cli.checks.comparators.base import percent
from mlops_cli.checks.data import Judged
from mlops_cli.checks.released import OURS
from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.measures.conditions import CONDITIONS
from mlops_cli.spec.validation import Check, Quarantine
from mlops_cli.tables.read import write_table

SETTING_ASIDE = frozenset(CONDITIONS) | {"references", "unique", "keys", "rule"}
"""Measures whose rows can be set aside; of shares only those of which none is allowed."""
SHARES = ("nulls", "empties", "zeros", "sentinels")


def quarantined(
    quarantine: Quarantine, judged: Judged, kept: Path | None, rejected: Path | None, released: Path | None
) -> tuple[Report, bool]:
    """Set rows aside where checks have failed on single rows: the report after that, and whether the rows are others
    now. `rejected` is written in any case, so that it always says what was set aside: perhaps nothing. None: nothing is
    written, and the report is the same."""
    if judged.subject is None:
        if rejected is not None:
            write_table(pa.table({name: pa.nulls(0, pa.string()) for name in OURS}), rejected)
        return judged.report, False
    checks = setting_aside(judged.subject, judged.report)
    done = set_aside(judged.subject, checks, kept, rejected, released)
    return with_quarantine(judged.report, quarantine, done, checks), bool(done.aside)


def setting_aside(subject: Subject, report: Report) -> list[Check]:
    """The checks that failed on single rows which can be taken out: with that they are kept."""
    failed = {
        verdict.check
        for verdict in report.verdicts
        if verdict.state == "fail" and verdict.slice is None and verdict.share
    }
    return [check for check in subject.checks if check.id in failed and can_set_aside(check)]


def can_set_aside(check: Check) -> bool:
    """Whether taking the rows out that break the check makes it hold."""
    if check.measure in SHARES:
        return check.comparator == "max" and check.bound is not None and check.bound.value == 0
    return check.measure in SETTING_ASIDE and check.comparator not in ("change", "within")


def with_quarantine(report: Report, quarantine: Quarantine, done: SetAside, checks: Sequence[Check]) -> Report:
    """The report when rows have been set aside: their checks warn, and one more says whether there were too many."""
    settled = {check.id for check in checks}
    verdicts = tuple(
        replace(
            verdict,
            state="warn",
            reason="set_aside",
            message=f"{verdict.message}; {became(done.reasons.get(verdict.check, 0), quarantine)}",
        )
        if verdict.check in settled and verdict.state == "fail"
        else verdict
        for verdict in report.verdicts
    )
    return replace(report, verdicts=(*verdicts, limit(quarantine, done)), aside=done.aside, released=done.released)


def became(aside: int, quarantine: Quarantine) -> str:
    """What became of the rows of one check."""
    return f"{aside:,} set aside as {quarantine.name}" if aside else "they have been released"


def limit(quarantine: Quarantine, done: SetAside) -> Verdict:
    """The verdict on how many rows were set aside."""
    share = done.aside / done.rows if done.rows else 0.0
    most = quarantine.most
    over = done.aside > most.value if most.unit == "number" else share > most.value
    text = f"{done.aside:,} of {done.rows:,} rows" + (f" ({percent(share)})" if done.rows else "")
    message = f"{text} set aside, {done.kept:,} kept" + (
        f", {done.released:,} of them released" if done.released else ""
    )
    return Verdict(
        check="quarantine.max",
        subject="quarantine",
        state="fail" if over else "pass",
        bound=f"max {most.text}",
        message=f"{message}; at most {most.text} may be" if over else message,
        value=done.aside,
        n=done.rows,
        share=share if done.aside else None,
    )
