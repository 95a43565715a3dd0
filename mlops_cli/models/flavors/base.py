"""The contract of a flavor: one form in which a fitted estimator is kept in a file."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.card import Card, Flavor


@dataclass(frozen=True)
class Terms:
    """What a project allows its model files, and where its code is. The file itself has no say in this."""

    trust: tuple[str, ...] = ()
    """Qualified names of types that model files may hold besides the built-in list."""
    project: Path | None = None
    """The project root; None: functions of a project cannot be models here."""
    pickle: bool = False
    """Whether pickles are taken."""


class Member(Protocol):
    """A module of `mlops_cli.models.flavors`, one for each flavor."""

    @property
    def NAME(self) -> Flavor:  # noqa: N802 - a constant of a module
        """The word in the card."""

    @property
    def FILE(self) -> str:  # noqa: N802
        """The file of the estimator in the model's folder."""

    @property
    def takes(self) -> Callable[[Any], bool]:
        """Whether an object that a function has returned is of this flavor."""

    @property
    def settle(self) -> Callable[[Any, Terms], tuple[Any, Card]]:
        """The estimator that answers (with `predict` over a frame, and `predict_proba` where it has probabilities),
        and its card. Raises StageFailed where its features or classes are not known."""

    @property
    def write(self) -> Callable[[Any, Card, Path, Terms], Card]:
        """Write a settled estimator to a path; equal estimators give equal bytes. Gives the card, completed. Raises
        StageFailed where it cannot be kept."""

    @property
    def read(self) -> Callable[[Path, Card, Terms], Any]:
        """The estimator in a file; nothing in the file is executed. Raises StageFailed where the file is damaged,
        hostile, or of another model than the card says."""


def library(name: str, extra: str, subject: str) -> ModuleType:
    """An optional library. Raises StageFailed with how to install it where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise
        raise StageFailed(f"{subject} needs {name}, which is not installed", f"pip install '{extra}'") from None


def named(estimator: Any) -> str:
    """The qualified name of an estimator's class."""
    kind = type(estimator)
    return f"{kind.__module__}.{kind.__qualname__}"


def short(name: str) -> str:
    """The class name at the end of a qualified name."""
    return name.rpartition(".")[2]
