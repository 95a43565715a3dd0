"""Finding the user's code: `module:name`, in the project first."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from mlops_cli.base.errors import StageFailed


def import_callable(target: str, project: str) -> Callable[..., object]:
    """The function or class that `module:name` names. Raises StageFailed where there is none or it is another's."""
    module_name, _, name = target.partition(":")
    if project not in sys.path:
        sys.path.insert(0, project)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        mine = error.name == module_name
        hint = f"is there a file {module_name.replace('.', '/')}.py in the project?" if mine else "is it installed?"
        raise StageFailed(f"cannot import '{module_name}': there is no module '{error.name}'", hint) from error
    except (ImportError, SyntaxError) as error:
        raise StageFailed(f"cannot import '{module_name}': {error}") from error
    _refuse_namesake(module_name, getattr(module, "__file__", None), project)
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            near = difflib.get_close_matches(part, dir(found), n=1)
            raise StageFailed(f"'{module_name}' has no '{name}'", f"did you mean '{near[0]}'?" if near else None)
        found = getattr(found, part)
    if not callable(found):
        raise StageFailed(f"'{target}' is a {type(found).__name__}, not a function or class")
    return found


def _refuse_namesake(module: str, loaded: str | None, project: str) -> None:
    """A file of the project that bears the name of a module which Python had loaded already is never looked at."""
    for root in (project, f"{project}/src"):
        mine = Path(root, *module.split(".")).with_suffix(".py")
        if mine.is_file() and loaded is not None and Path(loaded).resolve() != mine.resolve():
            shown = mine.relative_to(project)
            hint = (
                f"another module of that name is loaded already ({Path(loaded).name} of {sys.executable}); rename yours"
            )
            raise StageFailed(f"'{module}' does not mean {shown} here", hint)
