"""How long `models` and `log` take in a store with ten thousand versions of a model, beyond a bare interpreter.

python bench/registry.py FOLDER VERSIONS        makes the project with that store
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Broken, Contender, Step, Timing, compare, log_of
from peers import Peer
from targets import BARE, REGISTRY

from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.pipeline.records import RunRecord
from mlops_cli.store.journal import Journal, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.store import Store, Transaction
from mlops_cli.workflows.evidence import judged_name

MODEL, GATE = "churn", "churn-gate"
OUTPUTS = ("split.train", "split.test", "train.model", "judge.model", "judge.report", "judge.metrics")
METRICS = {"roc_auc": 0.9, "accuracy": 0.8, "log_loss": 0.3, "brier": 0.1}


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


def run(work: Path, us: Peer, versions: int, rounds: int) -> Iterator[list[Timing]]:
    """The commands of `REGISTRY` in turn with a bare interpreter, each a table of its own."""
    project = work / "registry"
    subprocess.run([sys.executable, str(Path(__file__).resolve()), str(project), str(versions)], check=True)
    for words in REGISTRY:
        steps = {
            "mlops": Step(words, [str(us.program), *words.split()], check=_said_something),
            BARE: Step(words, [str(us.python), "-c", "pass"]),
        }
        contenders = [Contender(name, lambda _number: project, [step]) for name, step in steps.items()]
        yield compare("registry", contenders, rounds, warmups=1)


def _said_something(folder: Path) -> None:
    if MODEL not in log_of(folder).read_text("utf-8"):
        raise Broken(f"nothing is said about {MODEL}")


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]))
