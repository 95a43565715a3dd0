"""The one reader of YAML: plain data by the rules of YAML 1.2, and the place of every key and value."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import yaml

from mlops_cli.base.errors import Fault, Place, SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec.yaml_faults import explain

KeyPath: TypeAlias = "tuple[str | int, ...]"
Parser = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where it is built in: ten times faster

MAX_BYTES = 4 << 20
MAX_DEPTH = 40
MAX_VALUES = 50_000  # counted after aliases are expanded, so that a few lines cannot mean a billion values
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
INTEGER = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
NOT_FINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Node:
    """A value of the document and where it stands. Lines and columns count from 0, as the parser gives them."""

    data: Json
    start: tuple[int, int]
    end: tuple[int, int]
    block: bool = False
    """A mapping or list written with indentation, without brackets."""
    size: int = 1
    keys: dict[str, Node] = field(default_factory=dict)
    """Of a mapping: key -> the key's own node."""
    children: dict[str | int, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A YAML document as plain data, with places. `faults` are mistakes that did not stop the reading."""

    file: str
    text: str
    data: Json
    root: Node
    lines: tuple[str, ...]
    faults: tuple[Fault, ...] = ()

    def place(self, path: KeyPath, *, of: Literal["key", "value"] = "value") -> Place:
        """Where the value at `path` stands, or its key; where there is no such value, its nearest parent.

        A value written over several indented lines is marked by its key.
        """
        node, key = self.root, None
        for step in path:
            child = node.children.get(step)
            if child is None:
                break
            node, key = child, node.keys.get(str(step)) if isinstance(step, str) else None
        empty = node.start == node.end
        if key is not None and (of == "key" or node.block or empty):
            return self._place(key)
        while node.block and node.children:
            first = next(iter(node.children))
            node = node.keys[first] if isinstance(first, str) else node.children[first]
        return self._place(node)

    def _place(self, node: Node) -> Place:
        return place_of(self.file, self.lines, node.start, node.end)


def place_of(file: str, lines: tuple[str, ...], start: tuple[int, int], end: tuple[int, int]) -> Place:
    """The place from `start` to `end` (line and column from 0), cut at the end of the first line."""
    line, column = start
    text = lines[line] if line < len(lines) else ""
    stop = end[1] if end[0] == line else len(text)
    return Place(file, line + 1, column + 1, max(1, stop - column), text)


def read_document(path: Path, shown: str) -> Document:
    """The document in a file, called `shown` in messages. Raises SpecError, also where the file cannot be read."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SpecError(f"{shown} is too large for a spec ({size} bytes)", "is it a data file?")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise SpecError(f"{shown} does not exist") from None
    except IsADirectoryError:
        raise SpecError(f"{shown} is a folder, not a file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"cannot read {shown}: {reason}") from error
    return parse_document(_decode(raw, shown), shown)


def _decode(raw: bytes, shown: str) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SpecError(f"{shown} is UTF-16 text", "save it as UTF-8")
    if b"\0" in raw:
        raise SpecError(f"{shown} is not text", "a spec is a YAML file in UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        lines = tuple(LINE_BREAK.split(before))
        rest = raw[error.start : error.start + 60].decode("latin-1").splitlines()[0]
        place = Place(shown, len(lines), len(lines[-1]) + 1, 1, lines[-1] + rest)
        raise SpecError(f"byte 0x{raw[error.start]:02x} is not UTF-8 text", "save the file as UTF-8", place) from None


def parse_document(text: str, shown: str) -> Document:
    """The document that `text` says; raises SpecError where it is not one YAML document."""
    lines = tuple(LINE_BREAK.split(text))
    if found := UNPRINTABLE.search(text):
        before = LINE_BREAK.split(text[: found.start()])
        at = (len(before) - 1, len(before[-1]))
        place = place_of(shown, lines, at, (at[0], at[1] + 1))
        raise SpecError(f"the character U+{ord(found.group()):04X} cannot be in YAML", "remove it", place)
    composer = _Composer(text, shown, lines)
    try:
        root = composer.document()
    except yaml.MarkedYAMLError as error:
        raise SpecError.of([explain(error, shown, lines)]) from None
    return Document(shown, text, root.data, root, lines, tuple(composer.faults))


class _Composer:
    """Builds nodes from the events of the YAML parser."""

    def __init__(self, text: str, shown: str, lines: tuple[str, ...]) -> None:
        self.shown, self.lines = shown, lines
        self.faults: list[Fault] = []
        self.anchors: dict[str, Node | None] = {}
        self.events = self.read(text)

    def read(self, text: str) -> Iterator[yaml.Event]:
        parser = Parser(text)
        try:
            while parser.check_event():
                yield parser.get_event()
        finally:
            parser.dispose()

    def fault(self, message: str, start: tuple[int, int], end: tuple[int, int], hint: str | None = None) -> SpecError:
        """The fault as an exception, for the cases that cannot go on."""
        return SpecError(message, hint, place_of(self.shown, self.lines, start, end))

    def note(self, message: str, node: Node, hint: str | None = None) -> None:
        self.faults.append(Fault(message, place_of(self.shown, self.lines, node.start, node.end), hint))

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    start, end = _span(event)
                    hint = "put each spec into a file of its own"
                    raise self.fault("a second document starts here; a spec file holds one", start, end, hint)
                root = self.node(next(self.events), 0)
        if root is None or (root.data is None and root.start == root.end):
            raise self.fault(f"{self.shown} is empty", (0, 0), (0, 0), "a spec begins with `kind:` and `name:`")
        return root

    def node(self, event: yaml.Event, depth: int) -> Node:
        start, end = _span(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if depth > MAX_DEPTH:
            raise self.fault(f"nested more than {MAX_DEPTH} deep", start, end)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self.anchors[anchor] = None  # stays None while the value is being read: an alias in it would never end
        if isinstance(event, yaml.ScalarEvent):
            node = Node(self.scalar(event, start, end), start, end)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if tag is not None and tag != "!":
            self.note(f"tags such as {_short(tag)} are not allowed", node, "leave it out; quotes make a value text")
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        start, end = _span(event)
        if event.anchor not in self.anchors:
            raise self.fault(
                f"there is no anchor '&{event.anchor}'", start, end, "text that begins with * needs quotes"
            )
        target = self.anchors[event.anchor]
        if target is None:
            raise self.fault(f"the alias '*{event.anchor}' stands inside its own anchor", start, end)
        return Node(target.data, start, end, False, target.size, target.keys, target.children)

    def grow(self, node: Node, child: Node) -> None:
        node.size += child.size
        if node.size > MAX_VALUES:
            raise self.fault(f"the document has more than {MAX_VALUES} values", child.start, child.end)

    def sequence(self, event: yaml.SequenceStartEvent, depth: int) -> Node:
        items: list[Json] = []
        node = Node(items, *_span(event), block=not event.flow_style)
        while not isinstance(child_event := next(self.events), yaml.SequenceEndEvent):
            child = self.node(child_event, depth + 1)
            node.children[len(items)] = child
            items.append(child.data)
            self.grow(node, child)
        node.end = _span(child_event)[1]
        return node

    def mapping(self, event: yaml.Event, depth: int) -> Node:
        members: dict[str, Json] = {}
        node = Node(members, *_span(event), block=not getattr(event, "flow_style", False))
        while not isinstance(key_event := next(self.events), yaml.MappingEndEvent):
            key = self.key(key_event, depth)
            child = self.node(next(self.events), depth + 1)
            self.grow(node, child)
            name = key.data
            if not isinstance(name, str) or self.refused(name, key, child, node):
                continue
            members[name], node.keys[name], node.children[name] = child.data, key, child
        node.end = _span(key_event)[1]
        return node

    def key(self, event: yaml.Event, depth: int) -> Node:
        """A key as text, whatever it looks like; its data is None where it is no text at all."""
        start, end = _span(event)
        if isinstance(event, yaml.ScalarEvent) and event.tag is None:
            return Node(event.value, start, end)
        key = self.node(event, depth + 1)
        self.note("a key is plain text", key, "a value that begins with { or [ or * needs quotes")
        return Node(None, start, end)

    def refused(self, name: str, key: Node, child: Node, node: Node) -> bool:
        if name == "<<":
            self.note("merge keys (<<) are not allowed", key, "write the keys out, or alias a whole value")
            for merged, part in child.children.items():  # read as it was meant, so that no other faults follow
                if isinstance(merged, str) and merged not in node.keys and isinstance(node.data, dict):
                    node.data[merged], node.keys[merged], node.children[merged] = part.data, child.keys[merged], part
            return True
        if first := node.keys.get(name):
            self.note(f"the key '{name}' is given twice", key, f"it is first given on line {first.start[0] + 1}")
            return True
        return False

    def scalar(self, event: yaml.ScalarEvent, start: tuple[int, int], end: tuple[int, int]) -> Json:
        text: str = event.value
        if event.style:  # quoted, or a block of text; plain values come with "" or None
            return text
        try:
            return plain_scalar(text)
        except OverflowError as error:
            self.note(str(error), Node(text, start, end), "put it into quotes if it is meant as text")
            return 0


def plain_scalar(text: str) -> Json:
    """What `text` means without quotes: null, true, false, a number, or the text; raises OverflowError."""
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in "0123456789+-." else text


def _number(text: str) -> int | float | str:
    """The number that a plain scalar says, or the text itself; raises OverflowError beyond what JSON can hold."""
    if INTEGER.match(text):
        value = 1 << 64 if len(text) > 70 else int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        if not -(1 << 63) <= value < 1 << 64:
            raise OverflowError("the number is too large: whole numbers have at most 64 bits")
        return value
    if FLOAT.match(text):
        if abs(number := float(text)) == float("inf"):
            raise OverflowError("the number is too large")
        return number
    if NOT_FINITE.match(text):
        raise OverflowError(f"{text} is not a number that a spec can use")
    return text


def _span(event: yaml.Event) -> tuple[tuple[int, int], tuple[int, int]]:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:
        raise TypeError("the parser gives every event two marks")
    return (start.line, start.column), (end.line, end.column)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
