"""The work tree's source data: identified, snapshotted, restored from `mlops.lock`, and pinned there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import Fault, SpecError, UserError
from mlops_cli.base.files import read_if_there, write_atomic
from mlops_cli.base.hashing import Oid, is_oid
from mlops_cli.spec.pipeline import Pipeline, Source
from mlops_cli.spec.source import read_document
from mlops_cli.store.checkout import checkout
from mlops_cli.store.records import Artifact
from mlops_cli.store.worktree import identify, snapshot
from mlops_cli.workflows.workspace import Workspace

LOCK = "mlops.lock"
SPECS = "specs"
HEADER = "# mlops.lock 1: source, type, layout, identity, bytes, files, path\n"
TABLES = frozenset({".csv", ".parquet", ".jsonl", ".ndjson", ".arrow", ".feather"})


@dataclass(frozen=True)
class Pinned:
    """One line of the lock: which content lay at which path."""

    artifact: Artifact
    path: str


def type_of(path: str) -> str:
    """The type of a source: what its ending says, for a folder `folder`."""
    suffix = Path(path).suffix.lower()
    return "table" if suffix in TABLES else "file"


def read_lock(root: Path) -> dict[str, Pinned]:
    """Source -> what `mlops.lock` pins; empty without the file. Raises UserError for a line that is not one of ours."""
    text = (read_if_there(root / LOCK) or b"").decode("utf-8", "replace")
    pinned = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 7 or parts[2] not in ("file", "tree") or not is_oid(parts[3]) or not _counts(*parts[4:6]):
            hint = f"take one side of a merge, or delete {LOCK}: the next run writes it anew"
            raise UserError(f"{LOCK}:{number} is not a line that mlops wrote", hint)
        name, kind, layout, oid, size, files, path = parts
        artifact = Artifact(
            kind, Oid(oid), "tree" if layout == "tree" else "file", Path(path).name, int(size), int(files)
        )
        pinned[name] = Pinned(artifact, path)
    return pinned


def _counts(*texts: str) -> bool:
    return all(text.isascii() and text.isdigit() for text in texts)


def _pinned(workspace: Workspace, pipeline: Pipeline, names: Iterable[str]) -> dict[str, Artifact]:
    """What the lock pins for these sources, at their own paths only.

    Raises SpecError where another pipeline of the project calls another path by the same name: they would take the
    name, and the lock's line, from each other.
    """
    locked = read_lock(workspace.root)
    moved = [name for name in names if name in locked and locked[name].path != pipeline.sources[name].path]
    others = _other_paths(workspace, pipeline) if moved else []
    faults = []
    for name in moved:
        mine = pipeline.sources[name]
        for file, paths in others:
            if name in paths and paths[name] != mine.path:
                message = f"the name '{name}' is taken: in {file} it is the source {paths[name]}, here {mine.path}"
                faults.append(Fault(message, mine.place, "one name stands for one path in the whole project"))
                break
    if faults:
        raise SpecError.of(faults)
    return {name: pin.artifact for name, pin in locked.items() if name not in moved}


def _other_paths(workspace: Workspace, pipeline: Pipeline) -> list[tuple[str, dict[str, str]]]:
    """The other pipelines of `specs/`, each with its sources by name."""
    found = []
    for path in sorted((workspace.root / SPECS).glob("*.y*ml")):
        file = path.relative_to(workspace.root).as_posix()
        data: object = None
        with suppress(UserError):  # a spec that cannot be read claims nothing, and its own run tells why
            data = read_document(path, file).data if file != pipeline.file else None
        sources = data.get("data") if isinstance(data, dict) and data.get("kind") == "pipeline" else None
        if isinstance(sources, dict):
            pairs = ((name, posixpath.normpath(at)) for name, at in sources.items() if isinstance(at, str))
            found.append((file, dict(pairs)))
    return found


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
    names = tuple(names)
    pinned = _pinned(workspace, pipeline, names)
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
    names = tuple(names)
    pinned = _pinned(workspace, pipeline, names)
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
