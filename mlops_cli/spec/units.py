"""Quantities as people write them: durations, sizes, shares, changes, dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from mlops_cli.base.records import Json
from mlops_cli.spec.validation import Bound

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
QUANTITY = re.compile(r"(-?\d+(?:\.\d+)?) ?(%|[A-Za-z]+)?\Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


class BadQuantity(ValueError):
    """A text that is not the quantity it should be; `hint` says how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def duration(value: Json) -> float:
    """Seconds of `20m`, `1.5h`, or of a plain number; more than none. Raises BadQuantity."""
    hint = "write a duration such as 30s, 20m, 1.5h or 7d"
    seconds = _scaled(value, {"": 1.0, **SECONDS}, "a duration", hint)
    if seconds <= 0:
        raise BadQuantity(f"{value} is no time at all", hint)
    return seconds


def size(value: Json) -> int:
    """Bytes of `2GB`, `512MiB`, or of a plain number. Raises BadQuantity."""
    hint = "write a size such as 500KB, 2GB or 2GiB"
    count = _scaled(value, {"": 1.0, **{unit: float(factor) for unit, factor in BYTES.items()}}, "a size", hint)
    if count < 0:
        raise BadQuantity(f"{value} is less than nothing", hint)
    return round(count)


def share(value: Json) -> Bound:
    """`1%` or 0.01 as a share of a whole, from 0 to 1. Raises BadQuantity."""
    hint = "write a percentage such as 1%, or a number from 0 to 1"
    part = _scaled(value, {"": 1.0, "%": 0.01}, "a share", hint)
    if not 0 <= part <= 1:
        raise BadQuantity(f"{value} is not a share: it lies outside 0 to 100%", hint)
    return Bound(part, "share", str(value))


def change(value: Json) -> Bound:
    """`30%` as a relative change. Raises BadQuantity."""
    hint = "write a percentage such as 10%"
    relative = _scaled(value, {"%": 0.01}, "a relative change", hint)
    if relative < 0:
        raise BadQuantity(f"{value} is below zero: a change counts up and down", hint)
    return Bound(relative, "percent", str(value))


def share_change(value: Json) -> Bound:
    """The change of a share: `2pp` in percentage points (value 0.02), or `10%` relative. Raises BadQuantity."""
    hint = "write percentage points such as 2pp, or a relative change such as 10%"
    if not isinstance(value, str) or not value.strip().endswith("pp"):
        try:
            return change(value)
        except BadQuantity as error:
            raise BadQuantity(str(error).replace("a relative change", "a change of a share"), hint) from None
    points = _scaled(value, {"pp": 0.01}, "a change of a share", hint)
    if not 0 <= points <= 1:
        raise BadQuantity(f"{value} is no change that a share can make: it lies outside 0 to 100pp", hint)
    return Bound(points, "points", value)


def size_bound(value: Json) -> Bound:
    """A size as a bound, in bytes. Raises BadQuantity."""
    return Bound(size(value), "bytes", str(value))


def latency(value: Json) -> Bound:
    """A short duration such as `5ms` as a bound, in seconds; more than none. Raises BadQuantity."""
    hint = "write a duration such as 5ms or 0.2s"
    seconds = _scaled(value, SECONDS, "a duration", hint)
    if seconds <= 0:
        raise BadQuantity(f"{value} is no time at all", hint)
    return Bound(seconds, "seconds", str(value))


def length_of_time(value: Json) -> Bound:
    """A duration as a bound, in seconds. Raises BadQuantity."""
    return Bound(duration(value), "seconds", str(value))


def instant(
    value: Json, hint: str = "write a date such as 2019-01-01, or a time such as 2019-01-01T08:30:00Z"
) -> Bound:
    """`2019-01-01` or `2019-01-01T08:30:00+01:00` as seconds since 1970 in UTC, which is meant where no zone is given.
    Raises BadQuantity."""
    text = value.strip() if isinstance(value, str) else ""
    if DAY.match(text) is None:  # fromisoformat also reads 20190101 and 2019-W01
        raise BadQuantity(f"'{value}' is not a date", hint)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuantity(f"'{value}' is not a date that exists", hint) from None
    zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return Bound(zoned.timestamp(), "seconds", text)


def day(value: Json) -> str:
    """A date without a time of day, as written. Raises BadQuantity."""
    hint = "write a date such as 2019-01-01"
    bound = instant(value, hint)
    if DAY.fullmatch(bound.text) is None:
        raise BadQuantity(f"'{value}' is more than a date", hint)
    return bound.text


def number(value: Json) -> Bound:
    """A plain number, or a percentage as a share. Raises BadQuantity."""
    hint = "write a number such as 0.8, or a percentage such as 80%"
    amount = _scaled(value, {"": 1.0, "%": 0.01}, "a number", hint)
    return Bound(amount, "share" if str(value).endswith("%") else "number", str(value))


def _scaled(value: Json, units: dict[str, float], what: str, hint: str) -> float:
    found = QUANTITY.match(str(value).strip()) if isinstance(value, str) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and "" in units:
        return value * units[""]
    if found is None or (found[2] or "") not in units:
        raise BadQuantity(f"'{value}' is not {what}", hint)
    amount, unit = float(found[1]), found[2] or ""
    # By decimals, 99.9% is 0.999; by floats it would be 0.9990000000000001.
    return float(Decimal(found[1]) / 100) if unit in ("%", "pp") else amount * units[unit]
