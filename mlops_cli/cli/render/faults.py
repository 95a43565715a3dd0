"""Faults as plain text: the message, where it stands, the line with a caret under the spot, and the hint."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from mlops_cli.base.errors import Fault, Place

WIDTH = 100  # columns of a source line that are shown; longer ones are cut around the caret
MARGIN = 30  # of which before the caret, where the line is cut on the left
TAB = "    "
CUT = "..."


def render_faults(faults: Sequence[Fault]) -> str:
    """All faults, one block each, and the count at the end where there are several. Ends with a line break."""
    blocks = [_block(fault) for fault in faults]
    if len(faults) > 1:
        blocks.append(_count(faults))
    return "\n".join(blocks)


def _count(faults: Sequence[Fault]) -> str:
    files = list(dict.fromkeys(fault.place.file for fault in faults if fault.place))
    where = f" in {safe(files[0])}" if len(files) == 1 else f" in {len(files)} files" if files else ""
    return f"{len(faults)} faults{where}\n"


def _block(fault: Fault) -> str:
    first, *more = fault.message.splitlines() or [""]
    lines = [f"error: {safe(first)}", *(f"  {safe(line)}" for line in more)]
    indent = ""
    if fault.place is not None:
        indent = " " * (len(str(fault.place.line)) - 1)
        lines += _source(fault.place, indent)
    for number, line in enumerate((fault.hint or "").splitlines()):
        lines.append(f"  {indent} = hint: {safe(line)}" if number == 0 else f"  {indent}         {safe(line)}")
    return "\n".join(lines) + "\n"


def _source(place: Place, indent: str) -> list[str]:
    where = f" {indent} --> {safe(place.file)}:{place.line}:{place.column}"
    if not place.text:
        return [where]
    before, marked, after = _parts(place)
    bar = f"  {indent} |"
    caret = " " * _columns(before) + "^" * max(1, _columns(marked))
    return [where, bar, f" {place.line} | {before}{marked}{after}".rstrip(), f"{bar} {caret}"]


def _parts(place: Place) -> tuple[str, str, str]:
    """The line as it is shown, in three: before the marked part, the part, and after it."""
    at = min(place.column - 1, len(place.text))
    before, marked = safe(place.text[:at]), safe(place.text[at : at + place.length])
    after = safe(place.text[at + place.length :])
    if _columns(before + marked + after) <= WIDTH:
        return before, marked, after
    if _columns(before) > MARGIN and _columns(before + marked) > WIDTH - len(CUT):
        before = CUT + _last(before, MARGIN - len(CUT))
    room = WIDTH - _columns(before)
    if _columns(marked) > room - len(CUT):
        return before, _first(marked, room - len(CUT)), CUT
    room -= _columns(marked)
    return before, marked, after if _columns(after) <= room else _first(after, room - len(CUT)) + CUT


def _first(text: str, columns: int) -> str:
    end = 0
    while end < len(text) and _columns(text[: end + 1]) <= columns:
        end += 1
    return text[:end]


def _last(text: str, columns: int) -> str:
    start = len(text)
    while start > 0 and _columns(text[start - 1 :]) <= columns:
        start -= 1
    return text[start:]


def safe(text: str) -> str:
    """`text` with tabs as spaces, and with characters that would move the cursor or hide written out."""
    return "".join(TAB if mark == "\t" else mark if _harmless(mark) else f"\\u{ord(mark):04x}" for mark in text)


def _harmless(mark: str) -> bool:
    return mark == " " or unicodedata.category(mark) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(_column_count(mark) for mark in text)


def _column_count(mark: str) -> int:
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in ("W", "F") else 1
