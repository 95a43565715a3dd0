"""How long `models` and `log` take in a store with ten thousand versions of a model, beyond a bare interpreter.

python bench/registry.py [--versions 10000] [--rounds 5] [--keep DIR]        one JSON line a command
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Store, Transaction
from mlops_cli.workflows.evidence import judged_name

MODEL, GATE = "churn", "churn-gate"
OUTPUTS = ("split.train", "split.test", "train.model", "judge.model", "judge.report", "judge.metrics")
METRICS = {"roc_auc": 0.9, "accuracy": 0.8, "log_loss": 0.3, "brier": 0.1}
LIMIT = 0.3  # seconds over a bare interpreter
COMMANDS = (["models"], ["models", "-n", "0"], ["log"], ["log", MODEL], ["log", f"{MODEL}@production"])


def build(root: Path, versions: int) -> None:
    """A project whose model was trained, judged and registered so many times; each time all outputs changed."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "mlops.yaml").write_text("name: registry\n")
    store = Store.create(root / ".mlops", "none")
    journal = Journal(store)
    with store.begin() as transaction:
        lines = [registered(transaction, number) for number in range(versions)]
        transaction.commit()
    names: dict[str, Oid] = {}
    for number, (wanted, run) in enumerate(lines):
        moves = [Move(name, names.get(name), oid) for name, oid in wanted.items()]
        journal.append(moves, f"run r{number:07d} of {MODEL}: done", run=run)
        names |= wanted
        if number % 100 == 0:
            alias = f"{MODEL}@production"
            journal.append(
                [Move(alias, names.get(alias), names[MODEL])], f"promote {MODEL}@v{number + 1} to production"
            )
            names[alias] = names[MODEL]


def registered(transaction: Transaction, number: int) -> tuple[dict[str, Oid], Oid]:
    """The names that the run of this number moves, and its record."""
    run = RunRecord(f"r{number:07d}", MODEL, "specs/pipeline.yaml", "done", moment(number), 1.0, made("code", 0), None,
                    made("environment", 0), {"seed": number}, number, {}, ())  # fmt: skip
    oid = transaction.add_record("run", run)
    wanted: dict[str, Oid] = {}
    for output in OUTPUTS:
        artifact = Artifact("table", made(output, number), "file", f"{output}.parquet", 1000, 1)
        version = Version("data", f"{MODEL}/{output}", artifact, moment(number), oid, output.partition(".")[0],
                          facts={"pipeline": MODEL})  # fmt: skip
        wanted[version.name] = transaction.add_record("version", version)
    artifact = Artifact("model", made("model", number), "tree", "model", 100_000, 4)
    model = Version("model", MODEL, artifact, moment(number), oid, "publish", (made("report", number),), METRICS)
    wanted[MODEL] = transaction.add_record("version", model)
    wanted[f"{MODEL}@candidate"] = wanted[judged_name(MODEL, GATE)] = wanted[MODEL]
    return wanted, oid


def made(what: str, number: int) -> Oid:
    """The identity of a content that nobody needs."""
    return hash_bytes(f"{what} {number}".encode())


def moment(number: int) -> str:
    """A time for the run of this number."""
    days, seconds = divmod(number, 86400)
    return f"2026-03-{1 + days % 28:02d}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.000Z"


def median(command: Sequence[str], folder: Path, rounds: int) -> float:
    """The median time of whole processes, in seconds; one more run before warms the caches."""
    taken = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def main() -> int:
    """Build the store, time the commands, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="build the store here, or use the one that is here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-registry-") as scratch:
        root = options.keep or Path(scratch) / "project"
        if not (root / ".mlops").exists():
            build(root, options.versions)
        bare = median([sys.executable, "-c", "pass"], root, options.rounds)
        for words in COMMANDS:
            whole = median([sys.executable, "-m", "mlops_cli", *words], root, options.rounds)
            row = {
                "kind": "timing",
                "bench": "registry",
                "case": " ".join(["mlops", *words]),
                "versions": options.versions,
            }
            sys.stdout.write(
                json.dumps(row | {"bare": round(bare, 4), "over_bare": round(whole - bare, 4), "limit": LIMIT}) + "\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
