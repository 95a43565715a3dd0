"""`mlops accept`: one check is widened so that the data pass; every other line of the spec stays as it is."""

from __future__ import annotations

import pytest

from tests.conftest import Project

SPEC = """# Ours.
kind: validation
name: shop            # the shop
baseline: previous

expect:
  format: csv
  rows: {min: 5, max: 8, change: 10%}   # a few
  keys: [[id, day]]
  columns:
    "*": {nulls: {change: 2pp}, drift: {max: 0.1}}
    # the buyer
    id: {type: integer, unique: true}
    day: {type: date, min: 2026-02-01, max: 2026-02-28}
    kind:
      type: string
      in:
        - a      # first
        - b
    price: {type: number, min: 5, max: 9.5, mean: {max: 7}, nulls: {max: 0%}}
    code: {type: string, matches: '[A-Z]{2}', length: {max: 2}}
    gone: {type: string}
  rows_where:
    - price < 100
    - {expr: "price > 1", name: dear}
"""

OLD = "id,day,kind,price,code,gone\n" + "".join(
    f"{n},2026-02-{n:02d},{'ab'[n % 2]},{5 + n / 4},AB,x\n" for n in range(1, 9)
)


def rows() -> str:
    """Forty rows in which every check of the spec is broken by something."""
    found = ["id,day,kind,price,code"]
    for n in range(1, 41):
        price = 500 if n == 7 else 0.5 if n == 8 else "" if n == 9 else 5 + n / 3
        code = "abc" if n in (3, 4) else "AB"
        found.append(f"{n if n != 5 else 4},2026-03-{(n if n != 5 else 4) % 30 + 1:02d},{'abc'[n % 3]},{price},{code}")
    return "\n".join(found) + "\n"


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("shop.yaml", SPEC)
    project.write("old.csv", OLD)
    project.write("new.csv", rows())
    return project


DATA = ("--data", "new.csv", "--baseline", "old.csv")


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("rows.max", "max: 8,", "max: 40,"),
        ("rows.change", "change: 10%", "change: 400%"),
        ("day.max", "max: 2026-02-28", "max: 2026-03-30"),
        ("kind.in", "        - b\n", "        - b\n        - c\n"),
        ("price.min", "min: 5, max: 9.5", "min: 0.5, max: 9.5"),
        ("price.max", "max: 9.5", "max: 500"),
        ("price.nulls.max", "nulls: {max: 0%}", "nulls: {max: 2.5%}"),
        ("price.mean.max", "mean: {max: 7}", "mean: {max: 24.39}"),
        ("code.matches", "length: {max: 2}}", "length: {max: 2}, tolerance: 5%}"),
        ("code.length.max", "length: {max: 2}", "length: {max: 3}"),
        ("id.unique", "unique: true}", "unique: true, tolerance: 2.5%}"),
        ("gone.required", "gone: {type: string}", "gone: {type: string, required: false}"),
        ("id, day.unique", "keys: [[id, day]]", "keys: [{columns: [id, day], tolerance: 2.5%}]"),
        ("rows_where.1", "- price < 100", "- {expr: 'price < 100', share: {min: 97.4%}}"),
        ("rows_where.dear", "name: dear}", "name: dear, share: {min: 97.4%}}"),
    ],
)
def test_one_check_is_widened(shop: Project, check: str, old: str, new: str) -> None:
    assert SPEC.count(old) == 1
    ended = shop.quick("accept", "shop.yaml", check, *DATA, "--yes")
    assert (shop.root / "shop.yaml").read_text("utf-8") == SPEC.replace(old, new)
    assert "wrote shop.yaml" in ended.out and "+++ shop.yaml (accepted)" in ended.out
    report = shop.quick("validate", "shop.yaml", *DATA, "--json", code=None).json
    states = {item["state"] for item in report["verdicts"] if item["check"] == check}
    assert states <= {"pass", "not_run"}
    again = shop.quick("accept", "shop.yaml", check, *DATA, "--yes", code=2).err
    assert "there is nothing to accept" in again or "there is no check" in again


def test_a_check_of_every_column_becomes_one_of_its_own(shop: Project) -> None:
    shop.write("old.csv", "n\n" + "".join(f"{n % 50}\n" for n in range(500)))
    shop.write("new.csv", "n\n" + "".join(f"{n % 50 + 25}\n" for n in range(500)))
    shop.write(
        "every.yaml",
        'kind: validation\nname: e\nbaseline: previous\nexpect:\n  columns:\n    "*": {drift: {max: 0.1}}\n',
    )
    shop.quick("validate", "every.yaml", *DATA, code=1)
    found = shop.quick("accept", "every.yaml", "n.drift", *DATA, "--yes", "--json").json
    text = (shop.root / "every.yaml").read_text("utf-8")
    assert "    \"*\": {drift: {max: 0.1}}\n    'n': {drift: {max: 0." in text
    assert found["written"] is True and found["changes"][0]["key"] == "expect.columns.n.drift.max"
    shop.quick("validate", "every.yaml", *DATA)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("price.mx", "did you mean 'price.max'"),
        ("price.type", "passes on these data"),
        ("gone.type", "was not judged"),
    ],
)
def test_what_cannot_be_accepted(shop: Project, check: str, said: str) -> None:
    ended = shop.quick("accept", "shop.yaml", check, *DATA, "--yes", code=2)
    assert said in ended.err
    assert (shop.root / "shop.yaml").read_text("utf-8") == SPEC


def test_what_only_a_person_can_change(shop: Project) -> None:
    shop.write("bad.csv", "id,day,kind,price,code\n" + "".join(f"x{n},2026-02-03,a,7,abc\n" for n in range(9)))
    for check, hint in (("id.type", "edit `type` of id"), ("code.matches", "edit `matches` of code")):
        ended = shop.quick("accept", "shop.yaml", check, "--data", "bad.csv", "--yes", code=2)
        assert hint in ended.err and "shop.yaml:" in ended.err


def test_nobody_to_ask(shop: Project) -> None:
    ended = shop.mlops("accept", "shop.yaml", "price.max", *DATA, code=2)
    assert "+    price: {type: number, min: 5, max: 500" in ended.err
    assert "--yes" in ended.err
    assert (shop.root / "shop.yaml").read_text("utf-8") == SPEC


def test_a_value_that_stands_out_has_no_bound_to_widen(project: Project) -> None:
    hours = [f"{0.4 + (at * 7 % 41) / 100:.2f}" for at in range(700)]
    project.write("old.csv", "\n".join(["hum", *hours, ""]))
    project.write("new.csv", "\n".join(["hum", *["0"] * 22, *hours[22:], ""]))
    project.write(
        "hum.yaml",
        "kind: validation\nname: hum\nbaseline: previous\nexpect: {columns: {hum: {type: number, drift: {max: 0.2}}}}\n",
    )
    words = ("--data", "new.csv", "--baseline", "old.csv")
    said = project.quick("validate", "hum.yaml", *words).out
    assert "the value 0 stands out; looks like a processing fault (20 to 1)" in said
    assert "this looks like a processing fault: hum.drift" in said
    assert "nothing to widen" in project.quick("accept", "hum.yaml", "hum.drift", *words, "-y", code=2).err
