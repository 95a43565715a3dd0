"""Slices of the rows of one part: by the values of a column, or by half-open bins of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.hashes import without_nulls
from mlops_cli.measures.slices import MOST, NULL, plain, worded
from mlops_cli.measures.tallies import plain_value
from mlops_cli.measures.values import Mask, Values, as_doubles
from mlops_cli.spec.validation import Slice


def cut_part(slices: Sequence[Slice], columns: Mapping[str, Values]) -> dict[str, Mask]:
    """Label -> rows, for every slice that the part has rows of. Raises StageFailed for more than 200 values, and for
    bins of a column without numbers."""
    found: dict[str, Mask] = {}
    for item in slices:
        values = columns.get(item.column)
        if values is not None:
            found.update(by_values(values) if item.edges is None else by_bins(values, item.edges))
    return found


def by_values(values: Values) -> dict[str, Mask]:
    """A slice for each value; rows without one are the slice `null`."""
    raw = values.raw if pa.types.is_dictionary(values.raw.type) else values.raw.dictionary_encode()
    codes = without_nulls(raw.indices, -1)
    used = np.unique(codes[~values.missing])
    if len(used) > MOST:
        hint = f"cut it into bins: {{{values.name}: [0, 10, 100]}}"
        raise StageFailed(f"the slice '{values.name}' has {len(used):,} values", hint)
    found: dict[str, Mask] = {}
    for code, item in zip(used.tolist(), raw.dictionary.take(pa.array(used)).to_pylist(), strict=True):
        rows = (codes == code) & ~values.missing
        label = f"{values.name}={worded(plain_value(item))}"
        found[label] = found[label] | rows if label in found else rows
    return {**found, **rest(values, values.missing, NULL)}


def by_bins(values: Values, edges: Sequence[float]) -> dict[str, Mask]:
    """A slice for each bin [a, b); rows outside all bins, or without a value, are slices of their own."""
    if values.typed is None or not values.numeric:
        if values.kind == "nothing":
            return rest(values, values.missing, NULL)
        hint = f"slice by its values: {values.name}"
        raise StageFailed(f"the slice '{values.name}' has bins, and its column is not a number", hint)
    numbers, present = as_doubles(values.typed), values.present
    found: dict[str, Mask] = {}
    for low, high in pairwise(edges):
        found[f"{values.name}=[{plain(low)}, {plain(high)})"] = (numbers >= low) & (numbers < high) & present
    inside = np.logical_or.reduce(list(found.values()))
    found = {label: rows for label, rows in found.items() if rows.any()}
    return {**found, **rest(values, present & ~inside, "outside"), **rest(values, ~present, NULL)}


def rest(values: Values, rows: Mask, word: str) -> dict[str, Mask]:
    """The slice of rows that have no place elsewhere, if there are any."""
    return {f"{values.name}={word}": rows} if rows.any() else {}
