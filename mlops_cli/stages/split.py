"""`split: table`: cut rows into shares or folds. Every row lands in one part and keeps its place in the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlops_cli.base.errors import StageFailed
from mlops_cli.spec.pipeline import Split
from mlops_cli.stages.base import Job, Made, Outcome
from mlops_cli.stages.support import data_path, options, output_path
from mlops_cli.tables.read import need_columns, read_table, write_table

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.int64]
DEFAULT_SEED = 0


def run(job: Job) -> Outcome:
    """Outputs a table for each share, or fold_1 ... fold_k. Raises StageFailed where a part would be empty."""
    said = options(job, Split)
    table = read_table(data_path(job))
    names, weights = parts(said)
    if table.num_rows < len(names):
        raise StageFailed(f"{table.num_rows} rows cannot be split into {len(names)} parts")
    member = assign(table, said, np.asarray(weights), seed_of(job))
    outputs = {}
    for number, name in enumerate(names):
        rows = np.flatnonzero(member == number)
        if not len(rows):
            raise StageFailed(f"the part '{name}' would have no rows", "make its share larger, or split another way")
        path = output_path(job, f"{name}.parquet")
        write_table(table.take(rows), path)
        outputs[name] = Made(path=str(path))
    return Outcome(outputs)


def parts(said: Split) -> tuple[list[str], list[float]]:
    """Names and weights of the parts; the weights sum to 1."""
    if said.by == "folds":
        return [f"fold_{number + 1}" for number in range(said.folds)], [1 / said.folds] * said.folds
    return [name for name, _ in said.shares], [share for _, share in said.shares]


def seed_of(job: Job) -> int:
    """The argument `seed`, else the pipeline's seed, else a fixed one: a split never changes by itself."""
    seed = job.arguments.get("seed", job.seed)
    if seed is None:
        return DEFAULT_SEED
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise StageFailed(f"the seed of a split must be a whole number from 0, not {seed!r}")
    return seed


def assign(table: pa.Table, said: Split, weights: npt.NDArray[np.float64], seed: int) -> Numbers:
    """The number of the part of each row, shape (rows,)."""
    source = np.random.default_rng(seed)
    rows = table.num_rows
    if said.by in ("random", "folds"):
        return shuffled(rows, weights, source)
    column = column_of(table, said)
    if said.by == "time":
        return by_time(column, said.column or "", weights)
    codes = coded(column)
    return by_group(codes, weights, source) if said.by == "group" else stratified(codes, weights, source)


def column_of(table: pa.Table, said: Split) -> pa.ChunkedArray:
    """The column that a split goes by."""
    if said.column is None:
        raise StageFailed(f"a split by {said.by} needs a column", "write column: NAME")
    need_columns(table.column_names, [said.column], "the table to split")
    return table.column(said.column)


def sizes(rows: int, weights: npt.NDArray[np.float64]) -> Numbers:
    """Whole numbers that sum to `rows` and differ from the exact shares by less than one."""
    exact = weights * rows
    whole = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: rows - int(whole.sum())]] += 1
    return whole


def shuffled(rows: int, weights: npt.NDArray[np.float64], source: np.random.Generator) -> Numbers:
    """Parts of the right sizes, dealt at random."""
    numbers = np.repeat(np.arange(len(weights)), sizes(rows, weights))
    return numbers[source.permutation(rows)]


def coded(column: pa.ChunkedArray) -> Numbers:
    """Equal values as equal numbers, counted in the order of first appearance; a null is a value of its own."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def by_time(column: pa.ChunkedArray, name: str, weights: npt.NDArray[np.float64]) -> Numbers:
    """The earliest rows into the first part, and so on; rows of one moment stay together."""
    if column.null_count:
        raise StageFailed(
            f"the time column '{name}' has no value in {column.null_count:,} rows", "drop or fill these rows"
        )
    import pyarrow.compute as compute

    ranks = np.asarray(compute.rank(column.combine_chunks(), tiebreaker="min").to_numpy(), dtype=np.int64) - 1
    ends = np.cumsum(sizes(len(ranks), weights))[:-1]
    return np.searchsorted(ends, ranks, side="right").astype(np.int64)


def by_group(codes: Numbers, weights: npt.NDArray[np.float64], source: np.random.Generator) -> Numbers:
    """Whole groups, in random order, each into the part that lacks most rows."""
    counts = np.bincount(codes)
    lacking = weights * len(codes)
    part = np.zeros(len(counts), dtype=np.int64)
    for group in source.permutation(len(counts)):
        best = int(np.argmax(lacking))
        part[group] = best
        lacking[best] -= counts[group]
    return part[codes]


def stratified(codes: Numbers, weights: npt.NDArray[np.float64], source: np.random.Generator) -> Numbers:
    """Each class dealt by the shares on its own; what is left over of small classes evens out over all of them."""
    order = source.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    result = np.empty(len(codes), dtype=np.int64)
    given = np.zeros(len(weights), dtype=np.int64)
    done = 0
    for rows in split_runs(order, codes):
        done += len(rows)
        wanted = weights * len(rows)
        whole = np.floor(wanted + 1e-9).astype(np.int64)
        owed = weights * done - (given + whole)
        whole[np.argsort(-owed, kind="stable")[: len(rows) - int(whole.sum())]] += 1
        given += whole
        result[rows] = np.repeat(np.arange(len(weights)), whole)
    return result


def split_runs(order: Numbers, codes: Numbers) -> Sequence[Numbers]:
    """The rows of each class."""
    edges = np.flatnonzero(np.diff(codes[order])) + 1
    return np.split(order, edges)
