"""A function of the project as a model: what is kept is its name and the digest of all code that it reaches."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from mlops_cli.base.errors import StageFailed, UserError
from mlops_cli.base.hashing import hash_bytes
from mlops_cli.base.importing import import_callable
from mlops_cli.base.records import BadRecord, Json, canonical, decode
from mlops_cli.models.card import Card, Feature
from mlops_cli.models.cards import describe_answers
from mlops_cli.models.files import MIB, content, refused
from mlops_cli.models.flavors.base import Terms
from mlops_cli.pipeline.closure import closure_of
from mlops_cli.pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

NAME: Final[Literal["function"]] = "function"
FILE = "function.json"
DECLARE = "write below it: {name}.features = ['age', 'plan'], and for classes {name}.classes = ['no', 'yes']"


@dataclass(frozen=True)
class Named:
    """`function.json`: a function of the project, and the digest of the code that it reaches."""

    target: str
    code: str
    format: int = 1


class Answering:
    """A function in the place of an estimator: it takes a frame of the features."""

    def __init__(self, function: Callable[..., Any], target: str) -> None:
        self.function, self.target = function, target

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """What the function says, shape (rows,)."""
        return np.asarray(self.function(rows))


class AnsweringClasses(Answering):
    """A function that gives classes, or probabilities: a column for each class, or of two the second's alone."""

    def __init__(self, function: Callable[..., Any], target: str, classes: tuple[Json, ...]) -> None:
        super().__init__(function, target)
        self.classes_ = np.asarray(classes)

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The class of each row, shape (rows,); of probabilities the likeliest, the first of equal ones."""
        said = self._said(rows)
        return np.asarray(self.classes_[said.argmax(axis=1)]) if said.ndim == 2 else said

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray[Any, Any] | None:
        """Probabilities, shape (rows, classes); None where the function says classes."""
        said = self._said(rows)
        return said if said.ndim == 2 else None

    def _said(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        said = self.function(rows)
        if hasattr(said, "columns"):
            classes = self.classes_.tolist()
            missing = [name for name in classes if name not in said.columns]
            if missing:
                raise ValueError(f"{self.target} gives no column for the class '{missing[0]}'")
            said = said[classes]
        found = np.asarray(said)
        if found.ndim != 1 or not len(found) or set(found.tolist()) <= set(self.classes_.tolist()):
            return found
        if len(self.classes_) == 2 and found.dtype.kind == "f" and (found >= 0).all() and (found <= 1).all():
            return np.column_stack([1 - found, found])  # one number a row: the probability of the second class
        odd = found[~np.isin(found, self.classes_)][0]
        raise ValueError(f"{self.target} gives '{odd}', which is none of its classes: give those, or a column for each")


def takes(value: Any) -> bool:
    """A function that was written with `def` in a module."""
    return isinstance(value, FunctionType)


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A function with the attributes `features` and, for classes, `classes` and `target`. Raises StageFailed."""
    name = value.__qualname__
    if "<" in name or "." in name:
        raise StageFailed(f"the function {name} cannot be imported by name", "define it at the top of a module")
    target = f"{value.__module__}:{name}"
    features = getattr(value, "features", None)
    if not isinstance(features, list | tuple) or not features:
        raise StageFailed(f"the function {name} does not say which columns it takes", DECLARE.format(name=name))
    classes: tuple[Json, ...] | None = None
    if hasattr(value, "classes"):
        classes = tuple(np.asarray(value.classes).tolist())
        if len(set(classes)) != len(classes) or len(classes) < 2:
            raise StageFailed(f"the classes of {name} are not two or more different ones", DECLARE.format(name=name))
    predicted = getattr(value, "target", None)
    columns = tuple(Feature(str(feature), "") for feature in features)
    shown = f"{value.__module__}.{name}"
    card = describe_answers(shown, str(predicted) if predicted else None, columns, classes, {}, None, ())
    code_of(target, terms)  # that it is the project's is known before anything is written
    return answering(value, target, classes), replace(card, flavor=NAME)


def answering(function: Callable[..., Any], target: str, classes: tuple[Json, ...] | None) -> Answering:
    """The function as an estimator."""
    return AnsweringClasses(function, target, classes) if classes else Answering(function, target)


def code_of(target: str, terms: Terms) -> str:
    """The digest of all code of the project that a function reaches. Raises StageFailed where it is not there."""
    module = target.partition(":")[0]
    if terms.project is None:
        raise StageFailed(f"the model is the function {target} of a project", "run the command inside that project")
    project = Project(terms.project)
    try:
        if project.module(module) is None:
            raise StageFailed(
                f"the model is the function {target}, which is not in the project",
                "check out the code it was made with",
            )
        return hash_bytes(canonical(closure_of(project, target).code))
    except StageFailed:
        raise
    except UserError as error:
        raise StageFailed(f"the model is a function that is not there: {error}") from None


def write(estimator: Answering, card: Card, path: Path, terms: Terms) -> Card:
    """Write the name and the digest."""
    path.write_bytes(canonical(Named(estimator.target, code_of(estimator.target, terms))))
    return card


def read(path: Path, card: Card, terms: Terms) -> Any:
    """The function, imported from the project after its code was found to be the same. Raises StageFailed."""
    try:
        found = decode(content(path, MIB), Named)
    except BadRecord as error:
        raise refused(path, f"it is damaged ({error})") from None
    module, _, name = found.target.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), name]):
        raise refused(path, f"'{found.target[:80]}' is no name of a function")
    if code_of(found.target, terms) != found.code:
        raise StageFailed(
            f"the function {found.target} is not the one that this model was made of: its code has changed",
            "run the pipeline again, or check out the code it was made with",
        )
    importlib.invalidate_caches()
    function = import_callable(found.target, str(terms.project))
    return answering(function, found.target, card.classes or None)
