"""What can go wrong for a user, and where: the exceptions that the command line turns into text and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A spot in a text file. `line` and `column` count from 1; `text` is the whole line, `length` the marked part."""

    file: str
    line: int
    column: int
    length: int = 1
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Fault:
    """One mistake of the user: what is wrong, where it stands (None when it has no place), and what would mend it."""

    message: str
    place: Place | None = None
    hint: str | None = None


class UserError(Exception):
    """A mistake that the user can mend; never a bug of ours. Carries one or many faults, all shown together."""

    exit_code = 2

    def __init__(self, message: str, hint: str | None = None, place: Place | None = None) -> None:
        super().__init__(message)
        self.faults: tuple[Fault, ...] = (Fault(message, place, hint),)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> UserError:
        """One error that holds all `faults`; at least one is needed."""
        first = faults[0]
        error = cls(first.message, first.hint, first.place)
        error.faults = tuple(faults)
        return error


class SpecError(UserError):
    """A spec or a reference in it is wrong; each fault has a place in the YAML."""


class StageFailed(UserError):
    """Code that a stage runs (the user's function, a command, a query) failed."""

    exit_code = 3


class StoreError(UserError):
    """The store, a name in it, or a remote cannot do what was asked."""

    exit_code = 4
