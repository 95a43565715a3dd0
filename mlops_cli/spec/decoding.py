"""What the decoders share: a document, its faults so far, and which parts of it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from mlops_cli.base.errors import Fault, Place, SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec.expression import Expression, kind_of, parse_expression
from mlops_cli.spec.places import inside
from mlops_cli.spec.source import Document, KeyPath
from mlops_cli.spec.structure import describe, shown
from mlops_cli.spec.units import BadQuantity

T = TypeVar("T")


@dataclass
class Decoding:
    """One document on its way to a record. Faults are gathered; broken parts are left out and make no more faults."""

    document: Document
    broken: frozenset[KeyPath]
    """Where the structure is wrong."""
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self, message: str, path: KeyPath, hint: str | None = None, *, of: Literal["key", "value"] = "value"
    ) -> None:
        """Note a fault at the value (or the key) of `path`."""
        self.faults.append(Fault(message, self.document.place(path, of=of), hint))

    def fault_at(self, message: str, place: Place, hint: str | None = None) -> None:
        """Note a fault at a place that is known already."""
        self.faults.append(Fault(message, place, hint))

    def fault_inside(self, message: str, path: KeyPath, span: tuple[str, int, int], hint: str | None = None) -> None:
        """Note a fault at a part (start, length) of the text at `path`."""
        text, start, length = span
        self.faults.append(Fault(message, inside(self.document.place(path), text, start, length), hint))

    def finish(self) -> None:
        """Raise SpecError with all faults in the order of their places, where there are any."""
        if self.faults:
            raise SpecError.of(in_order(self.faults))

    def sound(self, path: KeyPath) -> bool:
        """Whether nothing at or below `path` is broken, so that it has the structure of the schema."""
        return not any(broken[: len(path)] == path for broken in self.broken)

    def place(self, path: KeyPath) -> Place:
        """The place of the key at `path`."""
        return self.document.place(path, of="key")

    def get(self, path: KeyPath) -> Json:
        """The value at `path`, None where there is none or where it is broken."""
        value = self.document.data
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value if path not in self.broken else None

    def mapping(self, path: KeyPath) -> dict[str, Json]:
        """The mapping at `path`, without `x-*` keys; empty where there is none."""
        value = self.get(path)
        return {key: item for key, item in value.items() if not key.startswith("x-")} if isinstance(value, dict) else {}

    def items(self, path: KeyPath) -> Iterator[tuple[str, Json, KeyPath]]:
        """The sound members of the mapping at `path`, whose keys are the user's names: key, value, path."""
        value = self.get(path)
        for key, item in value.items() if isinstance(value, dict) else ():
            if self.sound((*path, key)):
                yield key, item, (*path, key)

    def text(self, path: KeyPath) -> str | None:
        """The text at `path`, None where there is none."""
        value = self.get(path)
        return value if isinstance(value, str) else None

    def quantity(self, read: Callable[[Json], T], path: KeyPath) -> T | None:
        """The quantity at `path`; None where there is none, or where it is badly written, which is noted."""
        value = self.get(path)
        if value is None:
            return None
        try:
            return read(value)
        except BadQuantity as error:
            self.fault(str(error), path, error.hint)
            return None

    def condition(self, path: KeyPath) -> Expression | None:
        """The expression at `path`, which must be true or false; None where there is none or it is wrong."""
        value = self.get(path)
        if not isinstance(value, str | bool):
            return None
        text = value if isinstance(value, str) else shown(value)
        try:
            expression = parse_expression(text, self.document.place(path))
        except SpecError as error:
            self.faults.extend(error.faults)
            return None
        if (kind := kind_of(expression)) in ("number", "text"):
            self.fault(f"this is {'a number' if kind == 'number' else 'text'}, not true or false", path, "compare it")
            return None
        return expression

    def inner_path(self, path: KeyPath, what: str) -> str | None:
        """The path in the project at `path`, in its shortest form; faults for one that leads out of the project."""
        text = self.text(path)
        if text is None:
            return None
        parts: list[str] = []
        for part in text.split("/"):
            if part == ".." and not parts:
                self.fault(f"{what} leads out of the project: {text}", path, "paths are relative to the project root")
                return None
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        hint = None
        if "://" in text:
            problem, hint = f"{what} is not a path in the project: {text}", "fetch it in a stage of its own"
        elif text.startswith(("/", "~")) or text[1:3] == ":\\":
            problem, hint = f"{what} is not relative to the project: {text}", "write it from the project root"
        elif "\\" in text or not text.isprintable():
            problem, hint = f"{what} is not a path: {describe(text)}", "folders are divided by /"
        elif not parts or parts[0] == ".mlops":
            problem = f"{what} cannot be {'the whole project' if not parts else 'inside .mlops'}"
        else:
            return "/".join(parts)
        self.fault(problem, path, hint)
        return None


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults by their places, each once."""

    def position(fault: Fault) -> tuple[str, int, int]:
        return (fault.place.file, fault.place.line, fault.place.column) if fault.place else ("", 0, 0)

    return sorted(dict.fromkeys(faults), key=position)
