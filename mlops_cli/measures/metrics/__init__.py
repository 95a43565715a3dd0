"""Model metrics by name."""

from __future__ import annotations

from mlops_cli.measures.metrics.classes import (
    METRICS,
    Undefined,
    all_values,
    ratio,
    unable,
    unusable,
    value_of,
    why_undefined,
)

__all__ = ["METRICS", "Undefined", "all_values", "ratio", "unable", "unusable", "value_of", "why_undefined"]
