"""Columns against earlier versions: a change counts where it is large enough, sure, and beyond natural variation.

Three gates, in this order: the effect is above the bound of the check; the false-discovery rate among all checks of
the run (columns x slices, Benjamini and Hochberg) is kept; and where at least four earlier versions are known, the
effect is above what they differ by among themselves. docs/statistics.md explains each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from mlops_cli.checks.changed import SHARES, Change, changed, value_of
from mlops_cli.checks.comparators import base
from mlops_cli.checks.comparators.base import Case, Judgement, limit_of, show
from mlops_cli.checks.comparators.changes import change
from mlops_cli.checks.comparators.drift import drift
from mlops_cli.checks.compared import Compared, compare, family
from mlops_cli.checks.described import describe
from mlops_cli.checks.variation import effects
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.distances import KS_BY_CHANCE, predictive_limit
from mlops_cli.measures.measured import Measured, rounded
from mlops_cli.measures.multiplicity import benjamini_hochberg
from mlops_cli.measures.special import kolmogorov_quantile, normal_quantile
from mlops_cli.measures.summary import ColumnSummary
from mlops_cli.spec.validation import Check, DataValidation

ENOUGH_VALUES = 30
"""Values that each version must have before its column is judged."""
ENOUGH_VERSIONS = 4
"""Earlier versions from which natural variation can be learned."""
NEARLY = 2.0
"""What is above its bound and just misses significance, by this factor, is reported as what cannot be told."""


@dataclass(frozen=True)
class ShiftCase:
    """One check (`drift`, or `change` of a number) of one column, whole or in a slice."""

    check: Check
    current: ColumnSummary
    baseline: ColumnSummary | None
    history: tuple[ColumnSummary, ...] = ()
    """The column in earlier accepted versions, the newest last; the baseline may be among them."""
    slice: str | None = None
    sentinels: tuple[int, int] | None = None
    """Rows with a sentinel, now and in the baseline."""


@dataclass(frozen=True)
class Judged:
    """A case, what was measured, and the judgement before significance is looked at."""

    case: ShiftCase
    said: Judgement
    shift: Compared | Change | None = None
    """None where there is nothing to test: the judgement stands."""


def judge_shifts(cases: Sequence[ShiftCase], spec: DataValidation) -> list[Verdict]:
    """One verdict for each case, in their order. All p-values of the call are one family at `spec.false_discovery`."""
    judged = [judge_drift(case) if case.check.comparator == "drift" else judge_change(case) for case in cases]
    tested = [index for index, item in enumerate(judged) if item.shift is not None and item.shift.p is not None]
    values = benjamini_hochberg([_p(judged[index]) for index in tested])
    q = dict(zip(tested, values, strict=True))
    alpha = spec.false_discovery / max(len(tested), 1)
    return [settle(item, q.get(index), spec, alpha) for index, item in enumerate(judged)]


def _p(item: Judged) -> float:
    return 1.0 if item.shift is None or item.shift.p is None else item.shift.p


# --- what was measured ---------------------------------------------------------------------------------------------


def judge_drift(case: ShiftCase) -> Judged:
    """The distance of the two distributions against the bound."""
    new, old, check = case.current, case.baseline, case.check
    if old is None:
        return Judged(case, drift(Case(check, Measured(None, new.rows))))
    absent = nothing_to_compare(new, old)
    if absent is not None:
        return Judged(case, absent)
    found = compare(new, old, check.distance)
    if (
        found is None
        and check.distance == "auto"
        and all(side.numbers is None and side.words is None for side in (new, old))
    ):
        # Nobody asked for this column by name, and it never had anything to compare: infinities alone, or maps.
        held = "infinite numbers" if new.infinite else f"values of the type {new.kind}"
        return Judged(case, Judgement("too_few", f"{held} cannot be compared, now or before", "no_distance"))
    if found is None:
        wanted = "numbers" if check.distance in ("ks", "wasserstein") else "values that can be counted"
        said = f"the distance '{check.distance}' is of {wanted}, and this column is of the type {new.kind}"
        return Judged(case, Judgement("not_run", said, "no_distance"))
    few = too_few(found.n, found.m, limit_of(check).value)
    if few is not None:
        return Judged(case, few)
    measured = Measured(rounded(found.effect), round(found.n))
    return Judged(case, drift(Case(check, measured, Measured(0.0, round(found.m)))), found)


def nothing_to_compare(new: ColumnSummary, old: ColumnSummary) -> Judgement | None:
    """Columns that hold nothing, or values of another kind."""
    if new.filled + new.wrong == 0 or old.filled + old.wrong == 0:
        return emptied(new, old)
    if family(new.kind) != family(old.kind):
        return Judgement("fail", f"the column was of the type {old.kind}, and now it is {new.kind}", "kind_changed")
    return None


def emptied(new: ColumnSummary, old: ColumnSummary) -> Judgement:
    """One of the two has no value at all."""
    if new.rows < ENOUGH_VALUES:
        return Judgement("too_few", f"{new.rows:,} rows, none with a value: too few to judge", "min_rows")
    if not old.filled and not new.filled:
        return Judgement("too_few", "there is no value to judge, now or before", "no_values")
    if not old.filled:
        # It warns, for an empty baseline that nobody notices would never compare anything.
        return Judgement("warn", "the baseline has no value to compare with", "no_baseline_value")
    said = f"every value is missing now; of {old.rows:,} rows before, {old.filled:,} had one"
    return Judgement("fail", said, "no_value_now")


def too_few(n: float, m: float, bound: float) -> Judgement | None:
    """Fewer values than any distance can be told from."""
    if min(n, m) >= ENOUGH_VALUES:
        return None
    who = "there are" if n <= m else "the baseline has"
    enough = max(ENOUGH_VALUES, rows_for(bound, max(n, m)))
    text = f"{who} {round(min(n, m)):,} values, too few to judge a distribution; about {enough:,} would do"
    return Judgement("too_few", text, "min_rows")


def rows_for(bound: float, other: float, alpha: float = 0.001) -> int:
    """Rows of one version beside `other` rows of the second, with which a KS distance at the bound is sure."""
    pairs = ((kolmogorov_quantile(alpha) - KS_BY_CHANCE) / max(bound, 1e-3)) ** 2
    return math.ceil(pairs * other / (other - pairs) if other > 2 * pairs else 2 * pairs)


def judge_change(case: ShiftCase) -> Judged:
    """A number of the column against the baseline's."""
    new, old, check = case.current, case.baseline, case.check
    counts = case.sentinels or (0, 0)
    found = value_of(check.measure, new, counts[0])
    if old is None:
        return Judged(case, change(Case(check, found)))
    before = replace(value_of(check.measure, old, counts[1]), bad=0 if check.measure in SHARES else old.infinite)
    said = change(Case(check, found, before))
    if said.reason is not None or said.state not in ("pass", "fail"):
        return Judged(case, said)
    shift = changed(check, new, old, counts)
    if shift is None or shift.p is None:
        return Judged(case, said, shift)
    if min(shift.n, shift.m) < ENOUGH_VALUES:
        few = f"{round(min(shift.n, shift.m)):,} values are too few to judge that, {ENOUGH_VALUES} would do"
        text = f"{without_bound(said)}; {few}"
        return Judged(case, Judgement("too_few", text, "min_rows"))
    return Judged(case, said, shift)


# --- the decision --------------------------------------------------------------------------------------------------


def settle(item: Judged, q: float | None, spec: DataValidation, alpha: float) -> Verdict:
    """The verdict: what was judged by its size, in the light of chance and of natural variation."""
    case, shift = item.case, item.shift
    if shift is None:
        return verdict(case, item.said)
    said, method = decided(item, shift, q, spec, alpha)
    measured = replace(
        verdict(case, said, round(shift.n)),
        value=rounded(shift.effect),
        p=None if shift.p is None else rounded(shift.p),
        q=None if q is None else rounded(q),
        effect=rounded(shift.effect),
        method=method,
    )
    if isinstance(shift, Compared) or case.baseline is None:
        return measured
    counts, measure = case.sentinels or (0, 0), case.check.measure
    now, before = value_of(measure, case.current, counts[0]), value_of(measure, case.baseline, counts[1])
    return replace(measured, value=now.value, baseline=before.value)


def decided(
    item: Judged, shift: Compared | Change, q: float | None, spec: DataValidation, alpha: float
) -> tuple[Judgement, str]:
    """The judgement after the gates of significance and natural variation, and the method in words."""
    said, method = item.said, shift.method
    sure = q is None or q <= spec.false_discovery
    if said.state == "fail" and sure:
        limit, method = natural(item.case, shift, spec.false_discovery)
        said = confirmed(item.case, shift, said)
        if limit is None:
            return said, method
        text = f"{without_bound(said)}, as earlier versions do among themselves (up to {show(float(f'{limit:.2g}'))})"
        return Judgement("pass", text, "natural_variation"), method
    if said.state == "fail" and q is not None:
        return unsure(shift, said, q, spec, alpha), method
    if sure and q is not None and shift.effect > 0:
        text = f"{confirmed(item.case, shift, said).message}; so much is allowed"
        return Judgement("pass", text, "changed_but_small"), method
    if isinstance(shift, Compared):
        return Judgement("pass", "the distribution is the same, as far as chance lets one see", "same"), method
    return said, method


def confirmed(case: ShiftCase, shift: Compared | Change, said: Judgement) -> Judgement:
    """The sentence with what has moved."""
    if not isinstance(shift, Compared) or case.baseline is None:
        return said
    moved, _, allowed = said.message.partition("; at most ")
    words = describe(case.current, case.baseline, shift.form)
    return replace(said, message=f"{moved} ({words})" + (f"; at most {allowed}" if allowed else ""))


def without_bound(said: Judgement) -> str:
    """The sentence up to what is allowed."""
    return said.message.partition("; at most ")[0]


def unsure(shift: Compared | Change, said: Judgement, q: float, spec: DataValidation, alpha: float) -> Judgement:
    """Above the bound, but chance may have done it: nearly sure is said, anything less is what always happens."""
    moved = without_bound(said)
    if q > NEARLY * spec.false_discovery or shift.p is None:
        return Judgement("pass", f"{moved}, as it may by chance in {round(shift.n):,} rows", "same")
    enough = rows_to_tell(shift.p, shift.n, shift.m, alpha)
    text = f"{moved}, and chance may have done it; about {enough:,} rows would tell"
    return Judgement("too_few", text, "cannot_tell")


def rows_to_tell(p: float, n: float, m: float, alpha: float) -> int:
    """Rows with which the same change would be sure: the square of its z-value grows with n m / (n + m)."""
    here, wanted = (-normal_quantile(max(part, 1e-300) / 2) for part in (p, alpha))
    pairs = n * m / (n + m) * (wanted / max(here, 0.1)) ** 2 * 1.05
    return max(math.ceil(pairs * m / (m - pairs) if m > 2 * pairs else 2 * pairs), math.ceil(n) + 1)


def natural(case: ShiftCase, shift: Compared | Change, alpha: float) -> tuple[float | None, str]:
    """The limit of natural variation that the change keeps (None: it is beyond, or unknown), and the method in words.

    Each earlier version is compared with all the others together, and the current one with all of them.
    """
    unknown = case.check.measure == "sentinels"  # profiles do not know what a spec takes for missing
    versions = [] if unknown else [item for item in case.history if usable(item, case.current)]
    if len(versions) < ENOUGH_VERSIONS:
        known = f"{len(versions)} earlier version{'' if len(versions) == 1 else 's'}"
        return None, f"{shift.method}; calibration: weak ({known})"
    if isinstance(shift, Compared):
        sizes = effects(case.current, versions, case.check.distance)
    else:
        sizes = number_effects(case, versions)
    limit = predictive_limit(sizes[:-1], alpha)
    here, most = (show(float(f"{value:.2g}")) for value in (sizes[-1], limit))
    method = f"{shift.method}; {here} from {len(versions)} earlier versions, which vary by up to {most}"
    return (limit if sizes[-1] <= limit else None), method


def number_effects(case: ShiftCase, versions: Sequence[ColumnSummary]) -> list[float]:
    """How far each version's number is from the median of the others, the current one's last."""
    values = [value_of(case.check.measure, item).value for item in (*versions, case.current)]
    *earlier, now = [float(value) if isinstance(value, int | float) else 0.0 for value in values]
    rests = [[*earlier[:at], *earlier[at + 1 :]] for at in range(len(earlier))]
    return [abs(value - median(rest)) for value, rest in zip(earlier, rests, strict=True)] + [
        abs(now - median(earlier))
    ]


def usable(item: ColumnSummary, current: ColumnSummary) -> bool:
    """Whether an earlier version can be compared at all."""
    return item.filled >= ENOUGH_VALUES and family(item.kind) == family(current.kind)


def verdict(case: ShiftCase, said: Judgement, n: int | None = None) -> Verdict:
    """The verdict on a case before its numbers are added."""
    rows = case.current.rows if n is None else n
    return base.verdict(Case(case.check, Measured(None, rows)), said, case.slice)
