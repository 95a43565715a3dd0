"""What forecasts are measured against: the naive forecast, which says what was there one season before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.predictions import Floats
from mlops_cli.spec.validation import Forecast
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd


def naive_scale(train: pd.DataFrame, test: pd.DataFrame, target: str, forecast: Forecast) -> Floats:
    """For each row of `test` the mean absolute error that the seasonal naive forecast makes on the training rows of its
    series, shape (n,): the denominator of MASE (Hyndman and Koehler 2006, "Another look at measures of forecast
    accuracy", equation 3.1 and its seasonal form).

    NaN for a series that has no season before it in the training data, or that never changes. Raises StageFailed for
    missing columns and a target that is no number.
    """
    import pandas as pd

    wanted = [forecast.time, *([forecast.series] if forecast.series is not None else [])]
    need_columns([str(name) for name in train.columns], [target, *wanted], "the training data")
    need_columns([str(name) for name in test.columns], wanted, "the data")
    if not pd.api.types.is_numeric_dtype(train[target].dtype):
        raise StageFailed(f"the target '{target}' is not a number in the training data", "a forecast is of numbers")
    ordered = train.sort_values(forecast.time, kind="stable")
    values = ordered[target].astype("float64")
    if forecast.series is None:
        found = float((values - values.shift(forecast.season)).abs().mean())
        return np.full(len(test), found if found > 0 else np.nan)
    series = ordered[forecast.series]
    errors = (values - values.groupby(series, sort=False).shift(forecast.season)).abs()
    scales = errors.groupby(series, sort=False).mean()
    scales = scales.where(scales > 0)
    return np.asarray(test[forecast.series].map(scales), dtype=np.float64)
