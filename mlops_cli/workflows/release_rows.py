"""`mlops release`: rows that a gate has set aside go back into the data, and the journal says who wanted it and why.

A quarantine's dataset stays as it is, one version a run. Released rows are a dataset of their own, `<name>.released`,
that the gate is given besides its data: these rows stay, whatever they break. So a release is taken back by moving a
name back.
"""

from __future__ import annotations

import getpass
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_cli.base.clock import timestamp
from mlops_cli.base.errors import UserError
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.store.journal import Conflict, Move
from mlops_cli.store.records import Artifact, Version
from mlops_cli.store.refs import resolve
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.baselines import released_name
from mlops_cli.workflows.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 20  # others that may move the same name at the same moment before we give up


@dataclass(frozen=True)
class Choice:
    """Which rows of a quarantine are released: all, those of some checks alone, or some rows by their number."""

    checks: tuple[str, ...] = ()
    """A row is chosen if every reason it has is one of these."""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Released:
    """What was released."""

    name: str
    version_number: int
    rows: int
    """Rows that were released now."""
    total: int
    """Rows that are released in all."""
    left: int
    """Rows of the quarantine that are not released."""
    who: str
    why: str


def release_rows(workspace: Workspace, reference: str, choice: Choice, why: str) -> Released:
    """Release rows of the quarantine `reference`; raises UserError where it is none, or where no row is chosen."""
    if not why.strip():
        raise UserError("a release needs a reason", "say why with --because TEXT")
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None or found.version.artifact.type != "table":
        raise UserError(f"'{reference}' is no dataset of rows that were set aside", "mlops ls -a lists the names")
    name = released_name(found.version.name)
    who, artifact = user(), found.version.artifact
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="mlops-release-", dir=workspace.store.folder / "tmp") as folder:
            aside = _read(workspace, artifact, Path(folder) / "aside", reference)
            try:
                return _publish(workspace, name, aside, choice, Path(folder), who, why)
            except Conflict:
                continue  # somebody else released rows at this moment: theirs are among ours the next time
    raise Conflict("could not move the name: too many others did at the same time", "release again: nothing is lost")


@dataclass(frozen=True)
class TakenBack:
    """A release that was undone."""

    name: str
    version_number: int | None
    """What is released now; None: nothing."""
    rows: int
    """Rows of the release that was taken back."""
    who: str
    why: str


def undo_release(workspace: Workspace, reference: str, why: str) -> TakenBack:
    """Take the newest release of a quarantine back, so that its rows are set aside again. Raises UserError where there
    is none."""
    if not why.strip():
        raise UserError("taking a release back needs a reason", "say why with --because TEXT")
    name, who = released_name(reference.partition("@")[0].removesuffix(".released")), user()
    for _ in range(ATTEMPTS):
        now = workspace.journal.names().get(name)
        version = resolve(workspace.store, workspace.journal, name).version if now is not None else None
        if version is None:
            raise UserError(f"no rows of '{reference}' are released", "mlops log tells what was")
        before, rows = version.facts.get("before"), version.facts.get("rows")
        count = rows if isinstance(rows, int) else 0
        earlier = Oid(before) if isinstance(before, str) else None
        text = f"take back the release of {counted(count)} of {name.removesuffix('.released')} by {who}: {why}"
        try:
            workspace.journal.append([Move(name, now, earlier)], text)
        except Conflict:
            continue  # somebody else released rows at this moment: theirs are taken back
        number = workspace.journal.versions(name).index(earlier) + 1 if earlier is not None else None
        return TakenBack(name, number, count, who, why)
    raise Conflict("could not move the name: too many others did at the same time", "try again: nothing is lost")


def counted(rows: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def user() -> str:
    """Who is at work, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "unknown"


def _read(workspace: Workspace, artifact: Artifact, folder: Path, reference: str) -> pa.Table:
    from mlops_cli.checks.released import OURS
    from mlops_cli.tables.read import read_table

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / artifact.name
    place_artifact(workspace.store, artifact, path, mode="copy")
    table = read_table(path)
    if not set(OURS) <= set(table.column_names):
        hint = "a gate whose spec has `quarantine` makes one; mlops ls -a lists the names"
        raise UserError(f"'{reference}' holds no rows that a gate has set aside", hint)
    return table


def _publish(
    workspace: Workspace, name: str, aside: pa.Table, choice: Choice, folder: Path, who: str, why: str
) -> Released:
    from mlops_cli.checks.released import choose_rows, joined_releases
    from mlops_cli.tables.read import write_table

    chosen, left = choose_rows(aside, choice.checks, choice.rows)
    before = workspace.journal.names().get(name)
    old = None
    if before is not None:
        version = resolve(workspace.store, workspace.journal, name).version
        old = _read(workspace, version.artifact, folder / "old", name) if version is not None else None
    whole = joined_releases(old, chosen)
    path = folder / "released.parquet"
    write_table(whole, path)
    size = path.stat().st_size
    with workspace.store.begin() as transaction:
        artifact = Artifact("table", transaction.take_file(path), "file", "released.parquet", size, 1)
        facts: dict[str, Json] = {"released_by": who, "because": why, "rows": chosen.num_rows, "before": before}
        version_id = transaction.add_record(
            "version", Version("data", name, artifact, timestamp(), None, None, facts=facts)
        )
        transaction.commit()
    text = f"release {counted(chosen.num_rows)} of {name.removesuffix('.released')} by {who}: {why}"
    workspace.journal.append([Move(name, before, version_id)], text)
    number = workspace.journal.versions(name).index(version_id) + 1
    return Released(name, number, chosen.num_rows, whole.num_rows, left, who, why)
