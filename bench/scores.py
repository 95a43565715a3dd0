"""The tables of the bench of model gates: what a model and its predecessor said of the same rows, made from a seed.

python bench/scores.py FOLDER ROWS      makes what is not there yet; the same seed gives the same rows
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260301
CUTS = ("region", "product", "channel")
VALUES = 10


def make(folder: Path, rows: int) -> None:
    """`scores.parquet`, and `champion.parquet` with somewhat worse scores of the same rows.

    The scores of the first are calibrated: the truth is drawn from them. In each column of `CUTS` there are ten values.
    """
    random = np.random.default_rng(SEED)
    signal = random.normal(-0.5, 1.7, rows)
    score = 1 / (1 + np.exp(-signal))
    older = 1 / (1 + np.exp(-(0.95 * signal + random.normal(0.0, 0.4, rows))))
    truth = (random.random(rows) < score).astype(np.int64)
    cuts = {name: random.integers(0, VALUES, rows) for name in CUTS}
    folder.mkdir(parents=True, exist_ok=True)
    for name, scores in (("scores", score), ("champion", older)):
        columns: dict[str, pa.Array] = {
            "id": pa.array(np.arange(rows)),
            "truth": pa.array(truth),
            "score": pa.array(scores),
            "label": pa.array((scores >= 0.5).astype(np.int64)),
        }
        for column, codes in cuts.items():
            words = pa.array([f"{column[0]}{value}" for value in range(VALUES)])
            columns[column] = words.take(pa.array(codes))
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if not (place / "champion.parquet").is_file():
        make(place, int(sys.argv[2]))
