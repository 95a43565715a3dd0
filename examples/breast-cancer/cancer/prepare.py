"""From raw samples to the table that models learn from."""

from __future__ import annotations

import pandas as pd

from cancer.shapes import irregularity


def clean(raw: pd.DataFrame, small_below: float, large_from: float) -> pd.DataFrame:
    """One row a sample, without gaps, with two shape features and a size class for the slices of the model gate."""
    table = raw.dropna().drop(columns="sample").reset_index(drop=True)
    table["irregularity"] = irregularity(table["mean_perimeter"], table["mean_area"])
    table["growth"] = table["worst_radius"] / table["mean_radius"]
    edges = [0.0, small_below, large_from, float("inf")]
    table["size"] = pd.cut(table["mean_radius"], edges, labels=["small", "medium", "large"], right=False).astype(str)
    return table
