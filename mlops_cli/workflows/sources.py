"""The work tree's source data: identified, snapshotted, restored from `mlops.lock`, and pinned there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_cli.base.errors import Fault, SpecError, UserError
from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid
from mlops_cli.spec.pipeline import Pipeline, Source
from mlops_cli.store.checkout import checkout
from mlops_cli.store.records import Artifact
from mlops_cli.store.worktree import identify, snapshot
from mlops_cli.workflows.workspace import Workspace

LOCK = "mlops.lock"
HEADER = "# mlops.lock 1: source, type, layout, identity, bytes, files, path\n"
TABLES = frozenset({".csv", ".parquet", ".jsonl", ".ndjson", ".arrow", ".feather"})


def type_of(path: str) -> str:
    """The type of a source: what its ending says, for a folder `folder`."""
    suffix = Path(path).suffix.lower()
    return "table" if suffix in TABLES else "file"


def read_lock(root: Path) -> dict[str, Artifact]:
    """Source -> what `mlops.lock` pins; empty without the file. Raises UserError for a line that is not one of ours."""
    text = (read_if_there(root / LOCK) or b"").decode("utf-8", "replace")
    pinned = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 7 or parts[2] not in ("file", "tree") or not (parts[4].isdigit() and parts[5].isdigit()):
            hint = f"take one side of a merge, or delete {LOCK}: the next run writes it anew"
            raise UserError(f"{LOCK}:{number} is not a line that mlops wrote", hint)
        name, kind, layout, oid, size, files, path = parts
        pinned[name] = Artifact(
            kind, Oid(oid), "tree" if layout == "tree" else "file", Path(path).name, int(size), int(files)
        )
    return pinned


def write_lock(root: Path, pipeline: Pipeline, sources: Mapping[str, Artifact]) -> None:
    """Pin these versions; lines of sources that other pipelines use stay, and an unchanged file is not touched."""
    text = (read_if_there(root / LOCK) or b"").decode("utf-8", "replace")
    kept = {line.split("\t")[0]: line for line in text.splitlines() if line and not line.startswith("#")}
    for name, item in sources.items():
        fields = (name, item.type, item.layout, item.oid, str(item.bytes), str(item.files), pipeline.sources[name].path)
        kept[name] = "\t".join(fields)
    wanted = HEADER + "".join(f"{kept[name]}\n" for name in sorted(kept))
    if wanted != text:
        write_atomic(root / LOCK, wanted.encode())


def take_sources(
    workspace: Workspace, pipeline: Pipeline, names: Iterable[str], *, locked: bool
) -> dict[str, Artifact]:
    """Store the files of these sources as they are now; a missing one comes back from the lock.

    Raises SpecError for every source that is nowhere, and with `locked` for every one that differs from the lock.
    """
    pinned = read_lock(workspace.root)
    faults = []
    taken: dict[str, Artifact] = {}
    with workspace.store.begin() as transaction:
        for name in names:
            source = pipeline.sources[name]
            path = workspace.root / source.path
            if not path.exists():
                fault = _restore(workspace, source, pinned.get(name))
                if fault:
                    faults.append(fault)
                    continue
            taken[name] = snapshot(workspace.store, transaction, workspace.index, path, type_of(source.path))
            if locked and (name not in pinned or pinned[name].oid != taken[name].oid):
                was = f"{LOCK} has {pinned[name].oid[:12]}" if name in pinned else f"{LOCK} does not have it"
                faults.append(
                    Fault(
                        f"source '{name}' is {taken[name].oid[:12]}, {was}",
                        source.place,
                        "run without --locked to accept it",
                    )
                )
        transaction.commit(durable=False)
    workspace.index.save()
    if faults:
        raise SpecError.of(faults)
    return taken


def identify_sources(workspace: Workspace, pipeline: Pipeline, names: Iterable[str]) -> dict[str, Artifact]:
    """What the sources are now, without storing them; a missing one counts as what the lock pins. Raises SpecError."""
    pinned = read_lock(workspace.root)
    found: dict[str, Artifact] = {}
    faults = []
    for name in names:
        source = pipeline.sources[name]
        item = identify(workspace.store, workspace.index, workspace.root / source.path, type_of(source.path))
        item = item or pinned.get(name)
        if item is None:
            faults.append(_missing(source))
        else:
            found[name] = item
    workspace.index.save()
    if faults:
        raise SpecError.of(faults)
    return found


def _restore(workspace: Workspace, source: Source, pinned: Artifact | None) -> Fault | None:
    if pinned is None:
        return _missing(source)
    if not workspace.store.has(pinned.oid):
        return Fault(
            f"source '{source.name}' is gone: {source.path} is missing, and its pinned version is not in this store",
            source.place,
        )
    checkout(workspace.store, pinned, workspace.root / source.path, index=workspace.index)
    return None


def _missing(source: Source) -> Fault:
    return Fault(f"source '{source.name}': there is no file or folder {source.path}", source.place)
