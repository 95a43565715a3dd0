"""`is`, `in`, `matches`, `unique`, `required`, `share`: conditions that rows (or the file) keep or break."""

from __future__ import annotations

from mlops_cli.checks.comparators.base import (
    NOTHING,
    Case,
    Judgement,
    breaks,
    limit_of,
    rows_of,
    show,
    tolerated,
)


def being(case: Case) -> Judgement:
    """The format of the file, or the type of a column, is the one that the spec names."""
    wanted = show(case.check.values[0]) if case.check.values else "a table"
    if case.check.measure == "format":
        if case.found.bad:
            return Judgement("fail", f"the file is {show(case.found.value)}, not {wanted}")
        return Judgement("pass", f"the file is {show(case.found.value)}")
    if case.check.measure == "encoding":
        return encoded(case, wanted)
    if breaks(case):
        return Judgement("fail", f"{rows_of(case.found)} hold a value that is not of type {wanted}{tolerated(case)}")
    return kept(case, f"every value is of type {wanted}", f"hold a value that is not of type {wanted}")


def encoded(case: Case, wanted: str) -> Judgement:
    """The text of the file is encoded as the spec says; a file that is no text at all has no encoding."""
    if case.found.value is None:
        return Judgement("not_run", "the file is no text, and has no encoding", "no_text")
    if case.found.bad:
        return Judgement("fail", f"the file is {show(case.found.value)}, not {wanted}")
    return Judgement("pass", f"the file is {show(case.found.value)}")


def kept(case: Case, good: str, bad: str) -> Judgement:
    """A row-wise check that passes: by all rows, or by all but some that it puts up with."""
    if not case.found.of:
        return NOTHING
    return Judgement("pass", f"{rows_of(case.found)} {bad}{tolerated(case)}" if case.found.bad else good)


def member(case: Case) -> Judgement:
    """Every value is in the allowed set."""
    if breaks(case):
        seen = sorted({show(row.get(case.check.subject)) for row in case.found.examples})
        listed = ": " + ", ".join(f"'{word}'" for word in seen) if seen else ""
        more = ", ..." if isinstance(case.found.value, int) and len(seen) < case.found.value else ""
        outside = f"hold a value outside the allowed set{tolerated(case)}{listed}{more}"
        return Judgement("fail", f"{rows_of(case.found)} {outside}")
    return kept(case, "every value is in the allowed set", "hold a value outside the allowed set")


def matching(case: Case) -> Judgement:
    """The pattern matches every value as a whole."""
    name = case.check.named
    wrong = "the pattern does not match" if name is None else f"is no {name}"
    if breaks(case):
        return Judgement("fail", f"{rows_of(case.found)} hold a value that {wrong}{tolerated(case)}")
    good = "the pattern matches every value" if name is None else f"every value is of the format {name}"
    return kept(case, good, f"hold a value that {wrong}")


def unique(case: Case) -> Judgement:
    """No value stands in two rows."""
    what = "a value" if case.check.measure == "unique" else "the key"
    if breaks(case):
        return Judgement("fail", f"{rows_of(case.found)} repeat {what} of an earlier row{tolerated(case)}")
    return kept(case, f"no {'value' if what == 'a value' else 'key'} repeats", f"repeat {what} of an earlier row")


def ordered(case: Case) -> Judgement:
    """The rows stand in the order of the column."""
    if breaks(case):
        return Judgement("fail", f"{rows_of(case.found)} stand after a row that belongs behind them{tolerated(case)}")
    return kept(case, "the rows are in order", "stand after a row that belongs behind them")


def referring(case: Case) -> Judgement:
    """Every value is one of another table's."""
    table = case.check.table or "the other table"
    if breaks(case):
        return Judgement("fail", f"{rows_of(case.found)} hold a value that {table} does not have{tolerated(case)}")
    return kept(case, f"{table} has every value", f"hold a value that {table} does not have")


def closed(case: Case) -> Judgement:
    """There are no columns that the spec does not name."""
    others = case.found.value
    if not isinstance(others, list):
        return NOTHING
    if not others:
        return Judgement("pass", "there are no other columns")
    listed = ", ".join(f"'{show(name)}'" for name in others[:5]) + (", ..." if len(others) > 5 else "")
    what = "there is a column" if len(others) == 1 else f"there are {len(others)} columns"
    return Judgement("fail", f"{what} that the spec does not name: {listed}", "other_columns")


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
