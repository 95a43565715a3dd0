"""Cutting rows into slices: by the values of a column, or by half-open bins of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.predictions import Array
from mlops_cli.spec.validation import Slice
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

MOST = 200


@dataclass(frozen=True)
class Part:
    """The rows of one slice: a label such as `age=[30, 60)`, and a mask of shape (n,)."""

    column: str
    label: str
    mask: Array


def cut(frame: pd.DataFrame, slices: Sequence[Slice]) -> list[Part]:
    """The parts of every slice, in a fixed order. Raises StageFailed for a missing column, a column that cannot be
    binned, or more than 200 values."""
    need_columns([str(name) for name in frame.columns], [item.column for item in slices], "the data to slice")
    parts: list[Part] = []
    for item in slices:
        column = frame[item.column]
        parts += by_values(column, item.column) if item.edges is None else by_bins(column, item.column, item.edges)
    return parts


def by_values(column: pd.Series[Any], name: str) -> list[Part]:
    """A part for each value; rows without one are the part `null`."""
    missing = column.isna().to_numpy()
    texts = np.asarray([plain(value) for value in column.tolist()], dtype=object)
    texts[missing] = ""
    values = sorted({str(text) for text in texts[~missing]}, key=numerically)
    if len(values) > MOST:
        raise StageFailed(
            f"the slice '{name}' has {len(values):,} values", f"cut it into bins: {{{name}: [0, 10, 100]}}"
        )
    parts = [Part(name, f"{name}={value}", (texts == value) & ~missing) for value in values]
    return parts + ([Part(name, f"{name}=null", missing)] if missing.any() else [])


def by_bins(column: pd.Series[Any], name: str, edges: Sequence[float]) -> list[Part]:
    """A part for each bin [a, b); rows outside all bins, or without a value, are parts of their own."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise StageFailed(
            f"the slice '{name}' has bins, and its column is not a number", f"slice by its values: {name}"
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    parts = []
    for low, high in pairwise(edges):
        parts.append(Part(name, f"{name}=[{plain(low)}, {plain(high)})", (values >= low) & (values < high)))
    missing = np.isnan(values)
    outside = ~missing & ((values < edges[0]) | (values >= edges[-1]))
    parts += [Part(name, f"{name}=outside", outside)] if outside.any() else []
    return parts + ([Part(name, f"{name}=null", missing)] if missing.any() else [])


def plain(value: object) -> str:
    """A value as it stands in a label."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def numerically(text: str) -> tuple[int, float, str]:
    """Sorts numbers by size, before texts."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text
