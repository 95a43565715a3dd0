"""How far two distributions are apart, and how surely: numbers as steps, categories as counts.

Every function is total: no rows, one row, constants and unseen categories give a number, never NaN and no warning.
`new` and `old` are the two samples with n and m members. Distances agree with scipy's where the steps are exact;
p-values come from `scipy.special`, because `scipy.stats` takes a second to import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlops_cli.measures.exact import fisher, ks_exact
from mlops_cli.measures.shares import wilson
from mlops_cli.measures.special import gamma_above, kolmogorov, normal, normal_quantile, special
from mlops_cli.measures.steps import Floats, Steps

KS_BY_CHANCE = 0.8687
"""Mean of the Kolmogorov distribution, sqrt(pi / 2) * ln 2: where D lies by chance, times sqrt((n + m) / (n m))."""
LEAST_EXPECTED = 5.0
"""Cells of a chi-square table with a smaller expected count are put together (Cochran 1954)."""
EXACT_CELLS = 100_000
"""Up to so many pairs (n m) the p-value of the KS distance counts paths; above, Stephens' formula is close enough."""
EXACT_HITS = 2_000
"""Up to so many hits in two shares, the p-value of their difference is Fisher's."""

LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Table:
    """Counts of the same categories in both samples; `new` and `old` have the shape (categories,)."""

    names: tuple[str, ...]
    new: Floats
    old: Floats

    @property
    def shares(self) -> tuple[Floats, Floats]:
        """Both as shares of their samples; zeros for a sample without rows."""
        return self.new / max(float(self.new.sum()), 1e-300), self.old / max(float(self.old.sum()), 1e-300)


def by_size(n: float, m: float) -> float:
    """(n + m) / (n m), the variance that two sample sizes give to a difference; 2 without rows."""
    return 1.0 / n + 1.0 / m if n > 0 and m > 0 else 2.0


# --- numbers -------------------------------------------------------------------------------------------------------


def gaps(new: Steps, old: Steps) -> tuple[Floats, Floats, Floats]:
    """F - G at every value of either: (values, just below the value, at the value), each of shape (values,)."""
    points = np.union1d(new.values, old.values)
    new_below, new_upto = new.ranks(points)
    old_below, old_upto = old.ranks(points)
    n, m = max(new.count, 1e-300), max(old.count, 1e-300)
    return points, new_below / n - old_below / m, new_upto / n - old_upto / m


def ks(new: Steps, old: Steps) -> float:
    """The two-sample Kolmogorov-Smirnov distance, in [0, 1]; 0 where one of them is empty."""
    if not new.count or not old.count:
        return 0.0
    _, below, upto = gaps(new, old)
    return float(min(1.0, max(np.abs(below).max(), np.abs(upto).max())))


def ks_p(distance: float, n: float, m: float) -> float:
    """P(D >= distance) where both samples come from one continuous distribution; with ties it is too careful.

    Small samples: exact, by counting paths (Hodges 1958). Others: Kolmogorov's limit with the correction of Stephens
    (1970), (sqrt(ne) + 0.12 + 0.11 / sqrt(ne)) D.
    """
    whole_n, whole_m = round(n), round(m)
    if whole_n < 1 or whole_m < 1 or distance <= 0:
        return 1.0
    if whole_n * whole_m <= EXACT_CELLS:
        return ks_exact(distance, whole_n, whole_m)
    root = math.sqrt(1.0 / by_size(n, m))
    return kolmogorov((root + 0.12 + 0.11 / root) * distance)


def without_chance(distance: float, n: float, m: float) -> float:
    """The KS distance beyond what chance alone gives on average, in [0, 1]: it does not grow as samples shrink."""
    return min(1.0, max(0.0, distance - KS_BY_CHANCE * math.sqrt(by_size(n, m))))


def wasserstein(new: Steps, old: Steps) -> float:
    """The first Wasserstein distance, in the unit of the numbers: the area between both distribution functions."""
    if not new.count or not old.count:
        return 0.0
    points, below, upto = gaps(new, old)
    left, right = upto[:-1], below[1:]
    top = np.abs(left) + np.abs(right)
    crossing = (left * right < 0) & (top > 0)
    height = np.where(crossing, (left**2 + right**2) / np.where(crossing, 2 * top, 1.0), top / 2)
    return area(height, points)


def wasserstein_by_chance(new: Steps, old: Steps) -> float:
    """What the Wasserstein distance is on average where nothing moved: E|F - G| is sqrt(2 / pi) standard errors of a
    share, integrated over the pooled distribution."""
    n, m = new.count, old.count
    if not n or not m:
        return 0.0
    points = np.union1d(new.values, old.values)
    pooled = (new.ranks(points)[1] + old.ranks(points)[1])[:-1] / (n + m)
    spread = np.sqrt(np.clip(pooled * (1 - pooled), 0, None))
    return area(spread * math.sqrt(2 / math.pi * by_size(n, m)), points)


def area(height: Floats, points: Floats) -> float:
    """The area of bars between the points, shape (points - 1,); the largest double where it is more."""
    with np.errstate(over="ignore"):
        return min(float(np.sum(height * np.minimum(np.diff(points), LARGEST))), LARGEST)


def spread_of(steps: Steps) -> float:
    """The interquartile range; where it is 0 that of the middle 98 %, where that is 0 too the whole range."""
    if not steps.count:
        return 0.0
    for low, high in ((0.25, 0.75), (0.01, 0.99), (0.0, 1.0)):
        ends = steps.quantiles((low, high))
        with np.errstate(over="ignore"):
            width = float(ends[1] - ends[0])
        if width > 0:
            return min(width, LARGEST)
    return 0.0


def deciles(new: Steps, old: Steps, bins: int = 10) -> Table:
    """Both samples counted between the deciles of `old`; equal deciles become one. The outer bins are open."""
    if not old.count:
        return Table(("all",), np.array([new.count]), np.array([0.0]))
    inner = np.unique(old.quantiles([step / bins for step in range(1, bins)]))
    counted = []
    for steps in (new, old):
        upto = steps.ranks(inner)[1]
        counted.append(np.clip(np.diff(np.concatenate(([0.0], upto, [steps.count]))), 0.0, None))
    names = [f"up to {edge:.4g}" for edge in inner] + [f"above {inner[-1]:.4g}"]
    return Table(tuple(names), counted[0], counted[1])


# --- categories ----------------------------------------------------------------------------------------------------


def table_of(new: Mapping[str, float], old: Mapping[str, float]) -> Table:
    """The counts of all categories of either, in the order of their names."""
    names = tuple(sorted({*new, *old}))
    return Table(
        names,
        np.array([new.get(name, 0.0) for name in names], dtype=np.float64),
        np.array([old.get(name, 0.0) for name in names], dtype=np.float64),
    )


def pooled(table: Table) -> Table:
    """The table with all cells of an expected count below 5 put into one; none is left where that is too small still.

    The last cell is the pool. With fewer than two cells left, it is the largest category against the rest.
    """
    n, m = float(table.new.sum()), float(table.old.sum())
    both = table.new + table.old
    if len(both) <= 1 or not n or not m:
        return table
    smaller = min(n, m) / (n + m)
    order = np.argsort(-both, kind="stable")
    large = int(np.count_nonzero(both * smaller >= LEAST_EXPECTED))
    if large < len(both) and large > 1 and both[order[large:]].sum() * smaller < LEAST_EXPECTED:
        large -= 1  # the smallest of the large ones joins the pool
    large = max(large, 1)
    if large == len(both):
        return table
    kept, rest = np.sort(order[:large]), order[large:]
    return Table(
        (*(table.names[index] for index in kept), "others"),
        np.append(table.new[kept], table.new[rest].sum()),
        np.append(table.old[kept], table.old[rest].sum()),
    )


def chi2(table: Table) -> tuple[float, int]:
    """Pearson's statistic of the 2 x k table without continuity correction, and its degrees of freedom.

    Both samples are samples: never the older one as if it were the truth.
    """
    both = table.new + table.old
    seen = both > 0
    n, m = float(table.new.sum()), float(table.old.sum())
    if not n or not m or seen.sum() <= 1:
        return 0.0, 0
    new, old, both = table.new[seen], table.old[seen], both[seen]
    return float(np.sum((new / n - old / m) ** 2 / both) * n * m), len(both) - 1


def chi2_p(statistic: float, degrees: int) -> float:
    """The upper tail of the chi-square distribution; 1 for no degrees of freedom."""
    return gamma_above(degrees / 2, statistic / 2) if degrees > 0 else 1.0


def categories_p(table: Table) -> float:
    """P of a table at least as unlike: chi-square of the pooled table; Fisher's where two cells are left."""
    small = pooled(table)
    if len(small.names) == 2:
        new, old = np.round(small.new), np.round(small.old)
        return shares_p(float(new[0]), float(new.sum()), float(old[0]), float(old.sum()))
    return chi2_p(*chi2(small))


def new_share_p(table: Table) -> float:
    """P that so many rows have a category that `old` does not know, by chance.

    The share of unseen categories is about that of the categories seen once (Good 1953); the rest is binomial.
    """
    n, m = float(table.new.sum()), float(table.old.sum())
    unseen = float(table.new[table.old == 0].sum())
    if not n or not m or not unseen:
        return 1.0
    single = float(np.count_nonzero(table.old == 1))
    chance = min(1.0, (single + 1) / (m + 1))
    return float(special().betainc(unseen, n - unseen + 1, chance))  # the upper tail of the binomial distribution


def cramers_v(table: Table) -> float:
    """Cramer's V of the 2 x k table, in [0, 1], without its bias (Bergsma 2013): 0 on average where nothing moved.

    It is that of two samples of one size, with the information that the two sizes have, 4 n m / (n + m): a batch of 100
    beside 10,000 rows has the same V as beside 100. With n = m it is Bergsma's.
    """
    new, old = table.shares
    both = new + old
    seen = both > 0
    kinds = int(seen.sum())
    n, m = float(table.new.sum()), float(table.old.sum())
    total = 4.0 / by_size(n, m)
    if not n or not m or kinds < 2 or total <= 2:
        return 0.0
    phi2 = float(np.sum((new[seen] - old[seen]) ** 2 / both[seen])) / 2
    beyond = max(0.0, phi2 - (kinds - 1) / (total - 1))
    columns = kinds - (kinds - 1) ** 2 / (total - 1)
    rows = 2 - 1 / (total - 1)
    least = min(columns - 1, rows - 1)
    return min(1.0, math.sqrt(beyond / least)) if least > 0 else 0.0


def l_infinity(table: Table) -> tuple[float, str]:
    """The greatest difference of a share, and the category that has it; (0, "") without categories."""
    if not len(table.names):
        return 0.0, ""
    new, old = table.shares
    worst = int(np.argmax(np.abs(new - old)))
    return float(abs(new[worst] - old[worst])), table.names[worst]


def l_infinity_by_chance(table: Table) -> float:
    """What the greatest category's share differs by on average where nothing moved."""
    n, m = float(table.new.sum()), float(table.old.sum())
    if not n or not m:
        return 0.0
    share = (table.new + table.old) / (n + m)
    return float(np.max(np.sqrt(2 / math.pi * share * (1 - share) * by_size(n, m)), initial=0.0))


def psi(table: Table) -> float:
    """The population stability index: the sum of (p - q) ln(p / q). Half a row is added to every cell, for no cell
    with none would have a logarithm."""
    cells = len(table.names)
    if cells < 2 or not table.new.sum() or not table.old.sum():
        return 0.0
    new = (table.new + 0.5) / (table.new.sum() + 0.5 * cells)
    old = (table.old + 0.5) / (table.old.sum() + 0.5 * cells)
    return float(np.sum((new - old) * np.log(new / old)))


def psi_by_chance(table: Table) -> float:
    """The mean of the index where nothing moved: (cells - 1) (1/n + 1/m) (Yurdakul and Naranjo 2020)."""
    return (len(table.names) - 1) * by_size(float(table.new.sum()), float(table.old.sum()))


def jensen_shannon(table: Table) -> float:
    """The Jensen-Shannon distance to base 2, in [0, 1]: the root of the divergence, as scipy's `jensenshannon`."""
    if not table.new.sum() or not table.old.sum():
        return 0.0
    new, old = table.shares
    middle = (new + old) / 2
    parts = special().rel_entr(new, middle) + special().rel_entr(old, middle)
    return math.sqrt(min(1.0, max(0.0, float(parts.sum()) / 2 / math.log(2))))


def jensen_shannon_by_chance(table: Table) -> float:
    """The mean of the squared distance where nothing moved: (cells - 1) (1/n + 1/m) / (8 ln 2)."""
    return psi_by_chance(table) / (8 * math.log(2))


# --- single numbers ------------------------------------------------------------------------------------------------


def shares_p(hits: float, n: float, old_hits: float, m: float) -> float:
    """P of two shares at least as different: Fisher's exact test, for many hits the z-test with the pooled share."""
    if n <= 0 or m <= 0:
        return 1.0
    total = hits + old_hits
    if min(total, n + m - total, n, m) <= EXACT_HITS:
        return fisher(round(hits), round(n), round(old_hits), round(m))
    share = total / (n + m)
    z = (hits / n - old_hits / m) / math.sqrt(share * (1 - share) * by_size(n, m))
    return 2 * normal(-abs(z))


def newcombe(hits: float, n: float, old_hits: float, m: float, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two shares, from their Wilson intervals (Newcombe 1998, method 10)."""
    first, second = wilson(hits, n, confidence), wilson(old_hits, m, confidence)
    share, old = (hits / n if n > 0 else 0.5), (old_hits / m if m > 0 else 0.5)
    low = math.hypot(share - first[0], second[1] - old)
    high = math.hypot(first[1] - share, old - second[0])
    return max(-1.0, share - old - low), min(1.0, share - old + high)


@dataclass(frozen=True)
class Moments:
    """What the tests of location and scale need. `kurtosis` is the excess."""

    n: float
    mean: float
    std: float
    kurtosis: float = 0.0


@dataclass(frozen=True)
class Difference:
    """A difference, its interval, and the probability of one at least as large by chance."""

    value: float
    low: float
    high: float
    p: float


def welch(new: Moments, old: Moments, confidence: float = 0.95) -> Difference:
    """The difference of the means by Welch's t-test (1947); without spread in either, any difference is sure."""
    value = new.mean - old.mean
    first, second = new.std / math.sqrt(max(new.n, 1.0)), old.std / math.sqrt(max(old.n, 1.0))
    error = math.hypot(first, second)
    if new.n < 2 or old.n < 2:
        return Difference(value, -math.inf, math.inf, 1.0)
    if not error > 0 or not math.isfinite(error) or not math.isfinite(value):
        return Difference(value, value, value, 1.0 if value == 0 else 0.0)
    part = (first / error) ** 2
    degrees = 1 / (part**2 / (new.n - 1) + (1 - part) ** 2 / (old.n - 1))
    half = float(special().stdtrit(degrees, 0.5 + confidence / 2)) * error
    return Difference(value, value - half, value + half, float(2 * special().stdtr(degrees, -abs(value) / error)))


def log_std_ratio(new: Moments, old: Moments, confidence: float = 0.95) -> Difference:
    """ln(std / old std); its variance is (kurtosis + 2) / (4 (n - 1)) each, which heavy tails make large.

    Source: Bonett, "Confidence interval for standard deviation of nonnormal distributions" (2006), large samples.
    """
    if new.n < 2 or old.n < 2 or not (new.std > 0 or old.std > 0):
        return Difference(0.0, -math.inf, math.inf, 1.0)
    if not (new.std > 0 and old.std > 0):
        end = math.copysign(math.log(LARGEST), new.std - old.std)
        few = min(new.n, old.n) < LEAST_EXPECTED
        return Difference(end, end, end, 1.0 if few else 0.0)
    value = math.log(new.std) - math.log(old.std)
    error = math.sqrt(sum((max(item.kurtosis, -1.9) + 2) / (4 * (item.n - 1)) for item in (new, old)))
    half = normal_quantile(0.5 + confidence / 2) * error
    return Difference(value, value - half, value + half, 2 * normal(-abs(value) / error))


# --- many tests at once --------------------------------------------------------------------------------------------


def predictive_limit(history: Sequence[float], alpha: float) -> float:
    """What the next distance stays below with the probability 1 - alpha, if it varies as those of the history.

    mean + t(1 - alpha, B - 1) s sqrt(1 + 1/B) of the square roots, squared, and no more than twice the largest: few
    versions would else allow anything. 0 for fewer than two.
    """
    count = len(history)
    if count < 2:
        return 0.0
    roots = np.sqrt(np.clip(np.asarray(history, dtype=np.float64), 0.0, None))
    t = float(special().stdtrit(count - 1, 1 - alpha))
    limit = float(roots.mean()) + t * float(roots.std(ddof=1)) * math.sqrt(1 + 1 / count)
    return min(max(0.0, limit) ** 2, 2 * float(roots.max()) ** 2)
