"""What a comparator must be, and the words that all of them share."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

from mlops_cli.base.records import Json
from mlops_cli.checks.verdict import UNCOMPARED, State, Verdict
from mlops_cli.measures.measured import Measured
from mlops_cli.spec.validation import Bound, Check


@dataclass(frozen=True)
class Case:
    """What a comparator is given: the check, what was measured, and the same measure of the baseline (None: no
    baseline)."""

    check: Check
    found: Measured
    baseline: Measured | None = None
    history: tuple[Json, ...] = ()
    """The same number of earlier versions that passed, the newest last."""
    chance: float | None = None
    """Of one slice among several: the probability of a value as far beyond the bound by chance, corrected for their
    number. None: one number was looked at, and its own value decides."""
    alpha: float = 0.05
    """Up to which `chance` a slice is surely beyond the bound."""


@dataclass(frozen=True)
class Judgement:
    """What a comparator decides; the rest of the verdict is what was measured."""

    state: State
    message: str
    reason: str | None = None


class Comparator(Protocol):
    """A function of this folder: decide one check. Numbers go in, a value comes out; nothing is read or raised."""

    def __call__(self, case: Case, /) -> Judgement: ...


def verdict(case: Case, said: Judgement, part: str | None = None) -> Verdict:
    """The verdict on a case; where the spec says `severity: warn`, a failure warns."""
    check, found = case.check, case.found
    softened = said.state == "fail" and check.severity == "warn"
    return Verdict(
        check=check.id,
        subject=check.subject,
        state="warn" if softened else said.state,
        bound=bound_text(check),
        message=said.message,
        slice=part,
        value=found.value,
        baseline=case.baseline.value if case.baseline is not None else None,
        n=found.n,
        interval=found.interval,
        reason=said.reason,
        share=found.share if found.bad else None,
        examples=found.examples,
    )


LARGE = 10_000


def without_rows(
    check: Check, state: State, reason: str, message: str, part: str | None = None, n: int | None = None
) -> Verdict:
    """The verdict on a check that could not be measured."""
    if state == "not_run" and reason in UNCOMPARED and check.severity == "warn":
        state = "warn"
    return Verdict(check.id, check.subject, state, bound_text(check), message, part, n=n, reason=reason)


def bound_text(check: Check) -> str:
    """The limit as a person reads it."""
    if check.comparator == "in":
        listed = ", ".join(show(value) for value in check.values[:6])
        return f"in {listed}" + (f", ... ({len(check.values)} values)" if len(check.values) > 6 else "")
    if check.named is not None:
        return f"is {check.named}"
    if check.comparator == "closed":
        return f"no other than {len(check.values)} columns"
    if check.comparator == "references":
        return f"in {check.table}: {', '.join(check.columns)}"
    if check.comparator == "order":
        return (check.direction or "ascending").replace("_", " ")
    if check.comparator == "within":
        return f"within {limit_of(check).text} of history"
    if check.comparator == "is":
        return f"is {show(check.values[0])}" if check.values else "is readable"
    if check.comparator == "matches":
        return f"matches {check.pattern}"
    if check.comparator in ("unique", "required"):
        return check.comparator
    limit = limit_of(check).text
    if check.comparator == "share":
        return f"min {limit} of rows"
    if check.comparator == "beats":
        return "beats " + ", ".join(show(value) for value in check.values)
    words: dict[str, str] = {
        "change": "change up to",
        "drift": "drift up to",
        "not_worse": "not worse by",
        "better": "better by",
        "drop": "drop up to",
        "gap": "gap up to",
        "ratio": "ratio from",
    }
    return f"{words.get(check.comparator, check.comparator)} {limit}"


def show(value: Json) -> str:
    """A number or word in a sentence."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if isinstance(value, float):
        return f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else f"{value:.4g}"
    return str(value)


def percent(share: float) -> str:
    """A share as a percentage with as many digits as it takes to be neither 0% nor 100% by rounding."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    distance = min(share, abs(1 - share)) or 1.0
    digits = max(0, min(6, 1 - math.floor(math.log10(distance * 100)))) if distance < 0.1 else 1
    return f"{share:.{digits}%}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: `36 h`, `2.5 d`."""
    for size, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds:.4g} s"


def breaks(case: Case) -> bool:
    """Whether more rows break a row-wise check than it tolerates."""
    return case.found.bad > case.check.tolerance * case.found.of


def tolerated(case: Case) -> str:
    """The end of a sentence about rows that a check puts up with."""
    return f" ({percent(case.check.tolerance)} may)" if case.check.tolerance and case.found.bad else ""


def rows_of(found: Measured) -> str:
    """`17 of 891 rows (1.9%)`."""
    return f"{found.bad:,} of {found.of:,} rows" + (f" ({percent(found.bad / found.of)})" if found.of else "")


def as_number(value: Json) -> float | None:
    """A measured value as a float, infinities included."""
    if isinstance(value, str):
        return {"infinity": math.inf, "-infinity": -math.inf}.get(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def limit_of(check: Check) -> Bound:
    """The bound of a check that has one by its nature; the spec's schema asks for it. A large whole number, which YAML
    may have read as `1000000000.0`, is written as a person would."""
    found = check.bound if check.bound is not None else Bound(1.0, "share", "100%")
    if found.unit == "number" and abs(found.value) >= LARGE and found.text == str(found.value):
        return replace(found, text=show(found.value))
    return found


def not_finite(case: Case) -> Judgement | None:
    """A mean or standard deviation of values of which some are infinite is none: it fails."""
    if case.check.measure not in ("mean", "std") or not case.found.bad:
        return None
    message = f"{rows_of(case.found)} hold an infinite value, so that there is no {case.check.measure}"
    return Judgement("fail", message, "infinite_values")


NOTHING = Judgement("too_few", "there is no value to judge", "no_values")
