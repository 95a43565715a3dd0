"""Splits: every row once, sizes as asked, and what must stay together does."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json
from mlops_cli.stages import split
from mlops_cli.stages.base import Input, Job
from mlops_cli.tables.read import read_frame, write_table

SHARES = [["train", 0.6], ["valid", 0.25], ["test", 0.15]]


def run(folder: Path, frame: pd.DataFrame, seed: Json = 7, **options: Json) -> dict[str, pd.DataFrame]:
    path = folder / "in.parquet"
    write_table(frame, path)
    said = {"by": "random", "shares": SHARES, "column": None, "folds": 0, **options}
    data = {"data": [Input(str(path), "table", Oid("0" * 64))]}
    arguments = {} if seed is None else {"seed": seed}
    made = split.run(Job("s", "split", str(folder), str(folder), said, data, (), arguments, ()))
    return {name: read_frame(Path(item.path or "")) for name, item in made.outputs.items()}


def frame(rows: int = 400) -> pd.DataFrame:
    source = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "who": source.integers(0, 50, rows),
            "kind": source.choice(["a", "b", "rare"], rows, p=[0.7, 0.28, 0.02]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(source.integers(0, 60, rows), unit="D"),
        }
    )


@pytest.mark.parametrize("by", ["random", "time", "group", "stratified"])
def test_every_row_lands_once_and_keeps_its_order(tmp_path: Path, by: str) -> None:
    column = {"time": "day", "group": "who", "stratified": "kind"}.get(by)
    parts = run(tmp_path, frame(), by=by, column=column)
    assert list(parts) == ["train", "valid", "test"]
    assert sorted(pd.concat(parts.values()).row) == list(range(400))
    assert all(part.row.is_monotonic_increasing for part in parts.values())
    sizes = [len(part) for part in parts.values()]
    assert sizes == pytest.approx([240, 100, 60], abs=0 if by in ("random", "stratified") else 12)


def test_folds_are_equal_parts(tmp_path: Path) -> None:
    parts = run(tmp_path, frame(10), by="folds", folds=3, shares=[])
    assert {name: len(part) for name, part in parts.items()} == {"fold_1": 4, "fold_2": 3, "fold_3": 3}


def test_groups_and_moments_are_never_parted(tmp_path: Path) -> None:
    groups = [set(part.who) for part in run(tmp_path, frame(), by="group", column="who").values()]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])
    train, valid, test = run(tmp_path, frame(), by="time", column="day").values()
    assert train.day.max() < valid.day.min()
    assert valid.day.max() < test.day.min()


def test_strata_keep_their_shares(tmp_path: Path) -> None:
    parts = run(tmp_path, frame(4000), by="stratified", column="kind")
    for kind, share in frame(4000).kind.value_counts(normalize=True).items():
        assert [(part.kind == kind).mean() for part in parts.values()] == pytest.approx([share] * 3, abs=0.005)


def test_the_seed_decides_and_without_one_nothing_moves(tmp_path: Path) -> None:
    first, again, other = (run(tmp_path, frame(), seed)["test"].row.tolist() for seed in (7, 7, 8))
    assert first == again != other
    assert run(tmp_path, frame(), None)["test"].row.tolist() == run(tmp_path, frame(), None)["test"].row.tolist()


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (2, {}, "2 rows cannot be split into 3 parts"),
        (400, {"by": "group", "column": "whoo"}, "no column 'whoo'"),
        (400, {"by": "time"}, "needs a column"),
        (4, {"shares": [["a", 0.99], ["b", 0.01]]}, "'b' would have no rows"),
        (400, {"seed": -1}, "whole number"),
        (400, {"seed": "x"}, "whole number"),
    ],
)
def test_what_cannot_be_split_is_told(tmp_path: Path, rows: int, options: dict[str, Json], words: str) -> None:
    with pytest.raises(StageFailed, match=words):
        run(tmp_path, frame(rows), **options)


def test_a_missing_time_is_told(tmp_path: Path) -> None:
    data = frame()
    data.loc[3, "day"] = pd.NaT
    with pytest.raises(StageFailed, match="no value in 1 rows"):
        run(tmp_path, data, by="time", column="day")
