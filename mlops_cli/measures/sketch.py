"""Counting different values in bounded memory: the 1,024 smallest hashes (KMV), exact up to that many values.

Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (RANDOM 2002); with k hashes the relative
standard error is 1 / sqrt(k - 2), here 3.1 %. The union of two sketches is the k smallest of both: any order, same
bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mlops_cli.measures.hashes import BLOCK, Hashes, different, number_hashes

SMALLEST = 1024
ERROR = 1 / math.sqrt(SMALLEST - 2)
"""Relative standard error of an estimate."""
WHOLE = 2.0**64


def smallest(hashes: Hashes) -> Hashes:
    """The sketch of some hashes (of values, repeated or not), ascending."""
    if len(hashes) > 8 * SMALLEST:
        few = different(hashes[hashes <= _limit(len(hashes))])
        if len(few) >= SMALLEST:
            return few[:SMALLEST]
    return different(hashes)[:SMALLEST]


def smallest_of(values: npt.NDArray[np.generic]) -> Hashes:
    """The sketch of numbers that all differ; hashed in blocks of which only the small ones are kept."""
    limit = _limit(len(values))
    blocks = [number_hashes(values[at : at + BLOCK]) for at in range(0, min(len(values), BLOCK), BLOCK)]
    if len(values) > BLOCK:
        hashes = (number_hashes(values[at : at + BLOCK]) for at in range(0, len(values), BLOCK))
        blocks = [block[block <= limit] for block in hashes]
    found = np.sort(np.concatenate(blocks)) if blocks else np.empty(0, dtype=np.uint64)
    return found[:SMALLEST]


def _limit(count: int) -> np.uint64:
    """Hashes are spread evenly: of so many different ones, about 4,096 lie up to here."""
    return np.uint64(min(WHOLE * (1 - 2**-52), WHOLE * 4 * SMALLEST / max(count, 1)))


def union(sketches: Sequence[Hashes]) -> Hashes:
    """The sketch of everything together."""
    if not sketches:
        return np.empty(0, dtype=np.uint64)
    return different(np.concatenate(sketches))[:SMALLEST]


def estimate(sketch: Hashes) -> tuple[float, float]:
    """How many different values, and the relative standard error: 0 where the count is exact."""
    if len(sketch) < SMALLEST:
        return float(len(sketch)), 0.0
    return (SMALLEST - 1) / ((float(sketch[-1]) + 1) / WHOLE), ERROR
