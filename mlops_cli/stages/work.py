"""Between the scheduler and the verbs: a private folder with a stage's inputs, and its outputs taken into the store."""

from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import BadRecord, Json, canonical, decode
from mlops_cli.pipeline.cache import RunCache
from mlops_cli.pipeline.execute import Failure, Kept
from mlops_cli.pipeline.executors.base import Finished, Task
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.key import Keyer
from mlops_cli.pipeline.plan import Decision
from mlops_cli.pipeline.records import Components, StageRecord
from mlops_cli.spec.pipeline import Output, Validate
from mlops_cli.stages.base import Input, Job, Made, Outcome
from mlops_cli.stages.child import ANSWER, JOB, Answer
from mlops_cli.store.layout import MEASURES
from mlops_cli.store.lease import Lease
from mlops_cli.store.records import Artifact
from mlops_cli.store.store import Store, Transaction
from mlops_cli.store.trees import read_tree
from mlops_cli.store.worktree import place_artifact

LOG = "@log.txt"
UNDECLARED = "it read {}, which is no input of it: a change to that file will not be seen"
Stamp = tuple[int, int, int]


@dataclass
class StageWork:
    """The work of one run, for `pipeline.execute`."""

    root: Path
    store: Store
    cache: RunCache
    keyer: Keyer
    lease: Lease
    """The run's own scratch folder, on the file system of the store so that results move in by a rename."""
    run: str
    pipeline: str
    seed: int
    trust: tuple[str, ...]
    pickle: bool
    capacity: int
    sources: Mapping[str, str]
    """Source -> its path in the project."""
    judged_before: Callable[[Oid, Oid], int]
    """How many other models than the second have been judged on the rows of the first."""
    _folders: dict[str, Path] = field(default_factory=dict)
    _stamps: dict[str, dict[Path, Stamp]] = field(default_factory=dict)

    def prepare(self, node: Node, decision: Decision) -> Task:
        """A fresh folder with the inputs in place and the job file; raises StoreError when an input is damaged."""
        folder = self._folders[node.id] = Path(self.lease.path())
        for path in (folder, folder / "@in"):
            path.mkdir()
        job = self._job(node, decision, folder)
        self._stamps[node.id] = {path: _stamp(path) for path in _files(folder / "@in")}
        (folder / JOB).write_bytes(canonical(job))
        resources = node.stage.resources
        environment = {"TMPDIR": str(folder)}
        return Task(node.id, folder / JOB, folder, folder / LOG, resources.memory, node.stage.timeout, environment)

    def collect(self, node: Node, decision: Decision, finished: Finished) -> Kept | Failure:
        """Take the outputs and the record into the store and under the key; or tell what went wrong."""
        folder = self._folders[node.id]
        with self.store.begin() as transaction:
            text = read_if_there(folder / LOG)
            log = transaction.add_bytes(text) if text else None
            answer = self._answer(node, decision, folder, finished)
            if isinstance(answer, Answer) and answer.outcome and decision.components:
                taken = {
                    output.name: _take(transaction, decision, output, answer.outcome.outputs[output.name])
                    for output in node.stage.outputs
                }
                undeclared = tuple(UNDECLARED.format(path) for path in answer.reads)
                notes = (*self.keyer.closure(node).notes, *undeclared, *answer.outcome.notes)
                record = self._record(node, decision.components, answer.outcome, taken, finished, log, notes)
                kept = Kept(record, transaction.add_record("stage", record))
            transaction.commit(durable=False)
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(answer, Failure):
            return replace(answer, log=log)
        self.cache.keep(kept.oid, kept.record)
        return kept

    def _record(
        self,
        node: Node,
        components: Components,
        outcome: Outcome,
        outputs: Mapping[str, Artifact],
        finished: Finished,
        log: Oid | None,
        notes: tuple[str, ...],
    ) -> StageRecord:
        return StageRecord(
            pipeline=self.pipeline,
            stage=node.id,
            key=components.key,
            components=components,
            outputs=outputs,
            metrics=outcome.metrics,
            passed=outcome.passed,
            log=log,
            run=self.run,
            started=timestamp(),
            seconds=round(finished.seconds, 3),
            peak_memory=finished.peak_memory,
            notes=notes,
        )

    def _job(self, node: Node, decision: Decision, folder: Path) -> Job:
        inputs = {name: [self._input(folder, name, item) for item in items] for name, items in decision.inputs.items()}
        labels = {name: ", ".join(map(str, edges)) for name, edges in node.edges.items()}
        for name, items in decision.context.inputs.items():
            inputs[name] = [self._input(folder, name.removeprefix("@"), item) for item in items]
        labels |= decision.context.labels
        return Job(
            stage=node.id,
            verb=node.stage.kind,
            project=str(self.root),
            work=str(folder),
            options=self._options(node, inputs),
            inputs=inputs,
            lists=tuple(sorted(node.lists)),
            arguments=node.arguments,
            outputs=node.stage.outputs,
            threads=min(node.stage.resources.cpu, self.capacity),
            memory=node.stage.resources.memory,
            seed=self.seed,
            trust=self.trust,
            pickle=self.pickle,
            labels=labels,
            cache=str(self.store.folder / MEASURES),
        )

    def _options(self, node: Node, inputs: Mapping[str, list[Input]]) -> dict[str, Json]:
        verb = node.stage.verb
        if not isinstance(verb, Validate):
            return self.keyer.options(node)
        data, model = inputs.get("data"), inputs.get("model")
        return {
            "spec": verb.spec,
            "text": (self.root / verb.spec).read_text("utf-8"),
            "environment": verb.environment,
            "modified": self._modified(node),
            "uses": self.judged_before(data[0].oid, model[0].oid) if data and model else None,
        }

    def _modified(self, node: Node) -> float | None:
        """When the file that a gate judges was last written, where it is a source; the store's copy does not tell."""
        edges = node.edges.get("data", ())
        source = self.sources.get(edges[0].output) if edges and edges[0].node is None else None
        path = self.root / source if source is not None else None
        return path.stat().st_mtime if path is not None and path.is_file() else None

    def _input(self, folder: Path, name: str, artifact: Artifact) -> Input:
        # Under its own name, which messages show; a second file of that name goes by its argument too.
        target = folder / "@in" / artifact.name
        for number in itertools.count():
            if not target.exists():
                break
            target = folder / "@in" / f"{name}-{number}-{artifact.name}"
        place_artifact(self.store, artifact, target, mode="link")
        return Input(str(target), artifact.type, artifact.oid)

    def _set_damage_aside(self, decision: Decision) -> None:
        """What a stage wrote through its links is no object any more; a source is stored anew by the next run."""
        for artifact in itertools.chain(*decision.inputs.values()):
            tree = artifact.layout == "tree"
            for oid in [entry.oid for entry in read_tree(self.store, artifact.oid)] if tree else [artifact.oid]:
                with suppress(StoreError):  # the damage is what the stage's failure tells
                    self.store.prove_again(oid)

    def _answer(self, node: Node, decision: Decision, folder: Path, finished: Finished) -> Answer | Failure:
        # Removing its private link is the stage's right; writing through it would damage the store.
        changed = [
            path.name for path, stamp in self._stamps.pop(node.id).items() if path.exists() and _stamp(path) != stamp
        ]
        if changed:
            self._set_damage_aside(decision)
            return Failure("error", f"the stage changed its input {', '.join(changed)}", "let it work on a copy")
        match finished.cause:
            case "cancelled":
                return Failure("cancelled", "cancelled")
            case "timeout":
                return Failure(
                    "timeout", f"took longer than its timeout of {node.stage.timeout:g} s", "raise `timeout:`"
                )
            case "signal":
                name = signal.Signals(-finished.status).name
                hint = "the system may have run out of memory" if name == "SIGKILL" else None
                return Failure("signal", f"its process was killed by {name}", hint)
        text = read_if_there(folder / ANSWER)
        try:
            answer = decode(text, Answer) if text else None
        except BadRecord:
            answer = None
        if answer is None:
            return Failure("error", f"its process ended with {finished.status} and no answer")
        return answer if answer.outcome else Failure(answer.cause, answer.message, answer.hint)


def _take(transaction: Transaction, decision: Decision, output: Output, made: Made) -> Artifact:
    if made.same is not None:
        name, _, number = made.same.partition("[")
        return replace(decision.inputs[name][int(number.rstrip("]") or 0)], type=output.type)
    path = Path(made.path or "")
    if path.is_dir():
        oid, files, size = transaction.add_tree(path, take=True)
        return Artifact(output.type, oid, "tree", path.name, size, files)
    name = path.name if path.suffix or output.type != "table" else path.name + _ending(path)
    size = path.stat().st_size
    return Artifact(output.type, transaction.take_file(path), "file", name, size, 1)


def _ending(path: Path) -> str:
    """The ending that tells the format of a table which a command wrote without one."""
    with open(path, "rb") as file:
        head = file.read(64)
    if head.startswith(b"PAR1"):
        return ".parquet"
    if head.startswith(b"ARROW1"):
        return ".arrow"
    return ".jsonl" if head.lstrip().startswith(b"{") else ".csv"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _stamp(path: Path) -> Stamp:
    state = path.stat()
    return state.st_size, state.st_mtime_ns, state.st_ino
