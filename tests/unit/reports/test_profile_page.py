"""The page of a profile: what it says, that it stays small, that nothing from the data gets out of its place."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from mlops_cli.measures.sentinels import sentinels
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import ColumnSummary, Profile, SliceProfile
from mlops_cli.measures.values import values_of
from mlops_cli.reports import figures
from mlops_cli.reports.facts import facts, remarks, typical
from mlops_cli.reports.moves import move, moves
from mlops_cli.reports.profile_page import Side, page
from mlops_cli.reports.shapes import shapes

NASTY = [
    "<script>alert(1)</script>",
    "\"quoted\" 'twice' & more",
    "\u202egnp.exe",
    "שלום עולם",
    "👩\u200d🚀 emoji",
    "x" * 10_000,
    "",
    "   ",
    "line\nbreak\ttab\0nul",
    "</table></body><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
]


def column(name: str, values: object) -> ColumnSummary:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return summarise(values_of(name, array, None, textual=False))


def profile(*columns: ColumnSummary, slices: tuple[SliceProfile, ...] = ()) -> Profile:
    return Profile(columns[0].rows if columns else 0, 1234, "parquet", 1, columns, slices)


def mixed(seed: int, rows: int = 2000, shift: float = 0.0) -> Profile:
    """A column of every kind that has a form of its own."""
    random = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01T00:00:00", "us")
    stamps = start + (random.integers(0, 90 * 24 * 3600, rows) * 1_000_000).astype("timedelta64[us]")
    amounts = np.exp(random.normal(3 + shift, 1.5, rows))
    amounts[:20] = np.nan
    return profile(
        column("id", np.arange(rows)),
        column("age", random.normal(40 + 20 * shift, 10, rows)),
        column("amount", amounts),
        column("plan", random.choice(["free", "basic", "pro"], rows, p=[0.5, 0.3, 0.2])),
        column("code", [f"code-{at:07}" for at in random.integers(0, 10**6, rows)]),
        column("seen", pa.array(stamps)),
        column("day", pa.array(stamps.astype("datetime64[D]"))),
        column("active", random.random(rows) < 0.3),
        column("kids", random.integers(0, 5, rows)),
        column("tags", [["a", "b"]] * rows),
        column("nothing", pa.nulls(rows)),
        column("constant", np.ones(rows)),
    )


class Reader(HTMLParser):
    """Collects elements, attributes and the text of each."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def is_sound(text: str) -> None:
    """Below 500 KB; nothing fetched; no script but ours; no number that is none; every mark has its place."""
    assert len(text.encode()) < 500_000
    reader = read(text)
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    assert len(scripts) == 2
    for tag, attributes in reader.tags:
        assert tag not in {"img", "iframe", "link", "object", "embed", "base", "form"}
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "srcset", "action")}
        assert attributes.get("href", "#").startswith("#")  # type: ignore[union-attr]
    assert "http://" not in text and "https://" not in text and "url(" not in text
    marks = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(marks) == len(set(marks))
    targets = {attributes["href"][1:] for tag, attributes in reader.tags if tag == "a" and attributes.get("href")}
    assert targets <= set(marks)
    assert not re.search(r"\b(nan|inf|None)%?\b", re.sub(r"<(style|script).*?</\1>", "", text, flags=re.S)), "no NaN"


def test_the_page_of_one_version_tells_of_every_column() -> None:
    text = page(Side("customers@v1", mixed(1)))
    is_sound(text)
    words = " ".join(read(text).words)
    for wanted in (
        "customers@v1",
        "2,000 rows",
        "12 columns",
        "never has a value",
        "one value only",
        "free",
        "2024-01-01",
    ):
        assert wanted in words
    assert text.count('class="card"') == 12
    assert text == page(Side("customers@v1", mixed(1)))


def test_two_versions_come_in_the_order_of_what_moved() -> None:
    old, new = mixed(1), mixed(2, shift=0.5)
    text = page(Side("customers@v2", new), Side("customers@v1", old))
    is_sound(text)
    order = re.findall(r"<tr id=r(\d+)>", text)
    assert {int(order[0]), int(order[1])} == {1, 2}  # age and amount
    assert "customers@v1 (old)" in text and 'class="old"' in text
    found = {item.column: item for item in moves(new.columns, old.columns)}
    assert found["plan"].fate == found["kids"].fate == found["active"].fate == "same"
    assert found["age"].changes[0].startswith("mean 39.")


def test_columns_that_are_new_gone_or_of_another_type_come_first() -> None:
    old = profile(column("a", [1, 2, 3]), column("b", ["x", "y", "z"]), column("c", [1.0, 2.0, 3.0]))
    new = profile(column("a", ["1", "2", "3"]), column("c", [1.0, 2.0, 3.0]), column("d", [True, False, True]))
    found = {item.column: item for item in moves(new.columns, old.columns)}
    assert found["a"].changes == ("type integer → string",)
    assert (found["b"].fate, found["d"].fate, found["c"].fate) == ("gone", "new", "same")
    text = page(Side("n", new), Side("o", old))
    is_sound(text)
    assert "column is gone" in text and "new column" in text


def test_shares_that_moved_are_told_by_name() -> None:
    old = column("plan", ["free"] * 500 + ["pro"] * 500)
    new = column("plan", ["free"] * 300 + ["pro"] * 500 + ["gold"] * 200)
    found = move(new, old)
    assert found.changes == ("new 'gold' 20.0%", "'free' 50.0% → 30.0%")
    holes = move(column("x", [None] * 300 + [1.5] * 700), column("x", [1.5] * 1000))
    assert holes.changes[0] == "null 0% → 30.0%"


@pytest.mark.parametrize("rows", [30, 100, 1000])
def test_chance_alone_moves_nothing_far(rows: int) -> None:
    random = np.random.default_rng(rows)
    far = [
        move(column("x", random.normal(size=rows)), column("x", random.normal(size=10_000))).effect for _ in range(50)
    ]
    assert np.median(far) < 0.02
    assert max(far) < 2.5 / np.sqrt(rows)


@pytest.mark.parametrize("against", [False, True])
def test_names_and_values_of_any_kind_stay_text(against: bool) -> None:
    rows = len(NASTY) * 3
    columns = [column(name, (NASTY * 3)[:rows]) for name in NASTY]
    old = profile(*(column(name, ["plain"] * rows) for name in NASTY)) if against else None
    parts = (SliceProfile(f"{NASTY[0]}={NASTY[9]}", rows, tuple(columns)),)
    text = page(Side(NASTY[0], profile(*columns, slices=parts)), Side(NASTY[1], old) if old else None)
    is_sound(text)
    assert "<script>alert" not in text and "<img" not in text and "\u202e" not in text and "\0" not in text
    assert "&lt;script&gt;" in text and "👩\u200d🚀" in text and "שלום" in text
    assert "x" * 200 not in text
    assert "{{ 7 * 7 }}" in text


@pytest.mark.parametrize("count", [0, 1, 100, 2000, 6000])
@pytest.mark.parametrize("against", [False, True])
def test_the_page_is_small_whatever_the_number_of_columns(count: int, against: bool) -> None:
    random = np.random.default_rng(0)
    few = [column(f"c{at}", random.lognormal(size=2000)) for at in range(10)]
    texts = [column(f"t{at}", random.choice([f"value number {n}" for n in range(40)], 500)) for at in range(10)]
    made = [replace((few + texts)[at % 20], name=f"a_rather_long_name_of_a_column_{at:05}") for at in range(count)]
    other = [replace((texts + few)[at % 20], name=column.name) for at, column in enumerate(made)]
    text = page(Side("wide", profile(*made)), Side("before", profile(*other)) if against else None)
    is_sound(text)
    assert len(re.findall(r"<tr id=r", text)) == count or count > 2000
    if count > 1:
        assert 'class="card"' in text
    if count > 2000:
        assert "more columns that do not fit" in text


@pytest.mark.parametrize(
    "values",
    [
        pa.array([], pa.float64()),
        pa.array([], pa.string()),
        pa.array([None, None], pa.float64()),
        pa.array([float("nan")] * 3),
        pa.array([float("inf"), float("-inf")]),
        pa.array([1e308, -1e308, 0.0]),
        pa.array([5e-324, 0.0]),
        pa.array([7]),
        pa.array([""]),
        pa.array([0, 2**62, -(2**62)]),
        pa.array([b"\xff\x00", b""]),
        pa.array([[1], [], None]),
        pa.array([{"a": 1}]),
        pa.array([0, 2**61], pa.timestamp("us")),
        pa.array([-1_000_000], pa.date32()),
        pa.array([1], pa.time64("us")),
        pa.array([True, None]),
    ],
    ids=str,
)
def test_a_page_can_be_made_of_any_column(values: pa.Array) -> None:
    one, other = column("x", values), column("x", pa.array([1.0, 2.0, 2.0]))
    for new, old in ((one, None), (one, other), (other, one), (one, one)):
        is_sound(page(Side("n", profile(new)), Side("o", profile(old)) if old else None))
    facts(one)
    typical(one, 40)
    assert move(one, one).effect == 0


def test_a_long_tail_is_cut_and_told() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=1000), [1e6]])
    (shape,) = shapes([column("x", values).numbers], "number", 20)
    assert shape.edges[-1] < 10 and 0 < shape.above < 0.02
    assert sum(shape.shares) + shape.below + shape.above == pytest.approx(1)
    assert "up to 1,000,000" in page(Side("x", profile(column("x", values))))


def test_whole_numbers_fall_into_bins_of_equal_many() -> None:
    (shape,) = shapes([column("x", np.repeat(np.arange(100), 3)).numbers], "integer", 24)
    assert len(set(np.round(shape.shares[:-1], 9))) == 1
    assert sum(shape.shares) == pytest.approx(1)


def test_sentinels_are_named_only_where_they_stick_out() -> None:
    random = np.random.default_rng(0)
    ages = random.integers(18, 90, 1000)
    assert sentinels(column("age", np.concatenate([ages, [-999] * 20]))) == (("-999", 20),)
    assert sentinels(column("age", np.concatenate([ages, [999] * 2]))) == ()  # twice is no habit
    assert sentinels(column("temperature", random.integers(-20, 30, 1000))) == ()
    assert sentinels(column("score", random.integers(0, 100, 1000))) == ()
    assert sentinels(column("word", ["a", "N/A", "n/a", "b", "N/A"])) == (("N/A", 2), ("n/a", 1))
    said = remarks(column("age", np.concatenate([ages, [-999] * 20])))
    assert said == ("'-999' may mean missing (2.0%)",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0004, "<0.1%"),
        (0.99999, ">99.9%"),
        (0.0023, "0.23%"),
        (0.123, "12.3%"),
        (None, ""),
    ],
)
def test_shares_are_short_and_never_round_to_nothing(value: float | None, words: str) -> None:
    assert figures.share(value) == words


def test_a_cut_text_keeps_both_ends() -> None:
    cut = figures.plain("start" + "x" * 1000 + "end", 20)
    assert len(cut) == 20 and cut.startswith("start") and cut.endswith("end")
    assert figures.named("") == "(empty)" and figures.named("  ") == "(2 blank)"


def test_a_value_that_jumped_is_named_among_many() -> None:
    random = np.random.default_rng(0)
    old, new = random.normal(50, 10, 3000), random.normal(50, 10, 3000)
    new[::10] = 0
    assert move(column("x", new), column("x", old)).changes[0] == "new '0' 10.0%"
    fixed = move(column("x", old), column("x", new))
    assert "'0' is gone" in fixed.changes


def test_a_sentinel_does_not_squeeze_the_drawing() -> None:
    values = np.concatenate([np.random.default_rng(0).integers(18, 90, 1000), np.full(80, -999)])
    (shape,) = shapes([column("x", values).numbers], "integer", 20)
    assert shape.edges[0] > 0
    assert shape.below == pytest.approx(80 / 1080)
