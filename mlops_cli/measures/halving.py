"""Seeded draws of rows: some of many, and two halves that share no cluster."""

from __future__ import annotations

import numpy as np

from mlops_cli.measures.predictions import Array

SEED = 20_260_301


def sampled(count: int, most: int, seed: int = SEED) -> Array:
    """The numbers of at most `most` of `count` rows, ascending; the same for equal counts."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def first_half(count: int, clusters: Array | None = None, seed: int = SEED) -> Array:
    """A random half of the rows as a mask, shape (count,); of clusters (numbers from 0) all rows or none."""
    units = np.arange(count) if clusters is None else clusters
    size = int(units.max()) + 1 if len(units) else 0
    chosen = np.zeros(size, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(size)[: size // 2]] = True
    return np.asarray(chosen[units])
