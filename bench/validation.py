"""Validation of tables: rules alone, profile with comparison, a huge CSV, and again after a few rows more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from libraries import library
from measure import Broken, Contender, Step, Timing, compare, log_of
from peers import Peer
from rules import RULES, rules_spec, watch_spec
from targets import APPENDED, START

HERE = Path(__file__).resolve().parent
SLOW = 30.0  # seconds; a peer that needs more has one turn
QUIET = {
    "GX_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "DO_NOT_TRACK": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "CUDA_VISIBLE_DEVICES": "",
}
FILE, FOLDER = "data/orders.parquet", "data/orders"


@dataclass(frozen=True)
class Rival:
    """A peer at one job of `rivals.py`, under the name that the report gives it."""

    name: str
    library: str
    job: str
    least: int
    """How much the job must have done: rules judged, or columns described."""
    compares: bool = False
    """The job takes the baseline too."""


RULES_RIVALS = (
    Rival("Polars", "polars", "polars_rules", len(RULES)),
    Rival("DuckDB", "duckdb", "duckdb_rules", len(RULES)),
    Rival("pointblank", "pointblank", "pointblank_rules", len(RULES)),
    Rival("pointblank on DuckDB", "pointblank", "pointblank_duckdb_rules", len(RULES)),
    Rival("pandera on Polars", "pandera", "pandera_rules", len(RULES)),
    Rival("Great Expectations", "gx", "gx_rules", len(RULES)),
)
PROFILE_RIVALS = (
    Rival("Polars describe", "polars", "polars_profile", 21),
    Rival("DuckDB SUMMARIZE", "duckdb", "duckdb_profile", 21),
    Rival("TFDV", "tfdv", "tfdv_profile", 21),
)
MORE_PROFILE_RIVALS = (
    *PROFILE_RIVALS,
    Rival("Evidently drift", "evidently", "evidently_drift", 12, compares=True),
    Rival("Evidently summary", "evidently", "evidently_summary", 12),
    Rival("whylogs", "whylogs", "whylogs_profile", 21),
    Rival("ydata-profiling", "ydata", "ydata_profile", 21),
)


@dataclass(frozen=True)
class Place:
    """Where a bench of validation works: its scratch folder, the tables, our program, and the size in words."""

    work: Path
    tables: Path
    us: Peer
    small: bool

    def rows(self, millions: int) -> str:
        """How many rows a table of so many millions really has."""
        return f"{millions * (10_000 if self.small else 1_000_000):,} rows"

    def baseline(self, table: str) -> Path:
        """What a table is compared with: other rows, but as many, so that nothing has moved."""
        size = "10m" if table in (FILE, FOLDER) else table.partition(".")[0]
        return self.tables / (table if size == "one" else f"{size}-baseline.parquet")


def make_tables(folder: Path, small: bool) -> None:
    """Make the tables, in another process: a child starts with the peak memory of the one that started it."""
    command = [sys.executable, str(HERE / "tables.py"), str(folder), *(["--small"] if small else [])]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def libraries_of(bench: str) -> list[Peer]:
    """The peers of a bench, each once, installed if they can be."""
    rivals = {"rules": RULES_RIVALS, "profile": MORE_PROFILE_RIVALS}.get(bench, ())
    names = ("evidently", "nannyml") if bench == "alarms" else [rival.library for rival in rivals]
    return [library(name) for name in dict.fromkeys(names)]


def rules(place: Place, rounds: int) -> Iterator[list[Timing]]:
    """Thirty rules on a Parquet file, nothing else; case by case."""
    agree(place)
    yield compare("rules", [_ours(place, START, "one.parquet", "rules")], 3 * rounds, warmups=1)
    for millions in (1, 10):
        case, table = place.rows(millions), f"{millions}m.parquet"
        contenders = [_ours(place, case, table, "rules"), *_rivals(place, RULES_RIVALS, case, table)]
        yield compare("rules", contenders, rounds, slow=SLOW)


def profile(place: Place, rounds: int) -> Iterator[list[Timing]]:
    """Everything that a profile holds, the thirty rules, and every column compared with a baseline profiled before."""
    yield compare("profile", [_ours(place, START, "one.parquet", "watch")], 3 * rounds, warmups=1)
    for millions, names in ((1, MORE_PROFILE_RIVALS), (10, PROFILE_RIVALS)):
        case, table = place.rows(millions), f"{millions}m.parquet"
        contenders = [_ours(place, case, table, "watch"), *_rivals(place, names, case, table)]
        yield compare("profile", contenders, rounds, slow=SLOW)


def huge(place: Place) -> Iterator[list[Timing]]:
    """CSV files of growing size, once each: the memory must not grow with them."""
    for millions in (1, 3, 10):
        table = f"{millions}m.csv"
        size = (place.tables / table).stat().st_size / 1e9
        yield compare("csv", [_ours(place, f"{place.rows(millions)}, {size:.2f} GB", table, "watch")], 1)


def appended(place: Place, rounds: int) -> list[Timing]:
    """The same name again after 1 % more rows: a file with a row group more, and a folder with a file more."""
    return compare("append", [_grown_file(place), _grown_folder(place)], rounds)


def false_alarms(place: Place) -> list[dict[str, object]]:
    """How often batches raise an alarm: the lines of `alarms.py`, ours and those of the peers that are there."""
    lines = place.work / "alarms.json"
    counts = ["--repeats", "10", "--peer-repeats", "2"] if place.small else ["--peer-repeats", "20"]
    subprocess.run([sys.executable, str(HERE / "alarms.py"), *counts, "-o", str(lines)], check=True)
    found: list[dict[str, object]] = json.loads(lines.read_text("utf-8"))
    return found


def agree(place: Place) -> None:
    """Everybody finds the same rules broken in a table with faults; raises Broken when not."""
    broken = place.tables / "broken.parquet"
    project = _project(place, "rules", 0)
    command = [str(place.us.program), "validate", "rules.yaml", "--data", str(broken), "--json"]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if ended.returncode != 1:
        raise Broken(f"{ended.returncode} instead of 1: {(ended.stderr or ended.stdout)[-600:]}")
    ours = sum(1 for verdict in json.loads(ended.stdout)["verdicts"] if verdict["state"] == "fail")
    for rival in RULES_RIVALS:
        peer = library(rival.library)
        if peer.program:
            line = [str(peer.program), str(HERE / "rivals.py"), rival.job, str(broken)]
            said = subprocess.run(line, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False).stdout
            theirs = json.loads(said.strip().rsplit("\n", 1)[-1])["failed"] if said.strip() else None
            if theirs != ours:
                raise Broken(f"{rival.name} finds {theirs} rules broken, mlops {ours}")


def _rivals(place: Place, rivals: Sequence[Rival], case: str, table: str) -> list[Contender]:
    made = []
    for rival in rivals:
        peer = library(rival.library)
        if peer.program:
            words = [rival.job, str(place.tables / table)]
            words += [str(place.baseline(table))] if rival.compares else []
            command = [str(peer.program), str(HERE / "rivals.py"), *words]
            step = Step(case, command, check=_did(rival.least))
            made.append(Contender(rival.name, lambda _number: place.work, [step], QUIET))
    return made


def _did(least: int) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        said = json.loads(log_of(folder).read_text("utf-8", errors="replace").strip().rsplit("\n", 1)[-1])
        if said["done"] < least or said["failed"]:
            raise Broken(f"{said} instead of at least {least} done and none failed")

    return check


def _ours(place: Place, case: str, table: str, spec: str) -> Contender:
    """Our command in a project that has not seen the data; the baseline it has seen."""
    command = _command(place, spec, table, str(place.tables / table))
    step = Step(case, command, check=_answered if case == START else _passed)
    return Contender("mlops", lambda number: _project(place, spec, number, table), [step], done=shutil.rmtree)


def _grown_file(place: Place) -> Contender:
    def first(folder: Path) -> None:
        _lay(place.tables / "10m.parquet", folder / FILE)

    def second(folder: Path) -> None:
        (folder / FILE).unlink()
        _lay(place.tables / "10m-appended.parquet", folder / FILE)

    return _grown(place, "mlops, a row group more", FILE, first, second)


def _grown_folder(place: Place) -> Contender:
    def first(folder: Path) -> None:
        for part in sorted((place.tables / "10m-folder").iterdir()):
            _lay(part, folder / FOLDER / part.name)

    def second(folder: Path) -> None:
        _lay(place.tables / "10m-folder-new" / "part-000.parquet", folder / FOLDER / "part-010.parquet")

    return _grown(place, "mlops, a file more", FOLDER, first, second)


def _grown(
    place: Place, name: str, data: str, first: Callable[[Path], None], second: Callable[[Path], None]
) -> Contender:
    command = _command(place, "watch", data, data)
    steps = [
        Step(f"{place.rows(10)}, first time", command, first, _passed),
        Step(APPENDED, command, second, _passed),
        Step("again, unchanged", command, check=_passed),
    ]
    return Contender(name, lambda number: _project(place, "watch", number, data), steps, done=shutil.rmtree)


def _lay(source: Path, target: Path) -> None:
    """Put a table into a project: a hard link where that is possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _command(place: Place, spec: str, table: str, data: str) -> list[str]:
    past = ["--baseline", str(place.baseline(table))] if spec == "watch" else []
    return [str(place.us.program), "validate", f"{spec}.yaml", "--data", data, *past, "--json"]


SPECS: Mapping[str, Callable[[], str]] = {"rules": rules_spec, "watch": watch_spec}


def _project(place: Place, spec: str, number: int, table: str = "") -> Path:
    """A new project with the spec; with `watch`, one that knows the baseline."""
    folder = place.work / f"{spec}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "mlops.yaml").write_text("name: bench\n", "utf-8")
    (folder / f"{spec}.yaml").write_text(SPECS[spec](), "utf-8")
    if spec == "watch":
        command = [str(place.us.program), "profile", str(place.baseline(table)), "--json"]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise Broken(f"{' '.join(command[1:])} ended with {ended.returncode}: {ended.stderr[-300:]}")
    return folder


def _answered(folder: Path) -> list[dict[str, object]]:
    """The verdicts, of which there are at least as many as rules."""
    found: list[dict[str, object]] = json.loads(log_of(folder).read_text("utf-8"))["verdicts"]
    if len(found) < len(RULES):
        raise Broken(f"only {len(found)} verdicts")
    return found


def _passed(folder: Path) -> None:
    """Every verdict passed."""
    found = _answered(folder)
    others = [f"{verdict['check']}: {verdict['state']}" for verdict in found if verdict["state"] != "pass"]
    if others:
        raise Broken(f"{len(found)} verdicts, of which not passed: {', '.join(others[:5])}")
