"""A report as JUnit XML, the form of test results that CI systems show."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from mlops_cli.checks.verdict import Report, Verdict
from mlops_cli.reports import text

FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u200a\u200d\u2010-\u2027\u202f-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
"""What XML cannot say, even escaped, and signs that cannot be seen, such as those that turn the direction of words."""


def junit(report: Report) -> str:
    """The document: a verdict that blocks is a failure, one that was not run or cannot tell is skipped."""
    blocking = [verdict for verdict in report.verdicts if verdict.blocks]
    skipped = [verdict for verdict in report.verdicts if not verdict.blocks and verdict.state in ("not_run", "too_few")]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=clean(report.validation),
        tests=str(len(report.verdicts)),
        failures=str(len(blocking)),
        errors="0",
        skipped=str(len(skipped)),
    )
    for verdict in report.verdicts:
        case = ElementTree.SubElement(
            suite, "testcase", classname=clean(report.validation), name=clean(text.name(verdict))
        )
        if verdict in blocking:
            failure = ElementTree.SubElement(case, "failure", message=clean(verdict.message), type=verdict.state)
            failure.text = clean(body(verdict))
        elif verdict in skipped:
            ElementTree.SubElement(case, "skipped", message=clean(verdict.message))
        else:
            ElementTree.SubElement(case, "system-out").text = clean(verdict.message)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def body(verdict: Verdict) -> str:
    """The value, the bound and the example rows of a failure."""
    found = text.measured(verdict)
    return "\n".join([*([f"value: {found}"] if found else []), f"bound: {verdict.bound}", *text.rows(verdict)])


def clean(words: str) -> str:
    """Words without characters that XML forbids or that cannot be seen."""
    return FORBIDDEN.sub("?", words)
