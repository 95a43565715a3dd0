"""Every comparator keeps the same promises."""

from dataclasses import replace
from typing import get_type_hints

import pytest

from mlops_cli.base.errors import Place
from mlops_cli.checks.comparators import COMPARATORS
from mlops_cli.checks.comparators.base import Case, bound_text, verdict
from mlops_cli.checks.verdict import State
from mlops_cli.measures.measured import Measured
from mlops_cli.spec.validation import Bound, Check

PLACE = Place("v.yaml", 1, 1)
STATES = State.__args__  # type: ignore[attr-defined]
MEASURES = {
    "is": "type",
    "in": "values",
    "matches": "matches",
    "unique": "unique",
    "required": "present",
    "share": "rule",
    "order": "order",
    "references": "references",
    "closed": "columns",
    "drift": "distribution",
}
FOUND = {
    "nothing": Measured(None, 0),
    "good": Measured(0.9, 100, 0, 100),
    "bad_rows": Measured(0.1, 100, 60, 100),
    "zero": Measured(0, 1, 0, 1),
    "infinite": Measured("infinity", 3, 0, 3),
    "interval": Measured(0.5, 100, 0, 100, (0.2, 0.7)),
    "names": Measured(["x", "y"], 10),
}
PASTS: list[tuple[float | None, ...]] = [(), (0.5, None), (0.5, 0.9, 0.9, 1.0), (0, 0, 0)]


def check(comparator: str, severity: str = "fail") -> Check:
    measure = MEASURES.get(comparator, "mean")
    values = ("a",) if comparator in ("is", "in", "closed") else ()
    bound = None if comparator in MEASURES and comparator not in ("share", "drift") else Bound(0.4, "number", "0.4")
    made = Check(f"c.{comparator}", "c", measure, comparator, bound, PLACE, severity, values, "x")  # type: ignore[arg-type]
    return replace(made, direction="descending", columns=("k",), table="t.csv")


def test_the_table_has_every_comparator_of_the_spec() -> None:
    assert set(COMPARATORS) == set(get_type_hints(Check)["comparator"].__args__)


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("comparator", COMPARATORS)
def test_whatever_was_measured_there_is_a_state_and_a_sentence(comparator: str, found: str) -> None:
    for baseline in (None, Measured(0, 5), Measured(None, 0), Measured(0.5, 10)):
        for past in PASTS:
            said = COMPARATORS[comparator](Case(check(comparator), FOUND[found], baseline, past))
            assert said.state in STATES
            assert said.message and not said.message.endswith(".")
            assert "nan" not in said.message and "None" not in said.message
            told = said.reason in ("no_column", "infinite_values", "no_value_now", "other_columns")
            assert (said.reason is not None) == (said.state in ("too_few", "not_run", "warn")) or told


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_nothing_measured_is_never_a_pass(comparator: str) -> None:
    for past in PASTS:
        said = COMPARATORS[comparator](Case(check(comparator), FOUND["nothing"], Measured(1.0, 5), past))
        assert said.state != "pass"


@pytest.mark.parametrize("comparator", COMPARATORS)
def test_a_warning_check_never_blocks(comparator: str) -> None:
    for found in ("bad_rows", "names"):
        case = Case(check(comparator, "warn"), FOUND[found], Measured(9.0, 5), (9.0, 9.0, 9.0))
        assert not verdict(case, COMPARATORS[comparator](case)).blocks
        assert bound_text(case.check)


@pytest.mark.parametrize(
    ("comparator", "bound"),
    [
        ("order", "descending"),
        ("references", "in t.csv: k"),
        ("closed", "no other than 1 columns"),
        ("within", "within 0.4 of history"),
        ("drift", "drift up to 0.4"),
    ],
)
def test_bounds_read_like_sentences(comparator: str, bound: str) -> None:
    assert bound_text(check(comparator)) == bound


@pytest.mark.parametrize("comparator", ["within", "change", "drift", "not_worse"])
def test_what_compares_waits_for_something_to_compare_with(comparator: str) -> None:
    said = COMPARATORS[comparator](Case(check(comparator), FOUND["good"]))
    assert (said.state, said.reason) in (("not_run", "no_baseline"), ("not_run", "learning"))
