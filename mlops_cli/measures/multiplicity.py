"""Many tests at once: p-values corrected for their number.

Sources: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70; Benjamini and Hochberg, JRSS B 57 (1995) 289-300.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """The p-values so corrected that with a chance of 1 - a none of the true hypotheses is below a, in the order
    given, whatever the tests have to do with each other."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    result = np.empty(len(values))
    result[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(values) else steps
    return [float(value) for value in result]


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """The p-values as rates of false discovery, in the order given."""
    count = len(p)
    if not count:
        return []
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * count / np.arange(1, count + 1)
    result = np.empty(count)
    result[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(value) for value in result]
