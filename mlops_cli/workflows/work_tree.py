"""Outputs that ask for a place in the work tree: which places are theirs, and how they get there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_cli.base.errors import Fault, SpecError
from mlops_cli.pipeline.graph import Node
from mlops_cli.pipeline.records import StageResult
from mlops_cli.spec.pipeline import Output
from mlops_cli.spec.project import FILE
from mlops_cli.store.checkout import checkout
from mlops_cli.store.records import Artifact
from mlops_cli.store.trees import read_tree
from mlops_cli.store.whole import version_record
from mlops_cli.workflows.code_snapshot import code_files
from mlops_cli.workflows.naming import output_name
from mlops_cli.workflows.prepare import Prepared
from mlops_cli.workflows.publish import PASSED
from mlops_cli.workflows.sources import LOCK, SPECS
from mlops_cli.workflows.workspace import FOLDER

HINT = "give the output a place of its own, such as reports/"
INNER = frozenset({".git", FOLDER})


@dataclass(frozen=True)
class Wanted:
    """An output that goes to `path` of the work tree."""

    node: Node
    output: Output
    path: str


def put_outputs(prepared: Prepared, results: Mapping[str, StageResult]) -> dict[str, str | None]:
    """Write the outputs that ask for a `path`, where the work tree has something else.

    Returns path -> the name under which what was there is kept, None where nothing of the user's was there. Raises
    SpecError, before anything is written, where a path leads to something that is not the output's to overwrite.
    """
    workspace, written = prepared.workspace, dict[str, str | None]()
    wanted = [item for item in wanted_paths(prepared) if item.node.id in results]
    wanted = [item for item in wanted if results[item.node.id].status in PASSED]
    check_paths(prepared, wanted, {item.path: results[item.node.id].outputs[item.output.name] for item in wanted})
    for item in wanted:
        changes = checkout(
            workspace.store,
            results[item.node.id].outputs[item.output.name],
            workspace.root / item.path,
            index=workspace.index,
            own=partial(_earlier, prepared, item),
        )
        if changes.written:
            written[item.path] = changes.saved
    workspace.index.save()
    return written


def wanted_paths(prepared: Prepared) -> list[Wanted]:
    """The outputs of the chosen stages that ask for a place."""
    nodes = (node for name, node in prepared.graph.nodes.items() if prepared.chosen is None or name in prepared.chosen)
    return [Wanted(node, output, output.path) for node in nodes for output in node.stage.outputs if output.path]


def check_paths(prepared: Prepared, wanted: Iterable[Wanted], contents: Mapping[str, Artifact]) -> None:
    """Raise SpecError where a path, all links followed, leads out of the project or to what the project is made of.

    `contents` tells of folders which files they hold: a link inside the folder may lead elsewhere, too.
    """
    wanted = list(wanted)
    if not wanted:
        return
    root, ours = os.path.realpath(prepared.workspace.root), _protected(prepared)
    faults = []
    for item in wanted:
        for target in _targets(prepared, item, contents.get(item.path)):
            if why := _refusal(root, ours, target):
                message = f"the output {item.node.stage.name}.{item.output.name} cannot go to {item.path}: {why}"
                faults.append(Fault(message, item.node.stage.place, HINT))
                break
    if faults:
        raise SpecError.of(faults)


def _targets(prepared: Prepared, item: Wanted, content: Artifact | None) -> Iterator[str]:
    """Where bytes will go, without links."""
    top = os.path.realpath(prepared.workspace.root / item.path)
    yield top
    if content is not None and content.layout == "tree" and Path(top).is_dir():
        folders: dict[str, str] = {}
        for entry in read_tree(prepared.workspace.store, content.oid):
            folder, _, name = f"{top}/{entry.path}".rpartition("/")
            if folder not in folders:
                folders[folder] = os.path.realpath(folder)
            path = f"{folders[folder]}/{name}"
            if folders[folder] != folder or Path(path).is_symlink():
                yield os.path.realpath(path)


def _protected(prepared: Prepared) -> dict[str, str]:
    """Real path -> what it is, for everything that an output may not replace."""
    root, pipeline = prepared.workspace.root, prepared.pipeline
    found = {FILE: "the project file", LOCK: "the lock of the sources", SPECS: "where the specs are"}
    found |= {
        name: f"{name}, which this run reads as code"
        for name in code_files(prepared.workspace, root / pipeline.file, prepared.graph, prepared.keyer)
        if name not in found
    }
    found |= {source.path: f"the source '{source.name}'" for source in pipeline.sources.values()}
    return {os.path.realpath(root / name): what for name, what in found.items()}


def _refusal(root: str, ours: Mapping[str, str], target: str) -> str | None:
    if not target.startswith(f"{root}/"):
        return f"that is {target}, outside the project"
    parts = target[len(root) + 1 :].split("/")
    if inner := INNER.intersection(parts):
        return f"that is inside {min(inner)}"
    for place, what in ours.items():
        if target == place or target.startswith(f"{place}/"):
            return f"that is {what}"
        if place.startswith(f"{target}/"):
            return f"in it is {what}"
    return None


def _earlier(prepared: Prepared, item: Wanted) -> Iterator[Artifact]:
    """What this output was before: only that may be overwritten without being kept."""
    workspace = prepared.workspace
    for record in workspace.cache.records_of(prepared.pipeline.name, item.node.id):
        if item.output.name in record.outputs:
            yield record.outputs[item.output.name]
    for oid in workspace.journal.versions(output_name(prepared.pipeline, item.node, item.output)):
        version = version_record(workspace.store, oid)
        if version is not None and version.stage is not None:
            yield version.artifact
