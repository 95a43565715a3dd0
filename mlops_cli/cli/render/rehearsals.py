"""How a rehearsal looks: earlier versions, a table of columns and faults, what was missed, what would have seen it."""

from __future__ import annotations

from mlops_cli.cli.screen import counted, paint, table
from mlops_cli.workflows.planting import Planted
from mlops_cli.workflows.rehearse import Rehearsal, Replayed

MARKS = {"caught": ("✓", "good"), "warned": ("!", "warn"), "missed": ("MISSED", "bad")}
HEADS = {
    "unit_1000": "×1000",
    "unit_0.01": "×0.01",
    "fahrenheit": "°F",
    "nulled": "nulled",
    "zeros": "zeros",
    "sentinel": "-999",
    "comma": "comma",
    "renamed": "renamed",
    "mojibake": "mojibake",
    "clock": "clock",
    "swapped": "swapped",
    "dropped": "dropped",
}
SHOWN = 3
"""Checks that are named beside a fault."""


def rehearsal_text(found: Rehearsal, *, verbose: bool = False) -> str:
    """The whole result; `verbose` names the checks that saw each fault."""
    parts = [replays_text(found), f"\n{where(found)}", grid(found)]
    if found.already:
        some = ", ".join(found.already[:6]) + (" ..." if len(found.already) > 6 else "")
        parts.append(f"  these say no without any fault, and so catch none: {some}")
    whole = [item for item in found.faults if item.column is None]
    if whole:
        parts.append(table([row(item) for item in whole], indent="  "))
    if verbose:
        caught = [item for item in found.faults if item.column is not None and item.state != "missed"]
        parts.append(table([row(item) for item in caught], indent="  "))
    parts += missed_text([item for item in found.faults if item.state == "missed"])
    warned = sum(1 for item in found.faults if item.state == "warned")
    more = f", and warns of {warned}" if warned else ""
    parts.append(f"\n{found.spec} catches {found.caught} of {counted(len(found.faults), 'fault')}{more}")
    return "\n".join(part for part in parts if part)


def where(found: Rehearsal) -> str:
    """Into what the faults were planted."""
    rows = counted(found.rows, "row")
    if found.planted_rows < found.rows:
        rows = f"{found.planted_rows:,} of {rows}, evenly chosen"
    columns = "" if found.planted_columns == found.columns else f"{found.planted_columns} of "
    return f"faults in {found.data}: {rows}, {columns}{counted(found.columns, 'column')}"


def replays_text(found: Rehearsal) -> str:
    """The earlier versions, one a line."""
    if not found.replays:
        return f"the store has no versions of {found.data} to replay"
    refused = [item for item in found.replays if not item.passed]
    head = f"{counted(len(found.replays), 'version')} replayed, {len(refused) or 'none'} refused"
    rows = [replay_row(item) for item in found.replays]
    return head + "\n" + table(rows, indent="  ")


def replay_row(item: Replayed) -> list[str]:
    """One version."""
    state = paint("passes", "good") if item.passed else paint("refused", "bad" if item.accepted else "warn")
    why = ", ".join(item.failed[:SHOWN]) + (f" and {len(item.failed) - SHOWN} more" if len(item.failed) > SHOWN else "")
    note = "" if item.passed or item.accepted else "it was refused in its day too"
    return [item.version, item.created[:10], state, why, note]


def grid(found: Rehearsal) -> str:
    """Columns down, faults across."""
    cells: dict[str, dict[str, Planted]] = {}
    for item in found.faults:
        if item.column is not None:
            cells.setdefault(item.column, {})[item.fault] = item
    used = [kind for kind in HEADS if any(kind in line for line in cells.values())]
    rows = []
    for column, line in cells.items():
        marks = [MARKS[line[kind].state] if kind in line else ("", "dim") for kind in used]
        rows.append([column, *(paint(text, style) for text, style in marks)])
    return table(rows, head=["COLUMN", *(HEADS[kind] for kind in used)], indent="  ") if rows else ""


def row(item: Planted) -> list[str]:
    """One fault in a line."""
    mark, style = MARKS[item.state]
    by = ", ".join(item.by[:SHOWN]) + (f" and {len(item.by) - SHOWN} more" if len(item.by) > SHOWN else "")
    return [paint(mark, style), item.column or "", item.what, by]


def missed_text(missed: list[Planted]) -> list[str]:
    """What was missed, with what would have seen it."""
    if not missed:
        return []
    rows = [[item.column or "all rows", item.what, item.hint or ""] for item in missed]
    return ["\nmissed, and what would catch it:", table(rows, head=("COLUMN", "FAULT", "ADD"), indent="  ")]
