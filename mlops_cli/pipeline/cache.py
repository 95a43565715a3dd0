"""The run cache: key -> record of the stage that had it, and the last records of every stage, for `explain`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StoreError
from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid, hash_bytes
from mlops_cli.pipeline.records import StageRecord
from mlops_cli.store.store import Store

REMEMBERED = 20  # records of one stage that `explain` may compare with


@dataclass(frozen=True)
class RunCache:
    """Pointers into the store; losing them costs time, never results."""

    store: Store

    def find(self, key: Oid) -> tuple[Oid, StageRecord] | None:
        """The record under `key`, if it and all its outputs are still in the store."""
        line = read_if_there(self._action(key))
        if line is None:
            return None
        oid = Oid(line.decode("ascii", "replace").strip())
        record = self._record(oid)
        if record is None or record.key != key or not all(self.store.has(out.oid) for out in record.outputs.values()):
            return None
        return oid, record

    def keep(self, oid: Oid, record: StageRecord) -> None:
        """Point `record.key` at its record, and remember it as the newest of its stage."""
        write_atomic(self._action(record.key), f"{oid}\n".encode())
        history = self._history(record.pipeline, record.stage)
        known = [other for other in _lines(history) if other != oid][-(REMEMBERED - 1) :]
        write_atomic(history, "".join(f"{line}\n" for line in [*known, oid]).encode())

    def records_of(self, pipeline: str, stage: str) -> list[StageRecord]:
        """The newest executions of a stage, newest first."""
        records = (self._record(Oid(line)) for line in reversed(_lines(self._history(pipeline, stage))))
        return [record for record in records if record]

    def forget(self, key: Oid) -> None:
        """Make the next run execute the stage with `key` again."""
        self._action(key).unlink(missing_ok=True)

    def _record(self, oid: Oid) -> StageRecord | None:
        try:
            return self.store.read_record(oid, "stage", StageRecord) if self.store.has(oid) else None
        except StoreError:
            return None  # damaged: the stage runs again, and `fsck` reports the object

    def _action(self, key: Oid) -> Path:
        return self.store.folder / "a" / key

    def _history(self, pipeline: str, stage: str) -> Path:
        return self.store.folder / "a" / "stages" / hash_bytes(f"{pipeline}/{stage}".encode())


def _lines(path: Path) -> list[str]:
    return (read_if_there(path) or b"").decode("ascii", "replace").split()
