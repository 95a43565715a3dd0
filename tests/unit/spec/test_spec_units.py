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


@pytest.mark.parametrize(
    ("read", "value"),
    [(units.duration, value) for value in ("", "soon", "20 minutes", "0s", "-1m", "1e3s", "m", True, None, 0)]
    + [(units.size, value) for value in ("2XB", "-1GB", "GB", "2 G B", True, "1%", -1)]
    + [(units.share, value) for value in ("101%", "-1%", 1.5, -0.1, "few", False)]
    + [(units.change, value) for value in (0.1, 10, "-5%", "5pp", "%")]
    + [(units.number, value) for value in ("good", "1e3", "5ms", True, [])],
)
def test_other_texts_are_refused_with_a_hint(read: object, value: Json) -> None:
    with pytest.raises(units.BadQuantity) as caught:
        read(value)  # type: ignore[operator]
    assert caught.value.hint.startswith("write ")
