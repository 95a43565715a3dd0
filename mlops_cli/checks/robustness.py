"""How much worse a model gets when its inputs are spoilt: a feature without values, noise, a word never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.estimates import Estimate, difference
from mlops_cli.measures.halving import SEED, sampled
from mlops_cli.measures.predictions import Predictions
from mlops_cli.spec.validation import Check, Probe
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

ROWS = 20_000
"""How many rows a model is asked about again at most."""
UNSEEN = "never seen before"
Typed: TypeAlias = "tuple[str, str]"
"""A feature and its pandas type, as the model was fitted on it."""


@dataclass(frozen=True)
class Drop:
    """What one way to spoil the inputs does to one metric."""

    label: str
    """What was spoilt: `age missing`, `noise 10%`, `plan unseen`."""
    estimate: Estimate | None
    """How much is lost: above 0 the spoilt rows are answered worse. None where the model refuses them, or where the
    metric has no value."""
    fault: str | None = None
    """Why the model gives no answers for such rows."""


def drops(
    check: Check,
    ask: Callable[[pd.DataFrame], Predictions],
    frame: pd.DataFrame,
    base: Predictions,
    features: Sequence[Typed],
    confidence: float,
) -> list[Drop]:
    """What the check's probe does to its measure, once for each spoilt frame; none where no feature can be spoilt so.

    `frame` has the rows of `base` with all that `ask` needs; at most 20,000 of them are asked about again.
    """
    assert check.probe is not None
    chosen = [item for item in features if not check.columns or item[0] in check.columns]
    need_columns([name for name, _ in features], check.columns, "the model's features")
    rows = sampled(len(base), ROWS)
    some = np.zeros(len(base), dtype=bool)
    some[rows] = True
    before = base.where(some)
    found = []
    for label, spoilt in probe(check.probe, frame.iloc[rows], chosen, check.amount):
        try:
            after = ask(spoilt)
        except StageFailed as error:
            found.append(Drop(label, None, str(error)))
            continue
        found.append(Drop(label, difference(check.measure, before, after, confidence)))
    return found


def probe(
    kind: Probe, frame: pd.DataFrame, features: Sequence[Typed], amount: float = 0.0, seed: int = SEED
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Spoilt copies of the frame, each with its label: `missing` and `unseen` one for each feature (of words), `noise`
    one with all numbers moved. Raises StageFailed for a feature that the frame lacks."""
    need_columns([str(name) for name in frame.columns], [name for name, _ in features], "the data")
    if kind == "noise":
        yield from noisy(frame, features, amount, seed)
        return
    spoil = emptied if kind == "missing" else estranged
    for name, _ in features:
        column = spoil(frame[name])
        if column is not None:
            yield f"{name} {kind}", with_columns(frame, {name: column})


def with_columns(frame: pd.DataFrame, columns: dict[str, pd.Series[Any]]) -> pd.DataFrame:
    """A copy with other columns, in the same order."""
    copy = frame.copy(deep=False)
    for name, values in columns.items():
        copy[name] = values
    return copy


def emptied(values: pd.Series[Any]) -> pd.Series[Any]:
    """The column without any value, of the type that it has when a file holds such values: whole numbers become
    numbers, truth values objects."""
    import pandas as pd

    kind = values.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iuf":
        return pd.Series(np.nan, values.index, np.float32 if kind == np.float32 else np.float64, values.name)
    if isinstance(kind, np.dtype) and kind.kind == "b":
        return pd.Series(None, values.index, object, values.name)
    return pd.Series(None, values.index, kind, values.name)


def noisy(
    frame: pd.DataFrame, features: Sequence[Typed], amount: float, seed: int
) -> Iterator[tuple[str, pd.DataFrame]]:
    """All numbers moved by `amount` times their standard deviation times a normal draw; whole ones stay whole."""
    import pandas as pd

    generator = np.random.default_rng(seed)
    moved: dict[str, pd.Series[Any]] = {}
    for name, wanted in features:
        kind = frame[name].dtype
        if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind) or kind.kind == "c":
            continue
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        draws = generator.standard_normal(len(values))
        known = values[np.isfinite(values)]
        with np.errstate(over="ignore", invalid="ignore"):  # numbers near the largest double have no deviation
            deviation = float(np.std(known)) if len(known) else 0.0
        if not np.isfinite(deviation) or not deviation:
            continue
        spoilt = values + amount * deviation * draws
        whole = wanted.lower().startswith(("int", "uint"))
        if whole or kind.kind in "iu":
            spoilt = np.round(spoilt)
        moved[name] = fitting(spoilt, frame[name])
    if moved:
        yield f"noise {amount * 100:.4g}%", with_columns(frame, moved)


def fitting(spoilt: np.ndarray[Any, np.dtype[np.float64]], values: pd.Series[Any]) -> pd.Series[Any]:
    """Moved numbers in the type of the column, whole ones within its range."""
    import pandas as pd

    kind = values.dtype
    if kind.kind in "iu":
        bits = 8 * np.dtype(str(kind).lower().partition("[")[0]).itemsize - int(kind.kind == "i")
        spoilt = np.clip(spoilt, -(2.0**bits) if kind.kind == "i" else 0.0, np.nextafter(2.0**bits, 0.0) // 1)
    return pd.Series(spoilt, values.index, name=values.name).astype(kind)


def estranged(values: pd.Series[Any]) -> pd.Series[Any] | None:
    """The column of words with a word in every row that is in none; None for a column of anything else."""
    import pandas as pd

    kind = values.dtype
    texts = values.astype(kind.categories.dtype) if isinstance(kind, pd.CategoricalDtype) else values
    if not (pd.api.types.is_string_dtype(texts.dtype) or pd.api.types.is_object_dtype(texts.dtype)):
        return None
    there = texts.dropna().tolist()
    if not there or any(not isinstance(value, str) for value in there):
        return None
    known = set(there)
    if isinstance(kind, pd.CategoricalDtype):
        known |= set(kind.categories)
    word = UNSEEN
    while word in known:
        word += "!"
    made = pd.Series(word, values.index, texts.dtype, values.name)
    return made.astype(pd.CategoricalDtype([*kind.categories, word])) if isinstance(kind, pd.CategoricalDtype) else made
