"""Reading a Python module without running it: which names it defines, what each refers to, what it imports.

Digests are of the syntax tree without positions, comments or docstrings, so formatting never changes them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlops_cli.base.hashing import hash_bytes

DYNAMIC_CALLS = {"eval", "exec", "__import__", "import_module", "importlib.import_module", "globals", "runpy.run_path"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass
class Symbol:
    """One top-level name: a digest of its source and what that source refers to."""

    digest: str
    names: set[str]
    """Dotted names that it reads, such as `np.mean` or `helper`."""
    imports: dict[str, str] = field(default_factory=dict)
    """Imports inside it: local name -> `module` or `module:name`."""
    dynamic: tuple[str, ...] = ()
    """Calls that a reader of source cannot follow."""


@dataclass
class Module:
    """The symbol table of one file."""

    name: str
    is_package: bool
    symbols: dict[str, list[Symbol]] = field(default_factory=dict)
    loose: list[Symbol] = field(default_factory=list)
    """Statements that run at import and belong to no name."""
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    """Modules that importing this one imports."""
    decorated: dict[str, list[str]] = field(default_factory=dict)
    """Definition -> names of its decorators, which run at import."""
    definitions: dict[str, Definition] = field(default_factory=dict)


def read_module(name: str, text: str, *, is_package: bool, as_script: bool = False) -> Module:
    """The symbol table of a module's source; `as_script` keeps its `__main__` part. Raises SyntaxError."""
    module = Module(name, is_package)
    for statement in _without_docstring(ast.parse(text).body):
        _read_statement(module, statement, as_script)
    return module


def _read_statement(module: Module, statement: ast.stmt, as_script: bool) -> None:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            module.symbols.setdefault(statement.name, []).append(_symbol(module, statement))
            module.decorated[statement.name] = [name for item in statement.decorator_list for name in _names(item)]
            module.definitions[statement.name] = statement
        case ast.Import() | ast.ImportFrom():
            _add_imports(module, module.imports, statement, module.loaded, module.stars)
        case ast.Assign(targets=targets) if all(_plain_targets(target) for target in targets):
            _add_assignment(module, statement, targets)
        case ast.AnnAssign(target=ast.Name()):
            _add_assignment(module, statement, [statement.target])
        case ast.If(test=test) if _is_type_checking(test) or (_is_main(test) and not as_script):
            for other in statement.orelse:
                _read_statement(module, other, as_script)
        case _:
            _add_loose(module, statement)


def _add_assignment(module: Module, statement: ast.stmt, targets: Iterable[ast.expr]) -> None:
    symbol = _symbol(module, statement)
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                module.symbols.setdefault(node.id, []).append(symbol)


def _add_loose(module: Module, statement: ast.stmt) -> None:
    symbol = _symbol(module, statement)
    module.loose.append(symbol)
    for node in ast.walk(statement):
        match node:
            case ast.Import() | ast.ImportFrom():
                _add_imports(module, module.imports, node, module.loaded, module.stars)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                module.symbols.setdefault(name, []).append(symbol)
            case ast.Name(id=name, ctx=ast.Store()):
                module.symbols.setdefault(name, []).append(symbol)


def _symbol(module: Module, statement: ast.stmt) -> Symbol:
    imports: dict[str, str] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _add_imports(module, imports, node, None, None)
    names, dynamic = set(_names(statement)), tuple(_dynamic(statement))
    bare = _Bare().visit(statement)
    digest = hash_bytes(ast.dump(bare, annotate_fields=False).encode("utf-8", "surrogatepass"))
    return Symbol(digest, names, imports, dynamic)


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute():
                dotted = _dotted(node)
                if dotted:
                    yield dotted
            case ast.Name(id=name, ctx=ast.Load()):
                yield name


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _dynamic(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _dotted(node.func) or (node.func.id if isinstance(node.func, ast.Name) else "")
        if name in DYNAMIC_CALLS:
            first = node.args[0] if node.args else None
            known = isinstance(first, ast.Constant) and isinstance(first.value, str) and "import" in name
            yield f"{name}({first.value!r})" if known and isinstance(first, ast.Constant) else f"{name}()"


def _add_imports(
    module: Module,
    table: dict[str, str],
    node: ast.Import | ast.ImportFrom,
    loaded: list[str] | None,
    stars: list[str] | None,
) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            # `import a.b` binds `a`; `import a.b as c` binds `c` to a.b.
            table[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
            if loaded is not None:
                loaded.append(alias.name)
            elif not alias.asname and "." in alias.name:
                table[alias.name] = alias.name
        return
    base = _absolute(module, node)
    for alias in node.names:
        if alias.name == "*":
            (stars if stars is not None else []).append(base)
        else:
            table[alias.asname or alias.name] = f"{base}:{alias.name}"
    if loaded is not None:
        loaded.append(base)
        loaded.extend(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    keep = len(parts) - node.level + (1 if module.is_package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])


def _plain_targets(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) or (
        isinstance(target, ast.Tuple | ast.List) and all(_plain_targets(item) for item in target.elts)
    )


def _is_type_checking(test: ast.expr) -> bool:
    return (_dotted(test) or "").endswith("TYPE_CHECKING")


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


class _Bare(ast.NodeTransformer):
    """Takes the docstrings out of a tree."""

    def visit(self, node: ast.AST) -> ast.AST:
        super().visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            node.body = _without_docstring(node.body) or [ast.Pass()]
        return node
