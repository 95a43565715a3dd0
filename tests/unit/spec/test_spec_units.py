from __future__ import annotations

import pytest

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.validation import Bound


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("20m", 1200), ("1.5h", 5400), ("30s", 30), ("7d", 604800), ("200ms", 0.2), (5, 5), (0.5, 0.5), ("2 h", 7200)],
)
def test_durations(value: Json, seconds: float) -> None:
    assert units.duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("value", "count"),
    [("2GB", 2 * 10**9), ("2GiB", 2**31), ("2Gi", 2**31), ("1.5KiB", 1536), ("7B", 7), ("512kB", 512_000), (0, 0)],
)
def test_sizes(value: Json, count: int) -> None:
    assert units.size(value) == count


def test_shares_changes_and_numbers_keep_what_was_written() -> None:
    assert units.share("1%") == Bound(0.01, "share", "1%")
    assert units.share("99.9%") == Bound(0.999, "share", "99.9%")
    assert units.share(0.25) == Bound(0.25, "share", "0.25")
    assert units.change("30%") == Bound(0.3, "percent", "30%")
    assert units.number(-3) == Bound(-3, "number", "-3")
    assert units.number("80%") == Bound(0.8, "share", "80%")
    assert units.share_change("2pp") == Bound(0.02, "points", "2pp")
    assert units.share_change("99.9 pp") == Bound(0.999, "points", "99.9 pp")
    assert units.share_change("10%") == Bound(0.1, "percent", "10%")
    assert units.length_of_time("36h") == Bound(129600, "seconds", "36h")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-01", 0),
        ("1970-01-02T00:00:01", 86401),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01 00:00:00.5Z", 0.5),
        ("1969-12-31", -86400),
    ],
)
def test_instants_are_in_utc_unless_they_say_otherwise(value: str, seconds: float) -> None:
    assert units.instant(value) == Bound(seconds, "seconds", value)
    assert units.day("2019-02-01") == "2019-02-01"


@pytest.mark.parametrize(
    ("read", "value"),
    [(units.duration, value) for value in ("", "soon", "20 minutes", "0s", "-1m", "1e3s", "m", True, None, 0)]
    + [(units.size, value) for value in ("2XB", "-1GB", "GB", "2 G B", True, "1%", -1)]
    + [(units.share, value) for value in ("101%", "-1%", 1.5, -0.1, "few", False)]
    + [(units.change, value) for value in (0.1, 10, "-5%", "5pp", "%")]
    + [(units.share_change, value) for value in (2, "2", "101pp", "-1pp", "-1%", "pp", None)]
    + [(units.instant, value) for value in ("now", "20190101", "2019-02-30", "2019-01-01x", "0000-01-01", 7, None)]
    + [(units.day, value) for value in ("2019-01-01T08:00", "2019-W01-1", 2019)]
    + [(units.length_of_time, value) for value in ("soon", "0h", True)]
    + [(units.number, value) for value in ("good", "1e3", "5ms", True, [])],
)
def test_other_texts_are_refused_with_a_hint(read: object, value: Json) -> None:
    with pytest.raises(units.BadQuantity) as caught:
        read(value)  # type: ignore[operator]
    assert caught.value.hint.startswith("write ")
