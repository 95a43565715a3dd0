"""YAML that is written is read back as it was meant; a patch changes one value and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec.patching import Edit, patched, value_at
from mlops_cli.spec.source import parse_document
from mlops_cli.spec.writing import ColumnText, ValidationText, comment, flow, scalar, validation_text

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
NASTY = ["", "*", "rows", "a: b", "#x", "yes", "null", "1", "1e5", "0x1F", "-", "- a", "'", '"', "a\nb", "\t", "\x00"]
NASTY += [
    "\x85",
    "\u2028",
    "\ufeff",
    "😀",
    "é",
    "{",
    "[a]",
    "&a",
    "!x",
    "%",
    "@",
    "`",
    "a #b",
    "~",
    "true",
    "2011-01-01",
]
NASTY += [" lead", "trail ", "?", "? a", ":", "<<", "x-y", "|", ">", "12%", "5pp", ".inf", "=", "a,b", "}"]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_texts_come_back(text: str) -> None:
    document = parse_document(f"{scalar(text)}: {{k: [{scalar(text)}]}}\n", "t")
    assert document.data == {text: {"k": [text]}} or text == "<<"


@given(TEXTS, st.one_of(TEXTS, st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)))
def test_all_texts_and_numbers_come_back(key: str, value: Json) -> None:
    if key == "<<":
        return
    found = parse_document(f"{scalar(key)}: {flow([value, {'k': value}])}\n", "t").data
    assert found == {key: [value, {"k": value}]}


@given(TEXTS)
def test_a_remark_stays_on_its_line(text: str) -> None:
    assert parse_document(f"{comment(text)}\na: 1\n", "t").data == {"a": 1}


def test_a_name_of_two_thousand_characters_and_a_long_column() -> None:
    long = "n" * 2000
    wide: dict[str, Json] = {"type": "string", "in": [f"value {n}" for n in range(40)], "nulls": {"max": "0%"}}
    said = ValidationText("x", ("why",), {"baseline": "previous"}, {"rows": {"min": 1}}, {}, (
        ColumnText(long, {"type": "integer"}, ("seen: this",)), ColumnText("w", wide)
    ))  # fmt: skip
    data = parse_document(validation_text(said), "t").data
    assert isinstance(data, dict)
    assert data["expect"] == {"rows": {"min": 1}, "columns": {long: {"type": "integer"}, "w": wide}}


TEXT = """# head
kind: validation   # what
expect:
  rows: {min: 3,   max: 9}  # rows
  columns:
    "*": {drift: {max: 0.1}}
    a: {in: [x, 'y'], nulls: {max: 1%}}   # a
    # about b
    b:
      type: string
      in:
        - x   # the first
        - z
    c: {}
# end"""


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (Edit(("expect", "rows", "max"), 12), "max: 9}", "max: 12}"),
        (Edit(("expect", "columns", "a", "nulls", "max"), "2%"), "max: 1%}}", "max: 2%}}"),
        (Edit(("expect", "columns", "a", "tolerance"), "1%"), "{max: 1%}}", "{max: 1%}, tolerance: 1%}"),
        (Edit(("expect", "columns", "a", "in"), ["z, z"], append=True), "'y']", "'y', 'z, z']"),
        (Edit(("expect", "columns", "b", "in"), ["q"], append=True), "        - z\n", "        - z\n        - q\n"),
        (Edit(("expect", "columns", "b", "drift", "max"), 0.2), "- z\n", "- z\n      drift: {max: 0.2}\n"),
        (Edit(("expect", "columns", "c", "min"), 0), "c: {}", "c: {min: 0}"),
        (Edit(("expect", "columns", "d: e", "min"), 0), "c: {}\n", "c: {}\n    'd: e': {min: 0}\n"),
        (Edit(("expect", "columns", "b", "type"), "integer"), "type: string", "type: integer"),
        (Edit(("name",), "spec"), "- z\n    c: {}\n", "- z\n    c: {}\nname: spec\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_value_is_changed_and_nothing_else(edit: Edit, old: str, new: str, newline: str) -> None:
    text = TEXT.replace("\n", newline)
    assert TEXT.count(old) == 1
    assert patched(text, "t", [edit]) == TEXT.replace(old, new).replace("\n", newline)


def test_what_stands_under_an_anchor_is_left_to_a_person() -> None:
    text = "a: &x {min: 1}\nb: *x\n"
    for path in (("b", "min"), ("b", "max"), ("a",)):
        with pytest.raises(SpecError, match="only a person"):
            patched(text, "t", [Edit(path, 2)])


def test_a_last_line_without_an_end() -> None:
    assert patched("a:\n  b: 1", "t", [Edit(("a", "c"), 2)]) == "a:\n  b: 1\n  c: 2"
    assert value_at(parse_document("a: [1, {b: 2}]", "t"), ("a", 1, "b")) == 2
