"""`mlops init`: a new project, empty or from an example, without overwriting anything."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.assets import asset_folder
from mlops_cli.base.errors import UserError
from mlops_cli.spec.load import load_spec
from mlops_cli.workflows.workspace import FOLDER, open_workspace

IGNORED = f"{FOLDER}/\n"
LEFT_OUT = ("__pycache__", FOLDER, ".git", "*.pyc")


@dataclass(frozen=True)
class Initialised:
    """What `init` made."""

    root: str
    name: str
    example: str | None
    files: tuple[str, ...]


def examples() -> list[str]:
    """The names of the examples that ship with the program."""
    return sorted(path.name for path in asset_folder("examples").iterdir() if (path / "mlops.yaml").is_file())


def init_project(root: Path, example: str | None) -> Initialised:
    """Make `root` a project; raises UserError where it is one already or a file would be overwritten."""
    if (root / "mlops.yaml").exists():
        raise UserError(f"{root} is already a project", "`mlops status` tells how it stands")
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is a file", "give a folder")
    files = _copy_example(root, example) if example else _write_new(root)
    if not (root / ".gitignore").exists():
        (root / ".gitignore").write_text(IGNORED, "utf-8")
    workspace = open_workspace(root)
    for spec in sorted((root / "specs").glob("*.y*ml")):
        load_spec(spec, root, workspace.remember)  # found valid once, a spec is never checked again until it changes
    return Initialised(str(root), workspace.project.name, example, tuple(files))


def _write_new(root: Path) -> list[str]:
    name = re.sub(r"[^a-z0-9]+", "-", root.resolve().name.lower()).strip("-") or "project"
    (root / "specs").mkdir(parents=True, exist_ok=True)
    (root / "mlops.yaml").write_text(f"name: {name}\n", "utf-8")
    return ["mlops.yaml", "specs/"]


def _copy_example(root: Path, example: str) -> list[str]:
    known = examples()
    if example not in known:
        raise UserError(f"there is no example '{example}'", f"there is: {', '.join(known)}")
    source = asset_folder("examples") / example
    wanted = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    wanted = [path for path in wanted if not any(part in LEFT_OUT or part.endswith(".pyc") for part in path.parts)]
    taken = [path for path in wanted if (root / path).exists()]
    if taken:
        raise UserError(f"{root / taken[0]} is already there", "init into an empty folder")
    for path in wanted:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, root / path)
    return [path.as_posix() for path in wanted]
