"""`is`, `in`, `matches`, `unique`, `required`, `share`: conditions that each row (or the whole file) keeps or breaks."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import NOTHING, Judgement, limit_of, rows_of, show
from mlops_cli.measures.measured import Measured
from mlops_cli.spec.validation import Check


def being(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """The format of the file, or the type of a column, is the one that the spec names."""
    wanted = show(check.values[0]) if check.values else "a table"
    if check.measure == "format":
        if found.bad:
            return Judgement("fail", f"the file is {show(found.value)}, not {wanted}")
        return Judgement("pass", f"the file is {show(found.value)}")
    if found.bad:
        return Judgement("fail", f"{rows_of(found)} hold a value that is not of type {wanted}")
    return Judgement("pass", f"every value is of type {wanted}") if found.of else NOTHING


def member(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """Every value is in the allowed set."""
    if found.bad:
        kinds = f"{show(found.value)} new value" + ("" if found.value == 1 else "s")
        return Judgement("fail", f"{rows_of(found)} hold a value outside the allowed set ({kinds})")
    return Judgement("pass", "every value is in the allowed set") if found.of else NOTHING


def matching(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """The pattern matches every value as a whole."""
    if found.bad:
        return Judgement("fail", f"{rows_of(found)} hold a value that the pattern does not match")
    return Judgement("pass", "the pattern matches every value") if found.of else NOTHING


def unique(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """No value stands in two rows."""
    if found.bad:
        return Judgement("fail", f"{rows_of(found)} repeat a value of an earlier row")
    return Judgement("pass", "no value repeats") if found.of else NOTHING


def required(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """The column is there."""
    if found.value is not True:
        return Judgement("fail", f"the file has no column '{check.subject}'", "no_column")
    return Judgement("pass", "the column is there")


def share(check: Check, found: Measured, baseline: Measured | None) -> Judgement:
    """Enough of the rows to which a rule applies keep it."""
    if not found.of:
        return Judgement("too_few", "the rule applies to no row", "no_values")
    bound = limit_of(check)
    if (found.of - found.bad) / found.of < bound.value:
        wanted = "all must keep it" if bound.value == 1 else f"at least {bound.text} must keep it"
        return Judgement("fail", f"{rows_of(found)} break the rule; {wanted}")
    broken = f"{rows_of(found)} break the rule" if found.bad else f"all {found.of:,} rows keep the rule"
    return Judgement("pass", broken)
