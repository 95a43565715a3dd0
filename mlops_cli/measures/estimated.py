"""A number with its interval, and what follows from intervals alone: the chance of keeping a bound, the difference and
the ratio of two.

Sources: the difference ("MOVER") Zou and Donner, Statistics in Medicine 27 (2008) 1693-1702, of two shares with
Wilson's intervals it is Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10; the ratio Donner and Zou,
Statistical Methods in Medical Research 21 (2012) 347-359.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mlops_cli.measures.shares import share_score
from mlops_cli.measures.special import normal, normal_quantile

Method: TypeAlias = Literal["wilson", "rarest", "delong", "tango", "bca", "percentile", "folded", "fixed", "mover"]
"""How an interval was made. `rarest`: nothing varies, and Wilson's interval of the rarest class's rows stands in;
`fixed`: nothing varies, and there is no interval; `folded`: a calibration error, less what chance
adds; `mover`: from two other intervals."""
Test: TypeAlias = Literal["mcnemar", "delong", "bootstrap", "mover"]


@dataclass(frozen=True)
class Estimate:
    """A metric of some rows, or a difference of two, with how sure it is."""

    value: float
    n: int
    """The rows that it was computed from."""
    low: float | None
    high: float | None
    """The interval; None where too few resamples have a value."""
    confidence: float
    method: Method
    units: int
    """What was counted or drawn: the rows of a share (recall: the positive ones), clusters, else all rows."""
    p: float | None = None
    """Of a difference: the chance of one at least as large, either way, where there is none."""
    test: Test | None = None

    def chance(self, bound: float, sign: Literal[1, -1]) -> float:
        """The chance of a value as bad as this, or worse, if the true one just keeps the bound: the one-sided p-value
        of "it is at least the bound" (sign 1), or "at most" (-1).

        It is below (1 - confidence) / 2 exactly where the interval lies beyond the bound; 1 without an interval, but
        for a value beyond the bound from which no row differs.
        """
        if self.method == "wilson":
            return normal(sign * share_score(self.value, self.units, bound))
        if self.low is None or self.high is None:
            return 0.0 if self.method == "fixed" and sign * self.value < sign * bound else 1.0
        found = normal(sign * self.errors_above(bound, self.low, self.high))
        return 1.0 if math.isnan(found) else found  # numbers too large to be told apart

    def errors_above(self, bound: float, low: float, high: float) -> float:
        """How many standard errors the value is above a bound, as the width of the interval's own side has it; of an
        area under the curve on the logit scale."""
        value = self.value
        if self.method == "delong" and self.test is None and low > 0 and high < 1:
            if not 0 < bound < 1:
                return math.inf if bound <= 0 else -math.inf
            value, low, high, bound = (math.log(each / (1 - each)) for each in (value, low, high, bound))
        if not low <= value <= high:
            value = (low + high) / 2  # a bias was taken off: the middle is the best that is known
        away = value - bound
        side = (value - low) if away > 0 else (high - value)
        if away == 0:
            return 0.0
        return normal_quantile(0.5 + self.confidence / 2) * away / side if side > 0 else math.copysign(math.inf, away)

    @property
    def error(self) -> float:
        """The standard error as the width of the interval has it; infinite without one."""
        if self.low is None or self.high is None:
            return math.inf
        return (self.high - self.low) / (2 * normal_quantile(0.5 + self.confidence / 2))


def two_sided(found: Estimate) -> float:
    """The p-value of "the value is 0"."""
    return min(1.0, 2 * min(found.chance(0.0, 1), found.chance(0.0, -1)))


def gap(high: Estimate, low: Estimate) -> Estimate:
    """high - low, of two independent estimates."""
    value, rows, units = high.value - low.value, high.n + low.n, min(high.units, low.units)
    if high.low is None or high.high is None or low.low is None or low.high is None:
        return Estimate(value, rows, None, None, high.confidence, "mover", units)
    below = math.hypot(high.value - high.low, low.high - low.value)
    above = math.hypot(high.high - high.value, low.value - low.low)
    return Estimate(value, rows, value - below, value + above, high.confidence, "mover", units, test="mover")


def quotient(low: Estimate, high: Estimate) -> Estimate | None:
    """low / high, of two independent estimates; None where `high` is not above 0. The upper end is infinite where
    `high` may be 0."""
    if not high.value > 0:
        return None
    value, rows, units = low.value / high.value, high.n + low.n, min(high.units, low.units)
    if high.low is None or high.high is None or low.low is None or low.high is None:
        return Estimate(value, rows, None, None, high.confidence, "mover", units)
    product = low.value * high.value
    least, most = low.low * (2 * low.value - low.low), low.high * (2 * low.value - low.high)
    over, under = high.high * (2 * high.value - high.high), high.low * (2 * high.value - high.low)
    # The lower end is (product - root) / over, written so that it also holds where `over` is 0 or below.
    bottom = product + math.sqrt(max(0.0, product * product - least * over))
    first = least / bottom if bottom > 0 else 0.0
    last = (product + math.sqrt(max(0.0, product * product - most * under))) / under if under > 0 else math.inf
    return Estimate(value, rows, first, last, high.confidence, "mover", units, test="mover")
