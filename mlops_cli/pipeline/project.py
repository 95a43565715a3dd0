"""The Python modules of a project folder: where each one lies, and its symbol table, read when first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlops_cli.base.errors import StageFailed
from mlops_cli.pipeline.modules import Module, read_module

ROOTS = ("", "src")
SKIPPED = frozenset({".git", ".mlops", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


@dataclass
class Project:
    """The modules of a project folder, read when first asked for."""

    root: Path
    roots: tuple[str, ...] = ROOTS
    """Folders of the project that modules are imported from."""
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _paths: dict[str, Path | None] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """The file of module `name` inside the project; for a package its `__init__.py`, or the folder without one."""
        if name not in self._paths:
            self._paths[name] = next(filter(_is_code, self._places(name)), None) if name else None
        return self._paths[name]

    def _places(self, name: str) -> Iterator[Path]:
        relative = name.replace(".", "/")
        for base in (self.root / root for root in self.roots):
            yield base / relative / "__init__.py"
            yield base / f"{relative}.py"
        for base in (self.root / root for root in self.roots):
            yield base / relative

    def module(self, name: str) -> Module | None:
        """The symbol table of a module of the project; None for other modules. Raises StageFailed on bad syntax."""
        if name not in self._modules:
            path = self.find(name)
            self._modules[name] = None if path is None else self.read(name, path)
        return self._modules[name]

    def read(self, name: str, path: Path, *, as_script: bool = False) -> Module:
        """The symbol table of a file; an empty one of a folder. Raises StageFailed on bad syntax."""
        if path.is_dir():
            return Module(name, is_package=True)
        shown = path.relative_to(self.root)
        is_package = path.name == "__init__.py"
        try:
            return read_module(name, path.read_text("utf-8"), is_package=is_package, as_script=as_script)
        except (SyntaxError, ValueError) as error:
            line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
            raise StageFailed(f"{shown}{line} is not valid Python: {error}") from error
        except RecursionError as error:
            raise StageFailed(f"{shown} is nested too deeply to be read") from error

    def names(self) -> Iterator[tuple[str, Path]]:
        """Every module of the project with its file."""
        for path in python_files(self.root):
            parts = path.relative_to(self.root).with_suffix("").parts
            parts = parts[1:] if parts[0] == "src" and len(parts) > 1 else parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name:
                yield name, path


def python_files(folder: Path) -> Iterator[Path]:
    """The Python files below a folder in a fixed order, without environments and stores."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        yield from (Path(place, name) for name in sorted(files) if name.endswith(".py"))


def _is_code(path: Path) -> bool:
    if path.suffix == ".py":
        return path.is_file()
    # A folder without `__init__.py` is a package too, when there is code in it or right below it.
    return path.is_dir() and (any(path.glob("*.py")) or any(path.glob("*/*.py")))
