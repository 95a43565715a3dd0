"""Gates on models: a table of predictions judged overall and by slice, alone and against another model's table."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from libraries import library
from measure import Broken, Contender, Step, Timing, compare, log_of
from peers import Peer
from targets import CALL, SLICES, TWO
from validation import HERE, QUIET, SLOW, Place

LIMITS = {
    "roc_auc": ("min", 0.80, 0.75),
    "accuracy": ("min", 0.70, 0.60),
    "recall": ("min", 0.55, 0.45),
    "f1": ("min", 0.60, 0.50),
    "log_loss": ("max", 0.60, 0.65),
    "brier": ("max", 0.20, 0.25),
}
"""Metric -> which way, the bound overall, the bound in every slice."""
COMPARED = ("roc_auc", "log_loss")
CUTS = 1 + SLICES
SIZES = {1_000: 500, 10_000: 1_000, 100_000: 2_000, 1_000_000: 20_000}
"""Rows of a table, and how many when it is tiny."""


@dataclass(frozen=True)
class Scorer:
    """A peer at one job of `scorers.py`, under the name that the report gives it."""

    name: str
    library: str
    job: str
    metrics: int = len(LIMITS)
    exact: float = 1e-9
    """How far a value may be from scikit-learn's."""
    most: int = 1_000_000
    """Of ten times as many rows it would need an hour, or memory that few have."""
    call: bool = False
    """What counts is the time that the job tells, not that of the process."""


# TFMA reads areas off 10,000 thresholds and sums in 32 bits; with resamples its value is their mean.
SCORERS = (
    Scorer(CALL, "", "area", metrics=1, call=True),
    Scorer("scikit-learn by slice", "", "plain"),
    Scorer("Fairlearn", "fairlearn", "fairlearn"),
    Scorer("Fairlearn, 10 resamples", "fairlearn", "fairlearn_intervals", most=100_000),
    Scorer("Evidently by slice", "evidently", "evidently", metrics=5, exact=1e-4),
    Scorer("TFMA", "tfma", "tfma", exact=1e-3, most=10_000),
    Scorer("TFMA, 20 resamples", "tfma", "tfma_intervals", exact=1e-1, most=1_000),
)


def libraries_of() -> list[Peer]:
    """The peers, each once, installed if they can be."""
    return [library(name) for name in dict.fromkeys(scorer.library for scorer in SCORERS) if name]


def gate(place: Place, rounds: int) -> Iterator[list[Timing]]:
    """Two rows, for the start; then more, by ourselves and by all peers; then compared with a champion."""
    yield compare("gate", [_ours(place, TWO, 2)], 3 * rounds, warmups=1)
    for many, few in SIZES.items():
        rows = few if place.small else many
        case = f"{rows:,} rows"
        found: dict[str, list[float]] = {}
        asked = [scorer for scorer in SCORERS if many <= scorer.most]
        contenders = [_ours(place, case, rows), *_scorers(place, asked, case, rows, found)]
        timings = compare("gate", contenders, rounds, slow=SLOW)
        for timing in timings:
            if timing.contender in found and timing.seconds:
                timing.seconds = found[timing.contender][: len(timing.seconds)]
        yield timings
        yield compare("gate", [_ours(place, f"{rows:,} rows, and no worse than a champion", rows, True)], rounds)


def gate_spec(champion: bool, lenient: bool) -> str:
    """Six metrics overall and in thirty slices; with a champion, two of them no worse than its, in every slice too.

    A lenient gate judges even two rows, and only warns.
    """
    severity, rows, positives = ("warn", 2, 1) if lenient else ("fail", 20, 5)
    worse = {name: f", not_worse: {margin}" for name, margin in zip(COMPARED, (0.01, 0.01), strict=True)}

    def lines(place: int, indent: str) -> Iterator[str]:
        for name, (way, *bounds) in LIMITS.items():
            more = worse.get(name, "") if champion else ""
            yield f"{indent}{name}: {{{way}: {bounds[place]}{more}, severity: {severity}}}"

    head = [
        "kind: validation",
        "name: gate",
        "predictions: {data: scores.parquet, truth: truth, score: score, label: label, id: id}",
        "positive: 1",
        *(["baseline: champion.parquet"] if champion else []),
        f"min_rows: {rows}",
        f"min_positives: {positives}",
        "slices: [region, product, channel]",
        "expect:",
    ]
    return "\n".join([*head, *lines(0, "  "), "  by_slice:", *lines(1, "    ")]) + "\n"


def _tables(place: Place, rows: int) -> Path:
    """The folder with the tables of so many rows; made in another process, so that ours stays small."""
    folder = place.tables / f"scores-{rows}"
    subprocess.run([sys.executable, str(HERE / "scores.py"), str(folder), str(rows)], check=True)
    return folder


def _ours(place: Place, case: str, rows: int, champion: bool = False) -> Contender:
    tables = _tables(place, rows)
    past = ["--baseline", str(tables / "champion.parquet")] if champion else []
    words = ["validate", "gate.yaml", "--data", str(tables / "scores.parquet"), *past, "--json"]

    def project(number: int) -> Path:
        folder = place.work / f"gate-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "mlops.yaml").write_text("name: bench\n", "utf-8")
        # Two rows can prove nothing: there the gate must only answer.
        (folder / "gate.yaml").write_text(gate_spec(champion, lenient=rows == 2), "utf-8")
        return folder

    def check(folder: Path) -> None:
        report = json.loads(log_of(folder).read_text("utf-8"))
        least = CUTS * (len(LIMITS) + (len(COMPARED) if champion else 0)) if rows > 2 else len(LIMITS)
        _whole(report["verdicts"], least, rows)
        if rows > 2:
            values: dict[str, dict[str, float | None]] = {}
            for verdict in report["verdicts"]:
                if verdict["check"].rpartition(".")[2] in ("min", "max"):
                    values.setdefault(verdict["slice"] or "", {})[verdict["subject"]] = verdict["value"]
            _agree(values, place.us, tables, len(LIMITS), CUTS, 1e-9)

    return Contender("mlops", project, [Step(case, [str(place.us.program), *words], check=check)], done=shutil.rmtree)


def _whole(verdicts: list[dict[str, object]], least: int, rows: int) -> None:
    """Every limit was judged, with an interval; on many rows every verdict is that the model passes."""
    if len(verdicts) < least:
        raise Broken(f"{len(verdicts)} verdicts instead of {least}")
    odd = [str(verdict["check"]) for verdict in verdicts if verdict["state"] != "pass" or verdict["interval"] is None]
    if odd and rows >= 100_000:
        raise Broken(f"not passed, or without an interval: {', '.join(odd[:5])}")


def _scorers(
    place: Place, scorers: list[Scorer], case: str, rows: int, found: dict[str, list[float]]
) -> Iterator[Contender]:
    tables = _tables(place, rows)
    for scorer in scorers:
        peer = library(scorer.library) if scorer.library else place.us
        if peer.program is None:
            continue
        python = peer.program if scorer.library else peer.python
        command = [str(python), str(HERE / "scorers.py"), scorer.job, str(tables / "scores.parquet")]
        step = Step(case, command, check=_answered(place, scorer, tables, found))
        yield Contender(scorer.name, lambda _number: place.work, [step], QUIET)


def _answered(place: Place, scorer: Scorer, tables: Path, found: dict[str, list[float]]) -> Callable[[Path], None]:
    def check(folder: Path) -> None:
        said = json.loads(log_of(folder).read_text("utf-8", errors="replace").strip().rsplit("\n", 1)[-1])
        cuts = 1 if scorer.metrics == 1 else CUTS
        _agree(said["values"], place.us, tables, scorer.metrics, cuts, scorer.exact)
        if scorer.call:
            found.setdefault(scorer.name, []).append(round(said["seconds"], 5))

    return check


def _agree(
    values: Mapping[str, Mapping[str, float | None]], us: Peer, tables: Path, metrics: int, cuts: int, exact: float
) -> None:
    """All the values are there, and are those of scikit-learn; raises Broken when not."""
    right = _reference(str(us.python), str(tables / "scores.parquet"))
    if len(values) != cuts:
        raise Broken(f"{len(values)} cuts instead of {cuts}")
    for cut, row in values.items():
        if len(row) != metrics:
            raise Broken(f"{len(row)} metrics instead of {metrics} where {cut or 'all rows'} are asked about")
        for name, value in row.items():
            if value is None or abs(value - right[cut][name]) > exact:
                raise Broken(f"{name} of {cut or 'all rows'} is {value}, by scikit-learn {right[cut][name]}")


@lru_cache
def _reference(python: str, data: str) -> dict[str, dict[str, float]]:
    """What scikit-learn says of a table."""
    command = [python, str(HERE / "scorers.py"), "plain", data]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(ended.stdout.strip().rsplit("\n", 1)[-1])["values"]
    return found
