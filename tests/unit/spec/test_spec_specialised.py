from __future__ import annotations

from mlops_cli.base.errors import Place
from mlops_cli.spec.specialised import specialised
from mlops_cli.spec.validation import EVERY, Bound, Check, ColumnType, Comparator

PLACE = Place("v.yaml", 1, 1)


def check(subject: str, measure: str, comparator: Comparator, name: str, not_in: tuple[str, ...] = ()) -> Check:
    bound = Bound(0.1, "number", "0.1")
    return Check(f"{subject}.{name}", subject, measure, comparator, bound, PLACE, "warn", not_in=not_in)


NULLS = check(EVERY, "nulls", "change", "nulls.change")
MEAN = check(EVERY, "mean", "change", "mean.change")


def test_a_check_of_every_column_becomes_one_of_each() -> None:
    found = specialised([check("a", "min", "min", "min"), NULLS, MEAN], ["a", "b"])
    assert [item.id for item in found] == [
        "a.min",
        "a.nulls.change",
        "b.nulls.change",
        "a.mean.change",
        "b.mean.change",
    ]
    assert [item.subject for item in found] == ["a", "a", "b", "a", "b"]
    assert {(item.severity, item.bound, item.place) for item in found} == {("warn", NULLS.bound, PLACE)}


def test_a_column_with_a_check_of_its_own_keeps_it() -> None:
    own = check("a", "nulls", "change", "nulls.change")
    other = check("b", "nulls", "max", "nulls.max")
    found = specialised([NULLS, own, other], ["a", "b"])
    assert [item.id for item in found] == ["b.nulls.change", "a.nulls.change", "b.nulls.max"]
    assert found[1] is own


def test_a_column_is_asked_what_its_type_allows() -> None:
    found = specialised([NULLS, MEAN], ["n", "t", "u"], {"n": "number", "t": "string", "u": None})
    assert [item.id for item in found] == [
        "n.nulls.change",
        "t.nulls.change",
        "u.nulls.change",
        "n.mean.change",
        "u.mean.change",
    ]


def test_what_is_new_in_every_version_is_not_asked_whether_it_drifts() -> None:
    drift = check(EVERY, "distribution", "drift", "drift")
    unique = Check("key.unique", "key", "unique", "unique", None, PLACE)
    own = check("day", "distribution", "drift", "drift")
    kinds: dict[str, ColumnType | None] = {"day": "date", "hour": "timestamp", "key": "string", "n": "number"}
    found = specialised([unique, own, drift, NULLS], list(kinds), kinds)
    assert [item.id for item in found if item.measure == "distribution"] == ["day.drift", "n.drift"]
    assert [item.subject for item in found if item.measure == "nulls"] == list(kinds)


def test_exceptions_of_a_column_hold_for_what_every_column_is_asked() -> None:
    found = specialised([NULLS, check("a", "min", "min", "min", ("serving",))], ["a", "b"])
    assert {item.id: item.not_in for item in found} == {
        "a.nulls.change": ("serving",),
        "b.nulls.change": (),
        "a.min": ("serving",),
    }


def test_ids_stay_apart_and_repeated_names_count_once() -> None:
    file = Check("a.nulls.change", "a.nulls", "mean", "change", None, PLACE)
    found = specialised([file, NULLS], ["a", "a"])
    assert [item.id for item in found] == ["a.nulls.change", "columns.a.nulls.change"]


def test_nothing_of_every_column_changes_nothing() -> None:
    checks = (check("a", "min", "min", "min"),)
    assert specialised(checks, ["a", "b"]) == checks
    assert specialised([NULLS], []) == ()
