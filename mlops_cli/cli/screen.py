"""The only writer to the terminal: results to standard output, progress and errors to standard error."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mlops_cli.base.records import canonical

STYLES = {"good": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1"}


@dataclass(frozen=True)
class Screen:
    """Prints text for people or one JSON document for machines."""

    as_json: bool = False

    def result(self, record: object, text: str) -> None:
        """A command's result: `record` as JSON with `--json`, else `text`."""
        with heard(1):
            if self.as_json:
                _write_bytes(canonical(record) + b"\n")
            elif text:
                sys.stdout.write(text if text.endswith("\n") else text + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line of progress for people; machines that asked for JSON do not get it."""
        if not self.as_json:
            self.error(text + "\n")

    def error(self, text: str) -> None:
        """What went wrong, on standard error."""
        with heard(2):
            sys.stderr.write(text if text.endswith("\n") else text + "\n")
            sys.stderr.flush()

    @property
    def live(self) -> bool:
        """Whether a person watches standard error."""
        return (
            not self.as_json and sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
        )


@contextmanager
def heard(stream: int) -> Iterator[None]:
    """Write to standard output (1) or error (2); where its reader has enough and goes, the command goes on unheard:
    what it does, and its exit code, are the same."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


def _write_bytes(data: bytes) -> None:
    """JSON is UTF-8 whatever the terminal's own encoding is."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(data.decode())
    else:
        raw.write(data)


def paint(text: str, style: str) -> str:
    """`text` in a style, where standard output is a terminal that shows colours."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if _colours() else text


def _colours() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def table(rows: Sequence[Sequence[str]], *, head: Sequence[str] = (), indent: str = "") -> str:
    """Rows as aligned columns; colour codes and wide characters do not disturb the alignment."""
    lines = [[paint(title, "dim") for title in head], *rows] if head and rows else list(rows)
    widths = [
        max(width(row[column]) for row in lines if column < len(row))
        for column in range(max(map(len, lines), default=0))
    ]
    out = []
    for row in lines:
        cells = [cell + " " * (widths[number] - width(cell)) for number, cell in enumerate(row)]
        out.append(indent + "  ".join(cells).rstrip())
    return "\n".join(out)


def width(text: str) -> int:
    """How many terminal cells `text` takes."""
    total, inside = 0, False
    for char in text:
        if inside:
            inside = char != "m"
        elif char == "\x1b":
            inside = True
        elif not unicodedata.combining(char):
            total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def counted(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time span for people: `35 ms`, `1.2 s`, `3 min 20 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size(count: int) -> str:
    """A number of bytes for people: `812 B`, `4.2 KiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
