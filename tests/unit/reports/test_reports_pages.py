"""Reports as Markdown and JUnit: nothing lost, nothing taken for markup."""

from dataclasses import replace
from xml.etree import ElementTree

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports.junit import junit
from mlops_cli.reports.markdown import markdown

REPORT = Report(
    "people",
    "data",
    "people@v2",
    (
        Verdict(
            "age.min",
            "age",
            "fail",
            "min 0",
            "1 of 9 rows <b>",
            value=-3.5,
            n=9,
            share=0.1,
            examples=({"row": 4, "age": "-3.5 | *"},),
        ),
        Verdict("id.unique", "id", "pass", "unique", "no value repeats", n=9),
        Verdict(
            "rows.change", "rows", "not_run", "change up to 5%", "there is no earlier version", reason="no_baseline"
        ),
        Verdict("by_slice.f1.min", "f1", "too_few", "min 0.5", "3 rows\x00", slice="sex=[f]", n=3, reason="min_rows"),
        Verdict("b.min", "b", "not_run", "min 1", "there is no column 'b'", reason="no_column"),
    ),
    rows=9,
    baseline="people@v1",
    metrics={"f1": 0.75},
)


def test_markdown_puts_failures_first_and_shows_rows() -> None:
    page = markdown(REPORT)
    lines = page.splitlines()
    assert lines[0] == "## people: failed (people@v2 against people@v1)"
    assert lines[2] == "5 checks: 1 fail, 2 not run, 1 too few, 1 pass, on 9 rows"
    assert "| f1 | 0.75 |" in lines
    table = [line for line in lines if line.startswith(("| FAIL", "| pass", "| not run", "| too few"))]
    assert table[0] == "| FAIL | age.min | -3.5 | min 0 | 9 | 1 of 9 rows \\<b\\> |"
    assert table[-1].startswith("| pass | id.unique |")
    assert "- row 4: age = -3.5 \\| \\*" in lines


def test_markdown_folds_many_checks_that_passed() -> None:
    many = [Verdict(f"c{at}.min", f"c{at}", "pass", "min 0", "fine", n=9) for at in range(40)]
    page = markdown(replace(REPORT, verdicts=(*REPORT.verdicts, *many)))
    shown, _, folded = page.partition("<details><summary>41 checks passed</summary>")
    assert "| FAIL |" in shown and "| pass |" not in shown and folded.count("| pass |") == 41


def test_junit_is_xml_with_failures_and_skips() -> None:
    suite = ElementTree.fromstring(junit(REPORT))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "2", "2")
    cases = {case.get("name"): case for case in suite}
    failure = cases["age.min"].find("failure")
    assert failure is not None
    assert failure.get("message") == "1 of 9 rows <b>"
    assert "row 4: age = -3.5" in (failure.text or "")
    assert cases["rows.change"].find("skipped") is not None
    assert cases["by_slice.f1.min [sex=[f]]"].find("skipped") is not None


def test_an_empty_report_is_a_page_too() -> None:
    empty = Report("x", "model", "m", ())
    assert "no checks" in markdown(empty)
    assert ElementTree.fromstring(junit(empty))[0].get("tests") == "0"
