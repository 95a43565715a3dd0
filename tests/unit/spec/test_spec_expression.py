from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.base.records import Json, plain
from mlops_cli.spec.expression import evaluate, kind_of, parse_expression, references, to_sql

VALUES: dict[str, Json] = {
    "a": 3,
    "b": -2,
    "x": 0.5,
    "s": "Ärger",
    "t": True,
    "n": None,
    "odd name": 7,
    "m.roc_auc": 0.9,
}


def value(text: str) -> Json:
    return evaluate(parse_expression(text, Place("f", 1, 1)), VALUES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("(1 + 2) * 3", 9),
        ("-a + 1", -2),
        ("- 2 * 3", -6),
        ("7 / 2", 3.5),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("a == 3.0", True),
        ("a != 3", False),
        ("1 < a and a <= 3", True),
        ("not a == 4", True),
        ("not t or t", True),
        ("true and false or true", True),
        ("a in [1, 2, 3]", True),
        ("b not in [-2]", False),
        ("s in ['Ärger', \"x\"]", True),
        ("t in [1]", False),
        ("n + 1", None),
        ("n == n", None),
        ("n in [1]", None),
        ("n and false", False),
        ("n or true", True),
        ("n and true", None),
        ("not n", None),
        ("is_null(n)", True),
        ("is_null(a)", False),
        ("coalesce(n, n, 4)", 4),
        ("abs(b)", 2),
        ("min(a, b, x)", -2),
        ("max(a, n)", None),
        ("round(2.5)", 3.0),
        ("round(-2.5)", -3.0),
        ("round(1.25, 1)", 1.3),
        ("length(s)", 5),
        ("lower(s) == 'ärger'", True),
        ("upper('x') == 'X'", True),
        ("'it''s' == \"it's\"", True),
        ("`odd name` == 7", True),
        ("m.roc_auc >= 0.9", True),
        ("m.`roc_auc` >= .9", True),
        ("'b' > 'a'", True),
        ("t == true", True),
    ],
)
def test_values(text: str, expected: Json) -> None:
    found = value(text)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("a + s", "expected a number, found the text 'Ärger'", 3),
        ("a == s", "cannot compare the number 3 with the text", 3),
        ("t < t", "cannot compare true with true", 3),
        ("a and t", "expected true or false, found the number 3", 3),
        ("nothing > 1", "'nothing' has no value here", 1),
        ("a / (b + 2)", "division by zero", 3),
        ("length(a)", "length takes text", 1),
        ("10000000000.0 * " * 40 + "1.0", "too large", None),
    ],
)
def test_wrong_types_are_errors_with_a_place(text: str, message: str, column: int | None) -> None:
    with pytest.raises(SpecError) as caught:
        evaluate(parse_expression(text, Place("f", 1, 1, len(text), text)), VALUES.__getitem__)
    assert message in str(caught.value)
    place = caught.value.faults[0].place
    assert place is not None
    assert column is None or place.column == column


def test_references_come_once_and_in_order() -> None:
    expression = parse_expression("b + a.c > `odd name` and b in [1]", Place("f", 1, 1))
    assert references(expression) == ("b", "a.c", "odd name")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a", "any"),
        ("a > 1", "boolean"),
        ("not a", "boolean"),
        ("is_null(a)", "boolean"),
        ("a in [1]", "boolean"),
        ("true", "boolean"),
        ("a + 1", "number"),
        ("-a", "number"),
        ("1", "number"),
        ("'x'", "text"),
        ("lower(a)", "text"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert kind_of(parse_expression(text, Place("f", 1, 1))) == kind


def test_an_expression_is_a_plain_record() -> None:
    record = plain(parse_expression("a > 1", Place("f", 1, 1)))
    assert isinstance(record, dict)
    assert record["text"] == "a > 1"


@pytest.mark.parametrize("text", ["(" * 200 + "a" + ")" * 200, "-" * 400 + "1", "not " * 400 + "t", "1 + " * 400 + "1"])
def test_endless_expressions_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"deep|operators"):
        parse_expression(text, Place("f", 1, 1))


@pytest.mark.parametrize("text", ["9" * 5000, "1e999", "a" * 30_000])
def test_huge_words_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"too large|characters"):
        parse_expression(text, Place("f", 1, 1))


NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([0.5, -1.5, 2.25]))
LEAVES = st.one_of(NUMBERS.map(str), st.sampled_from(["a", "b", "n"]))
ARITHMETIC = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda term: f"abs({term})"),
        st.tuples(inner, inner).map(lambda parts: f"min({parts[0]}, {parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: f"coalesce({parts[0]}, {parts[1]})"),
    ),
    max_leaves=6,
)
CONDITIONS = st.recursive(
    st.tuples(ARITHMETIC, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), ARITHMETIC).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda term: f"not {term}"),
        ARITHMETIC.map(lambda term: f"is_null({term})"),
        ARITHMETIC.map(lambda term: f"{term} not in [1, 2.25]"),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@given(text=CONDITIONS)
def test_python_and_sql_agree(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    expression = parse_expression(text, Place("f", 1, 1))
    columns = {"a": "3", "b": "cast(-2 as double)", "n": "cast(null as double)"}
    row = connection.execute(f"select {to_sql(expression, columns.__getitem__)}").fetchone()
    assert row is not None
    assert row[0] == evaluate(expression, {"a": 3, "b": -2.0, "n": None}.__getitem__)


@pytest.mark.parametrize("text", ["-7 % 3", "7 / 2", "round(-2.5)", "round(2.5)", "length('Ärger😀')", "upper('ä')"])
def test_single_functions_agree_with_sql(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    row = connection.execute(f"select {to_sql(parse_expression(text, Place('f', 1, 1)), str)}").fetchone()
    assert row is not None
    assert row[0] == value(text)


def test_text_in_sql_cannot_leave_its_quotes(connection: duckdb.DuckDBPyConnection) -> None:
    text = '"\'; drop table x; --" == "\'; drop table x; --"'
    row = connection.execute(f"select {to_sql(parse_expression(text, Place('f', 1, 1)), str)}").fetchone()
    assert row == (True,)


def test_rows_that_divide_by_zero_are_not_judged(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(f"select {to_sql(parse_expression('1 / 0 > 1', Place('f', 1, 1)), str)}").fetchone()
    assert row == (None,)


@given(text=st.text(alphabet="ab1. ()[]'\"`,+-*/%<>=!&|$\n", max_size=30))
def test_any_text_is_an_expression_or_a_fault_inside_it(text: str) -> None:
    place = Place("f", 1, 1, max(1, len(text)), text)
    try:
        parse_expression(text, place)
    except SpecError as error:
        spot = error.faults[0].place
        assert spot is not None
        assert 1 <= spot.column <= len(text) + 1
