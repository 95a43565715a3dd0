"""The page of a validation: what blocks first, everything that is known of it, nothing that gets out of its place."""

from __future__ import annotations

import re

import pytest

from mlops_cli.checks.verdict import Evidence, Report, Verdict
from mlops_cli.reports.validation_page import html

DRIFT = Verdict(
    "age.drift",
    "age",
    "fail",
    "max 0.1",
    "age: the distribution moved by 0.31",
    slice="country=DE",
    value=0.31,
    baseline=0.02,
    n=1234,
    interval=(0.28, 0.34),
    share=0.15,
    p=1e-9,
    q=0.004,
    effect=0.31,
    method="ks",
    cause="fault",
    evidence=(
        Evidence("new_value", "real", 0.4, "a new value came"),
        Evidence("value_spike", "fault", 3.2, "15% of the rows became 0"),
    ),
    examples=({"row": 17, "age": 0}, {"row": 18, "age": None, "name": ""}),
)
PASSED = Verdict("age.min", "age", "pass", "min 0", "the least is 1", value=1)
WARNED = Verdict("plan.in", "plan", "warn", "in 3 values", "one row has 'gold'", value=1)


def report(*verdicts: Verdict, **fields: object) -> Report:
    return Report("customers", "data", "customers@v3", verdicts, rows=1234, baseline="customers@v2", **fields)  # type: ignore[arg-type]


def test_what_blocks_comes_first_with_all_that_is_known() -> None:
    text = html(report(PASSED, WARNED, DRIFT))
    assert text.index("age.drift") < text.index("plan.in") < text.index("age.min")
    for words in (
        "customers: ",
        "failed",
        "customers@v3, against customers@v2",
        "3 checks: 1 fail, 1 warn, 1 pass, on 1,234 rows",
        "age.drift [country=DE]",
        "0.28 to 0.34",
        "15.0%",
        "below 0.0001",
        "0.004",
        ">ks<",
        "looks like a processing fault",
        "15% of the rows became 0",
        "null",
        "&#39;&#39;",
    ):
        assert words in text, words
    assert text.index("value_spike" if "value_spike" in text else "15% of the rows") < text.index("a new value came")
    assert text == html(report(PASSED, WARNED, DRIFT))


def test_a_report_that_passed_says_so() -> None:
    text = html(report(PASSED, metrics={"roc_auc": 0.912345678}))
    assert '<span class="pass">passed</span>' in text
    assert "Needs a look" not in text
    assert "roc_auc" in text and "0.912346" in text


def test_a_check_that_did_not_run_and_blocks_is_read_first() -> None:
    idle = Verdict("file.rows", "file", "not_run", "min 1", "the file cannot be read", reason="bad_table")
    text = html(report(PASSED, idle))
    assert text.index("file.rows") < text.index("age.min")
    assert "bad table" in text


@pytest.mark.parametrize(
    "nasty", ["<script>alert(1)</script>", "</table><img src=x>", "\u202e\0", "x" * 100_000, "{{ 1 }}"]
)
def test_whatever_the_data_say_stays_text(nasty: str) -> None:
    bad = Verdict(
        nasty,
        nasty,
        "fail",
        nasty,
        nasty,
        slice=nasty,
        value=nasty,
        baseline=nasty,
        reason=nasty,
        method=nasty,
        cause="real",
        evidence=(Evidence("s", "fault", 1.0, nasty),),
        examples=({nasty: nasty, "list": [nasty]},),
    )
    quiet = Verdict(nasty, nasty, "pass", nasty, nasty, slice=nasty, value=nasty, baseline=[nasty])
    text = html(Report(nasty, "data", nasty, (bad, quiet), baseline=nasty, metrics={nasty: 1.0}))
    assert len(text.encode()) < 60_000
    assert "<script>alert" not in text and "<img" not in text
    assert "\u202e" not in text and "\0" not in text
    assert len(re.findall(r"<script", text)) == 0


def test_the_page_stays_small_and_counts_what_it_leaves_out() -> None:
    many = [DRIFT] * 3000 + [PASSED] * 20_000
    text = html(report(*many))
    assert len(text.encode()) < 500_000
    assert re.search(r"and [\d,]+ more that do not fit", text)
    assert "http:" not in text and "https:" not in text
    some = html(report(*[DRIFT] * 10, *[PASSED] * 20_000))
    assert len(some.encode()) < 500_000
    assert some.count("<article") == 10
