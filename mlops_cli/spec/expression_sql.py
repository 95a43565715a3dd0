"""An expression as DuckDB SQL of the same meaning."""

from __future__ import annotations

from collections.abc import Callable

from mlops_cli.spec.terms import Binary, Constant, Function, Member, Name, Term, Unary


def sql_of(term: Term, quote: Callable[[str], str]) -> str:
    """See `mlops_cli.spec.expression.to_sql`."""
    match term:
        case Constant():
            return _sql_constant(term.value)
        case Name():
            return quote(term.name)
        case Unary():
            return f"({term.operator} {sql_of(term.operand, quote)})"
        case Binary():
            return _sql_binary(term, quote)
        case Member():
            items = ", ".join(_sql_constant(item.value) for item in term.items)
            return f"({sql_of(term.operand, quote)} {'not in' if term.negated else 'in'} ({items}))"
        case Function():
            return _sql_function(term.name, [sql_of(argument, quote) for argument in term.arguments])


def _sql_constant(value: bool | int | float | str | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    # A float as DOUBLE: DuckDB would read 0.1 as a decimal and compare differently from Python.
    return str(value) if isinstance(value, int) else f"cast('{value!r}' as double)"


def _sql_binary(term: Binary, quote: Callable[[str], str]) -> str:
    left, right = sql_of(term.left, quote), sql_of(term.right, quote)
    if term.operator in ("/", "%"):
        # A row that divides by zero is one to which the rule does not apply.
        return f"({left} {term.operator} nullif({right}, 0))"
    operator = {"==": "=", "!=": "<>"}.get(term.operator, term.operator)
    return f"({left} {operator} {right})"


def _sql_function(name: str, arguments: list[str]) -> str:
    if name == "is_null":
        return f"({arguments[0]} is null)"
    if name in ("min", "max"):
        function = {"min": "least", "max": "greatest"}[name]  # these two would skip nulls: ours propagate
        anything = " or ".join(f"{argument} is null" for argument in arguments)
        return f"(case when {anything} then null else {function}({', '.join(arguments)}) end)"
    return f"{name}({', '.join(arguments)})"
