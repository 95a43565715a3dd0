"""Named formats: what fits and what does not."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa
import pytest

from mlops_cli.measures.formats import fits
from mlops_cli.spec.validation import NamedFormat

CASES: dict[NamedFormat, tuple[list[str], list[str]]] = {
    "email": (
        ["a@b.co", "first.last+tag@sub.example.org", "o'hara@x-y.io"],
        ["", "a", "a@b", "@b.co", "a@", "a b@c.de", "a@b.co\n", "a@-b.co", "a@@b.co", "ü@b.co"],
    ),
    "url": (
        ["http://a", "https://a.b/c?d=e#f", "s3://bucket/key", "HTTP://A.B:80/", "http://[::1]/x", "ftp://u:p@h.x"],
        ["", "a.b", "http://", "mailto:a@b.co", "http://a b", "http://a:123456", "//a.b"],
    ),
    "uuid": (
        ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
        ["", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "{123e4567}"],
    ),
    "ipv4": (["0.0.0.0", "255.255.255.255"], ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "::1", "1.2.3.4/8"]),
    "ipv6": (["::", "::1", "fe80::1", "::ffff:1.2.3.4"], ["", "1.2.3.4", ":::", "12345::", "g::"]),
    "hostname": (
        ["a", "a.b", "xn--a-b.c", "1.2", "a" * 63, ".".join(["a" * 49] * 5)],
        ["", ".", "-a", "a-", "a..b", "a_b", "a" * 64, ".".join(["a" * 51] * 5), "a b"],
    ),
    "date": (
        ["2024-02-29", "0001-01-01", "9999-12-31"],
        ["", "2023-02-29", "2024-02-30", "2024-13-01", "2024-1-1", "24-01-01", "2024-01-01T00:00", "2024-04-31"],
    ),
    "time": (
        ["00:00", "23:59:59", "12:00:00.123Z", "12:00+02:00", "23:59:60"],
        ["", "24:00", "1:00", "12:60", "12:00:61", "12", "12:00+25:00"],
    ),
    "datetime": (
        ["2024-02-29T12:00", "2024-02-29 12:00:00.5Z", "2024-02-29T12:00:00+0200"],
        ["", "2024-02-29", "2023-02-29T12:00", "2024-02-29T25:00", "2024-02-29  12:00"],
    ),
    "country_code": (["DE", "US"], ["", "D", "de", "DEU", "D1"]),
    "currency_code": (["EUR"], ["", "EU", "eur", "EURO"]),
    "hex_color": (["#fff", "#FFFF", "#a1b2c3", "#a1b2c3d4"], ["", "fff", "#ff", "#fffff", "#ggg"]),
    "json": (
        ["1", "null", '"a"', "[]", '{"a": [1, 2.5e3]}', "1" * 5000],
        ["", "NaN", "Infinity", "{a: 1}", "[1,]", "'a'", "{", "[" * 100_000, "01"],
    ),
}


def test_every_format_has_cases() -> None:
    assert set(CASES) == set(get_args(NamedFormat))


@pytest.mark.parametrize("kind", list(CASES))
def test_what_fits_and_what_does_not(kind: NamedFormat) -> None:
    good, bad = CASES[kind]
    texts = pa.array([*good, *bad, None])
    wanted = [True] * len(good) + [False] * len(bad) + [False]
    found = fits(kind, texts).tolist()
    assert found == wanted, [text for text, a, b in zip(texts.to_pylist(), found, wanted, strict=True) if a != b]
    assert fits(kind, texts.slice(1)).tolist() == wanted[1:]
    assert fits(kind, texts.cast(pa.large_string())).tolist() == wanted
    assert fits(kind, pa.array([], pa.string())).tolist() == []
    assert fits(kind, pa.array([None], pa.string())).tolist() == [False]
