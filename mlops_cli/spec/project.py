"""The project: the folder with `mlops.yaml`, and what that file says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlops_cli.base.errors import Place, UserError
from mlops_cli.spec.checked import checked
from mlops_cli.spec.source import read_document

FILE = "mlops.yaml"


@dataclass(frozen=True)
class Project:
    """What `mlops.yaml` says. `root` is its folder, and paths in specs are relative to it."""

    name: str
    root: Path
    place: Place
    env: tuple[str, ...] = ()
    """Environment variables whose values are part of every key."""
    durability: Literal["commit", "none"] = "commit"
    trust: tuple[str, ...] = ()
    """Qualified names of types that model files may contain besides the built-in list."""


class NoProject(UserError):
    """There is no project file in a folder or above it."""


def find_root(start: Path, spec: Path | None = None) -> Path:
    """The nearest folder at or above `start`, or else above the file `spec`, that holds `mlops.yaml`.

    Raises UserError where there is none.
    """
    for here in (start.resolve(), *([spec.resolve().parent] if spec else [])):
        for folder in (here, *here.parents):
            if (folder / FILE).is_file():
                return folder
    raise NoProject(f"no {FILE} in {start} or above it", "mlops init makes a project of a folder")


def load_project(root: Path, remember: Path | None = None) -> Project:
    """The project file of `root`; raises SpecError with all its faults. `remember`: see `spec.load.load_spec`."""
    document = read_document(root / FILE, FILE)
    decoding = checked(document, "project", remember)
    decoding.finish()
    data = decoding.mapping(())
    return Project(
        name=str(data["name"]),
        root=root,
        place=decoding.place(("name",)),
        env=_texts(data.get("env")),
        durability="none" if data.get("durability") == "none" else "commit",
        trust=_texts(data.get("trust")),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
