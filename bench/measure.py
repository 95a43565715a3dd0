"""Contenders take turns at the same work; the clock runs only while their command does."""

from __future__ import annotations

import json
import math
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from memory import Watch

CALM = 0.15  # cores that others may use while we measure
PATIENCE = float(os.environ.get("BENCH_PATIENCE", "10"))  # seconds to wait for that


class Broken(Exception):
    """A command failed or its result is not what it should be."""


@dataclass(frozen=True)
class Step:
    """One timed command. `before` prepares the folder and `check` looks at the result, both untimed."""

    case: str
    command: Sequence[str]
    before: Callable[[Path], None] = lambda _folder: None
    check: Callable[[Path], object] = lambda _folder: None


@dataclass(frozen=True)
class Contender:
    """A program under test: how it gets a fresh folder, and the commands that are timed in it, in order."""

    name: str
    fresh: Callable[[int], Path]
    """Round number -> the folder that the steps run in."""
    steps: Sequence[Step]
    environment: Mapping[str, str] = field(default_factory=dict)
    done: Callable[[Path], None] = lambda _folder: None
    """What becomes of the folder after the round."""


@dataclass
class Timing:
    """What was measured for one contender in one case."""

    bench: str
    case: str
    contender: str
    command: str
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    problem: str | None = None

    def row(self) -> dict[str, object]:
        """The line for the results file."""
        found: dict[str, object] = {"kind": "timing", **asdict(self)}
        if self.seconds:
            found |= {"median": statistics.median(self.seconds), "min": min(self.seconds), "max": max(self.seconds)}
        return found


def compare(
    bench: str, contenders: Sequence[Contender], rounds: int, warmups: int = 0, slow: float = math.inf
) -> list[Timing]:
    """Let every contender do all its steps, `warmups` + `rounds` times in turn; one that breaks drops out.

    One that needs more than `slow` seconds for a step has only one turn.
    """
    timings = {
        (one.name, step.case): Timing(bench, step.case, one.name, shown(step.command))
        for one in contenders
        for step in one.steps
    }
    out: set[str] = set()
    for number in range(warmups + rounds):
        # The order turns from round to round, so that nobody always runs after the same neighbour.
        turn = number % len(contenders)
        for one in [*contenders[turn:], *contenders[:turn]]:
            if one.name in out:
                continue
            whole = _round(one, number, timings, number >= warmups)
            if not whole or any(max(timings[one.name, step.case].seconds, default=0) > slow for step in one.steps):
                out.add(one.name)
    return list(timings.values())


def _round(one: Contender, number: int, timings: Mapping[tuple[str, str], Timing], counts: bool) -> bool:
    try:
        folder = one.fresh(number)
    except Broken as problem:
        timings[one.name, one.steps[0].case].problem = str(problem)
        return False
    for step in one.steps:
        timing = timings[one.name, step.case]
        try:
            step.before(folder)
            seconds, cpu, others, memory = timed(step.command, folder, one.environment)
            step.check(folder)
            log_of(folder).unlink()
        except Broken as problem:
            timing.problem = str(problem)
            return False
        if counts:
            timing.seconds.append(round(seconds, 5))
            timing.cpu.append(round(cpu, 5))
            timing.others.append(round(others, 2))
            timing.memory_mb = max(timing.memory_mb, round(memory, 1))
    one.done(folder)
    return True


def timed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, float, float, float]:
    """Run a command: wall seconds, its CPU seconds with all children, cores used by others, peak MiB of them all."""
    os.sync()
    settle()
    log = log_of(folder)
    with open(log, "wb") as output:
        busy, start = busy_seconds(), time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=folder,
            # The folder may lie in our own repository; no contender shall look at that.
            env={**surroundings(), "GIT_CEILING_DIRECTORIES": str(folder.parent), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with Watch(child.pid) as watch:
            _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise Broken(
            f"{shown(command)} ended with {child.returncode}: {log.read_text(errors='replace')[-600:].strip()}"
        )
    cpu = usage.ru_utime + usage.ru_stime
    return wall, cpu, max(0.0, (busy_seconds() - busy - cpu) / wall), max(peak(usage), watch.peak_mb)


def surroundings() -> dict[str, str]:
    """Our environment without what makes Python compile all modules anew in each process."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def log_of(folder: Path) -> Path:
    """Where a timed command's output is until its result has been checked."""
    return folder.parent / f"{folder.name}.log"


def peak(usage: resource.struct_rusage) -> float:
    """The largest resident set in MiB: the kernel counts in KiB on Linux and in bytes on macOS."""
    return usage.ru_maxrss / 1024 if os.uname().sysname == "Linux" else usage.ru_maxrss / 2**20


def settle() -> None:
    """Wait, with limited patience, until others leave the CPUs alone."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        busy, start = busy_seconds(), time.monotonic()
        time.sleep(0.25)
        if busy_seconds() - busy < CALM * (time.monotonic() - start):
            return


def busy_seconds() -> float:
    """CPU seconds that all processes have used since the machine started; 0 where the kernel does not tell."""
    try:
        first = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except FileNotFoundError:
        return 0.0
    user, nice, system, _idle, _wait, irq, soft, steal = map(int, first[1:9])
    return (user + nice + system + irq + soft + steal) / float(os.sysconf("SC_CLK_TCK"))


def shown(command: Sequence[str]) -> str:
    """A command as a person would type it: without the folders of its program and its files."""
    words = [Path(word).name if word.startswith("/") else word for word in command]
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def write(path: Path, row: Mapping[str, object]) -> None:
    """Append one line to the results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
