"""The distribution as steps: exact where there are few values, and within the whole range of doubles."""

from __future__ import annotations

import numpy as np
import pytest

from mlops_cli.measures.steps import NO_STEPS, STEPS, merged, steps_of, unpacked


def test_few_values_are_held_exactly() -> None:
    numbers = np.sort(np.random.default_rng(1).integers(0, STEPS, 20_000).astype(np.float64))
    steps = steps_of(numbers)
    assert steps.exact and steps.count == 20_000
    values, counts = np.unique(numbers, return_counts=True)
    assert steps.values.tolist() == values.tolist() and steps.masses.tolist() == counts.tolist()
    assert unpacked(steps.packed(), True).upto.tolist() == steps.upto.tolist()
    halves = merged([steps_of(numbers[::2]), steps_of(numbers[1::2])])
    assert halves.exact and halves.masses.tolist() == counts.tolist()


def test_histograms_count_every_number_once() -> None:
    numbers = np.sort(np.random.default_rng(2).integers(0, 100, 5000).astype(np.float64))
    edges = np.asarray([0.0, 10.0, 50.0, 99.0])
    assert steps_of(numbers).histogram(edges).tolist() == np.histogram(numbers, edges)[0].tolist()


def test_nothing_and_one_number() -> None:
    assert steps_of(np.empty(0)) is NO_STEPS and merged([]) is NO_STEPS and merged([NO_STEPS]) is NO_STEPS
    assert unpacked(b"", True) is NO_STEPS
    assert np.isnan(NO_STEPS.quantiles([0.5])).all()
    one = steps_of(np.asarray([3.0]))
    below, upto = one.ranks(np.asarray([2.0, 3.0, 4.0]))
    assert (below.tolist(), upto.tolist()) == ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0])
    assert one.quantiles([0, 0.5, 1]).tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("largest", [1.7e308, 1e-320])
def test_the_ends_of_doubles(largest: float) -> None:
    numbers = np.linspace(-1.0, 1.0, 5000) * largest
    parts = [steps_of(numbers[start::3]) for start in range(3)]
    whole = merged(parts)
    below, upto = whole.ranks(np.asarray([-largest, 0.0, largest]))
    assert upto[-1] == 5000 and below[0] == 0 and abs(below[1] - 2500) < 2 * 5000 / 1023


def test_the_order_of_the_numbers_does_not_matter() -> None:
    numbers = np.random.default_rng(3).normal(size=10_000)
    assert steps_of(np.sort(numbers)).packed() == steps_of(np.sort(numbers[::-1])).packed()
