"""Check specs without running anything: every fault of every file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import Fault, SpecError, UserError
from mlops_cli.spec.load import load_spec, shown_path
from mlops_cli.spec.pipeline import Pipeline
from mlops_cli.spec.project import FILE, Project, load_project
from mlops_cli.workflows.naming import promoted_faults
from mlops_cli.workflows.workspace import FOLDER, REMEMBERED


@dataclass(frozen=True)
class LintResult:
    """The files that were read, and all their faults in the order of files and places."""

    files: tuple[str, ...]
    faults: tuple[Fault, ...]


def lint(root: Path, paths: Sequence[Path]) -> LintResult:
    """Check the files at `paths` and the specs of the folders among them; without any, `mlops.yaml` and `specs/`
    (where there is no such folder: the files beside `mlops.yaml`).

    Raises UserError for a path that is not there, or where there is nothing to check.
    """
    files = _files(root, paths)
    faults: list[Fault] = []
    project = _project(root)
    for path in files:
        try:
            if path.name == FILE:
                load_project(path.parent, remember_folder(root))
            else:
                spec = load_spec(path, root, remember_folder(root))
                if project is not None and isinstance(spec, Pipeline):
                    faults += promoted_faults(project, spec)
        except SpecError as error:
            faults.extend(error.faults)
    return LintResult(tuple(shown_path(path, root) for path in files), tuple(faults))


def _project(root: Path) -> Project | None:
    """The project of `root`; None where there is none, or where its file has faults, which are told with that file."""
    try:
        return load_project(root, remember_folder(root)) if (root / FILE).exists() else None
    except SpecError:
        return None


def remember_folder(root: Path) -> Path | None:
    """Where documents that fit their schemas are marked; None where the project has no store, which stays so."""
    store = root / FOLDER
    return store / REMEMBERED if store.is_dir() else None


def _files(root: Path, paths: Sequence[Path]) -> list[Path]:
    specs = root / "specs"
    usual = [specs] if specs.is_dir() else sorted([*root.glob("*.yaml"), *root.glob("*.yml")])
    chosen = list(paths) or [path for path in (root / FILE, *usual) if path.exists()]
    found: list[Path] = []
    for path in chosen:
        if path.is_dir():
            found += sorted(item for item in path.rglob("*") if item.suffix in (".yaml", ".yml") and item.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"{shown_path(path, root)} does not exist")
    if not found:
        where = shown_path(paths[0], root) if paths else "this project"
        raise UserError(f"there are no specs in {where}", "a spec is a file that ends in .yaml or .yml")
    return list(dict.fromkeys(found))
