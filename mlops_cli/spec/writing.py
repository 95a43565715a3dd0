"""The YAML text of a validation of data, as a person would write it: one line a column, comments above it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlops_cli.base.records import Json
from mlops_cli.spec.source import FLOAT, INTEGER, NOT_FINITE, WORDS

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
QUANTITY = re.compile(r"\d+(\.\d+)?(%|pp)|\d{4}-\d\d-\d\d")
ELSEWHERE = frozenset({"yes", "no", "on", "off", "y", "n"})
"""Words that other readers of YAML take for true and false."""
WEIRD = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffd]")
"""Characters that do not show, or that YAML takes for an end of line."""
LONG_KEY = 900
"""A key that is longer needs a question mark before it."""
WIDTH = 120


@dataclass(frozen=True)
class ColumnText:
    """What is said of one column, and what is remarked above it."""

    name: str
    says: Mapping[str, Json]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValidationText:
    """A validation of data to be written."""

    name: str
    remarks: tuple[str, ...]
    head: Mapping[str, Json]
    """What stands between the name and `expect`."""
    whole: Mapping[str, Json]
    """What `expect` says of the file and its rows."""
    every: Mapping[str, Json]
    """What is asked of every column; nothing where it is empty."""
    columns: tuple[ColumnText, ...]
    hints: tuple[str, ...] = field(default=())
    """Remarks below `expect`, before the columns."""


def validation_text(said: ValidationText) -> str:
    """The spec as YAML. Reading it gives back what it was made of."""
    return "\n".join(_lines(said)) + "\n"


def _lines(said: ValidationText) -> Iterator[str]:
    yield from (comment(remark) for remark in said.remarks)
    yield "kind: validation"
    yield f"name: {scalar(said.name)}"
    yield from (f"{scalar(key)}: {flow(value)}" for key, value in said.head.items())
    yield ""
    yield "expect:"
    yield from (f"  {scalar(key)}: {flow(value)}" for key, value in said.whole.items())
    yield from (f"  {comment(hint)}" for hint in said.hints)
    if not said.columns and not said.every:
        return
    yield "  columns:"
    if said.every:
        yield f'    "*": {flow(dict(said.every))}'
    for column in said.columns:
        yield from (f"    {comment(remark)}" for remark in column.remarks)
        yield from column_lines(column, "    ")


def column_lines(column: ColumnText, indent: str) -> Iterator[str]:
    """A column in one line, or where that is too long one line a key."""
    key = scalar(column.name)
    line = f"{indent}{key}: {flow(dict(column.says))}"
    if len(key) > LONG_KEY:
        yield f"{indent}? {key}"
        yield f"{indent}: {flow(dict(column.says))}"
    elif len(line) <= WIDTH or not column.says:
        yield line
    else:
        yield f"{indent}{key}:"
        yield from (f"{indent}  {scalar(name)}: {flow(value)}" for name, value in column.says.items())


def comment(text: str) -> str:
    """A remark on one line, whatever it quotes."""
    return "# " + WEIRD.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def flow(value: Json) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Json) -> str:
    """A single value: plain where every reader of YAML takes it for what it is, in quotes otherwise."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value) if isinstance(value, int) else number_text(value)
    text = str(value)
    if QUANTITY.fullmatch(text) or (PLAIN.fullmatch(text) and not _means_else(text)):
        return text
    if WEIRD.search(text):
        return '"' + WEIRD.sub(_escaped, json.dumps(text, ensure_ascii=False)[1:-1]) + '"'
    return "'" + text.replace("'", "''") + "'"


def number_text(value: float) -> str:
    """A number without an end that says nothing: 5.0 is 5."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _means_else(text: str) -> bool:
    """Whether a text would be read as a number or a word of the language."""
    said = (INTEGER, FLOAT, NOT_FINITE)
    return text in WORDS or text.lower() in ELSEWHERE or any(pattern.match(text) for pattern in said)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
