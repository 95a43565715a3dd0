"""bench/results/latest.jsonl to docs/benchmarks.md.  python bench/report.py [RESULTS] [PAGE]"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from targets import TARGETS, Target

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "latest.jsonl"
PAGE = HERE.parent / "docs" / "benchmarks.md"
Row: TypeAlias = dict[str, Any]
TITLES = {
    "startup": "Start-up",
    "graph": "A graph of small stages",
    "files": "Many small files into the store",
    "blob": "One big file into the store",
}
METHOD = """\
Whole processes, wall time, median of {rounds} rounds (three times as many for start-up) in which all contenders take
turns; in brackets the least and the greatest. Compare within a table, not with other machines: what counts is the ratio
to `mlops`, where more than 1 means that `mlops` is faster. How it is measured: [bench/README.md](../bench/README.md).
"""


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    machine = next(row for row in rows if row["kind"] == "machine")
    timings = [row for row in rows if row["kind"] == "timing"]
    parts = [head(machine, [row for row in rows if row["kind"] == "peer"]), targets(timings)]
    parts += [
        bench(name, [row for row in timings if row["bench"] == name])
        for name in dict.fromkeys(row["bench"] for row in timings)
    ]
    return "\n".join(parts)


def head(machine: Row, peers: Sequence[Row]) -> str:
    """What was measured, on what."""
    versions = ", ".join(f"{peer['name']} {peer['version']}" for peer in peers if not peer["problem"])
    hardware = f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, {machine['system']}"
    parts = [
        "<!-- Written by `make bench`. -->\n\n# Benchmarks\n",
        f"Measured with `make bench` on {machine['date']}: {hardware}, Python {machine['python']}; {versions}.\n",
        *(f"{peer['name']} is not measured: {peer['problem']}\n" for peer in peers if peer["problem"]),
        *(["**Tiny sizes: these figures prove only that the benches work.**\n"] if machine["small"] else []),
        METHOD.format(rounds=machine["rounds"]),
    ]
    return "\n".join(parts)


def targets(timings: Sequence[Row]) -> str:
    """What was promised against what was measured."""
    lines = ["## Targets\n", "| what | against | promised | measured | |", "|---|---|---|---|---|"]
    for target in TARGETS:
        ours = found(timings, target, (target.ours,))
        theirs = found(timings, target, target.peers)
        if not ours or not theirs:
            lines.append(f"| {target.case} | {' or '.join(target.peers)} | {promise(target)} | not measured | |")
            continue
        best = min(theirs, key=lambda row: row["median"])
        ratio = best["median"] / ours[0]["median"]
        verdict = "reached" if ratio >= target.factor else "**missed**"
        lines.append(f"| {ours[0]['case']} | {best['contender']} | {promise(target)} | {said(ratio)} | {verdict} |")
    return "\n".join(lines) + "\n"


def found(timings: Iterable[Row], target: Target, names: Sequence[str]) -> list[Row]:
    """The rows of a target's case, without those of its repetition."""
    rows = [row for row in timings if row["bench"] == target.bench and row["contender"] in names and "median" in row]
    return [row for row in rows if row["case"].startswith(target.case) and "again" not in row["case"]]


def promise(target: Target) -> str:
    """A target in words."""
    return f"at least {target.factor:g}x faster" if target.factor >= 1 else f"at most {1 / target.factor:g}x slower"


def said(ratio: float) -> str:
    """A measured ratio in words."""
    return f"{ratio:.1f}x faster" if ratio >= 1 else f"{1 / ratio:.1f}x slower"


def bench(name: str, timings: Sequence[Row]) -> str:
    """The tables of one bench."""
    parts = [f"## {TITLES.get(name, name)}\n"]
    for case in dict.fromkeys(row["case"] for row in timings):
        rows = [row for row in timings if row["case"] == case]
        ours = next((row for row in rows if row["contender"] == "mlops" and "median" in row), None)
        parts.append(f"**{case}** ({rows[0]['file_system']})\n")
        parts.append("| | seconds | against mlops | CPU s | peak MiB | command |\n|---|---|---|---|---|---|")
        parts += [line(row, ours) for row in rows]
        parts += [*loud(rows), ""]
    return "\n".join(parts)


def line(row: Row, ours: Row | None) -> str:
    """One contender in one case."""
    if "median" not in row:
        reason = " ".join((row["problem"] or "an earlier step broke").split())[:200].replace("|", "\\|")
        return f"| {row['contender']} | broken: {reason} | | | | `{row['command']}` |"
    seconds = f"{row['median']:.3f} ({row['min']:.3f} to {row['max']:.3f})"
    ratio = f"{row['median'] / ours['median']:.2f}" if ours else ""
    cpu = sorted(row["cpu"])[len(row["cpu"]) // 2]
    return f"| {row['contender']} | {seconds} | {ratio} | {cpu:.2f} | {row['memory_mb']:.0f} | `{row['command']}` |"


def loud(rows: Sequence[Row]) -> list[str]:
    """A warning where others used the machine while we measured."""
    worst = max((sorted(row["others"])[len(row["others"]) // 2] for row in rows if row["others"]), default=0.0)
    return [f"\nOther work used up to {worst:.1f} cores meanwhile."] if worst > 0.3 else []


def main(arguments: list[str]) -> int:
    """Read results, write the page."""
    source, target = [Path(word) for word in arguments] + [RESULTS, PAGE][len(arguments) :]
    if not source.is_file():
        sys.exit(f"there are no results in {source}: run bench/run.py first")
    rows = [json.loads(text) for text in source.read_text("utf-8").splitlines()]
    target.write_text(page(rows), "utf-8")
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
