"""The one small typed expression language: parsed to a tree, evaluated in Python, or written as DuckDB SQL.

    comparison  == != < <= > >=      a in ['x', 'y']      a not in [1, 2]
    logic       and or not           values   12  0.5  'text'  true  false  null
    arithmetic  + - * / %            names    age   judge.metrics.roc_auc   `odd column`
    functions   abs min max round length lower upper coalesce is_null

Null propagates as in SQL. A name that cannot be resolved, or a value of the wrong type, is an error, never false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.spec.expression_parser import parse
from mlops_cli.spec.expression_sql import sql_of
from mlops_cli.spec.expression_value import value_of
from mlops_cli.spec.places import inside
from mlops_cli.spec.terms import Binary, Constant, Function, Member, Name, Span, Term, Unary

Kind: TypeAlias = Literal["boolean", "number", "text", "any"]


@dataclass(frozen=True)
class Expression:
    """A parsed expression with the text that it was written as and its place in the spec."""

    text: str
    root: Term
    place: Place

    def at(self, span: Span) -> Place:
        """The place of a part of the expression."""
        return inside(self.place, self.text, span.start, span.length)


def parse_expression(text: str, place: Place) -> Expression:
    """The expression that `text` (the YAML value at `place`) says; raises SpecError with the column of the mistake."""
    return Expression(text, parse(text, place), place)


def evaluate(expression: Expression, lookup: Callable[[str], Json]) -> Json:
    """The value of an expression; `lookup` gives the value of a name, or raises LookupError. Raises SpecError."""
    return value_of(expression.root, expression.at, lookup)


def references(expression: Expression) -> tuple[str, ...]:
    """The names that an expression reads, each once, in the order of the text."""
    return tuple(dict.fromkeys(term.name for term in names(expression)))


def names(expression: Expression) -> Iterator[Name]:
    """Every name in an expression with its span."""
    return (term for term in _walk(expression.root) if isinstance(term, Name))


def kind_of(expression: Expression) -> Kind:
    """What type of value an expression has, as far as its form tells."""
    return _kind(expression.root)


def to_sql(expression: Expression, quote: Callable[[str], str]) -> str:
    """DuckDB SQL of the same meaning; `quote` turns a name into SQL (a quoted column, or a cast of one)."""
    return sql_of(expression.root, quote)


def _walk(term: Term) -> Iterator[Term]:
    yield term
    match term:
        case Unary() | Member():
            yield from _walk(term.operand)
        case Binary():
            yield from _walk(term.left)
            yield from _walk(term.right)
        case Function():
            for argument in term.arguments:
                yield from _walk(argument)


def _kind(term: Term) -> Kind:
    match term:
        case Constant(value=bool()) | Member() | Unary(operator="not"):
            return "boolean"
        case Constant(value=int() | float()) | Unary(operator="-"):
            return "number"
        case Constant(value=str()):
            return "text"
        case Binary(operator=operator):
            return "number" if operator in "+-*/%" else "boolean"
        case Function(name=name):
            kinds: dict[str, Kind] = {"is_null": "boolean", "abs": "number", "round": "number", "length": "number"}
            return kinds.get(name, "text" if name in ("lower", "upper") else "any")
        case _:
            return "any"
