from __future__ import annotations

import pytest

from mlops_cli.base.errors import Fault, Place
from mlops_cli.cli.render.faults import WIDTH, render_faults


def fault(text: str, column: int, length: int = 1, line: int = 3) -> Fault:
    return Fault("wrong", Place("f.yaml", line, column, length, text))


def test_without_a_place_or_a_hint() -> None:
    assert render_faults([Fault("wrong")]) == "error: wrong\n"
    assert render_faults([Fault("wrong", None, "mend it")]) == "error: wrong\n   = hint: mend it\n"


def test_messages_of_several_lines_are_indented() -> None:
    assert render_faults([Fault("one\ntwo", None, "a\nb")]) == "error: one\n  two\n   = hint: a\n           b\n"


def test_the_count_names_the_file_or_how_many() -> None:
    other = Fault("wrong", Place("g.yaml", 1, 1))
    assert render_faults([fault("a", 1), fault("b", 1)]).endswith("\n2 faults in f.yaml\n")
    assert render_faults([fault("a", 1), other]).endswith("\n2 faults in 2 files\n")
    assert render_faults([Fault("a"), Fault("b")]).endswith("\n2 faults\n")


def caret(text: str, column: int, length: int = 1, line: int = 3) -> tuple[str, str]:
    """The shown line and what the caret points at."""
    lines = render_faults([fault(text, column, length, line)]).splitlines()
    assert len(lines) == 5
    shown, mark = lines[3], lines[4]
    assert shown.index("|") == mark.index("|")
    start, end = mark.index("^"), mark.rindex("^") + 1
    return shown, shown[start:end]


@pytest.mark.parametrize("line", [3, 30, 3000])
def test_the_caret_stands_under_the_part(line: int) -> None:
    assert caret("key: value # more", 6, 5, line)[1] == "value"


def test_tabs_are_as_wide_as_they_are_shown() -> None:
    assert caret("\tkey:\tvalue", 7, 5)[1] == "value"


def test_control_and_invisible_characters_are_written_out() -> None:
    shown, part = caret("a\x1b[31m\u202e\u200b: value", 11, 5)
    assert part == "value"
    assert "\\u001b" in shown
    assert "\\u202e" in shown
    assert "\x1b" not in render_faults([Fault("\x1b]0;x\x07", Place("\x1b.yaml", 1, 1, 1, "x"), "\x1b")])


def test_wide_characters_take_two_columns() -> None:
    mark = render_faults([fault("客: 値", 4)]).splitlines()[-1]
    assert mark.endswith("|     ^^")


@pytest.mark.parametrize(("column", "length"), [(1, 3), (1, 5000), (2500, 4), (4990, 11), (5000, 1), (5001, 1)])
def test_long_lines_are_cut_around_the_caret(column: int, length: int) -> None:
    text = "".join(chr(97 + at % 26) for at in range(5000))
    shown, part = caret(text, column, length) if column <= 5000 else (render_faults([fault(text, column)]), "")
    wanted = text[column - 1 : column - 1 + length]
    assert part == wanted or (len(part) > 50 and wanted.startswith(part)) or column > 5000
    assert max(map(len, shown.splitlines())) <= WIDTH + len(" 3 | ")
