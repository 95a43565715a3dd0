"""Slices by value and by bins."""

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.slices import cut
from mlops_cli.spec.validation import Slice

FRAME = pd.DataFrame(
    {"age": [0.0, 29.9, 30, 60, -1, np.nan], "sex": ["f", "m", "f", None, "m", "f"], "n": [1, 10, 2, 2, 1, 1]}
)


def test_bins_are_half_open_and_nothing_is_lost() -> None:
    parts = cut(FRAME, [Slice("age", (0, 30, 60))])
    rows = {part.label: part.rows.tolist() for part in parts}
    assert rows == {"age=[0, 30)": [0, 1], "age=[30, 60)": [2], "age=outside": [3, 4], "age=null": [5]}


def test_values_are_sorted_with_numbers_by_size() -> None:
    labels = [part.label for part in cut(FRAME, [Slice("sex"), Slice("n")])]
    assert labels == ["sex=f", "sex=m", "sex=null", "n=1", "n=2", "n=10"]


@pytest.mark.parametrize(
    ("item", "words"),
    [(Slice("sxe"), "no column 'sxe'"), (Slice("sex", (0, 1)), "not a number"), (Slice("id"), "has 300 values")],
)
def test_what_cannot_be_cut_is_told(item: Slice, words: str) -> None:
    frame = pd.DataFrame({"sex": ["f"] * 300, "id": range(300)})
    with pytest.raises(StageFailed, match=words):
        cut(frame, [item])


def test_no_two_parts_have_one_label() -> None:
    frame = pd.DataFrame({"g": ["null", None, "'null'"], "a": ["b=c", "x & h=b", "x"], "a=b": ["c", "c", "d"]})
    frame["h"] = ["b", "b", "b"]
    parts = cut(frame, [Slice("g"), Slice("a"), Slice("a=b"), Slice("g")], [[Slice("a"), Slice("h")]])
    labels = [part.label for part in parts]
    assert len(set(labels)) == len(labels)
    rows = {part.label: part.rows.tolist() for part in parts}
    assert (rows["g='null'"], rows["g=null"], rows["g=''null''"]) == ([0], [1], [2])
    assert rows["a=b=c"] == [0]
    assert rows["a=b=c (2)"] == [0, 1]
    assert rows["a=x & h=b"] == [1]
    assert rows["a=x & h=b (2)"] == [2]


def test_lists_are_no_values_to_slice_by() -> None:
    with pytest.raises(StageFailed, match="lists or structs"):
        cut(pd.DataFrame({"l": [[1], [2]]}), [Slice("l")])
