"""A value that came into few rows is named, though others moved further by chance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary
from mlops_cli.measures.values import values_of
from mlops_cli.reports.moves import move


def column(values: np.ndarray) -> ColumnSummary:
    return summarise(values_of("humidity", pa.array(values), None, textual=False, times=False))


def test_zeros_of_a_dead_sensor_are_named_beside_coarse_numbers() -> None:
    source = np.random.default_rng(3)
    coarse = np.array([0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0])
    old, new = source.choice(coarse, 700), source.choice(coarse, 730)
    new[:22] = 0.0
    assert move(column(new), column(old), 0.001).changes[0] == "new '0' 3.0%"
