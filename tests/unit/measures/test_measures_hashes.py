"""Hashes: equal values are equal whatever holds them, and families that differ little do not collide."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from mlops_cli.measures.hashes import combined, different, number_hashes, text_hashes


def test_equal_numbers_of_any_type_have_equal_hashes() -> None:
    numbers = [0, 1, 5, 100, 127]
    wanted = number_hashes(np.asarray(numbers)).tolist()
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "f2", "f4", "f8"):
        assert number_hashes(np.asarray(numbers, dtype=kind)).tolist() == wanted, kind
    assert number_hashes(np.asarray([-0.0])).tolist() == wanted[:1]
    assert number_hashes(np.asarray([False, True])).tolist() == wanted[:2]
    mixed = np.asarray([-3.0, 2.5, 2.0**53])
    assert number_hashes(mixed)[[0, 2]].tolist() == number_hashes(np.asarray([-3, 2**53])).tolist()


def test_numbers_do_not_collide() -> None:
    families = [
        np.arange(-50_000, 50_000),
        np.arange(100_000) * 2**40,
        np.concatenate((2.0 ** np.arange(-1000, 1000), -(2.0 ** np.arange(-1000, 1000)))),
        np.arange(1, 100_000) / 1000 + 0.00001,
    ]
    for family in families:
        assert len(different(number_hashes(family))) == len(np.unique(family))


def words(*parts: str) -> list[str]:
    return ["".join(order) for order in itertools.permutations(parts)]


FAMILIES = {
    "zeros at the end": ["a" + "\0" * count for count in range(200)],
    "zeros alone": ["\0" * count for count in range(200)],
    "one character at every place": ["x" * at + "y" + "x" * (63 - at) for at in range(64)],
    "words of eight bytes in any order": words("aaaaaaab", "aaaaaaac", "aaaaaaad", "aaaaaaae", "aaaaaaaf", "aaaaaaag"),
    "halves that are alike": [
        f"aaa{a}aaa{a}aaa{b}aaa{b}aaa{c}aaa{c}" for a, b, c in itertools.product("0123456789", repeat=3)
    ],
    "only the last byte of words": [
        f"aaaaaaa{a}bbbbbbb{b}ccccccc{c}" for a, b, c in itertools.product("0123456789", repeat=3)
    ],
    "only the first byte of words": [
        f"{a}aaaaaaa{b}bbbbbbb{c}ccccccc" for a, b, c in itertools.product("0123456789", repeat=3)
    ],
    "numbers": [str(number) for number in range(100_000)],
    "padded numbers": [f"{number:016d}" for number in range(100_000)],
    "mirrored": [f"{number:08d}{99_999_999 - number:08d}" for number in range(50_000)],
    "twice the same": [f"{number:08d}" * 2 for number in range(50_000)],
    "words far apart": ["x" * 8 * at + "y" * 8 + "x" * 8 * (1100 - at) for at in range(1100)],
    "swapped words far apart": [
        "x" * 8 * at + "aaaaaaab" + "x" * 8 * 511 + "aaaaaaac" + "x" * 8 * (20 - at) for at in range(20)
    ]
    + ["x" * 8 * at + "aaaaaaac" + "x" * 8 * 511 + "aaaaaaab" + "x" * 8 * (20 - at) for at in range(20)],
}


def test_texts_do_not_collide() -> None:
    for name, family in FAMILIES.items():
        assert len(set(family)) == len(family)
        assert len(different(text_hashes(pa.array(family)))) == len(family), name


def test_a_text_has_one_hash_wherever_it_stands() -> None:
    texts = ["", "a", "ü" * 9, "x" * 5000, "12345678", "123456789"] * 3
    array = pa.array(texts)
    alone = [int(text_hashes(pa.array([text]))[0]) for text in texts]
    for held in (array, array.cast(pa.large_string()), array.cast(pa.binary())):
        assert text_hashes(held).tolist() == alone
        assert text_hashes(held.slice(5, 9)).tolist() == alone[5:14]
    assert text_hashes(pa.array([], pa.string())).tolist() == []


def test_keys_of_several_columns() -> None:
    pairs = list(itertools.product(range(300), repeat=2))
    first, second = (number_hashes(np.asarray(column)) for column in zip(*pairs, strict=True))
    assert len(different(combined([first, second]))) == len(pairs)
    assert combined([first]).tolist() == first.tolist()
