"""Formats of texts that have a name: by a pattern (RE2), or by a parser where no pattern says it rightly."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_cli.measures.hashes import arrow_of
from mlops_cli.measures.values import Mask, to_mask
from mlops_cli.spec.validation import NamedFormat

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.)*{_LABEL}"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?"
_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_ZONE = r"(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?"

PATTERNS: Mapping[NamedFormat, str] = {
    # The shape that HTML forms accept, with a dot in the domain: what is delivered, not all that RFC 5322 allows.
    "email": rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}",
    "url": rf"(?i:https?|ftp|s3|gs)://(?:[^\s/?#@]+@)?(?:{_HOST}|\[[0-9A-Fa-f:.]+\])(?::\d{{1,5}})?(?:[/?#]\S*)?",
    "uuid": r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "hostname": _HOST,
    "time": _TIME + _ZONE,
    "hex_color": r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})",
    "country_code": r"[A-Z]{2}",
    "currency_code": r"[A-Z]{3}",
}


def fits(kind: NamedFormat, texts: pa.Array) -> Mask:
    """Which texts are of the format, shape (n,); null is not."""
    pattern = PATTERNS.get(kind)
    if pattern is not None:
        found = to_mask(pc.match_substring_regex(texts, f"^(?:{pattern})$"))
        if kind == "hostname":
            found &= to_mask(pc.less_equal(pc.binary_length(texts), 253))
        return found
    if kind in ("date", "datetime"):
        return moments(kind, texts)
    parse = PARSERS[kind]
    return np.asarray([text is not None and parse(text) for text in texts.to_pylist()], dtype=np.bool_)


def moments(kind: NamedFormat, texts: pa.Array) -> Mask:
    """Which texts are a date, or a date and a time of day, of ISO 8601, and lie in the calendar (no 30 February)."""
    pattern = _DATE if kind == "date" else rf"{_DATE}[T ]{_TIME}{_ZONE}"
    found = to_mask(pc.match_substring_regex(texts, f"^(?:{pattern})$"))
    likely = np.flatnonzero(found)
    days = pc.utf8_slice_codeunits(texts.take(arrow_of(likely)), 0, 10)
    try:
        days.cast(pa.date32())
    except pa.ArrowInvalid:
        found[likely] = [in_calendar(day) for day in days.to_pylist()]
    return found


def in_calendar(day: str) -> bool:
    """Whether a date that looks like one is one."""
    try:
        np.datetime64(day, "D")
    except ValueError:
        return False
    return True


def is_address(version: int) -> Callable[[str], bool]:
    """A test for an address of the Internet Protocol of this version."""

    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return test


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text, parse_constant=_refused, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(word: str) -> None:
    """NaN and infinities, which Python takes for JSON."""
    raise ValueError(word)


PARSERS: Mapping[NamedFormat, Callable[[str], bool]] = {
    "ipv4": is_address(4),
    "ipv6": is_address(6),
    "json": is_json,
}
