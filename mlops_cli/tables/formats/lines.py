"""Text files as blocks of whole lines, read in one pass, plain or compressed; the memory of a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_cli.tables.formats.base import BadTable

BLOCK = 16 << 20
LONGEST = 64 << 20
"""Bytes of the longest line that is read."""
NEWLINE, QUOTE, COMMA = 10, 34, 44
BOM = b"\xef\xbb\xbf"
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


@dataclass(frozen=True)
class Block:
    """Whole lines of a file; `first_line` counts from 1."""

    data: bytes
    first_line: int
    open_end: bool = False
    """Whether the file ends with it, and not with the end of a line."""


def open_text(path: Path) -> pa.NativeFile:
    """The file as a stream of bytes, uncompressed."""
    return pa.input_stream(str(path), compression=COMPRESSED.get(path.suffix.lower()), buffer_size=0)


def blocks(path: Path, *, quotes: bool, size: int = BLOCK) -> Iterator[Block]:
    """The lines of a file in blocks of about `size` bytes, cut at ends of lines; with `quotes`, at those only that do
    not stand inside a quoted value. Raises BadTable for a line of over 64 MiB and for a compressed file that is cut
    off."""
    line, rest, start = 1, b"", 0
    with open_text(path) as stream:
        while True:
            data = read_some(path, stream, size)
            if not data:
                break
            text = rest + data if rest else data
            # `start`: how much of the text is known to hold no end of a line at which it may be cut.
            cut = last_end(text, start, quotes)
            if cut is None and quotes and len(text) > LONGEST:
                cut = last_end(text, 0, False)  # a lone quote inside a value is likelier than a value of this size
            if cut is None:
                if len(text) > LONGEST:
                    hint = "a quote may be missing; keep values of this size in files of their own"
                    raise BadTable(path, f"the line is longer than {LONGEST >> 20} MiB", hint, line)
                rest, start = text, 0 if quotes else len(text)
                continue
            block, rest, start = text[:cut], text[cut:], 0
            yield Block(block, line)
            line += block.count(b"\n")
    if rest:
        yield Block(rest, line, True)


def read_some(path: Path, stream: pa.NativeFile, size: int) -> bytes:
    """The next bytes of a stream; none at its end. Raises BadTable for compressed data that is damaged or cut off."""
    try:
        data: bytes = stream.read(size)
        return data
    except (OSError, EOFError, pa.ArrowException) as error:
        kind = COMPRESSED.get(path.suffix.lower())
        if kind is None:
            raise
        text = str(error).splitlines()[0]
        raise BadTable(path, f"the {kind} file is cut off or damaged ({text})", "copy or write it again") from None


def last_end(text: bytes, start: int, quotes: bool) -> int | None:
    """Where the last line of a text that began at a line's start ends, or None."""
    if not quotes or b'"' not in text:
        at = text.rfind(b"\n", start)
        return at + 1 if at >= 0 else None
    array = np.frombuffer(text, dtype=np.uint8)
    ends, marks = np.flatnonzero(array == NEWLINE), np.flatnonzero(array == QUOTE)
    openers = marks[::2]
    before = array[np.maximum(openers - 1, 0)]
    after_other = (before != COMMA) & (before != NEWLINE) & (before != QUOTE)
    if (after_other & (openers > 0)).any():
        marks = real_quotes(text, marks)
    outside = ends[np.searchsorted(marks, ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else None


def real_quotes(text: bytes, marks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of the quotes at `marks` that open or close a value: in a value that does not begin with one, a quote is a
    character like any other."""
    found: list[int] = []
    opened, last, begin = False, -2, len(BOM) if text.startswith(BOM) else 0
    for mark in marks.tolist():
        if opened:
            found.append(mark)
            opened, last = False, mark
        elif mark == last + 1 or text[mark - 1] in (COMMA, NEWLINE) or mark == begin:  # doubled inside, or the first
            found.append(mark)
            opened = True
    return np.asarray(found, dtype=np.int64)
