"""bench/results/latest.jsonl to docs/benchmarks.md.  python bench/report.py [RESULTS] [PAGE]"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import alarms
from targets import PROMISES, Ceiling, Over, Promise, Rate, Share, Target
from wording import HEAD, TITLES, WHAT

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "latest.jsonl"
PAGE = HERE.parent / "docs" / "benchmarks.md"
Row: TypeAlias = dict[str, Any]


def page(rows: Sequence[Row], before: str) -> str:
    """The whole page: the sections that were measured now, and those of the page `before` that were not."""
    timings = [row for row in rows if row["kind"] in ("timing", "alarms")]
    sections = dict(kept(before))
    for name in dict.fromkeys(row["bench"] for row in timings):
        sections[TITLES[name]] = bench(name, rows, [row for row in timings if row["bench"] == name])
    order = [title for title in TITLES.values() if title in sections]
    return "\n".join([HEAD, *(sections[title] for title in order)])


def kept(page: str) -> Iterator[tuple[str, str]]:
    """The sections of an earlier page, by their titles."""
    for section in page.split("\n## ")[1:]:
        title = section.partition("\n")[0]
        yield title, f"## {title}\n{section.partition(chr(10))[2].rstrip()}\n"


def told(name: str, rows: Sequence[Row]) -> str:
    """When and on what a bench was measured."""
    machine = next(row for row in rows if row["kind"] == "machine")
    peers = [row for row in rows if row["kind"] == "peer" and name in row["benches"]]
    versions = ", ".join(f"{peer['name']} {peer['version']}" for peer in peers if not peer["problem"])
    hardware = f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, {machine['system']}"
    parts = [
        f"Measured on {machine['date']}: {hardware}, Python {machine['python']}; {versions}.\n",
        *(
            f"{peer['name']} is not measured: {' '.join(peer['problem'].split())}\n"
            for peer in peers
            if peer["problem"]
        ),
        *(["**Tiny sizes: these figures prove only that the benches work.**\n"] if machine["small"] else []),
    ]
    return "\n".join(parts)


def promises(name: str, timings: Sequence[Row]) -> list[str]:
    """What was promised for a bench against what was measured."""
    judged = [judge(promise, timings) for promise in PROMISES if promise.bench == name]
    if not judged:
        return []
    return ["| promise | measured | |", "|---|---|---|", *(f"| {' | '.join(words)} |" for words in judged), ""]


def judge(promise: Promise, timings: Sequence[Row]) -> tuple[str, str, str]:
    """A promise in words, what was measured, and whether it was kept."""
    ours = [] if isinstance(promise, Rate) else found(timings, promise.case, (promise.ours,))
    missing = "not measured"
    match promise:
        case Target():
            words = f"{promise.case}: {said(promise.factor, 'at least ', 'at most ')} than {' or '.join(promise.peers)}"
            theirs = found(timings, promise.case, promise.peers)
            start = found(timings, promise.beyond, (promise.ours,)) if promise.beyond else []
            if promise.beyond:
                words += ", beyond the start of the command"
            if not ours or not theirs or (promise.beyond and not start):
                return words, missing, ""
            best = min(theirs, key=lambda row: row["median"])
            whole = best["median"] / ours[0]["median"]
            # The shortest start: one that others disturbed would hide some of our own work.
            rest = ours[0]["median"] - (start[0]["min"] if start else 0)
            ratio = best["median"] / max(rest, 1e-9)
            measured = f"{said(ratio)} than {best['contender']}" + (f"; {said(whole)} with the start" if start else "")
            return words, measured, kept_or_not(ratio >= promise.factor)
        case Share():
            words = f"{promise.ours}: at most {promise.most:g} of the time of the first time"
            whole_rows = found(timings, promise.whole, (promise.ours,))
            if not ours or not whole_rows:
                return words, missing, ""
            share = ours[0]["median"] / whole_rows[0]["median"]
            return words, f"{share:.2f}", kept_or_not(share <= promise.most)
        case Ceiling():
            words = f"{promise.case}: below {promise.megabytes:,.0f} MB of memory"
            if not ours:
                return words, missing, ""
            used = ours[0]["memory_mb"] * 2**20 / 1e6
            return words, f"{used:,.0f} MB", kept_or_not(used < promise.megabytes)
        case Over():
            words = f"{promise.case}: at most {promise.seconds:g} s over a {promise.bare}"
            bare = found(timings, promise.case, (promise.bare,))
            if not ours or not bare:
                return words, missing, ""
            over = ours[0]["median"] - bare[0]["median"]
            return words, f"{over:.3f} s", kept_or_not(over <= promise.seconds)
        case Rate():
            words = f"{promise.case}: {'at least' if promise.least else 'at most'} {promise.bound:.0%} of the batches"
            shares = [
                row[promise.key]
                for row in timings
                if row.get("judge") == promise.ours and row["shift"] == promise.shift and row["rows"] in promise.rows
            ]
            if not shares:
                return words, missing, ""
            worst = min(shares) if promise.least else max(shares)
            kept = worst >= promise.bound if promise.least else worst <= promise.bound
            return words, f"{worst:.1%} at worst", kept_or_not(kept)


def kept_or_not(kept: bool) -> str:
    """The verdict on a promise."""
    return "reached" if kept else "**missed**"


def found(timings: Iterable[Row], case: str, names: Sequence[str]) -> list[Row]:
    """The rows of a case, known by the beginning of its name; of several, the shortest name is meant."""
    rows = [row for row in timings if row["contender"] in names and "median" in row and row["case"].startswith(case)]
    shortest = min((len(row["case"]) for row in rows), default=0)
    return [row for row in rows if len(row["case"]) == shortest]


def said(ratio: float, faster: str = "", slower: str = "") -> str:
    """A ratio in words."""
    return f"{faster}{ratio:.3g}x faster" if ratio >= 1 else f"{slower}{1 / ratio:.3g}x slower"


def bench(name: str, rows: Sequence[Row], timings: Sequence[Row]) -> str:
    """The section of one bench."""
    parts = [
        f"## {TITLES[name]}\n",
        told(name, rows),
        *([WHAT[name]] if name in WHAT else []),
        *promises(name, timings),
    ]
    if name == "alarms":
        return "\n".join([*parts, alarms.table([row for row in timings if row["kind"] == "alarms"]), ""])
    for case in dict.fromkeys(row["case"] for row in timings):
        alike = [row for row in timings if row["case"] == case]
        ours = next((row for row in alike if row["contender"] == "mlops" and "median" in row), None)
        parts.append(f"**{case}** ({alike[0]['file_system']})\n")
        parts.append("| | seconds | against mlops | CPU s | peak MiB | command |\n|---|---|---|---|---|---|")
        parts += [line(row, ours) for row in alike]
        parts += [*loud(alike), ""]
    return "\n".join(parts)


def line(row: Row, ours: Row | None) -> str:
    """One contender in one case."""
    if "median" not in row:
        reason = short(row["problem"] or "an earlier step broke")
        return f"| {row['contender']} | broken: {reason} | | | | `{row['command']}` |"
    turns = len(row["seconds"])
    spread = f"{row['min']:.3f} to {row['max']:.3f}; {turns}" if turns > 1 else "once"
    seconds = f"{row['median']:.3f} ({spread})"
    ratio = f"{row['median'] / ours['median']:.2f}" if ours else ""
    cpu = sorted(row["cpu"])[len(row["cpu"]) // 2]
    return f"| {row['contender']} | {seconds} | {ratio} | {cpu:.2f} | {row['memory_mb']:.0f} | `{row['command']}` |"


def short(reason: str) -> str:
    """A problem on one line of a table."""
    return " ".join(reason.split())[:200].replace("|", "\\|")


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
    before = target.read_text("utf-8") if target.is_file() else ""
    target.write_text(page(rows, before), "utf-8")
    sys.stdout.write(f"{target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
