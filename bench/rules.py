"""The checks that every engine makes on the table of orders, and the same as specs of ours.

This is loaded by every peer's own Python, so it imports nothing that has to be installed.
"""

from __future__ import annotations

from dataclasses import dataclass

COUNTRIES = ("US", "DE", "FR", "GB", "IN", "BR", "JP", "CN", "ES", "IT", "PL", "SE")
DEVICES = ("phone", "tablet", "web", "tv", "watch")
PLANS = ("free", "basic", "pro", "team")


@dataclass(frozen=True)
class Filled:
    """No nulls."""

    column: str


@dataclass(frozen=True)
class Unique:
    """No value twice."""

    column: str


@dataclass(frozen=True)
class Between:
    """Every value that is there lies between two bounds, both allowed."""

    column: str
    low: float
    high: float


@dataclass(frozen=True)
class OneOf:
    """Every value that is there is one of these."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """Every value that is there matches a whole regular expression."""

    column: str
    pattern: str


Rule = Filled | Unique | Between | OneOf | Matches
FILLED = (
    "order_id customer ordered_at joined_at price latitude longitude items active country device label shop session"
)
RULES: tuple[Rule, ...] = (
    *(Filled(column) for column in FILLED.split()),
    Unique("order_id"),
    Between("customer", 1, 1_000_000),
    Between("age", 0, 120),
    Between("amount", 0, 1_000_000),
    Between("score", 0, 1),
    Between("latitude", -90, 90),
    Between("longitude", -180, 180),
    Between("items", 0, 1000),
    Between("price", 0, 100_000),
    Between("temperature", -80, 80),
    OneOf("country", COUNTRIES),
    OneOf("device", DEVICES),
    OneOf("plan", PLANS),
    Matches("shop", r"m-\d+"),
    Matches("session", r"[0-9a-f]{12}"),
    Between("label", 0, 1),
)


def rules_spec() -> str:
    """The rules alone, as a spec of ours."""
    return "\n".join(["kind: validation", "name: rules", "expect:", "  columns:", *_columns(RULES), ""])


def watch_spec() -> str:
    """The rules, and every column compared with the earlier data: nulls and the whole distribution."""
    every = '    "*": {nulls: {change: 2pp}, drift: {max: 0.1}}'
    head = ["kind: validation", "name: watch", "baseline: previous", "expect:", "  columns:", every]
    return "\n".join([*head, *_columns(RULES), ""])


def _columns(rules: tuple[Rule, ...]) -> list[str]:
    columns: dict[str, list[str]] = {}
    for rule in rules:
        columns.setdefault(rule.column, []).append(_words(rule))
    return [f"    {name}: {{{', '.join(words)}}}" for name, words in columns.items()]


def _words(rule: Rule) -> str:
    match rule:
        case Filled():
            return "nulls: {max: 0%}"
        case Unique():
            return "unique: true"
        case Between(_, low, high):
            return f"min: {low}, max: {high}"
        case OneOf(_, values):
            return f"in: [{', '.join(values)}]"
        case Matches(_, pattern):
            return f"matches: '{pattern}'"
