"""Changing one value in the text of a spec: every other line, with its comments and its order, stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec.source import LINE_BREAK, Document, KeyPath, Node, parse_document
from mlops_cli.spec.writing import flow, scalar

ANCHOR = re.compile(r"(^|[\s,\[{])&\S+\s*$")


@dataclass(frozen=True)
class Edit:
    """`value` stands at `path`; with `append`, its members are added to the list there."""

    path: KeyPath
    value: Json
    append: bool = False


def patched(text: str, shown: str, edits: list[Edit]) -> str:
    """The text after all edits, one after the other. Raises SpecError where a place cannot be changed line by line."""
    for edit in edits:
        document = parse_document(text, shown)
        text = appended(document, edit) if edit.append else with_value(document, edit)
        expected = edit.value if not edit.append else None
        found = value_at(parse_document(text, shown), edit.path)
        if expected is not None and found != expected:
            raise by_hand(document, edit.path)
    return text


def value_at(document: Document, path: KeyPath) -> Json:
    """What stands at `path`; None where nothing does."""
    node: Node | None = document.root
    for step in path:
        node = node.children.get(step) if node is not None else None
    return node.data if node is not None else None


def with_value(document: Document, edit: Edit) -> str:
    """The text with a value at a path; mappings that are missing on the way are made."""
    node, at = document.root, 0
    while at < len(edit.path) and edit.path[at] in node.children:
        node = node.children[edit.path[at]]
        at += 1
        if is_shared(document, node):
            raise by_hand(document, edit.path)
    if at == len(edit.path):
        if node.block:
            raise by_hand(document, edit.path)
        return replaced(document, node.start, node.end, flow(edit.value))
    key, rest = edit.path[at], edit.path[at + 1 :]
    value = edit.value
    for step in reversed(rest):
        value = {str(step): value}
    if not isinstance(node.data, dict) or not isinstance(key, str):
        raise by_hand(document, edit.path)
    return inserted(document, node, f"{scalar(key)}: {flow(value)}")


def appended(document: Document, edit: Edit) -> str:
    """The text with more members in a list."""
    node = document.root
    for step in edit.path:
        if step not in node.children:
            raise by_hand(document, edit.path)
        node = node.children[step]
        if is_shared(document, node):
            raise by_hand(document, edit.path)
    members = edit.value if isinstance(edit.value, list) else [edit.value]
    if not isinstance(node.data, list) or not node.data:
        raise by_hand(document, edit.path)
    last = node.children[len(node.data) - 1]
    if not node.block:
        return replaced(document, last.end, last.end, "".join(f", {flow(member)}" for member in members))
    first = node.children[0]
    before = document.lines[first.start[0]][: first.start[1]]
    if before.strip() != "-":
        raise by_hand(document, edit.path)
    lines = [f"{before[: before.index('-')]}- {flow(member)}" for member in members]
    return lines_after(document, last_line(last), lines)


def inserted(document: Document, node: Node, entry: str) -> str:
    """The text with one more entry in a mapping, at its end."""
    if node.children:
        last = node.children[next(reversed(node.children))]
        if not node.block:
            key = node.keys[str(next(reversed(node.children)))]
            end = max(last.end, key.end)
            return replaced(document, end, end, f", {entry}")
        first = node.keys[next(iter(node.keys))]
        before = document.lines[first.start[0]][: first.start[1]]
        if before.strip():  # after `- ` or `? `: only the column tells the indent
            before = " " * first.start[1]
        return lines_after(document, last_line(last), [before + entry])
    line, column = node.end
    if node.block or document.lines[line][column - 1 : column] != "}":
        raise by_hand(document, ())
    return replaced(document, (line, column - 1), (line, column - 1), entry)


def last_line(node: Node) -> int:
    """The last line on which something of a value stands."""
    if node.block and node.children:
        return last_line(node.children[next(reversed(node.children))])
    line, column = node.end
    return line - 1 if column == 0 and line > node.start[0] else line


def lines_after(document: Document, line: int, lines: list[str]) -> str:
    """The text with lines after the one with this number (from 0)."""
    breaks = list(LINE_BREAK.finditer(document.text))
    newline = breaks[0].group() if breaks else "\n"
    if line < len(breaks):
        at = breaks[line].end()
        return document.text[:at] + "".join(text + newline for text in lines) + document.text[at:]
    return document.text + "".join(newline + text for text in lines)


def replaced(document: Document, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    """The text with other characters between two places (line and column from 0)."""
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(document.text))]
    first, last = starts[start[0]] + start[1], starts[end[0]] + end[1]
    return document.text[:first] + new + document.text[last:]


def is_shared(document: Document, node: Node) -> bool:
    """Whether the value stands under an anchor or an alias, and so in several places."""
    line, column = node.start
    text = document.lines[line] if line < len(document.lines) else ""
    return text[column : column + 1] in ("*", "&") or ANCHOR.search(text[:column]) is not None


def by_hand(document: Document, path: KeyPath) -> SpecError:
    """The fault of a place that is written in a way that cannot be changed in one spot."""
    where = ".".join(map(str, path))
    return SpecError(f"'{where}' is written in a way that only a person can change", None, document.place(path))
