"""What texts have in common: a format with a name, or a pattern that a person would write."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from mlops_cli.measures.formats import fits
from mlops_cli.spec.validation import NamedFormat

FORMATS: tuple[NamedFormat, ...] = ("uuid", "email", "url", "ipv4", "ipv6", "hex_color", "datetime", "date", "time")
"""Formats that are recognised by the values alone, the narrower first."""
CODES: tuple[tuple[str, NamedFormat], ...] = (("country", "country_code"), ("currency", "currency_code"))
"""Formats that are only believed where the column's name says so."""
FEW = 20
"""Different texts below which nothing is concluded."""
LONGEST = 64
"""Characters of a text beyond which it is no code."""
RUNS = 12
RUN = re.compile(r"[0-9]+|[A-Z]+|[a-z]+|[^0-9A-Za-z]", re.DOTALL)


def named_format(name: str, texts: Sequence[str]) -> NamedFormat | None:
    """The format that all texts have."""
    different = sorted(set(texts))
    if len(different) < 3:
        return None
    array = pa.array(different, type=pa.string())
    spoken = [kind for word, kind in CODES if word in name.lower()]
    return next((kind for kind in (*FORMATS, *spoken) if fits(kind, array).all()), None)


def common_pattern(texts: Sequence[str]) -> str | None:
    """A regular expression that all texts match, where they are codes: runs of digits and letters in one order.

    None for words and sentences, and where there are too few to tell.
    """
    different = sorted(set(texts))
    if len(different) < FEW or any(len(text) > LONGEST for text in different):
        return None
    parts = [RUN.findall(text) for text in different]
    if not parts[0] or len(parts[0]) > RUNS or any(len(part) != len(parts[0]) for part in parts):
        return None
    found = [run_pattern(list(run)) for run in zip(*parts, strict=True)]
    if any(piece is None for piece in found):
        return None
    pattern = "".join(piece for piece in found if piece is not None)
    fixed = len({len(text) for text in different}) == 1
    coded = "[0-9]" in pattern or (fixed and len(different[0]) > 1)
    return pattern if coded and (fixed or len(parts[0]) > 1) else None


def run_pattern(runs: Sequence[str]) -> str | None:
    """The pattern of one run; None where the runs differ in kind."""
    if len(set(runs)) == 1 and not runs[0].isdigit():
        text = runs[0]
        return text if text.isalnum() else "".join(char if char in " _" else "\\" + char for char in text)
    kind = next(
        (kind for kind in ("[0-9]", "[A-Z]", "[a-z]") if all(re.fullmatch(f"{kind}+", run) for run in runs)), None
    )
    if kind is None:
        return None
    lengths = {len(run) for run in runs}
    if len(lengths) > 1:
        return f"{kind}+"
    length = lengths.pop()
    return kind if length == 1 else f"{kind}{{{length}}}"


def is_code(text: str) -> bool:
    """Whether a text of digits is no number: 007 and +4912345 lose something as one."""
    return re.fullmatch(r"0[0-9]+|\+[0-9]{6,}", text) is not None
