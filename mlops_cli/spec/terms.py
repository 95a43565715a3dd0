"""The parts of an expression's tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

BinaryOperator: TypeAlias = Literal["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]


@dataclass(frozen=True)
class Span:
    """Where a part stands in the expression's text."""

    start: int
    length: int


@dataclass(frozen=True)
class Constant:
    """A number, text, true, false or null."""

    value: bool | int | float | str | None
    span: Span


@dataclass(frozen=True)
class Name:
    """A reference, dots included: a column, a parameter, or an output of a stage and keys inside it."""

    name: str
    span: Span


@dataclass(frozen=True)
class Unary:
    """`not x` or `-x`."""

    operator: Literal["not", "-"]
    operand: Term
    span: Span


@dataclass(frozen=True)
class Binary:
    """Two terms and an operator between them; `span` is the operator's."""

    operator: BinaryOperator
    left: Term
    right: Term
    span: Span


@dataclass(frozen=True)
class Member:
    """`x in [..]`, or `x not in [..]` where `negated`."""

    operand: Term
    items: tuple[Constant, ...]
    negated: bool
    span: Span


@dataclass(frozen=True)
class Function:
    """A function of the language and its arguments."""

    name: str
    arguments: tuple[Term, ...]
    span: Span


Term: TypeAlias = Constant | Name | Unary | Binary | Member | Function
