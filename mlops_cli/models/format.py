"""A model as a folder of files: written so that the same fit gives the same bytes, loaded without running its code.

model.json       the card: features, target, classes, parameters, libraries
estimator.skops  the fitted estimator (see canonical.py), no pickle
input.parquet    up to eight rows of the data that it was fitted on
golden.json      what it said about them; checked again whenever the model is loaded
"""

from __future__ import annotations

import importlib
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import BadRecord, Json, canonical, decode
from mlops_cli.models.canonical import canonical_archive
from mlops_cli.models.cards import describe_estimator
from mlops_cli.models.model import Card, Model, first_line
from mlops_cli.models.trust import refuse_unknown
from mlops_cli.tables.read import read_frame, write_table

if TYPE_CHECKING:
    import pandas as pd

CARD = "model.json"
ESTIMATOR = "estimator.skops"
INPUT = "input.parquet"
GOLDEN = "golden.json"
GOLDEN_ROWS = 8
CLOSE = 1e-6  # relative; a library's new version may change the last digits, never the answer


@dataclass(frozen=True)
class Golden:
    """What a model said about its golden rows when it was saved."""

    predictions: tuple[Json, ...]
    scores: tuple[Json, ...]
    format: int = 1


def save_model(model: Model, sample: pd.DataFrame | None, folder: Path, trust: Sequence[str] = ()) -> None:
    """Write a model; `sample` has rows with all its features. Raises StageFailed where it cannot be kept."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = dump(model.estimator, model.card.estimator)
    unknown = untrusted(archive)
    refuse_unknown(unknown, trust, f"the model {short(model.card.estimator)}")
    rows = None if sample is None else model.inputs(sample).head(GOLDEN_ROWS).reset_index(drop=True)
    card = replace(model.card, types=tuple(sorted(unknown)), golden=0 if rows is None else len(rows))
    (folder / CARD).write_bytes(canonical(card))
    (folder / ESTIMATOR).write_bytes(archive)
    if rows is not None:
        write_table(rows, folder / INPUT)
        golden = answers(model, read_frame(folder / INPUT))
        (folder / GOLDEN).write_bytes(canonical(golden))


def save_estimator(estimator: Any, folder: Path, trust: Sequence[str] = ()) -> None:
    """Write a fitted estimator that a function has returned: without golden rows, and with no target of its own.

    Raises StageFailed where it is not fitted on a frame, so that the names of its features are not known.
    """
    save_model(Model(describe_estimator(estimator), estimator), None, folder, trust)


def load_model(folder: Path, trust: Sequence[str] = ()) -> Model:
    """Read a model back and check that it still says what it said; raises StageFailed where it cannot be trusted."""
    card = read_card(folder)
    path = folder / ESTIMATOR
    try:
        archive = path.read_bytes()
        unknown = untrusted(archive)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise StageFailed(f"the model file '{path.name}' cannot be read: {first_line(error)}") from None
    refuse_unknown(unknown, trust, f"the model {short(card.estimator)}")
    model = Model(card, load(archive, unknown, card), folder)
    check_golden(model)
    return model


def read_card(folder: Path) -> Card:
    """The card of a model, without loading the model. Raises StageFailed."""
    path = folder / CARD
    try:
        return decode(path.read_bytes(), Card)
    except OSError:
        raise StageFailed(
            f"'{folder.name}' is not a model: it has no {CARD}", "models are made by 'fit' stages"
        ) from None
    except BadRecord as error:
        raise StageFailed(f"'{folder.name}/{CARD}' is damaged: {error}") from None


def answers(model: Model, rows: pd.DataFrame) -> Golden:
    """What the model says about rows, as plain data."""
    predictions: list[Json] = model.predict(rows).tolist()
    scores: list[Json] = model.score(rows).tolist()
    return Golden(tuple(predictions), tuple(scores))


def check_golden(model: Model) -> None:
    """Raises StageFailed where a loaded model says something else about its golden rows than when it was saved."""
    folder = model.folder
    if folder is None or not model.card.golden:
        return
    try:
        saved = decode((folder / GOLDEN).read_bytes(), Golden)
    except (OSError, BadRecord) as error:
        raise StageFailed(f"the golden rows of the model cannot be read: {error}") from None
    said = answers(model, read_frame(folder / INPUT))
    if not (same(saved.predictions, said.predictions) and same(saved.scores, said.scores)):
        made = ", ".join(f"{name} {version}" for name, version in sorted(model.card.libraries.items()))
        raise StageFailed(
            "the model says something else about its golden rows than when it was made",
            f"it was made with {made}: install these versions, or fit it again",
        )


def same(saved: Sequence[Json], said: Sequence[Json]) -> bool:
    """Whether two columns of answers agree, numbers up to rounding."""
    left, right = (np.asarray([np.nan if value is None else value for value in side]) for side in (saved, said))
    if left.shape != right.shape:
        return False
    if np.issubdtype(left.dtype, np.number) and np.issubdtype(right.dtype, np.number):
        return bool(np.allclose(left.astype(float), right.astype(float), rtol=CLOSE, atol=CLOSE, equal_nan=True))
    return bool(np.array_equal(left.astype(str), right.astype(str)))


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


def load(archive: bytes, trusted: Sequence[str], card: Card) -> Any:
    """The estimator in an archive whose types have been accepted."""
    skops = importlib.import_module("skops.io")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return skops.loads(archive, trusted=list(trusted))
    except (ImportError, AttributeError, TypeError, ValueError, KeyError) as error:
        raise StageFailed(
            f"the model {short(card.estimator)} cannot be loaded: {first_line(error)}",
            "the code and libraries that it was made with must be importable",
        ) from None


def untrusted(archive: bytes) -> list[str]:
    """The types in an archive that skops does not trust by itself."""
    skops = importlib.import_module("skops.io")
    found: list[str] = skops.get_untrusted_types(data=archive)
    return found


def short(name: str) -> str:
    """The class name at the end of a qualified name."""
    return name.rpartition(".")[2]
