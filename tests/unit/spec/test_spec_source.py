from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlops_cli.base.errors import SpecError
from mlops_cli.spec import source
from mlops_cli.spec.source import parse_document, plain_scalar, read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("1.10", 1.1),
        ("22:22", "22:22"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("+12", 12),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("3.", 3.0),
        ("1e3", 1000.0),
        ("2026-01-01", "2026-01-01"),
        ("1%", "1%"),
        ("-", "-"),
        (".", "."),
        ("9223372036854775807", 2**63 - 1),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


@pytest.mark.parametrize("text", ["18446744073709551616", "9" * 5000, "1e999", ".inf", "-.Inf", ".NaN"])
def test_numbers_beyond_json_are_refused(text: str) -> None:
    with pytest.raises(OverflowError):
        plain_scalar(text)


def test_quotes_make_text_and_keys_are_always_text() -> None:
    document = parse_document('a: \'1\'\n"b": "true"\n1: x\ntrue: y\nnull: z\n1.10: v\n', "f")
    assert document.data == {"a": "1", "b": "true", "1": "x", "true": "y", "null": "z", "1.10": "v"}


def test_every_key_and_value_has_its_place() -> None:
    text = "a: [1, {b: two}]\nc:\n  d: |\n    text\n  e:\n  - f: 1\n    g: 2\n"
    document = parse_document(text, "f.yaml")

    def spot(*path: str | int, of: str = "value") -> tuple[int, int, int]:
        place = document.place(path, of=of)  # type: ignore[arg-type]
        return place.line, place.column, place.length

    assert spot("a", 0) == (1, 5, 1)
    assert spot("a", 1) == (1, 8, 8)
    assert spot("a", 1, "b") == (1, 12, 3)
    assert spot("a", 1, "b", of="key") == (1, 9, 1)
    assert spot("c") == (2, 1, 1), "a block is marked by its key"
    assert spot("c", "d") == (3, 6, 1)
    assert spot("c", "e", 0) == (6, 5, 1), "a block in a list is marked by its first key"
    assert spot("c", "e", 0, "g") == (7, 8, 1)
    assert spot("c", "nothing", "here") == (2, 1, 1), "what is not there is shown where it should be"
    assert document.place(("c", "d")).text == "  d: |"


def test_an_empty_value_is_shown_at_its_key() -> None:
    place = parse_document("a: 1\nlong_key:\n", "f").place(("long_key",))
    assert (place.line, place.column, place.length) == (2, 1, 8)


def test_aliases_stand_for_their_values() -> None:
    document = parse_document("a: &x {b: [1, 2]}\nc: *x\n", "f")
    assert document.data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert document.place(("c",)).line == 2


def test_faults_that_do_not_stop_the_reading_are_gathered() -> None:
    document = parse_document("a: 1\na: 2\nb: !!int 3\nc: 1e999\n", "f")
    assert [fault.place.line for fault in document.faults if fault.place] == [2, 3, 4]
    assert document.data == {"a": 1, "b": 3, "c": 0}


def test_line_breaks_of_all_systems() -> None:
    for line_break in ("\n", "\r\n", "\r"):
        place = parse_document(f"a: 1{line_break}b: x{line_break}", "f").place(("b",))
        assert (place.line, place.column, place.text) == (2, 4, "b: x")


def test_wide_and_astral_characters_count_as_one_column() -> None:
    place = parse_document("a: {客😀: x}\n", "f").place(("a", "客😀"))
    assert place.column == 9


def test_files_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"x\.yaml does not exist"):
        read_document(tmp_path / "x.yaml", "x.yaml")
    with pytest.raises(SpecError, match="is a folder"):
        read_document(tmp_path, "specs")
    with pytest.raises(SpecError, match="cannot read"):
        read_document(tmp_path / ("x" * 300), "x")
    (tmp_path / "big.yaml").write_bytes(b"#" * (4 << 20) + b"\n#")
    with pytest.raises(SpecError, match="too large"):
        read_document(tmp_path / "big.yaml", "big.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    document = read_document(tmp_path / "x.yaml", "x.yaml")
    assert document.data == {"a": 1}
    assert document.place(("a",), of="key").column == 1


def test_the_reader_without_libyaml_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> object:
        try:
            document = read_document(path, path.name)
        except SpecError as error:
            return error.faults
        return document.data, document.faults, document.root

    paths = sorted((Path(__file__).parents[2] / "specs").rglob("*.yaml"))
    with_libyaml = [read(path) for path in paths]
    monkeypatch.setattr(source, "Parser", yaml.BaseLoader)
    assert [read(path) for path in paths] == with_libyaml
