"""Put a version into the work tree. Nothing is lost: bytes that only the work tree has are stored before they go."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import StoreError
from mlops_cli.base.hashing import Oid
from mlops_cli.store.copying import hash_path
from mlops_cli.store.faults import store_faults
from mlops_cli.store.journal import Conflict, Journal, Move
from mlops_cli.store.lease import Lease
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.stat_index import StatIndex, clock
from mlops_cli.store.store import Store
from mlops_cli.store.trees import Entry, read_tree, write_tree
from mlops_cli.store.walk import walk

AUTOSAVE = "autosave/"
ATTEMPTS = 20


@dataclass(frozen=True)
class Changes:
    """What a checkout did. Paths are those of the work tree."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    """Files of another version of the same data, which the store has."""
    left: tuple[str, ...] = ()
    """Files that the version does not have and the store does not know as part of this data; never touched."""
    unchanged: int = 0
    saved: str | None = None
    """The name under which overwritten bytes were stored, when only the work tree had them."""


@dataclass
class _Plan:
    write: list[tuple[str, Entry]] = field(default_factory=list)
    replaced: list[tuple[str, str, Oid]] = field(default_factory=list)
    """What stands where something is written: path, path inside the checked-out folder, content."""
    save: list[tuple[str, str]] = field(default_factory=list)
    """Path, path inside the checked-out folder."""
    remove: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    unchanged: int = 0


def checkout(
    store: Store,
    artifact: Artifact,
    target: Path,
    *,
    index: StatIndex,
    known: Iterable[Artifact] = (),
    own: Callable[[], Iterable[Artifact]] | None = None,
) -> Changes:
    """Make `target` the artifact's content, touching only what differs.

    Bytes that would be overwritten and are not in the store are first stored as `autosave/<n>`; with `own`, so is all
    that is not part of one of these artifacts, for what the store has of it may have no name that anybody knows. Files
    that the artifact lacks go if they are part of one of the `known` artifacts (earlier and later versions), and stay
    otherwise.
    Raises StoreError, among others when a file stands where a folder is needed or the other way round.
    """
    full = os.path.abspath(target)
    with store_faults(f"check out into {target}"):
        plan = _plan(store, artifact, full, index, known)
        plan.save = _to_save(store, plan, artifact, own)
        saved = _autosave(store, plan, artifact, target) if plan.save else None
        with Lease(store.layout.leases) as lease:
            made: set[str] = set()
            for path, entry in plan.write:
                _write(store, path, entry, lease, made)
        for path in plan.remove:
            os.unlink(path)
        _prune(plan.remove, full)
    written = tuple(path for path, _ in plan.write)
    return Changes(written, tuple(plan.remove), tuple(plan.left), plan.unchanged, saved)


def _plan(store: Store, artifact: Artifact, full: str, index: StatIndex, known: Iterable[Artifact]) -> _Plan:
    plan = _Plan()
    if artifact.layout == "file":
        _compare(index, full, Entry(artifact.name, artifact.oid, artifact.bytes, _is_executable(full)), plan)
        return plan
    if os.path.lexists(full) and not os.path.isdir(full):
        raise StoreError(
            f"{full} is a file, the version is a folder", "move the file away, or check out into another PATH"
        )
    wanted = {item.path: item for item in read_tree(store, artifact.oid)}
    for path, item in wanted.items():
        _compare(index, f"{full}/{path}", item, plan)
    extra = {found.path: found for found in walk(Path(full)) if found.path not in wanted} if os.path.isdir(full) else {}
    parts: set[tuple[str, Oid]] = set()
    if extra:
        for other in known:
            if other.layout == "tree":
                with suppress(StoreError):  # of a version that is lost in part, files stay where they are
                    parts.update((entry.path, entry.oid) for entry in read_tree(store, other.oid))
    for path, found in extra.items():
        ours = (path, _identify(index, found.full, found.state)) in parts
        (plan.remove if ours else plan.left).append(found.full)
    return plan


def _compare(index: StatIndex, path: str, entry: Entry, plan: _Plan) -> None:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        plan.write.append((path, entry))  # also in the place of a link to nothing
        return
    except NotADirectoryError:
        raise StoreError(
            f"a file stands where {path} needs a folder", "move the file away, or check out into another PATH"
        ) from None
    if not stat.S_ISREG(state.st_mode):
        raise StoreError(
            f"{path} is not a file, the version has a file there", "move it away, or check out into another PATH"
        )
    oid = _identify(index, path, state)
    if oid == entry.oid and bool(state.st_mode & stat.S_IXUSR) == entry.executable:
        plan.unchanged += 1
        return
    plan.write.append((path, entry))
    plan.replaced.append((path, entry.path, oid))


def _to_save(
    store: Store, plan: _Plan, artifact: Artifact, own: Callable[[], Iterable[Artifact]] | None
) -> list[tuple[str, str]]:
    parts: set[tuple[str, Oid]] | None = None
    if own is not None and plan.replaced:
        parts = {(entry.path, entry.oid) for entry in _target_entries(store, artifact)}
        for item in own():
            if item.layout == artifact.layout == "file":
                parts.add((artifact.name, item.oid))
            elif item.layout == artifact.layout:
                with suppress(StoreError):  # its tree is lost: what may have been of it is saved once more
                    parts.update((entry.path, entry.oid) for entry in read_tree(store, item.oid))
    return [
        (path, inside)
        for path, inside, oid in plan.replaced
        if not store.has(oid) or (parts is not None and (inside, oid) not in parts)
    ]


def _target_entries(store: Store, artifact: Artifact) -> Iterable[Entry]:
    return (
        [Entry(artifact.name, artifact.oid, artifact.bytes)]
        if artifact.layout == "file"
        else read_tree(store, artifact.oid)
    )


def _identify(index: StatIndex, path: str, state: os.stat_result) -> Oid:
    known = index.find(path, state)
    if known is None:
        began = clock()
        known = hash_path(path)
        index.remember(path, state, known, began)
    return known


def _is_executable(path: str) -> bool:
    """A lone file keeps its mode: only folders have modes in their rows."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IXUSR)
    except OSError:
        return False


def _write(store: Store, path: str, entry: Entry, lease: Lease, made: set[str]) -> None:
    folder = os.path.dirname(path)
    if folder not in made:
        os.makedirs(folder, exist_ok=True)
        made.add(folder)
    temporary = lease.path()  # in the store, so that a crash leaves no half file in the user's folder
    store.place(entry.oid, Path(temporary), "copy", entry.executable)
    try:
        os.replace(temporary, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = f"{folder}/.{os.urandom(8).hex()}"
        try:
            store.place(entry.oid, Path(beside), "copy", entry.executable)
            os.replace(beside, path)
        finally:
            if os.path.lexists(beside):
                os.unlink(beside)


def _prune(removed: Iterable[str], top: str) -> None:
    """Remove folders that lost their last file."""
    for folder in sorted({parent for path in removed for parent in _parents(path, top)}, key=len, reverse=True):
        try:
            os.rmdir(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ENOENT):
                raise


def _parents(path: str, top: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    while len(folder) > len(top):
        yield folder
        folder = os.path.dirname(folder)


def _autosave(store: Store, plan: _Plan, artifact: Artifact, target: Path) -> str:
    """Store what would be overwritten, under a name of its own; returns the name."""
    journal = Journal(store)
    with store.begin() as transaction:
        rows = []
        for path, inside in plan.save:
            state = os.stat(path)
            oid, size = transaction.add_found(path, state)
            rows.append(Entry(inside, oid, size, bool(state.st_mode & stat.S_IXUSR)))
        files, size = len(rows), sum(row.size for row in rows)
        oid = write_tree(transaction, rows) if artifact.layout == "tree" else rows[0].oid
        kept = Artifact(artifact.type, oid, artifact.layout, target.name, size, files)
        for _ in range(ATTEMPTS):
            taken = [name[len(AUTOSAVE) :] for name in journal.names() if name.startswith(AUTOSAVE)]
            name = f"{AUTOSAVE}{max((int(number) for number in taken if number.isdigit()), default=0) + 1}"
            version = Version("data", name, kept, timestamp(), None, None, facts={"path": _shown(store, target)})
            new = transaction.add_record("version", version)
            transaction.commit()
            store.flush()
            try:
                journal.append([Move(name, None, new)], f"kept what a checkout of {target.name} overwrites")
            except Conflict:
                continue  # another checkout took the number
            return name
    raise StoreError(
        "could not keep the overwritten files: too many checkouts at the same moment", "repeat the command"
    )


def _shown(store: Store, target: Path) -> str:
    full, root = os.path.abspath(target), os.path.abspath(store.folder.parent)
    return os.path.relpath(full, root) if full.startswith(root + "/") else full
