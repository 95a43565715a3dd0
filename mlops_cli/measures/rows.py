"""Hashes of whole rows, equal for equal rows of two tables, whatever the types of their columns."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.moments import Moments, moments
from mlops_cli.measures.predictions import text_of

if TYPE_CHECKING:
    import pandas as pd

NONE = np.uint64(0x9E3779B97F4A7C15)
"""Of a missing value."""
EXACT = 2**53
"""Whole numbers up to this are exact as doubles."""


def row_hashes(
    first: pd.DataFrame, second: pd.DataFrame, columns: Sequence[str]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """A 64-bit hash of each row of both tables over the named columns, which both must have."""
    left, right = np.zeros(len(first), dtype=np.uint64), np.zeros(len(second), dtype=np.uint64)
    for name in columns:
        one, two = column_bits(first[name], second[name])
        left += one
        right += two
        mix(left)
        mix(right)
    return left, right


def mix(value: npt.NDArray[np.uint64]) -> None:
    """Spreads the bits of each number over all of them, in place (the finaliser of splitmix64; Steele, Lea and Flood,
    OOPSLA 2014), so that what is added next falls on a number that looks random."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)


def column_bits(first: pd.Series[Any], second: pd.Series[Any]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """64 bits for each value: of numbers by value, of moments by their time in UTC, of all else by text."""
    import pandas as pd

    sides, types = (first, second), pd.api.types
    numeric = [types.is_numeric_dtype(side.dtype) and not types.is_complex_dtype(side.dtype) for side in sides]
    if all(numeric):
        return number_bits(first), number_bits(second)
    timed = [types.is_datetime64_any_dtype(side.dtype) or bool(side.isna().all()) for side in sides]
    if any(timed) and all(at or not number for at, number in zip(timed, numeric, strict=True)):
        with contextlib.suppress(StageFailed):  # moments on one side and any other texts on the other: never equal
            return moment_bits(moments(first, "")), moment_bits(moments(second, ""))
    return text_bits(first), text_bits(second)


def number_bits(values: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Numbers as doubles, whole ones that no double holds by all their digits."""
    plain = values.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 becomes 0.0
    bits = plain.view(np.uint64)
    if values.dtype.kind in "iu" and bool((np.abs(plain) > EXACT).any()):
        exact = values.to_numpy(dtype=np.uint64 if values.dtype.kind == "u" else np.int64, na_value=0)
        size = exact if values.dtype.kind == "u" else np.abs(exact).view(np.uint64)
        lowest = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
        bits = np.where(size // lowest > EXACT, exact.view(np.uint64), bits)
    return np.where(np.isnan(plain), NONE, bits)


def moment_bits(values: Moments) -> npt.NDArray[np.uint64]:
    """Of the time in UTC."""
    return np.where(values.known, values.values.astype(np.int64).view(np.uint64), NONE)


def text_bits(values: pd.Series[Any]) -> npt.NDArray[np.uint64]:
    """Each distinct value is made a text once; 1, 1.0 and True are one text."""
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # values that have no hash, such as lists
        codes, distinct = pd.factorize(values.map(str, na_action="ignore"))
    hashed = pd.util.hash_array(np.asarray([text_of(value) for value in distinct], dtype=object), categorize=False)
    return np.append(hashed, NONE)[codes]
