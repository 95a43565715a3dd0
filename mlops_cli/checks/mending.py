"""What a spec would have to say to see a fault that it missed."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_cli.checks.plant import Fault, FaultKind

HINTS: Mapping[FaultKind, str] = {
    "unit_1000": "{column}: {{max: ...}}, or {column}: {{drift: {{max: 0.1}}}} with a baseline",
    "unit_0.01": "{column}: {{min: ...}}, or {column}: {{drift: {{max: 0.1}}}} with a baseline",
    "fahrenheit": "{column}: {{max: ...}}, or {column}: {{drift: {{max: 0.1}}}} with a baseline",
    "nulled": "{column}: {{nulls: {{max: ...}}}}",
    "zeros": "{column}: {{zeros: {{change: 5pp}}}} with a baseline, or {column}: {{zeros: {{max: ...}}}}",
    "sentinel": "{column}: {{min: ...}}, or {column}: {{sentinels: {{values: [-999], max: 0%}}}}",
    "comma": "{column}: {{type: number}}",
    "renamed": "{column}: {{in: [...]}}",
    "mojibake": "{column}: {{in: [...]}} or a pattern, or {column}: {{drift: {{max: 0.1}}}} with a baseline",
    "clock": "a rule that compares {column} with another time, or {column}: {{max: ...}}",
    "swapped": "{column}: {{min: ..., max: ...}}, a pattern, or a rule that compares it with the other column",
    "dropped": "{column}: {{type: ...}}: a column that is named must be there",
    "repeated": "{{keys: [[...]]}}, {{unique: true}} for an identifier, or {{rows: {{change: 30%}}}} with a baseline",
    "half": "{{rows: {{min: ..., change: 30%}}}} with a baseline",
    "cut": "{{rows: {{min: ..., change: 30%}}}}, or {{bytes: {{min: ...}}}}",
    "latin1": "{{encoding: utf-8}}",
}


def hint_for(fault: Fault) -> str:
    """What would see the fault."""
    return HINTS[fault.kind].format(column=fault.column or "")
