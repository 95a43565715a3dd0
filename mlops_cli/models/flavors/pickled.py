"""A pickle: whoever wrote it may run anything when it is loaded. Only where the project says `pickle: allow`."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.card import Card
from mlops_cli.models.cards import describe_estimator
from mlops_cli.models.files import content
from mlops_cli.models.flavors.base import Terms
from mlops_cli.models.model import first_line

NAME: Final[Literal["pickle"]] = "pickle"
FILE = "estimator.pkl"


def takes(value: Any) -> bool:
    """Nothing by itself: an estimator becomes a pickle where it has no safe form and the project takes pickles."""
    del value
    return False


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A fitted estimator as it is. Raises StageFailed where the project takes no pickles."""
    refuse_pickle(terms)
    return value, replace(describe_estimator(value), flavor=NAME)


def write(estimator: Any, card: Card, path: Path, terms: Terms) -> Card:
    """Write the pickle."""
    refuse_pickle(terms)
    try:
        path.write_bytes(pickle.dumps(estimator, protocol=5))
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise StageFailed(f"the model cannot be pickled: {first_line(error)}") from None
    return replace(card, flavor=NAME)


def read(path: Path, card: Card, terms: Terms) -> Any:
    """Run the pickle, where the project takes them. Raises StageFailed."""
    refuse_pickle(terms)
    try:
        return pickle.loads(content(path))
    except (pickle.UnpicklingError, ImportError, AttributeError, EOFError, ValueError, TypeError, KeyError) as error:
        raise StageFailed(f"the model {card.estimator} cannot be unpickled: {first_line(error)}") from None


def refuse_pickle(terms: Terms) -> None:
    """Raises StageFailed unless the project takes pickles."""
    if not terms.pickle:
        raise StageFailed(
            "the model is a pickle, which would run its own code when it is loaded",
            "keep it in another form; where you trust everybody who can write it, add to mlops.yaml: pickle: allow",
        )
