"""Files that ship with the program but are no code: schemas, reference specs, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).parents[1]


def asset_folder(name: Literal["specs", "examples"]) -> Path:
    """The folder `name`: inside the package in a wheel, beside it in a checkout (editable install or bare)."""
    inside = PACKAGE / f"_{name}"
    return inside if inside.is_dir() else PACKAGE.parent / name
