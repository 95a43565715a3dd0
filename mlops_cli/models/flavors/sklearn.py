"""scikit-learn estimators, and what follows their protocol: a skops archive in canonical bytes, no pickle."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.archive import inspect_archive
from mlops_cli.models.canonical import canonical_archive
from mlops_cli.models.card import Card
from mlops_cli.models.cards import describe_estimator
from mlops_cli.models.files import content, refused
from mlops_cli.models.flavors.base import Terms, short
from mlops_cli.models.model import first_line
from mlops_cli.models.trust import refuse_unknown

NAME: Final[Literal["sklearn"]] = "sklearn"
FILE = "estimator.skops"


def takes(value: Any) -> bool:
    """Whatever has `predict`, and is not of a flavor before this one."""
    return not isinstance(value, type) and hasattr(value, "predict")


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A fitted estimator as it is. Raises StageFailed where it does not know its features."""
    del terms
    return value, describe_estimator(value)


def write(estimator: Any, card: Card, path: Path, terms: Terms) -> Card:
    """Write the archive; the card lists the types in it that skops does not trust by itself. Raises StageFailed."""
    archive = dump(estimator, card.estimator)
    unknown = untrusted(archive)
    refuse_unknown([*unknown, *inspect_archive(path, archive)], terms.trust, f"the model {short(card.estimator)}")
    path.write_bytes(archive)
    return replace(card, types=tuple(sorted(unknown)))


def read(path: Path, card: Card, terms: Terms) -> Any:
    """The estimator in an archive whose every type is trusted. Raises StageFailed."""
    archive = content(path)
    subject = f"the model {short(card.estimator)}"
    refuse_unknown(inspect_archive(path, archive), terms.trust, subject)
    try:
        unknown = untrusted(archive)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise refused(path, f"skops cannot read it ({first_line(error)})") from None
    refuse_unknown(unknown, terms.trust, subject)
    return load(archive, unknown, card)


def dump(estimator: Any, name: str) -> bytes:
    """The estimator in canonical bytes. Raises StageFailed where a part of it has no safe form."""
    skops = importlib.import_module("skops.io")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return canonical_archive(skops.dumps(estimator))
    except (
        TypeError,
        ValueError,
        AttributeError,
        NotImplementedError,
        skops.exceptions.UnsupportedTypeException,
    ) as error:
        raise StageFailed(
            f"the model {short(name)} cannot be saved safely: {first_line(error)}",
            "use estimators and functions that can be imported by name; lambdas and local functions cannot",
        ) from None


def load(archive: bytes, trusted: list[str], card: Card) -> Any:
    """The estimator in an archive whose types have been accepted."""
    skops = importlib.import_module("skops.io")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return skops.loads(archive, trusted=trusted)
    except (ImportError, AttributeError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise StageFailed(
            f"the model {short(card.estimator)} cannot be loaded: {first_line(error)}",
            "the code and libraries that it was made with must be importable",
        ) from None


def untrusted(archive: bytes) -> list[str]:
    """The types in an archive that skops does not trust by itself."""
    skops = importlib.import_module("skops.io")
    found: list[str] = skops.get_untrusted_types(data=archive)
    return found
