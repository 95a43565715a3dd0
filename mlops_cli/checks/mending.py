"""What a spec would have to say to see a fault that it missed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mlops_cli.checks.plant import Fault, FaultKind
from mlops_cli.spec.validation import EVERY

RANGE = ("max", "{{max: ...}}")
DRIFT = ("drift", "{{drift: {{max: 0.1}}}} with a baseline")
SET = ("in", "{{in: [...]}}")
ZEROS = ("zeros.change", "{{zeros: {{change: 5pp}}}} with a baseline")
OF_COLUMN: Mapping[FaultKind, tuple[tuple[str, str], ...]] = {
    "unit_1000": (RANGE, DRIFT),
    "unit_0.01": (("min", "{{min: ...}}"), DRIFT),
    "fahrenheit": (RANGE, DRIFT),
    "nulled": (("nulls.max", "{{nulls: {{max: ...}}}}"),),
    "zeros": (ZEROS, ("zeros.max", "{{zeros: {{max: ...}}}}")),
    "sentinel": (("min", "{{min: ...}}"), ("sentinels.max", "{{sentinels: {{values: [-999], max: 0%}}}}")),
    "comma": (("type", "{{type: number}}"),),
    "renamed": (SET, DRIFT),
    "mojibake": (SET, DRIFT),
    "clock": (RANGE, ("rule", "a rule that compares it with another time")),
    "swapped": (RANGE, DRIFT, ("rule", "a rule that compares it with the other column")),
    "dropped": (("required", "{{type: ...}}: a column that is named must be there"),),
}
"""Fault -> the ends of the ids of checks that may see it, and how they are written."""
ROWS = "{rows: {min: ..., change: 30%}} with a baseline"
OF_ALL: Mapping[FaultKind, str] = {
    "repeated": "{keys: [[...]]}, {unique: true} for an identifier, or {rows: {change: 30%}} with a baseline",
    "half": ROWS,
    "cut": "{rows: {min: ..., change: 30%}}, or {bytes: {min: ...}}",
    "latin1": "{encoding: utf-8}",
}


def hint_for(fault: Fault, ids: Collection[str]) -> str:
    """What would see the fault, beyond the checks with these ids, or why those there are did not."""
    if fault.column is None:
        return OF_ALL[fault.kind]
    there, more = [], []
    for end, text in OF_COLUMN[fault.kind]:
        if {f"{fault.column}.{end}", f"{EVERY}.{end}"} & set(ids):
            there.append(end)
        else:
            more.append(text.format() if end == "rule" else f"{fault.column}: {text.format()}")
    blind = f"its {' and '.join(there)} did not see it: a bound too wide, or too few rows" if there else ""
    return "; or ".join([blind, *more[:2]] if blind else more[:2])
