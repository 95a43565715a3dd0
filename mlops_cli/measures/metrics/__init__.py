"""Model metrics by name, one family: `base` is the contract, `table` the list of all, `asking` what others call."""

from __future__ import annotations

from mlops_cli.measures.metrics.asking import Undefined, all_values, unable, unusable, value_of, why_undefined
from mlops_cli.measures.metrics.base import Metric, Parts, ratio
from mlops_cli.measures.metrics.table import METRICS

__all__ = [
    "METRICS",
    "Metric",
    "Parts",
    "Undefined",
    "all_values",
    "ratio",
    "unable",
    "unusable",
    "value_of",
    "why_undefined",
]
