"""Cutting rows into slices: by the values of a column, by half-open bins of its numbers, or by several at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mlops_cli.base.errors import StageFailed
from mlops_cli.spec.validation import Slice
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

MOST = 200
NULL = "null"
Numbers: TypeAlias = "npt.NDArray[np.int64]"


@dataclass(frozen=True)
class Part:
    """The rows of one slice: a label such as `age=[30, 60)`, and their numbers in ascending order, shape (k,)."""

    column: str
    label: str
    rows: Numbers


@dataclass(frozen=True)
class Cut:
    """One column cut up: the label of each part, and for each row the number of its part, shape (n,)."""

    column: str
    labels: tuple[str, ...]
    codes: Numbers


def cut(frame: pd.DataFrame, slices: Sequence[Slice], crossed: Sequence[Sequence[Slice]] = ()) -> list[Part]:
    """The parts of every slice, then of every crossing, in a fixed order and with labels that differ; those of a
    crossing that hold no row are left out. Raises StageFailed for a missing column, a column that cannot be cut so, or
    more than 200 parts."""
    wanted = [item.column for group in (slices, *crossed) for item in group]
    need_columns([str(name) for name in frame.columns], wanted, "the data to slice")
    cuts = {item: codes_of(frame[item.column], item) for item in dict.fromkeys(itertools.chain(slices, *crossed))}
    parts: list[Part] = []
    for item in dict.fromkeys(slices):
        parts += parts_of(cuts[item], empty=True)
    for group in crossed:
        parts += parts_of(crossing([cuts[item] for item in group]), empty=False)
    return told_apart(parts)


def told_apart(parts: Sequence[Part]) -> list[Part]:
    """The same parts, each with a label of its own: `c` in a column `a=b` and `b=c` in a column `a` read alike, and
    whoever keeps something of a part keeps it by its label."""
    taken: set[str] = set()
    found: list[Part] = []
    for part in parts:
        label = part.label
        for number in itertools.count(2):
            if label not in taken:
                break
            label = f"{part.label} ({number})"
        taken.add(label)
        found.append(replace(part, label=label))
    return found


def parts_of(found: Cut, *, empty: bool) -> list[Part]:
    """The rows of each part; `empty`: also of bins without rows."""
    order = np.argsort(found.codes, kind="stable")
    ends = np.cumsum(np.bincount(found.codes, minlength=len(found.labels)))
    rows = np.split(order, ends[:-1]) if len(ends) else []
    parts = [Part(found.column, label, members) for label, members in zip(found.labels, rows, strict=True)]
    return [part for part in parts if empty or len(part.rows)]


def crossing(cuts: Sequence[Cut]) -> Cut:
    """Several cuts at once: a part for each combination that there is. Raises StageFailed for more than 200."""
    codes = np.zeros(len(cuts[0].codes), dtype=np.int64)
    for one in cuts:
        codes = codes * len(one.labels) + one.codes
    present, numbers = np.unique(codes, return_inverse=True)
    column = " & ".join(one.column for one in cuts)
    if len(present) > MOST:
        raise StageFailed(f"the crossed slice '{column}' has {len(present):,} parts", "cross fewer or coarser slices")
    labels = []
    for code in present.tolist():
        words: list[str] = []
        for one in reversed(cuts):
            code, at = divmod(code, max(len(one.labels), 1))
            words.insert(0, one.labels[at])
        labels.append(" & ".join(words))
    return Cut(column, tuple(labels), numbers)


def codes_of(column: pd.Series[Any], item: Slice) -> Cut:
    """One column cut as its slice says."""
    return by_values(column, item.column) if item.edges is None else by_bins(column, item.column, item.edges)


def by_values(column: pd.Series[Any], name: str) -> Cut:
    """A part for each value; rows without one are the part `null`. Raises StageFailed for lists and structs."""
    import pandas as pd

    try:
        codes, distinct = pd.factorize(column)
    except TypeError:
        raise StageFailed(f"the slice '{name}' has lists or structs", "slice by a column of plain values") from None
    if len(distinct) <= 2 * MOST:  # values that read alike (1 and 1.0 in a mixed column) are one part
        texts = [worded(value) for value in distinct.tolist()]
        values = sorted(set(texts), key=numerically)
    if len(distinct) > 2 * MOST or len(values) > MOST:
        numeric = pd.api.types.is_numeric_dtype(column.dtype)
        hint = f"cut it into bins: {{{name}: [0, 10, 100]}}" if numeric else "group its values in a column of their own"
        raise StageFailed(f"the slice '{name}' has {len(distinct):,} values", hint)
    place = {text: at for at, text in enumerate(values)}
    numbers = np.asarray([*(place[text] for text in texts), len(values)], dtype=np.int64)[codes]  # -1 is the last one
    missing = bool((codes < 0).any())
    labels = [f"{name}={value}" for value in values] + ([f"{name}={NULL}"] if missing else [])
    return Cut(name, tuple(labels), numbers)


def by_bins(column: pd.Series[Any], name: str, edges: Sequence[float]) -> Cut:
    """A part for each bin [a, b); rows outside all bins, or without a value, are parts of their own."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise StageFailed(
            f"the slice '{name}' has bins, and its column is not a number", f"slice by its values: {name}"
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    bins = len(edges) - 1
    numbers = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="right") - 1
    outside = (numbers < 0) | (numbers >= bins)
    missing = np.isnan(values)
    labels = [f"{name}=[{plain(low)}, {plain(high)})" for low, high in pairwise(edges)]
    numbers = np.where(outside, bins, numbers)
    if (outside & ~missing).any():
        labels.append(f"{name}=outside")
    if missing.any():
        numbers = np.where(missing, len(labels), numbers)
        labels.append(f"{name}={NULL}")
    return Cut(name, tuple(labels), numbers.astype(np.int64))


def worded(value: object) -> str:
    """A value as it stands in the label of its part: the text `null` is quoted, as no value at all is `null`."""
    return f"'{value}'" if isinstance(value, str) and value.strip("'") == NULL else plain(value)


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
