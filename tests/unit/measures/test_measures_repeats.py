"""Sorted runs of hashes on disk, merged a range at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlops_cli.measures import repeats
from mlops_cli.measures.repeats import every_repeated, inside, is_whole, ranges, repeated, write_run


@pytest.mark.parametrize("together", [1, 3, 1000, 1 << 24])
def test_a_merge_by_ranges_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    monkeypatch.setattr(repeats, "TOGETHER", together)
    random = np.random.default_rng(4)
    hashes = random.integers(0, 2**64, 300, dtype=np.uint64)
    edge = np.asarray([0, 2**64 - 1, 2**63, 2**63, 2**63 - 1], dtype=np.uint64)
    pieces = [hashes[:200], hashes[150:], edge, np.empty(0, dtype=np.uint64)]
    paths = [tmp_path / "ab" / f"{number}.npy" for number in range(len(pieces))]
    for path, piece in zip(paths, pieces, strict=True):
        write_run(path, piece)
    everything = np.sort(np.concatenate(pieces))
    assert np.concatenate(list(ranges(paths))).tolist() == everything.tolist()
    values, counts = np.unique(everything, return_counts=True)
    assert repeated(paths)[0] == len(values)
    assert sorted(repeated(paths)[1].tolist()) == values[counts > 1].tolist()
    assert every_repeated(paths).tolist() == values[counts > 1].tolist()
    assert inside(everything, values[counts > 1]).sum() == counts[counts > 1].sum()


def test_a_run_is_whole_or_measured_again(tmp_path: Path) -> None:
    for count in (0, 5):
        path = tmp_path / f"{count}.npy"
        write_run(path, np.arange(count, dtype=np.uint64))
        assert is_whole(path, count) and not is_whole(path, count + 1)
        path.write_bytes(path.read_bytes()[:-1] if count else b"")
        assert not is_whole(path, count)
    np.save(tmp_path / "other.npy", np.arange(5))
    assert not is_whole(tmp_path / "other.npy", 5) and not is_whole(tmp_path / "none.npy", 0)
