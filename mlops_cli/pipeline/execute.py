"""Drive a graph to its end: decide, reuse or start each stage as soon as what it needs is there."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from mlops_cli.base.errors import StoreError, UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.executors.base import Executor, Finished, Task
from mlops_cli.pipeline.graph import Graph, Node
from mlops_cli.pipeline.plan import Decision, Planner
from mlops_cli.pipeline.records import StageRecord, StageResult, Status


@dataclass(frozen=True)
class Event:
    """Something a watcher may show. `state` says what happened to `stage` just now."""

    stage: str
    state: Literal["start", "retry"] | Status
    detail: str
    done: int
    total: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why an attempt of a stage gave no result."""

    cause: Literal["error", "signal", "oom", "timeout", "cancelled"]
    message: str
    hint: str | None = None
    log: Oid | None = None


@dataclass(frozen=True)
class Kept:
    """The result of an attempt, in the store."""

    record: StageRecord
    oid: Oid


class Work(Protocol):
    """Prepares stages for an executor and takes their results home (the floor above knows the verbs)."""

    def prepare(self, node: Node, decision: Decision) -> Task:
        """A folder with the inputs and a job file."""
        ...

    def collect(self, node: Node, decision: Decision, finished: Finished) -> Kept | Failure:
        """Store the outputs and keep the record under its key."""
        ...


Watcher: TypeAlias = Callable[[Event], None]


@dataclass
class Execution:
    """One pass over a graph. `stop_early`: after a failure nothing new is started; what runs may end."""

    graph: Graph
    planner: Planner
    start: Callable[[], tuple[Executor, Work]]
    capacity: int
    watch: Watcher
    keep_going: bool = False
    chosen: frozenset[str] | None = None
    results: dict[str, StageResult] = field(default_factory=dict)
    interrupted: bool = False
    _started: tuple[Executor, Work] | None = None
    _ready: list[tuple[float, int, str]] = field(default_factory=list)
    _decisions: dict[str, Decision] = field(default_factory=dict)
    _active: dict[str, int] = field(default_factory=dict)
    """Node -> attempt."""
    _free: int = 0

    def run(self) -> dict[str, StageResult]:
        """Every chosen node's result, in the order of the graph; an interruption cancels what runs."""
        self._free = self.capacity
        try:
            self._settle()
            while self._active or self._ready:
                self._fill()
                if self._active:
                    self._take(self._running()[0].wait())
                    self._settle()
        except KeyboardInterrupt:
            self._interrupt()
        finally:
            if self._started:
                self._started[0].close()
        return {name: self.results[name] for name in self._nodes() if name in self.results}

    def _nodes(self) -> list[str]:
        return [name for name in self.graph.nodes if self.chosen is None or name in self.chosen]

    def _settle(self) -> None:
        """Decide every node whose needs are settled; the nodes stand in an order that makes one pass enough."""
        for name in self._nodes():
            if name in self.results or name in self._decisions:
                continue
            node = self.graph.nodes[name]
            if not all(need in self.results for need in node.needs if self.chosen is None or need in self.chosen):
                continue
            if self._stopping() and not self.planner.stopped.keys() & set(node.needs):
                self._end(node, "cancelled", "another stage failed first")
                self.planner.stopped[name] = "failed"
            else:
                self._decide(node)

    def _stopping(self) -> bool:
        return not self.keep_going and any(result.status == "failed" for result in self.results.values())

    def _decide(self, node: Node) -> None:
        try:
            decision = self.planner.decide(node)
        except UserError as error:
            # What is wrong with one stage must not take the results of the others along.
            self.planner.stopped[node.id] = "failed"
            fault = error.faults[0]
            self._end(node, "failed", "could not be planned", None, Failure("error", fault.message, fault.hint))
            return
        self.planner.note(decision)
        if decision.action == "run":
            self._decisions[node.id] = decision
            heapq.heappush(self._ready, (-self._expected(node), len(self._decisions), node.id))
        elif decision.record and decision.record_id:
            status: Status = "reused" if decision.record.passed else "gate_failed"
            self._end(node, status, decision.reason, decision, Kept(decision.record, decision.record_id))
        else:
            self._end(node, "skipped" if decision.action == "skip" else "blocked", decision.reason)

    def _expected(self, node: Node) -> float:
        """Seconds that the stage took last time: the longest goes first."""
        records = self.planner.cache.records_of(self.graph.pipeline.name, node.id)
        return records[0].seconds if records else 0.0

    def _fill(self) -> None:
        later = []
        while self._ready:
            entry = heapq.heappop(self._ready)
            node = self.graph.nodes[entry[2]]
            # A stage that asks for more CPUs than there are runs alone.
            wanted = min(node.stage.resources.cpu, self.capacity)
            if self._stopping():
                self._decisions.pop(node.id)
                self.planner.stopped[node.id] = "failed"
                self._end(node, "cancelled", "another stage failed first")
            elif wanted <= self._free:
                self._free -= wanted
                self._start(node, 1)
            else:
                later.append(entry)
        self._ready = later
        heapq.heapify(self._ready)
        if not self._active:
            self._settle()

    def _start(self, node: Node, attempt: int) -> None:
        decision = self._decisions[node.id]
        self._active[node.id] = attempt
        self._tell(node.id, "start" if attempt == 1 else "retry", decision.reason)
        try:
            task = self._running()[1].prepare(node, decision)
        except StoreError as error:
            fault = error.faults[0]
            self._give_up(node, decision, Failure("error", fault.message, fault.hint), attempt, 0.0)
            return
        self._running()[0].submit(task)

    def _running(self) -> tuple[Executor, Work]:
        self._started = self._started or self.start()
        return self._started

    def _take(self, finished: Finished) -> None:
        node = self.graph.nodes[finished.id]
        attempt = self._active.pop(node.id)
        decision = self._decisions[node.id]
        outcome = self._collect(node, decision, finished)
        if isinstance(outcome, Failure) and outcome.cause in node.stage.retry.when and attempt <= node.stage.retry.max:
            self._start(node, attempt + 1)
            return
        if isinstance(outcome, Failure):
            self._give_up(node, decision, outcome, attempt, finished.seconds)
        else:
            self._release(node)
            self.planner.finish(node.id, outcome.record)
            status: Status = "ran" if outcome.record.passed else "gate_failed"
            self._end(node, status, decision.reason, decision, outcome, attempts=attempt, seconds=finished.seconds)

    def _collect(self, node: Node, decision: Decision, finished: Finished) -> Kept | Failure:
        try:
            return self._running()[1].collect(node, decision, finished)
        except StoreError:
            raise  # the store cannot take any stage's result
        except UserError as error:
            return Failure("error", error.faults[0].message, error.faults[0].hint)

    def _give_up(self, node: Node, decision: Decision, failure: Failure, attempt: int, seconds: float) -> None:
        self._release(node)
        self.planner.stopped[node.id] = "failed"
        self._end(node, "failed", decision.reason, decision, failure, attempts=attempt, seconds=seconds)

    def _release(self, node: Node) -> None:
        self._free += min(node.stage.resources.cpu, self.capacity)
        self._active.pop(node.id, None)
        del self._decisions[node.id]

    def _interrupt(self) -> None:
        self.interrupted = True
        if self._started:
            self._started[0].cancel()
        for name in self._nodes():
            if name not in self.results:
                self._end(self.graph.nodes[name], "cancelled", "interrupted")

    def _end(
        self,
        node: Node,
        status: Status,
        reason: str,
        decision: Decision | None = None,
        outcome: Kept | Failure | None = None,
        *,
        attempts: int = 1,
        seconds: float = 0.0,
    ) -> None:
        record = outcome.record if isinstance(outcome, Kept) else None
        failure = outcome if isinstance(outcome, Failure) else None
        self.results[node.id] = StageResult(
            stage=node.id,
            kind=node.stage.kind,
            status=status,
            reason=reason,
            key=record.key if record else None,
            record=outcome.oid if isinstance(outcome, Kept) else None,
            seconds=round(seconds, 3),
            attempts=attempts,
            outputs=record.outputs if record else {},
            metrics=record.metrics if record else {},
            changes=decision.changes if decision else (),
            notes=record.notes if record else (),
            failure=failure.message if failure else None,
            hint=failure.hint if failure else None,
            log=record.log if record else failure.log if failure else None,
        )
        self._tell(node.id, status, failure.message if failure else reason, seconds)

    def _tell(self, stage: str, state: Literal["start", "retry"] | Status, detail: str, seconds: float = 0.0) -> None:
        self.watch(Event(stage, state, detail, len(self.results), len(self._nodes()), seconds))
