"""`is`, `in`, `matches`, `unique`, `required`, `share`: conditions that rows (or the file) keep or break."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import NOTHING, Case, Judgement, limit_of, rows_of, show


def being(case: Case) -> Judgement:
    """The format of the file, or the type of a column, is the one that the spec names."""
    wanted = show(case.check.values[0]) if case.check.values else "a table"
    if case.check.measure == "format":
        if case.found.bad:
            return Judgement("fail", f"the file is {show(case.found.value)}, not {wanted}")
        return Judgement("pass", f"the file is {show(case.found.value)}")
    if case.found.bad:
        return Judgement("fail", f"{rows_of(case.found)} hold a value that is not of type {wanted}")
    return Judgement("pass", f"every value is of type {wanted}") if case.found.of else NOTHING


def member(case: Case) -> Judgement:
    """Every value is in the allowed set."""
    if case.found.bad:
        seen = sorted({show(row.get(case.check.subject)) for row in case.found.examples})
        listed = ": " + ", ".join(f"'{word}'" for word in seen) if seen else ""
        more = ", ..." if isinstance(case.found.value, int) and len(seen) < case.found.value else ""
        return Judgement("fail", f"{rows_of(case.found)} hold a value outside the allowed set{listed}{more}")
    return Judgement("pass", "every value is in the allowed set") if case.found.of else NOTHING


def matching(case: Case) -> Judgement:
    """The pattern matches every value as a whole."""
    if case.found.bad:
        return Judgement("fail", f"{rows_of(case.found)} hold a value that the pattern does not match")
    return Judgement("pass", "the pattern matches every value") if case.found.of else NOTHING


def unique(case: Case) -> Judgement:
    """No value stands in two rows."""
    if case.found.bad:
        return Judgement("fail", f"{rows_of(case.found)} repeat a value of an earlier row")
    return Judgement("pass", "no value repeats") if case.found.of else NOTHING


def required(case: Case) -> Judgement:
    """The column is there."""
    if case.found.value is not True:
        return Judgement("fail", f"the file has no column '{case.check.subject}'", "no_column")
    return Judgement("pass", "the column is there")


def share(case: Case) -> Judgement:
    """Enough of the rows to which a rule applies keep it."""
    if not case.found.of:
        return Judgement("too_few", "the rule applies to no row", "no_values")
    bound = limit_of(case.check)
    if (case.found.of - case.found.bad) / case.found.of < bound.value:
        wanted = "all must keep it" if bound.value == 1 else f"at least {bound.text} must keep it"
        return Judgement("fail", f"{rows_of(case.found)} break the rule; {wanted}")
    broken = f"{rows_of(case.found)} break the rule" if case.found.bad else f"all {case.found.of:,} rows keep the rule"
    return Judgement("pass", broken)
