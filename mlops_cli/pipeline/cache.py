"""The run cache: key -> record of the stage that had it, and the last records of every stage, for `explain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid, hash_bytes, is_oid
from mlops_cli.pipeline.records import StageRecord
from mlops_cli.store.faults import store_faults
from mlops_cli.store.records import Artifact
from mlops_cli.store.store import Store
from mlops_cli.store.whole import is_whole

REMEMBERED = 20  # records of one stage that `explain` may compare with


@dataclass(frozen=True)
class RunCache:
    """Pointers into the store; losing them costs time, never results."""

    store: Store
    _whole: set[Oid] = field(default_factory=set)
    """Outputs that were found whole: several stages may share one, such as the rows that gates pass through."""

    def find(self, key: Oid) -> tuple[Oid, StageRecord] | None:
        """The record under `key`, if it and all its outputs are still in the store.

        After damage was found, every byte of them is proven: one run then makes anew all that it needs and that is
        damaged, where otherwise each run would stumble over the next damaged object.
        """
        oid = next(iter(_oids(self._action(key))), None)
        record = self._record(oid) if oid else None
        if oid is None or record is None or record.key != key:
            return None
        whole = [self._is_whole(output) for output in record.outputs.values()]
        return (oid, record) if all(whole) else None

    def keep(self, oid: Oid, record: StageRecord) -> None:
        """Point `record.key` at its record, and remember it as the newest of its stage."""
        history = self._history(record.pipeline, record.stage)
        known = [other for other in _oids(history) if other != oid][-(REMEMBERED - 1) :]
        with store_faults("write the run cache"):
            write_atomic(self._action(record.key), f"{oid}\n".encode())
            write_atomic(history, "".join(f"{line}\n" for line in [*known, oid]).encode())

    def records_of(self, pipeline: str, stage: str) -> list[StageRecord]:
        """The newest executions of a stage, newest first."""
        records = (self._record(oid) for oid in reversed(_oids(self._history(pipeline, stage))))
        return [record for record in records if record]

    def _is_whole(self, output: Artifact) -> bool:
        if output.oid not in self._whole and is_whole(self.store, output, prove=self.store.in_doubt):
            self._whole.add(output.oid)
        return output.oid in self._whole

    def _record(self, oid: Oid) -> StageRecord | None:
        try:
            return self.store.read_record(oid, "stage", StageRecord) if self.store.has(oid) else None
        except StoreError:
            return None  # damaged: the stage runs again, and `fsck` reports the object

    def _action(self, key: Oid) -> Path:
        return self.store.folder / "a" / key

    def _history(self, pipeline: str, stage: str) -> Path:
        return self.store.folder / "a" / "stages" / hash_bytes(f"{pipeline}/{stage}".encode())


def _oids(path: Path) -> list[Oid]:
    """The identities in a file; whatever else stands there is damage, which costs an execution and no more."""
    with store_faults("read the run cache"):
        words = (read_if_there(path) or b"").decode("ascii", "replace").split()
    return [Oid(word) for word in words if is_oid(word)]
