"""A project opened for work: its settings, its store, the names in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_cli.pipeline.cache import RunCache
from mlops_cli.pipeline.distributions import Installed
from mlops_cli.spec.project import Project, find_root, load_project
from mlops_cli.store.journal import Journal
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
