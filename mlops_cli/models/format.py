"""A model as a folder of files: written so that the same fit gives the same bytes, loaded without running its code.

model.json      the card: features, target, classes, parameters, libraries, and the flavor
estimator.*     the fitted estimator in the form of its flavor (see flavors/): no pickle, unless the project takes them
input.parquet   some rows of the data that it was fitted on: the first ones, and those with the extremes of each number
golden.json     what it said about them; checked again whenever the model is loaded
profile.json    what the features and its answers looked like (see profiles.py)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import BadRecord, Json, canonical, decode
from mlops_cli.models.card import Card
from mlops_cli.models.files import MIB, content, need_plain, refused
from mlops_cli.models.flavors import FLAVORS, pickled
from mlops_cli.models.flavors.base import Terms
from mlops_cli.models.model import Model
from mlops_cli.models.profiles import save_profile
from mlops_cli.tables.read import read_frame, write_table

if TYPE_CHECKING:
    import pandas as pd

CARD = "model.json"
INPUT = "input.parquet"
GOLDEN = "golden.json"
GOLDEN_ROWS = 8
MOST_GOLDEN = 64
LONGEST = 64 * MIB
"""Bytes of the card, of the golden rows and of the answers."""
CLOSE = 1e-6  # relative; a library's new version may change the last digits, never the answer


@dataclass(frozen=True)
class Golden:
    """What a model said about its golden rows when it was saved."""

    predictions: tuple[Json, ...]
    scores: tuple[Json, ...]
    format: int = 1


def save_model(
    model: Model,
    sample: pd.DataFrame | None,
    folder: Path,
    trust: Sequence[str] = (),
    *,
    project: Path | None = None,
    pickle: bool = False,
) -> Card:
    """Write a model; `sample` is what it was fitted on, with all its features (None: no golden rows, no profile).

    Gives the card as it was written. Raises StageFailed where the model cannot be kept."""
    terms = Terms(tuple(trust), project, pickle)
    folder.mkdir(parents=True, exist_ok=True)
    card = write_estimator(model, folder, terms)
    if sample is not None:
        rows = golden_rows(model.inputs(sample))
        why = save_profile(model, sample, folder)
        note = "" if why is None else f"no profile: {why}"
        card = replace(card, golden=len(rows), profiled=why is None, note=note)
        write_table(rows, folder / INPUT)
        (folder / GOLDEN).write_bytes(canonical(answers(model, read_frame(folder / INPUT))))
    (folder / CARD).write_bytes(canonical(card))
    if card.flavor not in ("sklearn", "pickle"):
        # It answers from another object than the one that was fitted: the golden rows tell whether it is the same.
        check_golden(Model(card, FLAVORS[card.flavor].read(folder / FLAVORS[card.flavor].FILE, card, terms), folder))
    return card


def write_estimator(model: Model, folder: Path, terms: Terms) -> Card:
    """The estimator's file. Where it has no safe form and the project takes pickles, it becomes one. StageFailed."""
    member = FLAVORS[model.card.flavor]
    try:
        return member.write(model.estimator, model.card, folder / member.FILE, terms)
    except StageFailed:
        if member.NAME != "sklearn" or not terms.pickle:
            raise
        return pickled.write(model.estimator, model.card, folder / pickled.FILE, terms)


def save_estimator(
    value: Any, folder: Path, trust: Sequence[str] = (), *, project: Path | None = None, pickle: bool = False
) -> Card:
    """Write what a function has returned as a model: a fitted estimator, a Booster, an ONNX graph, a function; without
    golden rows, and with no target of its own.

    Raises StageFailed where it is no model, or does not know the names of its features.
    """
    terms = Terms(tuple(trust), project, pickle)
    member = next((member for member in FLAVORS.values() if member.takes(value)), FLAVORS["sklearn"])
    estimator, card = member.settle(value, terms)
    return save_model(Model(card, estimator), None, folder, trust, project=project, pickle=pickle)


def load_model(folder: Path, trust: Sequence[str] = (), *, project: Path | None = None, pickle: bool = False) -> Model:
    """Read a model back and check that it still says what it said; raises StageFailed where it cannot be trusted.

    `trust`: types that its file may hold besides ours. `project`: where the functions are that may be models.
    `pickle`: whether the project takes pickles; `Model.notes` says so of one."""
    card = read_card(folder)
    member = FLAVORS[card.flavor]
    estimator = member.read(folder / member.FILE, card, Terms(tuple(trust), project, pickle))
    model = Model(card, estimator, folder)
    check_golden(model)
    return model


def read_card(folder: Path) -> Card:
    """The card of a model, without loading the model. Raises StageFailed."""
    path = folder / CARD
    if not path.exists():
        raise StageFailed(f"'{folder.name}' is not a model: it has no {CARD}", "models are made by 'fit' stages")
    try:
        card = decode(content(path, LONGEST), Card)
    except (BadRecord, RecursionError) as error:
        raise StageFailed(f"'{folder.name}/{CARD}' is damaged: {error}") from None
    if not 0 <= card.golden <= MOST_GOLDEN:
        raise StageFailed(f"'{folder.name}/{CARD}' is damaged: it cannot have {card.golden:,} golden rows")
    return card


def golden_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The first rows, and for each number the rows where it is least and greatest, while there is room."""
    kept = dict.fromkeys(range(min(GOLDEN_ROWS, len(rows))))
    for name in rows.columns:
        column = rows[name]
        if column.dtype.kind in "iufb" and column.notna().any():
            values = column.to_numpy()
            kept |= dict.fromkeys([int(np.nanargmin(values)), int(np.nanargmax(values))])
    return rows.iloc[list(kept)[:MOST_GOLDEN]].reset_index(drop=True)


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
        saved = decode(content(folder / GOLDEN, LONGEST), Golden)
        need_rows(folder / INPUT, model.card.golden)
    except (StageFailed, BadRecord) as error:
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


def need_rows(path: Path, count: int) -> None:
    """Raises StageFailed unless a Parquet file is a plain one with so many rows."""
    need_plain(path, LONGEST)
    try:
        found = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refused(path, f"it is damaged ({error})") from None
    if found != count:
        raise refused(path, f"it has {found:,} rows, and the card of the model says {count:,}")
