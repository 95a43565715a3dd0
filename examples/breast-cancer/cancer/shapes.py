"""Numbers about outlines."""

from __future__ import annotations

import math

import pandas as pd


def irregularity(perimeter: pd.Series, area: pd.Series) -> pd.Series:
    """How much longer an outline is than that of a circle of the same area: 1 for a circle, more for ragged ones."""
    return perimeter**2 / (4 * math.pi * area)


def diameter(area: pd.Series) -> pd.Series:
    """The diameter of the circle with this area. No stage uses it: editing it re-runs nothing."""
    return 2 * (area / math.pi) ** 0.5
