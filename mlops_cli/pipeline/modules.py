"""Reading a Python module without running it: which names it defines, what each refers to, what it imports.

Digests are of the syntax tree without positions, comments or docstrings, so formatting never changes them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from mlops_cli.base.hashing import hash_bytes

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
UNKNOWN = "?"  # stands for a called thing that has no name
DATA = (
    ast.Constant | ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.BinOp
    | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp
)  # fmt: skip


@dataclass
class Symbol:
    """One top-level statement: a digest of its source and what that source refers to."""

    digest: str = ""
    docs: tuple[str, ...] = ()
    """The docstrings inside, which the digest leaves out."""
    binds: set[str] = field(default_factory=set)
    mentions: Counter[str] = field(default_factory=Counter)
    """Dotted names that it reads, such as `np.mean` or `helper`, and how often."""
    attributes: set[str] = field(default_factory=set)
    """Every attribute that it reads, of whatever."""
    imports: dict[str, list[str]] = field(default_factory=dict)
    """Imports inside it: local name -> `module` or `module:name`."""
    constants: dict[str, list[str]] = field(default_factory=dict)
    """Called dotted name -> its first arguments that are texts; subscripts count as calls."""
    touches: set[str] = field(default_factory=set)
    """Names that are read or written while the module is imported."""
    calls: set[str] = field(default_factory=set)
    """Dotted names that are called (or decorate) while the module is imported."""
    handed: set[str] = field(default_factory=set)
    """Dotted names that are handed to such calls."""
    bases: set[str] = field(default_factory=set)
    """Base classes and metaclasses, of a class."""
    star: bool = False
    kind: Literal["name", "import", "loose"] = "name"


@dataclass
class Module:
    """The symbol table of one file."""

    name: str
    is_package: bool
    text: str = ""
    doc: str = ""
    symbols: dict[str, list[Symbol]] = field(default_factory=dict)
    statements: list[Symbol] = field(default_factory=list)
    """Every top-level statement in its order; imports too."""
    loose: list[Symbol] = field(default_factory=list)
    """Statements that run at import and belong to no name."""
    imports: dict[str, list[str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    """Modules that importing this one imports."""
    definitions: dict[str, Definition] = field(default_factory=dict)

    def digest_of(self, name: str) -> str:
        """The digest of what `name` is bound to; with the order of statements where that order decides its value."""
        involved = [item for item in self.statements if name in item.binds or name in item.touches or item.star]
        binders = [item for item in involved if name in item.binds]
        stirred = any(name in item.touches for item in self.loose) or any(item.star for item in involved)
        if len(binders) == 1 and not stirred:
            return binders[0].digest
        return hash_bytes(" ".join(item.digest for item in involved).encode())


def read_module(name: str, text: str, *, is_package: bool, as_script: bool = False) -> Module:
    """The symbol table of a module's source; `as_script` keeps its `__main__` part. Raises SyntaxError."""
    tree = ast.parse(text)
    module = Module(name, is_package, text, ast.get_docstring(tree, clean=False) or "")
    for statement in _without_docstring(tree.body):
        _read_statement(module, statement, as_script)
    return module


def _read_statement(module: Module, statement: ast.stmt, as_script: bool) -> None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            _bind(module, _symbol(module, statement), [statement.name])
            module.definitions[statement.name] = statement
        case ast.Import() | ast.ImportFrom():
            _add_import(module, statement)
        case ast.Assign(targets=targets) if all(_plain_target(target) for target in targets):
            _bind(module, _symbol(module, statement), _stored(targets))
        case ast.AnnAssign(target=ast.Name()):
            _bind(module, _symbol(module, statement), _stored([statement.target]))
        case ast.If(test=test) if _is_type_checking(test) or (_is_main(test) and not as_script):
            for other in statement.orelse:
                _read_statement(module, other, as_script)
        case _:
            _add_loose(module, statement)


def _bind(module: Module, symbol: Symbol, names: Iterable[str]) -> None:
    module.statements.append(symbol)
    for name in names:
        symbol.binds.add(name)
        module.symbols.setdefault(name, []).append(symbol)


def _add_import(module: Module, statement: ast.Import | ast.ImportFrom) -> None:
    symbol = _symbol(module, statement)
    symbol.binds.update(symbol.imports)
    symbol.kind = "import"
    symbol.star = any(alias.name == "*" for alias in statement.names)
    module.statements.append(symbol)
    add_imports(module, module.imports, statement)
    _add_loaded(module, statement)


def _add_loose(module: Module, statement: ast.stmt) -> None:
    symbol = _symbol(module, statement)
    symbol.kind = "loose"
    module.loose.append(symbol)
    names: list[str] = []
    for node in ast.walk(statement):
        match node:
            case ast.Import() | ast.ImportFrom():
                add_imports(module, module.imports, node)
                _add_loaded(module, node)
                symbol.binds.update(symbol.imports)
                symbol.star |= any(alias.name == "*" for alias in node.names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.append(name)
    _bind(module, symbol, dict.fromkeys(names))
    symbol.touches |= symbol.binds


def _symbol(module: Module, statement: ast.stmt) -> Symbol:
    symbol = Symbol()
    _Reader(module, symbol).visit(statement)
    bare = _Bare()
    dumped = ast.dump(bare.visit(statement), annotate_fields=False)
    symbol.digest, symbol.docs = hash_bytes(dumped.encode("utf-8", "surrogatepass")), tuple(bare.docs)
    return symbol


class _Reader(ast.NodeVisitor):
    """Collects what a statement refers to, and which of it happens while the module is imported."""

    def __init__(self, module: Module, symbol: Symbol) -> None:
        self.module = module
        self.symbol = symbol
        self.running = True

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._mention(node.id)
        elif self.running:
            self.symbol.touches.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.symbol.attributes.add(node.attr)
        name = dotted(node)
        if name is None:
            self.generic_visit(node)
        else:
            self.symbol.attributes.update(name.split(".")[1:])
            self._mention(name)

    def visit_Call(self, node: ast.Call) -> None:
        if self.running:
            self._call(node.func)
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                self.symbol.handed.update(filter(None, [dotted(argument)]))
        self._constant(node.func, node.args[0] if node.args else None)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._constant(node.value, node.slice)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorators(node)
        self.visit(node.args)
        self._later([*([node.returns] if node.returns else []), *node.body])

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._later([node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._decorators(node)
        classes = [*node.bases, *(keyword.value for keyword in node.keywords)]
        self.symbol.bases.update(_base_name(item) for item in classes if not isinstance(item, DATA))
        for item in [*classes, *node.body]:
            self.visit(item)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        add_imports(self.module, self.symbol.imports, node, star=False)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.visit_Import(node)

    def _mention(self, name: str) -> None:
        self.symbol.mentions[name] += 1
        if self.running:
            self.symbol.touches.add(name.partition(".")[0])

    def _later(self, nodes: Iterable[ast.AST]) -> None:
        before, self.running = self.running, False
        for node in nodes:
            self.visit(node)
        self.running = before

    def _decorators(self, node: Definition) -> None:
        for item in node.decorator_list:
            if self.running:
                self._call(item)
            self.visit(item)

    def _call(self, function: ast.expr) -> None:
        name = dotted(function)
        while name is None:
            match function:
                case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                    function = inner
                    # `REGISTRY[x].append` changes REGISTRY, whatever the method is called.
                    name = dotted(inner)
                case _:
                    name = "" if isinstance(function, DATA) else UNKNOWN
        if name:
            self.symbol.calls.add(name)

    def _constant(self, function: ast.expr, argument: ast.expr | None) -> None:
        name = dotted(function)
        if name and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            self.symbol.constants.setdefault(name, []).append(argument.value)


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` as text; None for anything but names and attributes of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _base_name(node: ast.expr) -> str:
    # `Generic[T]` is made from `Generic`, `namedtuple(...)` by `namedtuple`.
    while isinstance(node, ast.Subscript | ast.Call):
        node = node.value if isinstance(node, ast.Subscript) else node.func
    return dotted(node) or UNKNOWN


def add_imports(
    module: Module, table: dict[str, list[str]], node: ast.Import | ast.ImportFrom, *, star: bool = True
) -> None:
    """Note the names that an import binds; a name keeps every target that it ever had."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            parent, _, last = alias.name.rpartition(".")
            # `import a.b` binds `a`; `import a.b as c` binds what `a` has under the name `b`.
            target = (f"{parent}:{last}" if parent else last) if alias.asname else alias.name.split(".")[0]
            _add(table, alias.asname or target, target)
            if not alias.asname and parent:
                _add(table, alias.name, alias.name)
        return
    base = _absolute(module, node)
    for alias in node.names:
        if alias.name != "*":
            _add(table, alias.asname or alias.name, f"{base}:{alias.name}")
        elif star:
            module.stars.append(base)


def _add(table: dict[str, list[str]], name: str, target: str) -> None:
    targets = table.setdefault(name, [])
    if target not in targets:
        targets.append(target)


def _add_loaded(module: Module, node: ast.Import | ast.ImportFrom) -> None:
    if isinstance(node, ast.Import):
        module.loaded.extend(alias.name for alias in node.names)
        return
    base = _absolute(module, node)
    module.loaded.append(base)
    module.loaded.extend(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    keep = len(parts) - node.level + (1 if module.is_package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])


def _plain_target(target: ast.expr) -> bool:
    match target:
        case ast.Name():
            return True
        case ast.Starred(value=value):
            return _plain_target(value)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return all(_plain_target(item) for item in items)
        case _:
            return False


def _stored(targets: Iterable[ast.expr]) -> list[str]:
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _is_type_checking(test: ast.expr) -> bool:
    return (dotted(test) or "").endswith("TYPE_CHECKING")


def _is_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = {dotted(left), dotted(right)}
            return "__name__" in sides and any(
                isinstance(side, ast.Constant) and side.value == "__main__" for side in (left, right)
            )
        case _:
            return False


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return body[1:] if _docstring(body) is not None else body


def _docstring(body: list[ast.stmt]) -> str | None:
    match body[:1]:
        case [ast.Expr(value=ast.Constant(value=str(text)))]:
            return text
        case _:
            return None


class _Bare(ast.NodeTransformer):
    """Takes the docstrings out of a tree and keeps them apart."""

    def __init__(self) -> None:
        self.docs: list[str] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = _docstring(node.body)
            self.docs.append(f"{node.name}: {text}")
            if text is not None:
                node.body = node.body[1:] or [ast.Pass()]
        super().visit(node)
        return node
