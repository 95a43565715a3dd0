"""What the features and the model's own answers looked like when it was fitted: what monitoring compares with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import BadRecord, canonical, decode
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Numbers
from mlops_cli.measures.values import values_of
from mlops_cli.models.card import Card
from mlops_cli.models.files import MIB, content
from mlops_cli.models.model import Model, first_line
from mlops_cli.tables.formats.base import BadTable
from mlops_cli.tables.read import from_frame

if TYPE_CHECKING:
    import pandas as pd

PROFILE = "profile.json"
MOST_ROWS = 100_000
"""Rows that are looked at, evenly spaced over all of them."""
LONGEST = 200_000
"""Bytes of the file; what does not fit is left out, the widest columns first."""
FEWEST_STEPS, MOST_STEPS = 16, 256
STEP_BYTES, BESIDE = 32, 700
"""Bytes of a step and of what else a column's summary has, as JSON."""


@dataclass(frozen=True)
class ModelProfile:
    """`profile.json`. Summaries are of `rows` rows, evenly spaced over the `of` rows that the model was fitted on."""

    rows: int
    of: int
    features: tuple[ColumnSummary, ...]
    answers: tuple[ColumnSummary, ...]
    """`prediction`, and for a binary model `score`, the probability of its last class."""
    left_out: tuple[str, ...] = ()
    """Features whose summaries had no room."""
    format: int = 1


def profile_model(model: Model, frame: pd.DataFrame) -> ModelProfile:
    """The profile of a model over the rows that it was fitted on. Raises StageFailed where it cannot be made."""
    step = max(1, -(-len(frame) // MOST_ROWS))
    rows = model.inputs(frame.iloc[::step])
    answers: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {"prediction": model.predict(rows)}
    if model.card.task == "binary":
        answers["score"] = model.score(rows)
    features = columns_of(rows)
    steps = steps_for(len(features) + len(answers))
    found = ModelProfile(
        rows=len(rows),
        of=len(frame),
        features=tuple(summary(name, column, steps) for name, column in features.items()),
        answers=tuple(summary(name, pa.array(values.tolist()), steps) for name, values in answers.items()),
    )
    return fitting(found)


def columns_of(rows: pd.DataFrame) -> Mapping[str, pa.ChunkedArray]:
    """A frame's columns as Arrow's. Raises StageFailed where one has values of several types."""
    table = from_frame(rows.reset_index(drop=True), Path(PROFILE))
    return dict(zip(table.column_names, table.columns, strict=True))


def steps_for(columns: int) -> int:
    """How many steps each distribution may have, so that all have room."""
    return min(MOST_STEPS, max(FEWEST_STEPS, (LONGEST // columns - BESIDE) // STEP_BYTES))


def summary(name: str, column: pa.ChunkedArray | pa.Array, steps: int) -> ColumnSummary:
    """The summary of one column, with at most so many steps, and without the hashes that only merging needs. Raises
    StageFailed for a type of which none can be made."""
    try:
        found = summarise(values_of(name, column, None, textual=False))
        return replace(found, sketch=b"", numbers=coarse(found.numbers, steps), lengths=coarse(found.lengths, steps))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise StageFailed(f"the column '{name}' cannot be profiled: {first_line(error)}") from None


def coarse(numbers: Numbers | None, most: int) -> Numbers | None:
    """A distribution with at most so many steps, and equal mass between them."""
    if numbers is None or len(numbers.steps.values) <= most:
        return numbers
    steps = numbers.steps
    wanted = np.linspace(0.0, steps.count, most)
    kept = np.unique(np.clip(np.searchsorted(steps.upto, wanted, "left"), 0, len(steps.values) - 1))
    fewer = Steps(steps.values[kept], steps.below[kept], steps.upto[kept], False)
    return replace(numbers, packed=fewer.packed(), exact=False)


def fitting(profile: ModelProfile) -> ModelProfile:
    """The profile without the widest columns that make it longer than it may be."""
    sizes = {column.name: len(canonical(column)) for column in profile.features}
    room = LONGEST - len(canonical(profile)) + sum(sizes.values())
    left_out = set()
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(size for other, size in sizes.items() if other not in left_out) <= room - 4096:
            break
        left_out.add(name)
    kept = tuple(column for column in profile.features if column.name not in left_out)
    return ModelProfile(profile.rows, profile.of, kept, profile.answers, tuple(sorted(left_out)))


def save_profile(model: Model, frame: pd.DataFrame, folder: Path) -> str | None:
    """Write the profile; what is not there, and why, where it cannot be made."""
    try:
        (folder / PROFILE).write_bytes(canonical(profile_model(model, frame)))
    except (StageFailed, BadTable) as error:
        return str(error)
    return None


def read_profile(folder: Path, card: Card) -> ModelProfile | None:
    """The profile in a model's folder; None where the card says that there is none. Raises StageFailed."""
    if not card.profiled:
        return None
    try:
        return decode(content(folder / PROFILE, 16 * MIB), ModelProfile)
    except BadRecord as error:
        raise StageFailed(f"the profile of the model is damaged: {error}") from None
