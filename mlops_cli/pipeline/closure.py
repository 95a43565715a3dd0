"""Which of the project's code a callable really executes: a static walk from name to name, function by function.

Inside the project each reached function, class and constant counts by its own digest, with the import-time statements
of every module on the way. Other people's code counts by the version of its distribution (see `distributions`).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.pipeline.modules import Definition, Module, read_module

ROOTS = ("", "src")


@dataclass(frozen=True)
class Closure:
    """What a callable reaches."""

    code: Mapping[str, str]
    """`module:name` -> digest; import-time statements stand under `module:<import>`."""
    files: frozenset[str]
    """Paths inside the project."""
    packages: frozenset[str]
    """Top-level modules of installed distributions."""
    notes: tuple[str, ...] = ()


@dataclass
class Project:
    """The modules of a project folder, read when first asked for."""

    root: Path
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _paths: dict[str, Path] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """The file of module `name` inside the project; for a package its `__init__.py`, or the folder without one."""
        if name not in self._paths:
            relative = Path(*name.split(".")) if name else Path()
            for base in (self.root / root for root in ROOTS):
                for path in (
                    base / relative / "__init__.py",
                    base / relative.with_suffix(".py") if name else base,
                    base / relative,
                ):
                    if name and (path.is_file() or (path.is_dir() and any(path.glob("*.py")))):
                        self._paths[name] = path
                        return path
            return None
        return self._paths[name]

    def module(self, name: str) -> Module | None:
        """The symbol table of a module of the project; None for other modules. Raises StageFailed on bad syntax."""
        if name not in self._modules:
            path = self.find(name)
            self._modules[name] = None if path is None else self._read(name, path)
        return self._modules[name]

    def _read(self, name: str, path: Path) -> Module:
        if path.is_dir():
            return Module(name, is_package=True)
        try:
            return read_module(name, path.read_text("utf-8"), is_package=path.name == "__init__.py")
        except (SyntaxError, ValueError) as error:
            line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
            raise StageFailed(f"{path.relative_to(self.root)}{line} is not valid Python: {error}") from error

    def siblings(self, name: str) -> Iterator[str]:
        """Every module in the top-level package (or folder) of module `name`."""
        path = self.find(name.split(".")[0])
        if path is None:
            return
        if path.is_file() and path.name != "__init__.py":
            yield name
            return
        folder = path if path.is_dir() else path.parent
        for file in sorted(folder.rglob("*.py")):
            parts = [name.split(".")[0], *file.relative_to(folder).with_suffix("").parts]
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def definition(project: Project, target: str) -> Definition | None:
    """The syntax tree of the function or class that `module:name` names in the project; None outside it."""
    module_name, _, name = target.partition(":")
    module = project.module(module_name)
    return module.definitions.get(name) if module else None


def closure_of(project: Project, target: str) -> Closure:
    """What the callable `module:name` reaches; raises UserError where the project has the module but not the name."""
    module_name, _, name = target.partition(":")
    walk = _Walk(project)
    module = project.module(module_name)
    if module is None:
        walk.outside(module_name)
    else:
        if name.split(".")[0] not in module.symbols and name.split(".")[0] not in module.imports and not module.stars:
            raise UserError(f"module '{module_name}' has no function or class '{name}'")
        walk.follow(module, name)
    walk.finish()
    return walk.result()


def closure_of_script(project: Project, path: Path) -> Closure:
    """What running the file `path` as a script reaches."""
    relative = path.relative_to(project.root)
    try:
        module = read_module("__main__", path.read_text("utf-8"), is_package=False, as_script=True)
    except (SyntaxError, ValueError) as error:
        raise StageFailed(f"{relative} is not valid Python: {error}") from error
    walk = _Walk(Project(project.root))
    walk.files.add(relative.as_posix())
    walk.take_all(module, relative.as_posix())
    walk.finish()
    return walk.result()


class _Walk:
    """The walk itself: a queue of (module, name) pairs and what was met."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.code: dict[str, str] = {}
        self.files: set[str] = set()
        self.packages: set[str] = set()
        self.notes: list[str] = []
        self._queue: list[tuple[Module, str]] = []
        self._touched: set[str] = set()

    def result(self) -> Closure:
        return Closure(
            dict(sorted(self.code.items())), frozenset(self.files), frozenset(self.packages), tuple(self.notes)
        )

    def follow(self, module: Module, dotted: str) -> None:
        self._queue.append((module, dotted))

    def finish(self) -> None:
        while self._queue:
            self._resolve(*self._queue.pop())

    def outside(self, module: str) -> None:
        top = module.split(".")[0]
        if top and top not in sys.stdlib_module_names:
            self.packages.add(top)

    def take_all(self, module: Module, label: str | None = None) -> None:
        """Every name of a module, for code that cannot be followed name by name."""
        self._touch(module, label)
        for name in module.symbols:
            self._take(module, name, label)

    def _resolve(self, module: Module, dotted: str) -> None:
        self._touch(module)
        head, _, rest = dotted.partition(".")
        if head in module.symbols:
            self._take(module, head)
        if head in module.imports:
            self._import(module.imports[head], rest)
        if head not in module.symbols and head not in module.imports:
            for star in module.stars:
                target = self.project.module(star)
                if target and (head in target.symbols or head in target.imports):
                    self.follow(target, dotted)

    def _import(self, target: str, rest: str) -> None:
        base, _, name = target.partition(":")
        parts = [*([name] if name else []), *(rest.split(".") if rest else [])]
        # The longest prefix that is a module of the project holds the name that follows it.
        while parts and self.project.find(f"{base}.{parts[0]}"):
            base = f"{base}.{parts.pop(0)}"
        module = self.project.module(base)
        if module is None:
            self.outside(base)
        elif parts:
            self.follow(module, ".".join(parts))
        else:
            self._touch(module)

    def _take(self, module: Module, name: str, label: str | None = None) -> None:
        key = f"{label or module.name}:{name}"
        if key in self.code:
            return
        symbols = module.symbols[name]
        self.code[key] = (
            symbols[0].digest if len(symbols) == 1 else hash_bytes(" ".join(s.digest for s in symbols).encode())
        )
        for symbol in symbols:
            self._refer(module, symbol.names, symbol.imports, symbol.dynamic, key)

    def _refer(
        self, module: Module, names: set[str], imports: Mapping[str, str], dynamic: tuple[str, ...], key: str
    ) -> None:
        for target in imports.values():
            self._import(target, "")
        for dotted in names:
            head, _, rest = dotted.partition(".")
            if head in imports:
                self._import(imports[head], rest)
            else:
                self.follow(module, dotted)
        for call in dynamic:
            self._fall_back(module, call, key)

    def _fall_back(self, module: Module, call: str, key: str) -> None:
        name = call.partition("(")[2].strip(")'\"")
        target = self.project.module(name) if name else None
        if target:
            self.take_all(target)
            return
        self.notes.append(f"{key} calls {call}: the whole of '{module.name.split('.')[0]}' counts as its code")
        for sibling in self.project.siblings(module.name):
            other = self.project.module(sibling)
            if other:
                self.take_all(other)

    def _touch(self, module: Module, label: str | None = None) -> None:
        if module.name in self._touched:
            return
        self._touched.add(module.name)
        path = self.project.find(module.name) if label is None else None
        if path and path.is_file():
            self.files.add(path.relative_to(self.project.root).as_posix())
        self._touch_parents(module.name)
        for symbol in module.loose:
            key = f"{label or module.name}:<import>"
            self.code[key] = hash_bytes((self.code.get(key, "") + symbol.digest).encode())
            self._refer(module, symbol.names, symbol.imports, symbol.dynamic, key)
        for name, decorators in module.decorated.items():
            # A decorator of the project's own runs at import and may register what it decorates.
            if any(self._is_ours(module, decorator) for decorator in decorators):
                self._take(module, name, label)
        for loaded in [*module.loaded, *module.stars]:
            self._load(loaded)

    def _touch_parents(self, name: str) -> None:
        parent = name.rpartition(".")[0]
        if parent:
            module = self.project.module(parent)
            if module:
                self._touch(module)

    def _load(self, name: str) -> None:
        module = self.project.module(name)
        if module:
            self._touch(module)
        elif not self.project.find(name.rpartition(".")[0] or name):
            self.outside(name)

    def _is_ours(self, module: Module, dotted: str) -> bool:
        head = dotted.partition(".")[0]
        target = module.imports.get(head, "").partition(":")[0]
        return head in module.symbols or bool(target and self.project.find(target))


def parameters_of(function: Definition) -> tuple[set[str], set[str], bool]:
    """The names that a function takes, those without a default, and whether it takes any name (`**`)."""
    if isinstance(function, ast.ClassDef):
        found = next(
            (node for node in function.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"), None
        )
        if found is None:
            return set(), set(), True
        names, required, open_ended = parameters_of(found)
        return names - {"self"}, required - {"self"}, open_ended
    arguments = function.args
    positional = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    keywords = [argument.arg for argument in arguments.kwonlyargs]
    optional = set(positional[len(positional) - len(arguments.defaults) :] if arguments.defaults else [])
    optional |= {name for name, default in zip(keywords, arguments.kw_defaults, strict=True) if default is not None}
    names = {*positional, *keywords}
    return names, names - optional, arguments.kwarg is not None
