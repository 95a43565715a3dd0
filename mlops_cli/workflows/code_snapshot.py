"""The exact code and environment of a run, kept whether or not there is git, and whether or not it is clean."""

from __future__ import annotations

from pathlib import Path

from mlops_cli.base.hashing import Oid
from mlops_cli.pipeline.graph import Graph
from mlops_cli.pipeline.key import Keyer
from mlops_cli.spec.pipeline import Sql, Validate
from mlops_cli.store.store import Transaction
from mlops_cli.store.trees import Entry, write_tree
from mlops_cli.workflows.workspace import Workspace

LARGEST = 4 << 20  # bytes


def code_files(workspace: Workspace, spec: Path, graph: Graph, keyer: Keyer) -> list[str]:
    """Paths inside the project of everything that the run reads as code: specs, queries, modules, scripts."""
    files = {spec.relative_to(workspace.root).as_posix(), "mlops.yaml"}
    for node in graph.nodes.values():
        verb = node.stage.verb
        files |= keyer.closure(node).files
        if isinstance(verb, Validate):
            files.add(verb.spec)
        elif isinstance(verb, Sql) and verb.query.strip().endswith(".sql"):
            files.add(verb.query.strip())
    return sorted(name for name in files if _is_code(workspace.root / name))


def _is_code(path: Path) -> bool:
    """A command may name a folder of data: its files count for the key, but big ones are not kept as code."""
    return path.is_file() and path.stat().st_size <= LARGEST


def store_code(workspace: Workspace, transaction: Transaction, files: list[str]) -> Oid:
    """The tree of these files in the store."""
    entries = []
    for name in files:
        path = workspace.root / name
        oid = transaction.add_file(path, index=workspace.index)
        entries.append(Entry(name, oid, path.stat().st_size, bool(path.stat().st_mode & 0o100)))
    return write_tree(transaction, entries)
