"""What the gates of a recorded run were given besides their inputs: baselines, earlier versions, released rows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.plan import Context
from mlops_cli.pipeline.records import BASELINE, HISTORY, RELEASED, RunRecord, StageRecord
from mlops_cli.store.lease import Lease
from mlops_cli.store.records import Artifact
from mlops_cli.store.whole import is_whole, version_record
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.run_pipeline import WORK
from mlops_cli.workflows.workspace import Workspace

GIVEN = frozenset({BASELINE, HISTORY, RELEASED})
"""What a gate is given from the names of the project as they were then; the rest it finds anew."""


def recorded_contexts(
    workspace: Workspace, copy: Workspace, run: RunRecord
) -> tuple[dict[str, Context], tuple[str, ...]]:
    """What each gate was given then, in the store of the copy; and which gates it is lost for."""
    wanted: dict[str, dict[str, tuple[Oid, ...]]] = {}
    for result in run.stages:
        if result.kind == "validate" and result.record is not None:
            with suppress(StoreError):  # a lost record is told where its stage is compared
                record = workspace.store.read_record(result.record, "stage", StageRecord)
                # An identity is followed by the ending of its file.
                given = {
                    name: tuple(Oid(item[:64]) for item in ids)
                    for name, ids in record.components.inputs.items()
                    if name in GIVEN and ids
                }
                if given:
                    wanted[result.stage] = given
    known = _versions_with(workspace, {oid for given in wanted.values() for ids in given.values() for oid in ids})
    contexts, notes = {}, []
    for stage, given in wanted.items():
        ids = [oid for items in given.values() for oid in items]
        if all(oid in known and is_whole(workspace.store, known[oid][0]) for oid in ids):
            inputs = {name: tuple(known[oid][0] for oid in items) for name, items in given.items()}
            labels = {BASELINE: known[given[BASELINE][0]][1]} if BASELINE in given else {}
            contexts[stage] = Context(inputs, labels)
        else:
            notes.append(f"{stage} is judged without what it was compared with: the store has lost that")
    _carry(workspace, copy, [item for one in contexts.values() for items in one.inputs.values() for item in items])
    return contexts, tuple(notes)


def _versions_with(workspace: Workspace, wanted: set[Oid]) -> dict[Oid, tuple[Artifact, str]]:
    """Content -> the artifact and a name of the version that has it; read newest first, until all are found."""
    found: dict[Oid, tuple[Artifact, str]] = {}
    seen: set[Oid] = set()
    for line in reversed(workspace.journal.lines()):
        if found.keys() >= wanted:
            break
        for name, (_, oid) in line.set.items():
            version = version_record(workspace.store, oid) if oid is not None and oid not in seen else None
            if oid is not None and version is not None:
                seen.add(oid)
                numbers = workspace.journal.versions(name.partition("@")[0])
                number = f"@v{numbers.index(oid) + 1}" if oid in numbers else ""
                if version.artifact.oid in wanted:
                    found.setdefault(version.artifact.oid, (version.artifact, f"{version.name}{number}"))
    return found


def _carry(workspace: Workspace, copy: Workspace, items: Iterable[Artifact]) -> None:
    """Put artifacts of one store into another."""
    (copy.store.folder / WORK).mkdir(exist_ok=True)
    with copy.store.begin() as transaction, Lease(copy.store.folder / WORK) as lease:
        for item in {item.oid: item for item in items}.values():
            path = Path(lease.path())
            place_artifact(workspace.store, item, path, "copy")
            if item.layout == "tree":
                transaction.add_tree(path, take=True)
            else:
                transaction.take_file(path)
        transaction.commit(durable=False)
