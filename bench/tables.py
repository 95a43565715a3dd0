"""The tables of the benches of validation: orders of a shop, 21 columns, made here from a seed.

python bench/tables.py FOLDER [--small]      makes what is not there yet; the same seed gives the same rows
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from rules import COUNTRIES, DEVICES, PLANS

BLOCK = 250_000
START = np.datetime64("2025-03-01T00:00:00", "us")
SECOND = 1_000_000
DAY = 86_400 * SECOND
LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
OURS, EARLIER, NEWER = 1, 2, 3
"""Seeds: the data to judge, the baseline, the appended rows. All have one distribution: nothing has moved."""


def block(seed: int, number: int, rows: int, first: int) -> pa.Table:
    """Rows `first` to `first + rows` of the table of a seed."""
    rng = np.random.default_rng([seed, number])
    place = np.arange(first, first + rows, dtype=np.int64)
    score = rng.beta(2, 5, rows)
    return pa.table(
        {
            "order_id": place,
            "customer": np.minimum(rng.zipf(1.3, rows), 500_000),
            "ordered_at": START + (place * SECOND + rng.integers(0, SECOND, rows)).astype("timedelta64[us]"),
            "joined_at": START - (rng.integers(0, 1500, rows) * DAY).astype("timedelta64[us]"),
            "amount": holes(rng, np.round(rng.lognormal(3, 1, rows), 2), 0.05),
            "score": holes(rng, score, 0.01),
            "price": np.round(rng.gamma(2, 15, rows), 2),
            "temperature": holes(rng, rng.normal(12, 9, rows).astype(np.float32), 0.1),
            "latitude": np.round(rng.uniform(-55, 65, rows), 5),
            "longitude": np.round(rng.uniform(-180, 180, rows), 5),
            "items": rng.poisson(3, rows).astype(np.int32),
            "age": holes(rng, rng.integers(16, 95, rows).astype(np.int16), 0.02),
            "active": rng.random(rows) < 0.8,
            "promo": holes(rng, rng.random(rows) < 0.3, 0.03),
            "country": words(rng, COUNTRIES, rows, np.arange(len(COUNTRIES), 0.0, -1)),
            "device": words(rng, DEVICES, rows, np.array([35, 35, 20, 7, 3.0])),
            "plan": words(rng, PLANS, rows, np.array([60, 20, 15, 5.0]), 0.02),
            "shop": pc.binary_join_element_wise("m", pc.cast(pa.array(rng.integers(0, 20_000, rows)), "string"), "-"),
            "session": texts(HEX[rng.integers(0, 16, (rows, 12))]),
            "comment": pc.binary_join_element_wise(*(words(rng, VOCABULARY, rows) for _ in range(3)), " "),
            "label": (rng.random(rows) < 1 / (1 + np.exp(2.5 - 3 * score))).astype(np.int8),
        }
    )


def holes(rng: np.random.Generator, values: npt.NDArray[np.generic], share: float) -> pa.Array:
    """The values, with nulls at random places."""
    return pa.array(values, mask=rng.random(len(values)) < share)


def words(
    rng: np.random.Generator,
    choice: tuple[str, ...],
    rows: int,
    weights: npt.NDArray[np.float64] | None = None,
    nulls: float = 0.0,
) -> pa.Array:
    """Texts drawn from a few, by weight; a share of them null."""
    odds = None if weights is None else weights / weights.sum()
    drawn = rng.choice(len(choice), rows, p=odds).astype(np.int32)
    return pa.array(choice).take(holes(rng, drawn, nulls))


def texts(letters: npt.NDArray[np.uint8]) -> pa.Array:
    """A matrix of ASCII codes, shape (rows, width), as one text a row."""
    rows, width = letters.shape
    starts = np.arange(0, rows * width + 1, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(starts), pa.py_buffer(np.ascontiguousarray(letters)))


def vocabulary() -> tuple[str, ...]:
    """2,000 words that mean nothing."""
    rng = np.random.default_rng(0)
    return tuple(bytes(LETTERS[rng.integers(0, 26, length)]).decode() for length in rng.integers(3, 9, 2000))


VOCABULARY = vocabulary()


def blocks(seed: int, rows: int, first: int = 0) -> Iterator[pa.Table]:
    """A table in blocks: memory does not depend on its size."""
    for number, start in enumerate(range(0, rows, BLOCK)):
        yield block(seed, number, min(BLOCK, rows - start), first + start)


def parquet(path: Path, parts: list[tuple[int, int, int]]) -> None:
    """One file, a row group for each part: its seed, rows, and first number."""
    with pa.parquet.ParquetWriter(path, block(OURS, 0, 1, 0).schema, compression="snappy") as writer:
        for seed, rows, first in parts:
            writer.write_table(pa.concat_tables(blocks(seed, rows, first)), row_group_size=rows)


def csv(path: Path, rows: int) -> None:
    """One file with a header."""
    with pa.csv.CSVWriter(path, block(OURS, 0, 1, 0).schema) as writer:
        for part in blocks(OURS, rows):
            writer.write_table(part)


def broken(path: Path) -> None:
    """A small table in which six rules are broken, each of another kind or type."""
    table = block(OURS, 0, 2000, 0)
    faults: dict[str, pa.Scalar] = {
        "order_id": pa.scalar(7),
        "customer": pa.scalar(0),
        "price": pa.scalar(-1.0),
        "device": pa.scalar("fridge"),
        "shop": pa.scalar("m-x"),
        "label": pa.scalar(None, pa.int8()),
    }
    struck = pa.array(np.arange(2000) % 500 == 3)
    for name, value in faults.items():
        place = table.schema.get_field_index(name)
        filled = pc.if_else(struck, pc.cast(value, table.schema.field(name).type), table[name])
        table = table.set_column(place, name, filled)
    pa.parquet.write_table(table, path)


def groups(rows: int, size: int, seed: int = OURS) -> list[tuple[int, int, int]]:
    """Row groups of one size; each has a seed of its own, so that no two are alike."""
    return [(seed + 10 * number, size, number * size) for number in range(rows // size)]


def folder(path: Path, parts: list[tuple[int, int, int]]) -> None:
    """A folder with a file for each part."""
    path.mkdir()
    for number, part in enumerate(parts):
        parquet(path / f"part-{number:03d}.parquet", [part])


def plans(small: bool) -> dict[str, Callable[[Path], None]]:
    """What to make, by name."""
    unit = 10_000 if small else 1_000_000
    ten = 10 * unit
    more = (NEWER, ten // 100, ten)
    return {
        "broken.parquet": broken,
        "one.parquet": lambda path: parquet(path, [(OURS, 1, 0)]),
        "1m-baseline.parquet": lambda path: parquet(path, [(EARLIER, unit, 0)]),
        "3m-baseline.parquet": lambda path: parquet(path, groups(3 * unit, unit, EARLIER)),
        "10m-baseline.parquet": lambda path: parquet(path, groups(ten, unit, EARLIER)),
        "1m.parquet": lambda path: parquet(path, [(OURS, unit, 0)]),
        "10m.parquet": lambda path: parquet(path, groups(ten, unit)),
        "10m-appended.parquet": lambda path: parquet(path, [*groups(ten, unit), more]),
        "10m-folder": lambda path: folder(path, groups(ten, unit)),
        "10m-folder-new": lambda path: folder(path, [more]),
        "1m.csv": lambda path: csv(path, unit),
        "3m.csv": lambda path: csv(path, 3 * unit),
        "10m.csv": lambda path: csv(path, ten),
    }


def main() -> int:
    """Make the tables that are not there; one that was cut short has another name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, make in plans(options.small).items():
        target = options.folder / name
        if not target.exists():
            sys.stderr.write(f"making {target}\n")
            partial = target.with_name(f"partial-{name}")
            make(partial)
            partial.rename(target)
    sizes = {name: size_of(options.folder / name) for name in plans(options.small)}
    sys.stdout.write(json.dumps(sizes) + "\n")
    return 0


def size_of(path: Path) -> int:
    """Bytes of a file or of the files of a folder."""
    return sum(each.stat().st_size for each in ([path] if path.is_file() else path.iterdir()))


if __name__ == "__main__":
    sys.exit(main())
