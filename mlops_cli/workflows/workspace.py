"""A project opened for work: its settings, its store, the names in it."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_cli.base.errors import Place, UserError
from mlops_cli.pipeline.cache import RunCache
from mlops_cli.pipeline.distributions import Installed
from mlops_cli.spec.project import FILE, NoProject, Project, find_root, load_project
from mlops_cli.store.journal import Journal
from mlops_cli.store.layout import MEASURES
from mlops_cli.store.stat_index import StatIndex
from mlops_cli.store.store import Store

FOLDER = ".mlops"
REMEMBERED = "cache/specs"


@dataclass(frozen=True)
class Workspace:
    """Everything that a use case needs to know of a project."""

    root: Path
    project: Project
    store: Store

    @cached_property
    def journal(self) -> Journal:
        """The names."""
        return Journal(self.store)

    @cached_property
    def cache(self) -> RunCache:
        """Key -> result."""
        return RunCache(self.store)

    @cached_property
    def index(self) -> StatIndex:
        """What is known of the work tree's files without reading them."""
        return StatIndex.load(self.store)

    @cached_property
    def installed(self) -> Installed:
        """The distributions of this interpreter."""
        return Installed(self.store.folder / "cache" / "distributions.json")

    @property
    def measures(self) -> Path:
        """Where it is kept what was measured of data."""
        return self.store.folder / MEASURES

    @property
    def remember(self) -> Path:
        """Where specs that were found valid are remembered."""
        return self.store.folder / REMEMBERED


def open_workspace(start: Path, spec: Path | None = None) -> Workspace:
    """The project that `start` is in, or else the file `spec`; its store is made when there is none yet.

    Raises UserError outside a project.
    """
    root = find_root(start, spec)
    folder = root / FOLDER
    if not folder.exists():
        Store.create(folder)
    project = load_project(root, folder / REMEMBERED)
    return Workspace(root, project, Store.open(folder, project.durability))


def refuse_missing(path: Path, asked: str) -> None:
    """Raise UserError for a path or a pattern that leads to no file; `asked` is what the user called it."""
    if path.exists():
        return
    if not glob.has_magic(asked):
        raise UserError(f"there is no file '{asked}'", "give a path or, in a project, a name such as customers@v1")
    if not glob.glob(str(path), recursive=True):  # noqa: PTH207 - it may be absolute
        raise UserError(f"no file fits the pattern '{asked}'", "its `*` does not reach into folders, `**` does")


@contextmanager
def workspace_or_scratch(start: Path, spec: Path | None = None) -> Iterator[Workspace]:
    """The project that `start` is in; outside of any, a workspace around `start` whose store is gone at the end: files
    can be looked at anywhere."""
    try:
        workspace = open_workspace(start, spec)
    except NoProject:
        with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
            store = Path(folder) / FOLDER
            Store.create(store)
            root = start.resolve()
            project = Project(root.name, root, Place(FILE, 1, 1), (), "none", ())
            yield Workspace(root, project, Store.open(store, "none"))
        return
    yield workspace
