"""Does a version of a model still load, and say what it said when it was made? Asked before anybody relies on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_cli.base.hashing import Oid
from mlops_cli.store.lease import Lease
from mlops_cli.store.records import Version
from mlops_cli.store.worktree import place_artifact
from mlops_cli.workflows.sign import demand_signature
from mlops_cli.workflows.workspace import Workspace


def check_loadable(workspace: Workspace, oid: Oid) -> None:
    """Load the version of a model in this process and ask it about its golden rows.

    Raises StageFailed where it says something else or cannot be loaded, StoreError where it is lost, or not signed and
    the project asks for that before anything is loaded.
    """
    from mlops_cli.models.format import load_model  # brings the data libraries

    demand_signature(workspace, oid)
    version = workspace.store.read_record(oid, "version", Version)
    with Lease(workspace.store.layout.leases) as lease, _importable(workspace.root):
        folder = Path(lease.path())
        place_artifact(workspace.store, version.artifact, folder, mode="link")
        load_model(
            folder,
            workspace.project.trust,
            project=workspace.root,
            pickle=workspace.project.pickle == "allow",
        )


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """The project's own classes can be imported, as in a stage."""
    before, writes = list(sys.path), sys.dont_write_bytecode
    sys.path[:0] = [str(path) for path in (root, root / "src") if path.is_dir()]
    sys.dont_write_bytecode = True  # the work tree is the user's
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = before, writes
