"""The value of an expression: strict types, null as in SQL, every mistake with its place."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mlops_cli.base.errors import Place, SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec.terms import Binary, Constant, Function, Member, Name, Span, Term, Unary

Number: TypeAlias = "int | float"
COMPARE: Mapping[str, Callable[[Number | str, Number | str], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def value_of(root: Term, at: Callable[[Span], Place], lookup: Callable[[str], Json]) -> Json:
    """See `mlops_cli.spec.expression.evaluate`; `at` gives the place of a part."""
    return _Evaluation(at, lookup).value(root)


@dataclass(frozen=True)
class _Evaluation:
    at: Callable[[Span], Place]
    lookup: Callable[[str], Json]

    def wrong(self, message: str, span: Span, hint: str | None = None) -> SpecError:
        return SpecError(message, hint, self.at(span))

    def value(self, term: Term) -> Json:
        match term:
            case Constant():
                return term.value
            case Name():
                return self.name(term)
            case Unary():
                return self.unary(term)
            case Binary(operator="and" | "or"):
                return self.logic(term)
            case Binary():
                return self.binary(term)
            case Member():
                return self.member(term)
            case Function():
                return self.function(term)

    def name(self, term: Name) -> Json:
        try:
            return self.lookup(term.name)
        except LookupError:
            raise self.wrong(f"'{term.name}' has no value here", term.span) from None

    def unary(self, term: Unary) -> Json:
        value = self.value(term.operand)
        if value is None:
            return None
        return not self.boolean(value, term.span) if term.operator == "not" else -self.number(value, term.span)

    def logic(self, term: Binary) -> Json:
        decisive = term.operator == "or"  # the value of one side that settles the whole, whatever the other is
        left = self.boolean_or_null(self.value(term.left), term.span)
        if left is decisive:
            return decisive
        right = self.boolean_or_null(self.value(term.right), term.span)
        if right is decisive:
            return decisive
        return None if left is None or right is None else not decisive

    def binary(self, term: Binary) -> Json:
        left, right = self.value(term.left), self.value(term.right)
        if left is None or right is None:
            return None
        if term.operator in COMPARE:
            return self.compare(term, left, right)
        return self.arithmetic(term, self.number(left, term.span), self.number(right, term.span))

    def compare(self, term: Binary, left: Json, right: Json) -> bool:
        if isinstance(left, bool) and isinstance(right, bool) and term.operator in ("==", "!="):
            return (left == right) is (term.operator == "==")
        for kinds in ((int, float), (str,)):
            if _is(left, kinds) and _is(right, kinds):
                return COMPARE[term.operator](left, right)  # type: ignore[arg-type]  # both are of `kinds`
        raise self.wrong(f"cannot compare {_kind(left)} with {_kind(right)}", term.span)

    def arithmetic(self, term: Binary, left: Number, right: Number) -> Number:
        if term.operator in "/%" and right == 0:
            raise self.wrong("division by zero", term.span)
        try:
            result = _calculate(term.operator, left, right)
        except OverflowError:
            result = math.inf
        if not math.isfinite(result):
            raise self.wrong("the result is too large a number", term.span)
        return result

    def member(self, term: Member) -> Json:
        value = self.value(term.operand)
        if value is None:
            return None
        same = [item.value for item in term.items if isinstance(item.value, bool) == isinstance(value, bool)]
        return (value in same) is not term.negated

    def function(self, term: Function) -> Json:
        values = [self.value(argument) for argument in term.arguments]
        if term.name == "is_null":
            return values[0] is None
        if term.name == "coalesce":
            return next((value for value in values if value is not None), None)
        if any(value is None for value in values):
            return None
        if term.name in ("length", "lower", "upper"):
            text = values[0]
            if not isinstance(text, str):
                raise self.wrong(f"{term.name} takes text, not {_kind(text)}", term.span)
            return len(text) if term.name == "length" else text.lower() if term.name == "lower" else text.upper()
        numbers = [self.number(value, term.span) for value in values]
        if term.name == "round":
            return _round(numbers[0], int(numbers[1]) if len(numbers) > 1 else 0)
        return abs(numbers[0]) if term.name == "abs" else min(numbers) if term.name == "min" else max(numbers)

    def number(self, value: Json, span: Span) -> Number:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise self.wrong(f"expected a number, found {_kind(value)}", span)

    def boolean(self, value: Json, span: Span) -> bool:
        if isinstance(value, bool):
            return value
        raise self.wrong(f"expected true or false, found {_kind(value)}", span)

    def boolean_or_null(self, value: Json, span: Span) -> bool | None:
        return None if value is None else self.boolean(value, span)


def _is(value: Json, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _kind(value: Json) -> str:
    if isinstance(value, str):
        return f"the text '{value}'" if len(value) < 30 else "text"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "a mapping"


def _calculate(sign: str, left: Number, right: Number) -> Number:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            return _remainder(left, right)


def _remainder(left: Number, right: Number) -> Number:
    """The remainder with the sign of `left`, as in SQL."""
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return math.fmod(left, right)


def _round(value: Number, digits: int) -> Number:
    """Half away from zero, as in SQL."""
    if isinstance(value, int) and digits >= 0:
        return value
    scale = 10.0**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)
