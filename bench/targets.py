"""What has been promised: against a peer, against another case of ours, or as a ceiling; measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Target:
    """`ours` must be at least `factor` times as fast as the fastest of `peers` in `case` (below 1: may be slower)."""

    bench: str
    case: str
    """The beginning of the case's name."""
    peers: tuple[str, ...]
    factor: float
    ours: str = "mlops"
    beyond: str | None = None
    """The case that says what the start of our command takes, which the promise leaves out of account."""


@dataclass(frozen=True)
class Share:
    """In `case`, `ours` must need at most the share `most` of its own time in the case `whole`."""

    bench: str
    case: str
    whole: str
    most: float
    ours: str


@dataclass(frozen=True)
class Ceiling:
    """All processes of `ours` together must stay below so many MB (10^6 bytes) of memory in `case`."""

    bench: str
    case: str
    megabytes: float
    ours: str = "mlops"


@dataclass(frozen=True)
class Over:
    """In `case`, `ours` may need at most so many seconds more than `bare` does."""

    bench: str
    case: str
    bare: str
    seconds: float
    ours: str = "mlops"


@dataclass(frozen=True)
class Rate:
    """Of batches of `rows` rows whose first columns moved by `shift`, the share `key` must be low or high enough."""

    bench: str
    case: str
    shift: float
    rows: tuple[int, ...]
    key: str
    bound: float
    least: bool
    ours: str = "mlops"


Promise: TypeAlias = Target | Share | Ceiling | Over | Rate
START = "1 row"
TWO = "2 rows"
RAW = ("Polars", "DuckDB")
CALL = "roc_auc_score, the call alone"
SLICES = 30
BARE = "bare interpreter"
APPENDED = "again after 1 % more rows"
REGISTRY = ("models", "models -n 0", "log", "log churn", "log churn@production")
PROMISES: tuple[Promise, ...] = (
    Target("startup", "help", ("import typer",), 1 / 2.5),
    Target("graph", "first run", ("dvc",), 8),
    Target("graph", "nothing to do", ("dvc",), 5),
    Target("files", "add 10,000 files of 4096 B", ("dvc, copy", "dvc, hardlink"), 3),
    Target("blob", "add one file of 512 MiB", ("dvc, copy",), 2),
    *(
        promise
        for case in ("1,000,000 rows", "10,000,000 rows")
        for promise in (
            Target("rules", case, RAW, 1 / 1.5, beyond=START),
            Target("rules", case, ("pointblank", "pointblank on DuckDB"), 1),
            Target("rules", case, ("pandera on Polars",), 2),
            Target("rules", case, ("Great Expectations",), 10),
            Ceiling("rules", case, 1200),
        )
    ),
    Target("profile", "1,000,000 rows", ("Polars describe",), 1 / 2, beyond=START),
    Target("profile", "1,000,000 rows", ("TFDV",), 10),
    Target("profile", "1,000,000 rows", ("Evidently drift",), 15),
    Target("profile", "10,000,000 rows", ("TFDV",), 7),
    Target("profile", "10,000,000 rows", ("Polars describe",), 1 / 1.2),
    Ceiling("profile", "10,000,000 rows", 600),
    Rate("alarms", "any alarm, nothing changed", 0.0, (100, 500, 2000), "any", 0.03, least=False),
    Rate("alarms", "a shift of 0.3 found, 500 rows", 0.3, (500,), "any_shifted", 0.95, least=True),
    Rate("alarms", "a shift of 0.3 found in all three columns, 500 rows", 0.3, (500,), "all_shifted", 0.95, least=True),
    Ceiling("csv", "10,000,000 rows", 1000),
    Share("append", APPENDED, "10,000,000 rows, first time", 0.15, "mlops, a row group more"),
    Share("append", APPENDED, "10,000,000 rows, first time", 0.15, "mlops, a file more"),
    Target("gate", "1,000,000 rows", (CALL,), 1 / 20),
    Target("gate", "1,000,000 rows", (CALL,), 1 / 20, beyond=TWO),
    Target("gate", "1,000,000 rows", ("Evidently by slice",), 10),
    Target("gate", "10,000 rows", ("TFMA",), 10),
    Target("gate", "1,000 rows", ("TFMA, 20 resamples",), 10),
    *(Over("registry", case, BARE, 0.3) for case in REGISTRY),
)
