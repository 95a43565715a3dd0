"""The comparators, by the word that a spec uses. A new one: a function like its neighbours, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_cli.checks.comparators import changes, drift, histories, limits, rivals, values
from mlops_cli.checks.comparators.base import Comparator

COMPARATORS: Mapping[str, Comparator] = {
    "is": values.being,
    "min": limits.minimum,
    "max": limits.maximum,
    "in": values.member,
    "matches": values.matching,
    "unique": values.unique,
    "required": values.required,
    "share": values.share,
    "order": values.ordered,
    "references": values.referring,
    "closed": values.closed,
    "within": histories.within,
    "change": changes.change,
    "drift": drift.drift,
    "not_worse": rivals.not_worse,
    "better": rivals.better,
    "beats": rivals.beats,
    "drop": rivals.drop,
    "gap": rivals.gap,
    "ratio": rivals.ratio,
}
