"""`mlops profile DATA`: what is in a data set, and what changed since another version of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import UserError
from mlops_cli.measures.engine import Progress
from mlops_cli.measures.engine import profile as measure
from mlops_cli.measures.summary import ColumnSummary, Profile
from mlops_cli.reports.facts import ColumnFacts, facts
from mlops_cli.reports.moves import Move, moves
from mlops_cli.spec.project import find_root
from mlops_cli.spec.validation import Slice
from mlops_cli.store.refs import resolve
from mlops_cli.store.worktree import place_artifact
from mlops_cli.tables.parts import PATTERN, Dataset, open_dataset
from mlops_cli.tables.read import near_name
from mlops_cli.workflows.workspace import Workspace, open_workspace, refuse_missing


@dataclass(frozen=True)
class Profiled:
    """A profile, and that of the version it is compared with."""

    name: str
    profile: Profile
    against: str | None = None
    old: Profile | None = None

    @property
    def moves(self) -> tuple[Move, ...]:
        """What moved, most first; nothing without an older version."""
        return moves(self.profile.columns, self.old.columns) if self.old else ()

    def column(self, name: str) -> tuple[ColumnSummary | None, ColumnSummary | None]:
        """The newer and the older version of one column; raises UserError where neither has it."""
        new, old = self.profile.column(name), self.old.column(name) if self.old else None
        if new is None and old is None:
            raise UserError(f"{self.name} has no column '{name}'", _near(name, self.profile))
        return new, old


@dataclass(frozen=True)
class SliceFacts:
    """The columns of the rows of one slice."""

    label: str
    rows: int
    columns: tuple[ColumnFacts, ...]


@dataclass(frozen=True)
class ProfileRecord:
    """What `--json` prints of a profile."""

    data: str
    rows: int
    bytes: int
    format: str
    files: int
    columns: tuple[ColumnFacts, ...]
    slices: tuple[SliceFacts, ...] = ()
    against: str | None = None
    moves: tuple[Move, ...] = ()


def profile_data(
    folder: Path, data: str, against: str | None, slices: Sequence[str], progress: Progress | None = None
) -> Profiled:
    """The profile of a path, folder, pattern or REF, and of another one; outside of a project there are no REFs.

    Raises UserError for what names nothing, StageFailed for data that cannot be read."""
    cuts = tuple(Slice(column) for column in slices)
    new = _profile(folder, data, cuts, progress)
    for cut in cuts:
        if new.column(cut.column) is None:
            raise UserError(f"{data} has no column '{cut.column}' to slice by", _near(cut.column, new))
    return Profiled(data, new, against, _profile(folder, against, (), progress) if against else None)


def record(profiled: Profiled, column: str | None = None) -> ProfileRecord:
    """The facts of all columns, or of one; raises UserError where there is no such column."""
    if column is not None:
        profiled.column(column)
    wanted = profiled.profile
    return ProfileRecord(
        data=profiled.name,
        rows=wanted.rows,
        bytes=wanted.bytes,
        format=wanted.form,
        files=wanted.files,
        columns=_facts(wanted.columns, column),
        slices=tuple(SliceFacts(part.label, part.rows, _facts(part.columns, column)) for part in wanted.slices),
        against=profiled.against,
        moves=tuple(move for move in profiled.moves if column in (None, move.column)),
    )


def _facts(columns: Sequence[ColumnSummary], only: str | None) -> tuple[ColumnFacts, ...]:
    return tuple(facts(column) for column in columns if only in (None, column.name))


def _near(name: str, profile: Profile) -> str:
    names = [column.name for column in profile.columns]
    near = near_name(name, names)
    return f"did you mean '{near}'?" if near else f"it has {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"


def _profile(folder: Path, data: str, slices: Sequence[Slice], progress: Progress | None) -> Profile:
    path = folder / data
    workspace = _workspace(folder)
    cache = workspace.measures if workspace else None
    threads = os.cpu_count() or 1

    def measured(dataset: Dataset) -> Profile:
        return measure(dataset, slices=slices, threads=threads, cache=cache, progress=progress)

    if path.exists() or PATTERN & set(data) or workspace is None:
        refuse_missing(path, data)
        return measured(open_dataset(path))
    with tempfile.TemporaryDirectory(prefix="mlops-") as name:
        return measured(_placed(workspace, data, Path(name)))


def _workspace(folder: Path) -> Workspace | None:
    """The project around a folder; None outside of any."""
    try:
        find_root(folder)
    except UserError:
        return None
    return open_workspace(folder)


def _placed(workspace: Workspace, reference: str, folder: Path) -> Dataset:
    found = resolve(workspace.store, workspace.journal, reference)
    if found.version is None:
        raise UserError(
            f"'{reference}' is a {found.kind}, not data", "give a path, a name, or a version like customers@v1"
        )
    artifact = found.version.artifact
    target = folder / Path(artifact.name).name
    place_artifact(workspace.store, artifact, target, mode="copy")
    return open_dataset(target, "parquet" if artifact.type == "table" else None)
