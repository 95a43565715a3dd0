"""One value in a few percent of the rows: no distance tells it, and it is what a dead sensor leaves behind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from mlops_cli.checks.spikes import with_spikes
from mlops_cli.checks.verdict import Verdict
from mlops_cli.measures.summarise import summarise
from mlops_cli.measures.summary import Profile
from mlops_cli.measures.values import values_of

ROWS = 720
QUIET = Verdict("humidity.drift", "humidity", "pass", "drift up to 0.3", "moved little", effect=0.02)


def month(seed: int, hours: int = 0, value: float = 0.0) -> Profile:
    """Hourly measurements of a month with two digits; `hours` of them are `value`."""
    source = np.random.default_rng(seed)
    values = np.round(np.clip(source.normal(0.6, 0.15, ROWS), 0.2, 1.0), 2)
    values[:hours] = value
    column = summarise(values_of("humidity", pa.array(values), None, textual=False, times=False))
    return Profile(ROWS, 1, "csv", 1, (column,), ())


def verdict(now: Profile, before: Profile, history: Sequence[Profile] = (), said: Verdict = QUIET) -> Verdict:
    return with_spikes([said], now, before, history)[0]


@pytest.mark.parametrize("value", [0.0, -1.0, 999.0, 0.04])
def test_a_day_of_one_odd_value_warns_and_is_called_a_fault(value: float) -> None:
    found = verdict(month(1, 22, value), month(2), [month(2), month(3)])
    assert (found.state, found.reason, found.cause) == ("warn", "value_spike", "fault")
    assert not found.blocks and "to 3.1% of the values" in found.message


def test_quiet_months_stay_quiet() -> None:
    for seed in range(40):
        assert verdict(month(seed), month(seed + 100)) is QUIET


def test_few_odd_rows_are_no_spike() -> None:
    assert verdict(month(1, 9), month(2)) is QUIET


@pytest.mark.parametrize("value", [0.0, 0.04])
def test_what_an_earlier_version_had_too_is_usual(value: float) -> None:
    assert verdict(month(1, 22, value), month(2), [month(3, 18, value), month(2)]) is QUIET


def test_a_value_that_was_usual_among_its_likes_still_stands_out() -> None:
    values = np.round(np.random.default_rng(9).uniform(0.0, 0.2, ROWS), 2)
    winter = Profile(
        ROWS, 1, "csv", 1, (summarise(values_of("humidity", pa.array(values), None, textual=False, times=False)),), ()
    )
    assert verdict(month(1, 22, 0.04), month(2), [winter, month(2)]).reason == "value_spike"


def test_what_has_failed_or_belongs_to_a_slice_is_left_alone() -> None:
    for state, part in (("fail", None), ("too_few", None), ("pass", "site=a")):
        said = Verdict("humidity.drift", "humidity", state, "drift up to 0.3", "x", part)  # type: ignore[arg-type]
        assert verdict(month(1, 22), month(2), said=said) is said
