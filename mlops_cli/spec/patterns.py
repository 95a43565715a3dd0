"""Is a text a regular expression that RE2 takes? Told without RE2, so that reading a spec stays light."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

ESCAPE = re.compile(r"\\(?:[pP](?:\{\^?\w+\}|[A-Z])|Q(?:.*?\\E|.*)|.)", re.DOTALL)
CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*\]", re.DOTALL)
ONLY_ELSEWHERE = re.compile(r"\(\?(?:<?[=!]|>|#|\()|(?<=[*+?}])\+")  # look-around, atomic and possessive groups
ONLY_RE2 = ("\\p", "\\P", "\\Q", "\\z", "\\C")


@dataclass(frozen=True)
class PatternFault:
    """What is wrong with a pattern, and where in it."""

    message: str
    start: int
    length: int
    hint: str | None = None


def pattern_fault(pattern: str) -> PatternFault | None:
    """Why RE2 would not take `pattern`, None where nothing speaks against it."""
    for found in ESCAPE.finditer(pattern):
        if found.group()[1:].isdigit() and found.group() != "\\0":
            return _unknown(found)
    without_escapes = ESCAPE.sub(_blank, pattern)
    if elsewhere := ONLY_ELSEWHERE.search(CLASS.sub(_blank, without_escapes)):
        return _unknown(elsewhere)
    # What only RE2 knows is blanked out before Python judges the rest; positions stay the same.
    readable = ESCAPE.sub(lambda found: _blank(found) if found.group()[:2] in ONLY_RE2 else found.group(), pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sets that a later Python may read otherwise; RE2 does not change
            re.compile(readable)
    except re.error as error:
        return PatternFault(f"this is not a pattern: {error.msg}", error.pos or 0, 1)
    except (OverflowError, RecursionError):
        return PatternFault("this pattern is too large", 0, len(pattern))
    return None


def _unknown(found: re.Match[str]) -> PatternFault:
    length = found.end() - found.start()
    return PatternFault(
        f"'{found.group()}' is not known in RE2 patterns", found.start(), length, "write it another way"
    )


def _blank(found: re.Match[str]) -> str:
    return "x" * (found.end() - found.start())
