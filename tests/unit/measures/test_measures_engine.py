"""The engine: what is kept is the same as what is measured, and uniqueness is exact over parts."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_cli.base.errors import Place, StageFailed
from mlops_cli.base.records import canonical
from mlops_cli.measures import engine, repeats
from mlops_cli.measures.asking import Wants
from mlops_cli.measures.cache import tidy
from mlops_cli.measures.counting import Several
from mlops_cli.measures.engine import Found, measure, profile
from mlops_cli.spec.validation import Check, Slice
from mlops_cli.tables.parts import Dataset, open_dataset

PLACE = Place("t.yaml", 1, 1)


def unique(name: str = "k", *, per_slice: bool = False) -> Check:
    return Check(f"{name}.unique", name, "unique", "unique", None, PLACE, per_slice=per_slice)


def folder(path: Path, parts: list[dict[str, object]], ending: str = "parquet") -> Dataset:
    path.mkdir(parents=True, exist_ok=True)
    for number, columns in enumerate(parts):
        table = pa.table(columns)
        if ending == "parquet":
            pq.write_table(table, path / f"{number:03}.parquet")
        else:
            table.to_pandas().to_csv(path / f"{number:03}.csv", index=False)
    return open_dataset(path)


def repeated(found: Found, check: str = "k.unique", label: str | None = None) -> int:
    return found.tallies[check, label].bad


def asked(dataset: Dataset, *checks: Check, several: Several | None = None, **more: object) -> Found:
    wants = Wants(checks=checks, slices=more.pop("slices", ()), profile=bool(more.pop("profile", False)))  # type: ignore[arg-type]
    return measure(dataset, wants, several or Several(), threads=2, **more)  # type: ignore[arg-type]


PARTS = [
    ("a chain", [[1, 2, 3], [4, 5], [9]], 0),
    ("a chain that touches", [[1, 2, 3], [3, 4]], 1),
    ("ascending and overlapping", [[1, 5, 9], [2, 6, 10]], 0),
    ("overlapping with a repetition", [[1, 5, 9], [2, 5, 10]], 1),
    ("the same part twice", [[1, 2], [1, 2]], 2),
    ("no order", [[3, 1], [2, 2, 7]], 1),
    ("an ordered and an unordered part", [[1, 2, 3], [7, 5, 2]], 1),
    ("nulls do not repeat", [[None, 1, None], [None, 2]], 0),
    ("only nulls in a part", [[None, None], [1, 2]], 0),
    ("no rows in a part", [[], [1, 2], [2]], 1),
    ("beyond the doubles", [[2**53, 2**53 + 1], [2**53 + 2]], 0),
    ("the ends of 64 bits", [[-(2**63), 2**63 - 1], [2**63 - 2, 2**63 - 1]], 1),
]


@pytest.mark.parametrize(("parts", "wanted"), [case[1:] for case in PARTS], ids=[case[0] for case in PARTS])
@pytest.mark.parametrize("spill", [False, True])
def test_uniqueness_is_exact_over_parts(
    parts: list[list[int | None]], wanted: int, spill: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if spill:
        monkeypatch.setattr(repeats, "TOGETHER", 2)
    dataset = folder(tmp_path / "set", [{"k": pa.array(part, pa.int64())} for part in parts])
    assert repeated(asked(dataset, unique())) == wanted


@pytest.mark.parametrize("spill", [False, True])
def test_uniqueness_of_many_values_equals_pandas(spill: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if spill:
        monkeypatch.setattr(repeats, "TOGETHER", 500)
    random = np.random.default_rng(3)
    texts = [f"id-{number}" for number in random.integers(0, 20_000, 9000)]
    dataset = folder(tmp_path / "set", [{"k": texts[start : start + 2500]} for start in range(0, 9000, 2500)])
    assert repeated(asked(dataset, unique())) == len(texts) - len(set(texts))


def test_parts_that_differ_in_type_are_compared_as_texts(tmp_path: Path) -> None:
    dataset = folder(tmp_path / "set", [{"k": [1, 2, 3]}, {"k": ["2", "x"]}])
    for profiled in (False, True):
        assert repeated(asked(dataset, unique(), profile=profiled)) == 1
    large = folder(
        tmp_path / "large", [{"k": pa.array([5, 6], pa.uint64())}, {"k": pa.array([5, 2**64 - 1], pa.uint64())}]
    )
    assert repeated(asked(large, unique())) == 1


def test_compound_keys(tmp_path: Path) -> None:
    key = Check("a, b", "a, b", "keys", "unique", None, PLACE, columns=("a", "b"))
    parts = [
        {"a": [1, 1, 2, None], "b": ["x", "y", "x", "x"]},
        {"a": [1, 2, 1, None], "b": ["x", "y", None, "x"]},
    ]
    dataset = folder(tmp_path / "set", parts)
    tally = asked(dataset, several=Several(keys=(key,))).tallies["a, b", None]
    assert (tally.bad, tally.of) == (1, 5)  # rows without a value in some column do not take part
    turned = folder(tmp_path / "turned", [{"a": ["1", "2"], "b": ["2", "1"]}])
    assert asked(turned, several=Several(keys=(key,))).tallies["a, b", None].bad == 0


def test_uniqueness_within_each_slice(tmp_path: Path) -> None:
    parts = [{"k": [1, 2, 3, 4], "s": ["a", "a", "b", "b"]}, {"k": [3, 1, 9], "s": ["a", "a", "b"]}]
    dataset = folder(tmp_path / "set", parts)
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        found = asked(dataset, unique(per_slice=True), slices=(Slice("s"),), cache=cache)
        assert (repeated(found), repeated(found, label="s=a"), repeated(found, label="s=b")) == (2, 1, 0)
        assert dict(found.slices) == {"s=a": 4, "s=b": 3}


def test_rows_of_parts_that_lack_a_column_have_no_value(tmp_path: Path) -> None:
    nulls = Check("b.nulls.max", "b", "nulls", "max", None, PLACE)
    dataset = folder(tmp_path / "set", [{"a": [1, 2], "b": [1, None]}, {"a": [3, 4, 5]}])
    found = asked(dataset, nulls, profile=True, slices=(Slice("a", (0.0, 10.0)),))
    assert (found.tallies["b.nulls.max", None].bad, found.tallies["b.nulls.max", None].of) == (4, 5)
    assert (found.summaries["b", None].nulls, found.summaries["b", None].rows) == (4, 5)
    assert dict(found.slices) == {"a=[0, 10)": 5}


def test_more_than_two_hundred_slices_are_refused(tmp_path: Path) -> None:
    dataset = folder(tmp_path / "set", [{"s": list(range(150))}, {"s": list(range(100, 250))}])
    with pytest.raises(StageFailed, match="250 values"):
        profile(dataset, slices=(Slice("s"),))


def made(path: Path, ending: str = "parquet") -> Dataset:
    random = np.random.default_rng(11)
    parts = [
        {"k": random.permutation(400), "n": random.normal(size=400), "t": random.choice(list("abc"), 400)}
        for _ in range(3)
    ]
    return folder(path, parts, ending)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_what_is_kept_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    dataset, cache = made(tmp_path / "set", ending), tmp_path / "cache"
    fresh = canonical(profile(dataset))
    assert canonical(profile(dataset, cache=cache)) == fresh
    second = asked(dataset, profile=True, cache=cache)
    assert second.reused == second.done > 0
    assert canonical(profile(dataset, threads=2, cache=cache)) == fresh
    for path in (tmp_path / "set").iterdir():  # under other names, so in another order
        path.rename(path.with_name(f"{9 - int(path.stem)}.{ending}"))
    assert canonical(profile(open_dataset(tmp_path / "set"), cache=cache)) == fresh


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "gone", "folder"])
def test_damaged_entries_are_measured_again(tmp_path: Path, damage: str) -> None:
    dataset, cache = made(tmp_path / "set"), tmp_path / "cache"
    before = asked(dataset, unique(), profile=True, cache=cache)
    files = [path for path in sorted(cache.rglob("*")) if path.is_file()]
    assert {path.suffix for path in files} == {".unit", ".npy", ""}
    for path in files:
        data = path.read_bytes()
        path.unlink()
        if damage == "folder":
            path.mkdir()
        elif damage != "gone":
            path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "garbage": b"\x93NUMPY" + b"?" * 40}[damage])
    if damage == "folder":
        for path in files:
            if path.suffix == ".npy":
                path.rmdir()
    after = asked(dataset, unique(), profile=True, cache=cache)
    assert after.tallies["k.unique", None].bad == before.tallies["k.unique", None].bad == 800
    assert canonical(dict(after.summaries).popitem()[1]) == canonical(dict(before.summaries).popitem()[1])


def test_a_cache_that_cannot_be_written_to(tmp_path: Path) -> None:
    dataset = made(tmp_path / "set")
    (tmp_path / "file").write_text("no folder")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    for cache in (tmp_path / "file" / "cache", closed, Path("/proc/no")):
        assert repeated(asked(dataset, unique(), cache=cache)) == 800
    closed.chmod(0o700)


def test_several_measure_into_one_cache_at_once(tmp_path: Path) -> None:
    dataset, cache = made(tmp_path / "set"), tmp_path / "cache"
    for name in ("000", "001"):  # the same bytes in several parts, too
        (tmp_path / "set" / f"{name}-again.parquet").write_bytes((tmp_path / "set" / f"{name}.parquet").read_bytes())
    dataset = open_dataset(tmp_path / "set")
    wanted = canonical(profile(dataset))
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda _: (
                    canonical(profile(dataset, threads=3, cache=cache)),
                    repeated(asked(dataset, unique(), cache=cache)),
                ),
                range(8),
            )
        )
    assert set(found) == {(wanted, 1600)}
    assert not [path for path in cache.rglob("*") if "tmp" in path.name]


def test_two_processes_measure_into_one_cache(tmp_path: Path) -> None:
    dataset, cache = made(tmp_path / "set"), tmp_path / "cache"
    code = (
        "import sys; from pathlib import Path; from mlops_cli.base.records import canonical;"
        "from mlops_cli.measures.engine import profile; from mlops_cli.tables.parts import open_dataset;"
        "sys.stdout.buffer.write(canonical(profile(open_dataset(Path(sys.argv[1])), cache=Path(sys.argv[2]))))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "set"), str(cache)]
    children = [subprocess.Popen(words, stdout=subprocess.PIPE, env=os.environ) for _ in range(2)]
    assert {child.communicate()[0] for child in children} == {canonical(profile(dataset))}


def test_measuring_loads_no_library_that_it_does_not_need(tmp_path: Path) -> None:
    texts = [f"t{number % 1500}" for number in range(3000)]
    columns = {"n": [None, 1.5, 2.0] * 1000, "i": [1, None, 3] * 1000, "b": [True, None, False] * 1000, "t": texts}
    for ending in ("parquet", "csv"):
        folder(tmp_path / ending, [columns], ending)
        code = (
            "import sys; from pathlib import Path; from mlops_cli.measures.engine import profile;"
            "from mlops_cli.tables.parts import open_dataset; profile(open_dataset(Path(sys.argv[1])));"
            "print([n for n in ('pandas', 'sklearn', 'scipy', 'duckdb', 'jsonschema') if n in sys.modules])"
        )
        words = [sys.executable, "-c", code, str(tmp_path / ending)]
        assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_was_not_used_for_longest_is_forgotten_once_a_day(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.unit").write_bytes(b"x" * 100)
        os.utime(tmp_path / f"{number}.unit", (number, number))
    tidy(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.glob("*.unit")) == ["2.unit", "3.unit"]
    tidy(tmp_path, 0)
    assert len(list(tmp_path.glob("*.unit"))) == 2, "it was tidied today"
    os.utime(tmp_path / "tidied", (0, 0))
    tidy(tmp_path, 0)
    assert not list(tmp_path.glob("*.unit"))


@pytest.mark.parametrize("together", [2, 3, 64])
def test_many_parts_are_merged_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    monkeypatch.setattr(engine, "TOGETHER", together)
    (tmp_path / "set").mkdir()
    for number in range(9):
        cells = ["a", "b"] if number == 7 else [str(number), str(number + 1)]
        rows = "".join(f"{number * 10 + at},{cell},{at % 2}\n" for at, cell in enumerate(cells))
        (tmp_path / "set" / f"{number}.csv").write_text("id,mixed,part\n" + rows)
    found = profile(open_dataset(tmp_path / "set"), slices=(Slice("part"),))
    identity, mixed = found.column("id"), found.column("mixed")
    assert identity is not None and mixed is not None
    assert (found.rows, identity.rows, identity.distinct, identity.least, identity.greatest) == (18, 18, 18, 0, 81)
    assert (mixed.kind, mixed.rows, mixed.distinct) == ("string", 18, 12)
    assert [(part.label, part.rows) for part in found.slices] == [("part=0", 9), ("part=1", 9)]
    assert all(column.rows == 9 for part in found.slices for column in part.columns)
