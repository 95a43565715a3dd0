"""Quantities as people write them: durations, sizes, shares, relative changes."""

from __future__ import annotations

import re
from decimal import Decimal

from mlops_cli.base.records import Json
from mlops_cli.spec.validation import Bound

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
QUANTITY = re.compile(r"(-?\d+(?:\.\d+)?) ?(%|[A-Za-z]+)?\Z")


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
    return float(Decimal(found[1]) / 100) if unit == "%" else amount * units[unit]
