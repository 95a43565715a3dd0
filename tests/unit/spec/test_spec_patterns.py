from __future__ import annotations

import duckdb
import pytest

from mlops_cli.spec.patterns import pattern_fault

GOOD = [
    r"[^@ ]+@[^@ ]+",
    r"\d{4}-\d\d",
    r"\pL+\p{Greek}*\z",
    r"[[:alpha:]]+",
    r"\Qa.b[\E.*",
    r"\*+[*+-]+\++",
    r"(?P<year>\d+)",
    r"(?i)abc",
    r"\\1",
    "[--a]",
    "[]a]",
    "é|😀",
]
BAD = [
    ("[a-z", 0),
    ("(?=x)y", 0),
    ("a(?!x)", 1),
    ("(?<=x)y", 0),
    (r"(a)\1", 3),
    ("a*+", 2),
    ("(", 0),
    ("*a", 0),
    ("a\\", 1),
]


@pytest.mark.parametrize("pattern", GOOD)
def test_what_re2_takes_is_taken(pattern: str) -> None:
    assert pattern_fault(pattern) is None
    duckdb.connect().execute("select regexp_full_match('x', ?)", [pattern]).fetchall()


@pytest.mark.parametrize(("pattern", "start"), BAD)
def test_what_re2_refuses_is_refused(pattern: str, start: int) -> None:
    fault = pattern_fault(pattern)
    assert fault is not None
    assert fault.start == start
    with pytest.raises(duckdb.Error):
        duckdb.connect().execute("select regexp_full_match('x', ?)", [pattern]).fetchall()


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "a{99999999999999999999}"])
def test_huge_patterns_are_refused(pattern: str) -> None:
    assert pattern_fault(pattern) is not None
