"""Measure everything in one go; results go to bench/results/latest.jsonl.

python bench/run.py [--only startup,graph,files,blob,rules,profile,append,csv,alarms,
                               gate,registry] [--rounds 5] [--small]
                    [--fast DIR] [--disk DIR] [--tables DIR]

Groups: store (the first four), validation (the five after them), models (the last two).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import adding
import gates
import graph
import peers
import registry
import startup
import validation
from measure import Timing, write
from peers import Peer

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
GROUPS = {
    "store": ("startup", "graph", "files", "blob"),
    "validation": ("rules", "profile", "append", "csv", "alarms"),
    "models": ("gate", "registry"),
}
BENCHES = tuple(name for group in GROUPS.values() for name in group)


def main() -> int:
    """Run the benches that were asked for and say where the results are."""
    options = arguments()
    only = [name for word in options.only.split(",") for name in GROUPS.get(word, (word,))]
    unknown = sorted(set(only) - set(BENCHES))
    if unknown:
        sys.exit(f"there is no bench {', '.join(unknown)}; there are {', '.join((*BENCHES, *GROUPS))}")
    us = peers.ours()
    if us.program is None:
        sys.exit(f"{us.problem}: run `make setup`")
    results = RESULTS / "running.jsonl"
    results.unlink(missing_ok=True)
    write(results, machine(options))
    note(results, [us], BENCHES)
    if set(only) & set(GROUPS["store"]):
        measure_store(options, only, results, us)
    if set(only) & set(GROUPS["validation"]):
        measure_validation(options, only, results, us)
    if set(only) & set(GROUPS["models"]):
        measure_models(options, only, results, us)
    final = RESULTS / ("small.jsonl" if options.small else "latest.jsonl")
    results.replace(final)
    sys.stdout.write(f"{final}\n")
    return 0


def note(results: Path, found: Sequence[Peer], benches: Sequence[str]) -> None:
    """Write down which peers there are for some benches, or why not."""
    for peer in found:
        row = {"kind": "peer", "name": peer.name, "version": peer.version, "problem": peer.problem}
        write(results, {**row, "benches": list(benches)})


def measure_store(options: argparse.Namespace, only: Sequence[str], results: Path, us: Peer) -> None:
    """Start-up, pipelines, and data into the store."""
    dvc, snakemake = peers.find("dvc"), peers.find("snakemake")
    note(results, [dvc], GROUPS["store"])
    note(results, [snakemake], ["graph"])
    small, rounds = options.small, options.rounds
    if "startup" in only:
        with room(options.disk) as work:
            keep(results, work, startup.run(work, us, dvc, rounds * 3))
    if "graph" in only:
        with room(options.disk) as work:
            size = graph.Graph(2 if small else 10, 4 if small else 10)
            keep(results, work, graph.run(work, us, dvc, snakemake, size, rounds))
    if "files" in only:
        with room(options.fast) as work:
            keep(results, work, adding.small_files(work, us, dvc, 200 if small else 10_000, 4096, rounds))
    if "blob" in only:
        with room(options.disk) as work:
            keep(results, work, adding.big_file(work, us, dvc, 8 if small else 512, rounds))


def measure_validation(options: argparse.Namespace, only: Sequence[str], results: Path, us: Peer) -> None:
    """Rules, profiles and comparisons of tables."""
    tables = options.tables / "small" if options.small else options.tables
    validation.make_tables(tables, options.small)
    for name in GROUPS["validation"]:
        if name in only:
            note(results, validation.libraries_of(name), [name])
    with room(options.disk) as work:
        place = validation.Place(work, tables, us, options.small)
        benches: dict[str, Callable[[], Iterable[list[Timing]]]] = {
            "rules": lambda: validation.rules(place, options.rounds),
            "profile": lambda: validation.profile(place, options.rounds),
            "append": lambda: [validation.appended(place, options.rounds)],
            "csv": lambda: validation.huge(place),
        }
        for name, measured in benches.items():
            for timings in measured() if name in only else ():
                keep(results, work, timings)
        if "alarms" in only:
            for line in validation.false_alarms(place):
                write(results, {**line, "kind": "alarms", "bench": "alarms"})


def measure_models(options: argparse.Namespace, only: Sequence[str], results: Path, us: Peer) -> None:
    """The gate on predictions, and commands in a store with many versions."""
    if "gate" in only:
        note(results, gates.libraries_of(), ["gate"])
        with room(options.disk) as work:
            place = validation.Place(work, options.tables, us, options.small)
            for timings in gates.gate(place, options.rounds):
                keep(results, work, timings)
    if "registry" in only:
        with room(options.disk) as work:
            for timings in registry.run(work, us, 100 if options.small else 10_000, 3 * options.rounds):
                keep(results, work, timings)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shm = Path("/dev/shm")
    fast = shm if os.access(shm, os.W_OK) else Path(tempfile.gettempdir())
    parser.add_argument("--only", default=",".join(BENCHES), help="benches or groups, with commas between them")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender has its turn")
    parser.add_argument("--small", action="store_true", help="tiny sizes: only to see that it works")
    parser.add_argument("--fast", type=Path, default=fast, help="where small files go; default tmpfs")
    parser.add_argument("--tables", type=Path, default=RESULTS / "data", help="where the tables are kept; 6 GB")
    parser.add_argument("--disk", type=Path, default=RESULTS, help="where everything else goes")
    return parser.parse_args()


@contextmanager
def room(parent: Path) -> Iterator[Path]:
    """A work folder that is gone afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(results: Path, work: Path, timings: list[Timing]) -> None:
    """Write a bench's results, with the file system that they were measured on, and show them."""
    place = file_system(work)
    for timing in timings:
        write(results, {**timing.row(), "file_system": place})
        median = f"{sorted(timing.seconds)[len(timing.seconds) // 2]:9.3f} s" if timing.seconds else "   broken"
        sys.stdout.write(f"{timing.bench:8} {timing.case:44} {timing.contender:24} {median}\n")
        if timing.problem:
            sys.stdout.write(f"         {timing.problem}\n")
    sys.stdout.flush()


def machine(options: argparse.Namespace) -> dict[str, object]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "kind": "machine",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "system": platform.platform(terse=True),
        "processor": processor(),
        "cpus": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "python": platform.python_version(),
        "rounds": options.rounds,
        "small": options.small,
    }


def processor() -> str:
    """The name of the CPU, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def file_system(path: Path) -> str:
    """The type of the file system, where `df` tells it."""
    ended = subprocess.run(["df", "--output=fstype", str(path)], capture_output=True, text=True, check=False)
    return ended.stdout.split()[-1] if ended.returncode == 0 else "unknown"


if __name__ == "__main__":
    sys.exit(main())
