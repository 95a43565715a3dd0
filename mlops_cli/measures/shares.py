"""Shares of rows: Wilson's interval, and two shares of the same rows against each other.

Sources: Wilson, JASA 22 (1927); Tango, Statistics in Medicine 17 (1998) 891-908; McNemar, Psychometrika 12 (1947);
the mid-p version: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91 (2013).
"""

from __future__ import annotations

import math

from mlops_cli.measures.special import normal_quantile

FEW = 25
"""Below so many rows on which two models differ, McNemar's test is the exact one."""
HALVINGS = 60


def wilson(hits: float, rows: float, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share; all of [0, 1] without rows."""
    if rows <= 0:
        return 0.0, 1.0
    z = normal_quantile(0.5 + confidence / 2)
    share, part = hits / rows, z * z / rows
    centre = (share + part / 2) / (1 + part)
    half = z / (1 + part) * math.sqrt(max(0.0, share * (1 - share)) / rows + part / (4 * rows))
    return (max(0.0, centre - half) if hits > 0 else 0.0), (min(1.0, centre + half) if hits < rows else 1.0)


def share_score(share: float, rows: float, bound: float) -> float:
    """How many standard errors a share is above a bound, if the bound is the true share: the score test, which Wilson's
    interval inverts."""
    if rows <= 0 or share == bound:
        return 0.0
    if not 0 < bound < 1:
        return math.copysign(math.inf, share - bound)
    return (share - bound) / math.sqrt(bound * (1 - bound) / rows)


def mcnemar(wins: int, losses: int) -> float:
    """The two-sided p-value of McNemar's test: mid-p, and exact where fewer than 25 rows differ.

    `wins` are rows that only the first model has right, `losses` those that only the second has right.
    """
    tail, last = fair_tail(min(wins, losses), wins + losses)
    return min(1.0, 2 * tail if wins + losses < FEW else 2 * tail - last)


def fair_tail(most: int, tosses: int) -> tuple[float, float]:
    """The chance of at most so many heads of a fair coin, and of exactly so many."""
    log = math.lgamma(tosses + 1) - math.lgamma(most + 1) - math.lgamma(tosses - most + 1) - tosses * math.log(2)
    last = term = math.exp(log)
    tail = 0.0
    for heads in range(most, -1, -1):
        if term <= tail * 1e-18:
            break
        tail += term
        term *= heads / (tosses - heads + 1)
    return tail, last


def tango(wins: int, losses: int, rows: int, confidence: float) -> tuple[float, float]:
    """Tango's score interval of (wins - losses) / rows, the difference of two shares of the same rows.

    It holds every difference that the score test, with the other parameter at its likeliest, does not rule out; [-1, 1]
    without rows.
    """
    if rows <= 0:
        return -1.0, 1.0
    z, found = normal_quantile(0.5 + confidence / 2), (wins - losses) / rows
    return _end(wins, losses, rows, found, -1.0, z), _end(wins, losses, rows, found, 1.0, z)


def tango_score(wins: int, losses: int, rows: int, difference: float) -> float:
    """How many standard errors what was found is above a difference in (-1, 1)."""
    first, second = 2 * rows, -wins - losses + (2 * rows - wins + losses) * difference
    third = -losses * difference * (1 - difference)
    likely = (math.sqrt(max(0.0, second * second - 4 * first * third)) - second) / (2 * first)
    spread = rows * (2 * likely + difference * (1 - difference))
    away = wins - losses - rows * difference
    if spread <= 0:
        return math.copysign(math.inf, away) if away else 0.0
    return away / math.sqrt(spread)


def _end(wins: int, losses: int, rows: int, inside: float, outside: float, z: float) -> float:
    """The difference between `inside` and `outside` at which the score reaches z, by halving."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if abs(tango_score(wins, losses, rows, middle)) < z:
            inside = middle
        else:
            outside = middle
    return inside
