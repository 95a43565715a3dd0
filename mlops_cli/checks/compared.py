"""How far one column has moved between two summaries: an effect that sample sizes do not bias, and its p-value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from mlops_cli.measures import distances
from mlops_cli.measures.distances import Moments, Table
from mlops_cli.measures.steps import Steps
from mlops_cli.measures.summary import ColumnSummary, Kind, Numbers, Words
from mlops_cli.spec.validation import Distance

Form: TypeAlias = Literal["numbers", "categories", "lengths", "none"]
"""What is compared: the numbers, how often each value comes, or the lengths of texts that hardly repeat."""

FEW_VALUES = 10
"""Numbers with at most so many different values are looked at as categories too, integers with at most 50. With more
of them a neighbouring value is no category of its own: a warmer week is a small shift, not twenty new categories."""
FEW_INTEGERS = 50
HARDLY_REPEAT = 0.5
"""Texts of which more than this share are different are compared by their lengths."""
FAMILIES: Mapping[Kind, str] = {
    "integer": "number", "number": "number", "date": "time", "timestamp": "time",
}  # fmt: skip
OTHERS = "(other values)"


@dataclass(frozen=True)
class Compared:
    """One comparison. `effect` is the distance beyond chance, the one that a bound is held against."""

    effect: float
    distance: float
    """As the formula gives it, chance included."""
    p: float
    method: str
    form: Form
    n: float
    """Values that were compared, m of the older version."""
    m: float


def family(kind: Kind) -> str:
    """Kinds whose values can be compared with each other."""
    return FAMILIES.get(kind, kind)


def form_of(new: ColumnSummary, old: ColumnSummary) -> Form:
    """What can be compared of the two."""
    if new.numbers is not None and old.numbers is not None:
        return "numbers"
    if {new.kind, old.kind} == {"boolean"}:
        return "categories"
    if new.words is not None and old.words is not None and not hardly_repeats(old):
        return "categories"
    return "lengths" if new.lengths is not None and old.lengths is not None else "none"


def hardly_repeats(column: ColumnSummary) -> bool:
    """Whether the texts are names or notes rather than categories."""
    return column.filled > FEW_INTEGERS and column.distinct > HARDLY_REPEAT * column.filled


def compare(new: ColumnSummary, old: ColumnSummary, by: Distance = "auto") -> Compared | None:
    """The distance of two summaries that both have values; None where this distance does not fit the column."""
    form = form_of(new, old)
    if form == "categories":
        return of_categories(table_of_words(new, old), by)
    if form == "none":
        return None
    if form == "lengths" or new.numbers is None or old.numbers is None:
        assert new.lengths is not None and old.lengths is not None
        found = of_numbers(new.lengths.steps, old.lengths.steps, by)
        return None if found is None else replace(found, method=f"{found.method} of lengths", form="lengths")
    found = of_numbers(new.numbers.steps, old.numbers.steps, by, few_values(new, old))
    if found is None or not (new.infinite or old.infinite):
        return found
    return with_infinite(found, new, old)


def with_infinite(found: Compared, new: ColumnSummary, old: ColumnSummary) -> Compared:
    """Numbers of which some are infinite: their share may have moved instead."""
    n, m = new.filled, old.filled
    p = distances.shares_p(new.infinite, n, old.infinite, m)
    moved = abs(new.infinite / n - old.infinite / m) if n and m else 0.0
    return replace(found, effect=max(found.effect, moved), p=min(1.0, 2 * min(p, found.p)), n=n, m=m)


def few_values(new: ColumnSummary, old: ColumnSummary) -> Table | None:
    """Numbers as categories, where they have few different values that repeat; None otherwise."""
    if new.numbers is None or old.numbers is None or not (new.numbers.exact and old.numbers.exact):
        return None
    if family(new.kind) != "number":
        return None
    most = FEW_INTEGERS if new.kind == old.kind == "integer" else FEW_VALUES
    steps, older = new.numbers.steps, old.numbers.steps
    different = len(np.union1d(steps.values, older.values))
    if different > most or different * 10 > steps.count + older.count:
        return None
    return distances.table_of(new.categories or {}, old.categories or {})


def table_of_words(new: ColumnSummary, old: ColumnSummary) -> Table:
    """The counts of both; what only one of them could list for lack of room is counted with the other values."""
    first, second = new.categories, old.categories
    if (first is None or second is None) and new.words is not None and old.words is not None:
        first, second = listed(new.words, old.words), listed(old.words, new.words)
    return distances.table_of(first or {}, second or {})


def listed(words: Words, others: Words) -> dict[str, float]:
    """The counts of texts that both summaries know: listed in both, or too frequent to be missing from a list."""
    total = sum(count for _, count in words.top) + words.other
    rows = sum(count for _, count in others.top) + others.other
    hidden = max(others.error, others.top[-1][1] if others.top else others.other) if others.other else 0
    known = {text for text, _ in others.top}
    result: dict[str, float] = {}
    for text, count in words.top:
        sure = text in known or not others.other or count * rows > 2 * hidden * total
        name = text if sure else OTHERS
        result[name] = result.get(name, 0.0) + count
    if words.other:
        result[OTHERS] = result.get(OTHERS, 0.0) + words.other
    return result


def of_numbers(new: Steps, old: Steps, by: Distance, few: Table | None = None) -> Compared | None:
    """The distance of two distributions of numbers; `few`: the same as categories."""
    n, m = new.count, old.count
    farthest = distances.ks(new, old)
    p = distances.ks_p(farthest, n, m)
    if few is not None:
        # Two looks at one column: either may show what has happened, and the p-value pays for both.
        p = min(1.0, 2 * min(p, categories_p(few)))
    if by in ("auto", "ks"):
        distance, effect, method = farthest, distances.without_chance(farthest, n, m), "ks"
        if by == "auto" and few is not None:
            v = cramers_v(few)
            effect, distance, method = (v, v, "cramers_v") if v > effect else (effect, distance, method)
        return Compared(effect, distance, p, method, "numbers", n, m)
    if by == "wasserstein":
        distance, spread = distances.wasserstein(new, old), distances.spread_of(old) or distances.spread_of(new)
        beyond = max(0.0, distance - distances.wasserstein_by_chance(new, old))
        scale = spread or distance or 1.0
        return Compared(beyond / scale, distance / scale, p, by, "numbers", n, m)
    found = of_table(few if few is not None else distances.deciles(new, old), by)
    return None if found is None else replace(found, p=p, form="numbers")


def of_categories(table: Table, by: Distance) -> Compared | None:
    """The distance of two sets of counts."""
    return of_table(table, "cramers_v" if by == "auto" else by)


def of_table(table: Table, by: Distance) -> Compared | None:
    """One of the distances of counts."""
    n, m = float(table.new.sum()), float(table.old.sum())
    if by == "cramers_v":
        effect = distance = cramers_v(table)
    elif by == "psi":
        distance = distances.psi(table)
        effect = max(0.0, distance - distances.psi_by_chance(table))
    elif by == "js":
        distance = distances.jensen_shannon(table)
        effect = math.sqrt(max(0.0, distance**2 - distances.jensen_shannon_by_chance(table)))
    elif by == "l_infinity":
        distance, _ = distances.l_infinity(table)
        effect = max(0.0, distance - distances.l_infinity_by_chance(table))
    else:
        return None
    return Compared(effect, distance, categories_p(table), by, "categories", n, m)


def categories_p(table: Table) -> float:
    """P of the counts of all categories, or of so many rows of new ones: whichever is smaller pays for both."""
    return min(1.0, 2 * min(distances.categories_p(table), distances.new_share_p(table)))


def cramers_v(table: Table) -> float:
    """Cramer's V, with rare categories in two cells: those that the older version knew, and the new ones."""
    small = distances.pooled(table)
    if small is table:
        return distances.cramers_v(table)
    rare = np.array([name not in small.names for name in table.names])
    new = table.old == 0
    cells = [~rare & (np.array(table.names) == name) for name in small.names[:-1]] + [rare & ~new, rare & new]
    return distances.cramers_v(
        Table(
            (*small.names[:-1], "rare", "new"),
            np.array([table.new[cell].sum() for cell in cells]),
            np.array([table.old[cell].sum() for cell in cells]),
        )
    )


def moments(numbers: Numbers) -> Moments:
    """What the tests of location and scale need."""
    return Moments(numbers.count, numbers.mean, numbers.std or 0.0, numbers.kurtosis or 0.0)
