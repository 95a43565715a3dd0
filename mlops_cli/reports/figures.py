"""Numbers, shares, moments and names as a person reads them, short and safe to put anywhere."""

from __future__ import annotations

import math

import numpy as np

from mlops_cli.base.records import Json
from mlops_cli.measures.summary import Kind

JOINER = "\u200d"
"""Holds one picture together that is made of several signs; no other invisible sign is let through."""
MOMENTS = 2.0**62 / 1e6  # seconds that a time in microseconds can be away from 1970


def figure(value: float | None, kind: Kind = "number") -> str:
    """A number with about four digits; a moment (seconds since 1970, UTC) for dates and times; nothing for None."""
    if value is None or math.isnan(value):
        return ""
    if kind in ("date", "timestamp") and abs(value) < MOMENTS:
        return moment(value, kind)
    if kind == "time":
        seconds = round(value)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value.is_integer() and abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.4g}"


def moment(value: float, kind: Kind) -> str:
    """Seconds since 1970 as a date; with the time of day for timestamps, where there is any."""
    text = str(np.datetime64(round(value * 1e6), "us"))
    day, _, time = text.partition("T")
    time = time.partition(".")[0].removesuffix(":00")
    return day if kind == "date" or time == "00:00" else f"{day} {time}"


def count(number: float) -> str:
    """How many: whole, with thousands apart."""
    return f"{number:,.0f}"


def share(part: float | None) -> str:
    """A share in [0, 1] as percent; never 0 or 100 where it is not."""
    if part is None:
        return ""
    if part in (0.0, 1.0):
        return f"{part:.0%}"
    if part < 0.001:
        return "<0.1%"
    if part > 0.999:
        return ">99.9%"
    return f"{part:.1%}" if part >= 0.01 else f"{part * 100:.2g}%"


def portion(part: int, of: int) -> str:
    """A part of a whole as percent; nothing without a whole."""
    return share(part / of) if of else ""


def plain(text: str, longest: int) -> str:
    """A foreign text on one line, without signs that cannot be seen, cut in its middle: both ends tell texts apart."""
    if len(text) > 4 * longest:
        text = text[: 2 * longest] + text[-longest:]
    text = visible(text)
    if len(text) <= longest:
        return text
    tail = longest // 4
    return text[: longest - tail - 1] + "…" + text[-tail:]


def visible(text: str) -> str:
    """A text with a sign in place of all that cannot be seen, or that turns the direction of what follows."""
    return "".join(char if char.isprintable() or char == JOINER else "\ufffd" for char in text)


def named(text: str, longest: int = 60) -> str:
    """A value among values: an empty or blank one is told in words."""
    if not text:
        return "(empty)"
    return plain(text, longest) if text.strip() else f"({len(text)} blank)"


def extreme(value: Json, kind: Kind) -> str:
    """The least or greatest value of a column."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}" if isinstance(value, int) and abs(value) < 1e15 else figure(float(value), kind)
    return plain(str(value), 40)
