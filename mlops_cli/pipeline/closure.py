"""Which of the project's code a callable really executes: a static walk from name to name, function by function.

Inside the project each reached function, class and constant counts by its own digest, with the import-time statements
of every module on the way. Other people's code counts by the version of its distribution (see `distributions`).
Where reading cannot tell what runs, more counts: the whole module, then every module of the project, with a note.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.pipeline.modules import UNKNOWN, Definition, Module, Symbol, read_module
from mlops_cli.pipeline.project import Project

# What loads or runs code that a reader of source cannot name.
DYNAMIC = frozenset(
    {
        "eval", "exec", "__import__", "globals", "importlib", "importlib.import_module", "importlib.__import__",
        "importlib.util.spec_from_file_location", "importlib.util.find_spec", "importlib.machinery",
        "importlib.machinery.SourceFileLoader", "importlib.util.module_from_spec", "imp.load_source",
        "runpy.run_path", "runpy.run_module", "pkgutil.iter_modules", "pkgutil.walk_packages", "pkgutil.resolve_name",
        "sys.modules", "sys.path", "builtins", "builtins.eval", "builtins.exec", "builtins.__import__",
    }
)  # fmt: skip
TAKES_MODULE_NAME = frozenset({"__import__", "builtins.__import__", "sys.modules", "runpy.run_module"})
WHOLE_MODULE = frozenset({"__dict__", "__getattribute__", "__dir__", "__spec__", "__loader__"})
DOCS = frozenset({"__doc__", "inspect", "pydoc", "doctest"})
SOURCE = frozenset({"getsource", "getsourcelines", "getsourcefile", "getcomments", "findsource", "linecache", "stack"})
METACLASSES = frozenset({"type", "ABCMeta", "abc.ABCMeta", "EnumMeta", "EnumType", "enum.EnumMeta", "enum.EnumType"})
# Methods of texts and paths: they change nothing.
PURE_METHODS = frozenset(
    {"joinpath", "resolve", "absolute", "with_suffix", "with_name", "relative_to", "as_posix"}
    | {"strip", "lower", "upper", "split", "format"}
)
# They keep what they are handed, and do not call it.
KEEPS = frozenset({"partial", "field", "NewType", "TypeVar", "cast", "namedtuple"})


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
        head = name.split(".")[0]
        if not {head, "__getattr__"} & {*module.symbols, *module.imports} and not module.stars:
            raise UserError(f"module '{module_name}' has no function or class '{name}'")
        walk.reach(module, name)
    return walk.result()


def closure_of_script(project: Project, path: Path, name: str = "__main__") -> Closure:
    """What running the file `path` reaches, as a script or (with its dotted name) as `python -m name`."""
    module = project.read(name, path, as_script=True)
    walk = _Walk(project)
    relative = path.relative_to(project.root).as_posix()
    walk.files.add(relative)
    walk.take_script(module, relative)
    return walk.result()


def closure_of_text(project: Project, text: str) -> Closure:
    """What a program given as text reaches, as in `python -c`. Raises SyntaxError and ValueError."""
    walk = _Walk(project)
    walk.take_script(read_module("__main__", text, is_package=False, as_script=True), "-c")
    return walk.result()


class _Walk:
    """The walk itself: a queue of (module, name) pairs and what was met."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.code: dict[str, str] = {}
        self.files: set[str] = set()
        self.packages: set[str] = set()
        self.notes: dict[str, None] = {}
        self._queue: list[tuple[Module, str]] = []
        self._queued: set[tuple[int, str]] = set()
        self._touched: dict[int, tuple[Module, str]] = {}
        self._whole: set[int] = set()
        self._reached: dict[int, tuple[str, Symbol]] = {}
        self._everything = False
        self._subclasses = False

    def result(self) -> Closure:
        """Walk to the end; with docstrings or whole texts where the code that was met reads them."""
        self._finish()
        reads = {name for _, item in self._reached.values() for name in (*item.attributes, *_words(item))}
        if reads & DOCS:
            for number, (key, item) in enumerate(self._reached.values()):
                self.code[f"{key}:<docs>{number}"] = hash_bytes(repr(item.docs).encode("utf-8", "surrogatepass"))
        for module, label in self._touched.values():
            if reads & SOURCE:
                self.code[f"{label}:<text>"] = hash_bytes(module.text.encode("utf-8", "surrogatepass"))
            if reads & DOCS:
                self.code[f"{label}:<docs>"] = hash_bytes(module.doc.encode("utf-8", "surrogatepass"))
        return Closure(
            dict(sorted(self.code.items())), frozenset(self.files), frozenset(self.packages), tuple(self.notes)
        )

    def outside(self, module: str) -> None:
        top = module.split(".")[0]
        if top and top not in sys.stdlib_module_names:
            self.packages.add(top)

    def reach(self, module: Module, name: str) -> None:
        """Follow a (dotted) name as seen from a module."""
        if (id(module), name) not in self._queued:
            self._queued.add((id(module), name))
            self._queue.append((module, name))

    def take_script(self, module: Module, label: str) -> None:
        """All that a script defines, since all of it runs."""
        self._touch(module, label)
        for name in module.symbols:
            self._take(module, name, label)

    def take_module(self, module: Module) -> None:
        """Every name of a module that is used as a value, and of the modules that it holds in turn."""
        if id(module) not in self._whole:
            self._whole.add(id(module))
            self._touch(module)
            for name in (*module.symbols, *module.imports):
                self.reach(module, name)
            for star in module.stars:
                if target := self.project.module(star):
                    self.take_module(target)

    def _finish(self) -> None:
        while self._queue:
            self._resolve(*self._queue.pop())
            if not self._queue and self._subclasses:
                self._take_subclasses()

    def _resolve(self, module: Module, name: str) -> None:
        self._touch(module)
        head, _, rest = name.partition(".")
        if head in module.symbols:
            self._take(module, head)
        for target in module.imports.get(head, ()):
            self._import(target, rest)
        if head in module.imports and head not in module.symbols:
            self._take_order(module, head)
        for star in module.stars:
            self._look_in_star(star, name)

    def _look_in_star(self, star: str, name: str) -> None:
        target = self.project.module(star)
        head = name.partition(".")[0]
        if target is None:
            return
        if self._binds(target, head):
            self.reach(target, name)
            self.reach(target, "__all__")
        elif "__all__" in target.symbols and self.project.find(f"{star}.{head}"):
            self._import(f"{star}:{head}", name.partition(".")[2])

    def _take_order(self, module: Module, name: str) -> None:
        # An import alone says nothing that its target does not say, but the last of several imports wins.
        if sum(name in item.binds for item in module.statements) > 1:
            self.code[f"{module.name}:{name}"] = module.digest_of(name)

    def _binds(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in module.symbols or name in module.imports:
            return True
        targets = [self.project.module(star) for star in module.stars if star not in seen]
        return any(target and self._binds(target, name, seen | {module.name}) for target in targets)

    def _import(self, target: str, rest: str, *, load: bool = False) -> None:
        """Follow what an import binds; `load` for the statement alone, which uses a module but hands it to nobody."""
        base, _, name = target.partition(":")
        parts = [*([name] if name else []), *(rest.split(".") if rest else [])]
        settled = False
        while parts and self.project.find(f"{base}.{parts[0]}"):
            settled = self._look_in_package(base, parts)
            base = f"{base}.{parts.pop(0)}"
        module = self.project.module(base)
        if module is None:
            self._load(base)
        elif parts:
            self._attribute(module, parts)
        elif load or settled:
            self._touch(module)
        else:
            self.take_module(module)

    def _look_in_package(self, base: str, parts: list[str]) -> bool:
        """Follow the name of a module where its package binds it too; True when the package's own binding wins."""
        package = self.project.module(base)
        if package is None or not self._binds(package, parts[0]):
            return False
        self.reach(package, ".".join(parts))
        submodule = f"{base}.{parts[0]}"
        # `from .clean import clean` has loaded the module `clean` before it binds the name to something else.
        targets = package.imports.get(parts[0], [])
        return bool(targets) and all(target.startswith(f"{submodule}:") for target in targets)

    def _attribute(self, module: Module, parts: list[str]) -> None:
        if parts[0] in WHOLE_MODULE:
            self.take_module(module)
        else:
            self.reach(module, ".".join(parts))
            if not self._binds(module, parts[0]):
                self.reach(module, "__getattr__")

    def _take(self, module: Module, name: str, label: str | None = None) -> None:
        key = f"{label or module.name}:{name}"
        if key not in self.code:
            self.code[key] = module.digest_of(name)
            for symbol in module.symbols[name]:
                self._refer(module, symbol, key)

    def _refer(self, module: Module, symbol: Symbol, key: str) -> None:
        if id(symbol) in self._reached:
            return
        self._reached[id(symbol)] = (key, symbol)
        for targets in symbol.imports.values():
            for target in targets:
                self._import(target, "", load=True)
        for name in symbol.mentions:
            head, _, rest = name.partition(".")
            for target in symbol.imports.get(head, ()):
                self._import(target, rest)
            # One method may import what another takes from the module under the same name.
            self.reach(module, name)
            self._check_dynamic(module, symbol, name, key)
        self._subclasses |= "__subclasses__" in symbol.attributes
        if "__globals__" in symbol.attributes:
            self._take_everything(f"{key} reads __globals__")

    def _check_dynamic(self, module: Module, symbol: Symbol, name: str, key: str) -> None:
        for full in self._full_names(module, symbol, name):
            parts = full.split(".")
            if full not in DYNAMIC and ".".join(parts[:2]) not in ("sys.modules", "sys.path", "importlib.machinery"):
                continue
            texts = symbol.constants.get(name, [])
            named = full in TAKES_MODULE_NAME or full.endswith("import_module")
            found = [self.project.module(text) for text in texts] if named else []
            modules = [item for item in found if item]
            if len(modules) == symbol.mentions[name]:
                for item in modules:
                    self.take_module(item)
            elif not (named and len(texts) == symbol.mentions[name] and self._are_foreign(texts)):
                self._take_everything(f"{key} calls {name}()" if "sys." not in full else f"{key} uses {name}")

    def _are_foreign(self, names: Iterable[str]) -> bool:
        """Whether these are modules of other people; they count by their distributions."""
        foreign = all(name and not name.startswith(".") and not self.project.find(name) for name in names)
        for name in names if foreign else ():
            self.outside(name)
        return foreign

    def _full_names(self, module: Module, symbol: Symbol, name: str) -> set[str]:
        head, dot, rest = name.partition(".")
        targets = [*symbol.imports.get(head, ()), *module.imports.get(head, ())]
        full = {target.replace(":", ".") + dot + rest for target in targets}
        return full if full or head in module.symbols else {name}

    def _take_everything(self, why: str) -> None:
        self.notes[f"{why}: every module of the project counts as its code"] = None
        if self._everything:
            return
        self._everything = True
        for name, path in self.project.names():
            try:
                module = self.project.module(name) or self.project.read(name, path)
            except StageFailed:
                # It cannot be what runs, unless it is mended.
                self.code[f"{name}:<text>"] = hash_bytes(path.read_bytes())
                continue
            self._touch(module)
            for symbol in module.symbols:
                self._take(module, symbol)

    def _take_subclasses(self) -> None:
        for module, label in list(self._touched.values()):
            for name, found in module.definitions.items():
                if isinstance(found, ast.ClassDef) and (found.bases or found.keywords):
                    self._take(module, name, label if label != module.name else None)

    def _touch(self, module: Module, label: str | None = None) -> None:
        if id(module) in self._touched:
            return
        shown = label or module.name
        self._touched[id(module)] = (module, shown)
        path = self.project.find(module.name) if label is None else None
        if path and path.is_file():
            self.files.add(path.relative_to(self.project.root).as_posix())
        self._touch_parents(module.name)
        key = f"{shown}:<import>"
        for symbol in module.statements:
            # Their order counts: one may change what the next one finds.
            if symbol.kind == "loose" or (symbol.kind == "name" and self._acts(module, symbol)):
                self.code[key] = hash_bytes((self.code.get(key, "") + symbol.digest).encode())
                self._refer(module, symbol, key)
        for loaded in [*module.loaded, *module.stars]:
            self._load(loaded)

    def _touch_parents(self, name: str) -> None:
        parent = name.rpartition(".")[0]
        module = self.project.module(parent) if parent else None
        if module:
            self._touch(module)

    def _load(self, name: str) -> None:
        module = self.project.module(name)
        if module:
            self._touch(module)
        elif not self.project.find(name.rpartition(".")[0] or name):
            self.outside(name)

    def _acts(self, module: Module, symbol: Symbol) -> bool:
        """Whether a definition or assignment may do more, when it is imported, than bind its names."""
        if any(name == UNKNOWN or self._is_acting_call(module, name) for name in symbol.calls):
            return True
        keeps = all(name.rpartition(".")[2] in KEEPS for name in symbol.calls)
        if not keeps and any(self._is_ours(module, name) and self._is_function(module, name) for name in symbol.handed):
            return True
        return any(self._has_hook(module, name) for name in symbol.bases)

    def _is_acting_call(self, module: Module, name: str) -> bool:
        head, _, method = name.partition(".")
        if not self._is_ours(module, head):
            return False
        plain = module.symbols.get(head, []) if head not in module.imports else []
        return not (
            method in PURE_METHODS
            and plain
            and head not in module.definitions
            and not any(self._is_ours(module, called) for item in plain for called in item.calls)
        )

    def _is_function(self, module: Module, name: str) -> bool:
        head = name.partition(".")[0]
        return head in module.definitions or head not in module.symbols

    def _is_ours(self, module: Module, name: str) -> bool:
        head = name.partition(".")[0]
        if head in module.symbols:
            return True
        if any(self.project.find(target.partition(":")[0]) for target in module.imports.get(head, ())):
            return True
        stars = [self.project.module(star) for star in module.stars]
        return any(star and self._binds(star, head) for star in stars)

    def _has_hook(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether making a subclass of this class runs code of the project; True when it cannot be told."""
        head, _, rest = name.partition(".")
        here = f"{module.name}:{name}"
        if here in seen:
            return False
        found = module.definitions.get(head)
        if isinstance(found, ast.ClassDef) and not rest and len(module.symbols[head]) == 1:
            symbol = module.symbols[head][0]
            hooks = {node.name for node in found.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
            own = bool(hooks & {"__init_subclass__", "__mro_entries__"})
            return (
                own
                or symbol.bases & METACLASSES != set()
                or any(self._has_hook(module, base, seen | {here}) for base in symbol.bases)
            )
        if not self._is_ours(module, head):
            return name == UNKNOWN
        owner = self._owner(module, head)
        return owner is None or bool(rest) or self._has_hook(owner[0], owner[1], seen | {here})

    def _owner(self, module: Module, name: str) -> tuple[Module, str] | None:
        """The module of the project that a name was imported from, and its name there."""
        targets = module.imports.get(name, [])
        if name in module.symbols or len(targets) != 1 or module.stars:
            return None
        base, _, there = targets[0].partition(":")
        owner = self.project.module(base)
        return (owner, there) if owner and there else None


def _words(symbol: Symbol) -> set[str]:
    """Every part of every dotted name that a symbol reads or imports."""
    targets = [target for found in symbol.imports.values() for target in found]
    return {part for name in (*symbol.mentions, *targets) for part in name.replace(":", ".").split(".")}


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
