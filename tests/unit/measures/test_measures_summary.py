"""Summaries of parts become one, with honest errors."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from mlops_cli.base.records import canonical
from mlops_cli.measures.sketch import ERROR
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import TOP, ColumnSummary, merge
from mlops_cli.measures.values import values_of


def summary(items: object, stored: pa.DataType | None = None) -> ColumnSummary:
    return summarise(values_of("c", pa.array(items, stored), None, textual=False))


def test_a_constant_has_no_spread_and_no_shape() -> None:
    for items in ([7.25] * 9, [3] * 9):
        for found in (summary(items), merge([summary(items[:2]), summary(items[2:])])):
            assert found.numbers is not None
            assert (found.numbers.std, found.numbers.skewness, found.numbers.kurtosis) == (0.0, None, None)
            assert (found.distinct, found.least, found.greatest) == (1, items[0], items[0])


def test_one_row_and_no_row() -> None:
    one, none = summary([2.5]), summary([], pa.float64())
    assert one.numbers is not None and (one.numbers.mean, one.numbers.std) == (2.5, None)
    assert none.numbers is None and (none.rows, none.distinct, none.least) == (0, 0, None)
    assert merge([one, none]).numbers == one.numbers


def test_rows_in_another_order_give_the_same_bytes() -> None:
    random = np.random.default_rng(8)
    for items in (random.normal(size=3000), random.integers(0, 50, 3000), random.choice(list("abcd"), 3000)):
        assert canonical(summary(items)) == canonical(summary(random.permutation(items)))


def test_parts_in_another_order_give_the_same_bytes() -> None:
    random = np.random.default_rng(9)
    parts = [summary(random.normal(size=2000) * 10.0**scale) for scale in range(-2, 2)]
    parts += [summary([None, float("inf")], pa.float64()), summary([], pa.float64()), summary([1, 2], pa.int64())]
    assert len({canonical(merge(order)) for order in itertools.islice(itertools.permutations(parts), 0, 5040, 97)}) == 1


def test_infinities_and_ends_of_64_bits_over_parts() -> None:
    found = merge([summary([float("-inf"), 3.0]), summary([-5.0]), summary([float("inf")])])
    assert (found.least, found.greatest, found.infinite) == ("-infinity", "infinity", 2)
    whole = merge([summary([2**63 - 2]), summary([2**63 - 1]), summary([-(2**63)]), summary([1 - 2**63])])
    assert (whole.least, whole.greatest, whole.distinct) == (-(2**63), 2**63 - 1, 4)
    words = merge([summary(["infinity", "b"]), summary(["a"])])
    assert (words.least, words.greatest) == ("a", "infinity")


def test_counts_of_frequent_texts_are_off_by_no_more_than_they_say() -> None:
    random = np.random.default_rng(10)
    texts = [f"w{int(number)}" for number in random.zipf(1.3, 30_000) % 6000]
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    for pieces in (
        [texts],
        [texts[start::4] for start in range(4)],
        [sorted(texts)[at : at + 3000] for at in range(0, 30_000, 3000)],
    ):
        words = merge([summary(piece) for piece in pieces]).words
        assert words is not None and len(words.top) <= TOP
        assert sum(count for _, count in words.top) + words.other == len(texts)
        listed = dict(words.top)
        assert all(counts[text] - words.error <= count <= counts[text] for text, count in listed.items())
        assert all(count <= words.error for text, count in counts.items() if text not in listed)


def test_many_different_values_are_estimated_with_an_error() -> None:
    numbers = np.arange(50_000)
    one = summary(numbers)
    assert (one.distinct, one.distinct_error) == (50_000, 0)
    two = merge([summary(numbers[:30_000]), summary(numbers[20_000:])])
    assert two.distinct_error == ERROR and abs(two.distinct - 50_000) < 5 * ERROR * 50_000


def test_a_part_without_values_takes_the_type_of_the_others() -> None:
    found = merge([summary([None, None], pa.null()), summary([1, 2])])
    assert (found.kind, found.rows, found.nulls, found.distinct) == ("integer", 4, 2, 2)


def test_extremes_that_no_double_holds() -> None:
    found = summary([2**64 - 1, 2**63 + 1], pa.uint64())
    assert (found.least, found.greatest) == (str(2**63 + 1), str(2**64 - 1))
    found = merge([found, summary([5], pa.uint64())])
    assert (found.least, found.greatest) == (5, str(2**64 - 1))
    assert str(summary([-0.0, 0.0]).least) == str(summary([0.0, -0.0]).least) == "0.0"
