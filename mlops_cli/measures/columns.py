"""Columns of a table as simple models and trees read them: numbers, moments in days, or numbered words."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlops_cli.measures.predictions import Array, Floats
from mlops_cli.measures.slices import plain

if TYPE_CHECKING:
    import pandas as pd

Kind: TypeAlias = Literal["number", "moment", "word"]
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, eq=False)
class Column:
    """The n values of one column. Of numbers and moments (days since 1970, UTC) `numbers` has shape (n,), NaN where
    there is no finite value; of words `codes` has shape (n,), places in `words`, -1 where there is no value."""

    name: str
    kind: Kind
    numbers: Floats
    codes: Array
    words: tuple[str, ...] = ()

    @property
    def missing(self) -> Array:
        """Which rows have no value, shape (n,)."""
        return self.codes < 0 if self.kind == "word" else np.isnan(self.numbers)

    def part(self, rows: slice) -> Column:
        """Some of the rows."""
        return replace(self, numbers=self.numbers[rows], codes=self.codes[rows])

    def common(self, most: int, least: int = 1) -> list[int]:
        """The places of the `most` commonest words that stand in at least `least` rows, commonest first."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))
        order = np.argsort(-counts, kind="stable")[:most]
        return [int(code) for code in order if counts[code] >= least]


def read_columns(frame: pd.DataFrame, names: Sequence[str]) -> list[Column]:
    """The readable ones of the named columns, in their order; names that the frame lacks are left out."""
    there = {str(name): at for at, name in enumerate(frame.columns)}
    found = (read_column(frame.iloc[:, there[name]], name) for name in names if name in there)
    return [column for column in found if column is not None]


def read_column(values: pd.Series[Any], name: str) -> Column | None:
    """One column; None where its values are neither numbers, moments nor words (lists, complex numbers, ...)."""
    import pandas as pd

    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return read_column(values.astype(kind.categories.dtype if len(kind.categories) else object), name)
    if pd.api.types.is_complex_dtype(kind):
        return None
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        return numbered(name, "number", values.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_datetime64_any_dtype(kind):
        return numbered(name, "moment", days(values))
    if pd.api.types.is_timedelta64_dtype(kind):
        return numbered(name, "number", values.dt.total_seconds().to_numpy(dtype=np.float64) / 86_400)
    return objects(values, name)


def numbered(name: str, kind: Literal["number", "moment"], found: Floats) -> Column:
    """A column of numbers; infinite ones are no values."""
    return Column(name, kind, np.where(np.isfinite(found), found, np.nan), np.zeros(0, dtype=np.int64))


def objects(values: pd.Series[Any], name: str) -> Column | None:
    """A column of Python values: all numbers, all moments, or words."""
    import pandas as pd

    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # values that have no hash, such as lists
        return None
    known = list(distinct)
    if known and all(isinstance(value, numbers.Number) and not isinstance(value, bool) for value in known):
        if any(isinstance(value, complex) for value in known):
            return None
        return numbered(name, "number", spread(np.asarray([float(value) for value in known]), codes))
    if known and all(isinstance(value, datetime.date) for value in known):
        return numbered(name, "moment", spread(days(pd.Series(pd.to_datetime(pd.Series(known), utc=True))), codes))
    texts = [plain(value) for value in known]
    words = sorted(set(texts))
    place = {word: at for at, word in enumerate(words)}
    renumbered = np.asarray([place[text] for text in texts] + [-1], dtype=np.int64)
    return Column(name, "word", np.zeros(0), renumbered[codes], tuple(words))


def spread(distinct: Floats, codes: Array) -> Floats:
    """Values by their numbers; NaN for the number -1."""
    return np.asarray(np.append(distinct, np.nan)[codes])


def days(values: pd.Series[Any]) -> Floats:
    """Moments as days since 1970 in UTC (moments without a zone are taken for UTC), NaN where there is none."""
    import pandas as pd

    utc = pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(utc), np.nan, utc.astype(np.int64) / DAY)
