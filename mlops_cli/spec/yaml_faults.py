"""What the YAML parser says, in plain words and with a hint."""

from __future__ import annotations

import re

import yaml

from mlops_cli.base.errors import Fault, Place

INDENT = "check the indentation"
FLOW = "quote text with [ ] { } , and write ' twice inside '...'"
QUOTES = "a value with this character needs quotes"
OPENED = (
    "quoted",
    "alias",
    "anchor",
    "simple key",
)  # contexts in which the beginning says more than where reading stopped
# Pattern of the parser's problem (libyaml and pure Python word them differently), our message, our hint.
PROBLEMS: tuple[tuple[str, str, str | None], ...] = (
    (r"'\\t' that cannot start", "a tab cannot indent YAML", "use spaces"),
    (r"tab character", "a tab cannot indent YAML", "use spaces"),
    (r"character '(.)' that cannot start", "a value cannot begin with {0}", QUOTES),
    (r"character that cannot start any token", "a value cannot begin with {character}", QUOTES),
    (r"mapping values are not allowed", "a ':' is not allowed here", "quote the text, or check the indentation"),
    (r"could not find expected ':'", "this line has no ':'", "a line is `key: value`, or `- item` in a list"),
    (r"end of stream.*quoted|quoted.*end of stream", "this quote has no end", None),
    (r"expected ',' or '\]'", "this list has no end, or a comma is missing", FLOW),
    (r"expected ',' or '\}'", "this mapping has no end, or a comma is missing", FLOW),
    (
        r"did not find expected key|expected <block end>",
        "this line does not fit the lines above",
        INDENT,
    ),
    (r"did not find expected '-' indicator", "this line does not fit the list above", INDENT),
    (r"block sequence entries|block collections", "a list is not allowed here", "start a new line"),
    (
        r"unknown escape character",
        "unknown escape in a double-quoted text",
        "use single quotes",
    ),
    (
        r"expected alphabetic or numeric",
        "a * or & must be followed by a name",
        "quote text with *, such as 'train[*]'",
    ),
    (
        r"expected (?:a )?comment or (?:a )?line break",
        "text cannot follow the | or > of a text block",
        "start it on the next line",
    ),
    (r"did not find expected node content", "a value is missing here", None),
    (r"expected the node content", "a value is missing here", None),
    (r"expected <document start>|<document start>", "the document has ended before this line", INDENT),
    (r"undefined tag handle", "tags are not allowed", "quote text that begins with !"),
)


def explain(error: yaml.MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Fault:
    """The parser's error as a fault at the spot where it stopped, or where the unfinished thing began."""
    problem = str(error.problem or "cannot be read as YAML")
    context = str(error.context or "")
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and any(word in context for word in OPENED):
        mark = error.context_mark
    opened = error.context_mark if "flow" in context else None
    if opened is not None and mark is not None and opened.line != mark.line:
        mark = opened  # the line of the next key says nothing about a bracket left open above it
    place = _place(mark, file, lines)
    character = place.text[place.column - 1 : place.column] or "this"
    for pattern, message, hint in PROBLEMS:
        if found := re.search(pattern, f"{context} {problem}"):
            if character == "\t":
                return Fault("a tab cannot indent YAML", place, "use spaces")
            return Fault(message.format(*found.groups(), character=character), place, hint)
    return Fault(f"this is not YAML: {problem}", place)


def _place(mark: yaml.Mark | None, file: str, lines: tuple[str, ...]) -> Place:
    if mark is None:
        return Place(file, 1, 1, 1, lines[0])
    line = min(mark.line, len(lines) - 1)
    column = mark.column if line == mark.line else len(lines[line])
    while line and not lines[line].strip():  # the parser stops at the end of the file: show the last line with text
        line -= 1
        column = max(0, len(lines[line]) - 1)
    return Place(file, line + 1, column + 1, 1, lines[line])
