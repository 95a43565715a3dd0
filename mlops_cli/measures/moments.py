"""A column that says when its rows happened, as whole numbers that can be compared."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.predictions import Array

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Moments:
    """When n rows happened: numbers as they are, moments as microseconds since 1970 (UTC; without a zone they are taken
    for UTC). `values` mean something only where `known`, both of shape (n,)."""

    kind: Literal["number", "moment"]
    values: Array
    known: Array


def moments(values: pd.Series[Any], subject: str) -> Moments:
    """The column as moments: numbers, dates, timestamps with any zones, or texts in ISO 8601. Raises StageFailed with
    the first value that is none of these."""
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    kind = values.dtype
    missing = values.isna().to_numpy()
    if missing.all():
        return Moments("number", np.zeros(len(values)), ~missing)
    types = pd.api.types
    if types.is_bool_dtype(kind) or types.is_timedelta64_dtype(kind) or types.is_complex_dtype(kind):
        raise StageFailed(f"'{values.name}' in {subject} does not say when a row happened", "name a column of time")
    if pd.api.types.is_numeric_dtype(kind):
        whole = kind.kind in "iu" and not missing.any()
        numbers = values.to_numpy() if whole else values.to_numpy(dtype=np.float64, na_value=np.nan)
        return Moments("number", numbers, ~missing)
    if not pd.api.types.is_datetime64_any_dtype(kind):
        return Moments("moment", parsed(values, subject).astype(np.int64), ~missing)
    utc = pd.to_datetime(values, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return Moments("moment", utc.astype(np.int64), ~missing)


def parsed(values: pd.Series[Any], subject: str) -> Array:
    """Texts in ISO 8601 and Python's dates as microseconds, each distinct one read once."""
    import pandas as pd

    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # values that have no hash, such as lists
        raise StageFailed(f"'{values.name}' in {subject} has lists or records", "name a column of time") from None
    known = [value for value in distinct if isinstance(value, str | datetime.date)]
    odd: list[object] = [value for value in distinct if not isinstance(value, str | datetime.date)]
    texts = [value if isinstance(value, str) else value.isoformat() for value in known]
    found = pd.to_datetime(pd.Series(texts, dtype=object), utc=True, format="ISO8601", errors="coerce")
    odd += [value for value, bad in zip(known, found.isna(), strict=True) if bad]
    if odd:
        raise StageFailed(
            f"'{values.name}' in {subject} has '{odd[0]}', which is not a moment",
            "write dates as 2026-03-01, timestamps as 2026-03-01T12:30:00Z",
        )
    stamps = found.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.append(stamps, np.datetime64("NaT", "us"))[codes]
