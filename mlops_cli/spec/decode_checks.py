"""What the decoders of both kinds of validation share: bounds, severities, slices, and the need of a baseline."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from mlops_cli.base.errors import Fault
from mlops_cli.base.records import Json
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import shown
from mlops_cli.spec.validation import Bound, Check, Comparator, Severity, Slice

Read: TypeAlias = Callable[[Json], Bound]
Reads: TypeAlias = Mapping[Comparator, Read]


def too_few(decoding: Decoding) -> Severity:
    """What the spec wants of checks with too few rows."""
    return "fail" if decoding.text(("too_few",)) == "fail" else "warn"


def severity_at(decoding: Decoding, path: KeyPath) -> Severity:
    """The severity that the mapping at `path` states."""
    return "warn" if decoding.get((*path, "severity")) == "warn" else "fail"


def bounds(
    decoding: Decoding,
    path: KeyPath,
    subject: str,
    measure: str,
    reads: Reads,
    severity: Severity,
    *,
    prefix: str = "",
    per_slice: bool = False,
) -> Iterator[Check]:
    """A check for each bound in the mapping at `path`; `prefix` comes first in the ids."""
    found: dict[str, Bound] = {}
    for comparator, read in reads.items():
        bound = decoding.quantity(read, (*path, comparator))
        if bound is not None:
            found[comparator] = bound
            place = decoding.place((*path, comparator))
            name = f"{prefix or subject}.{comparator}"
            yield Check(name, subject, measure, comparator, bound, place, severity, per_slice=per_slice)
    if "within" in reads:
        _check_of(decoding, path)
    if "min" in found and "max" in found and found["min"].value > found["max"].value:
        low, high = found["min"].text, found["max"].text
        decoding.fault(f"the least value, {low}, is above the greatest, {high}", (*path, "min"))


def _check_of(decoding: Decoding, path: KeyPath) -> None:
    """`within: 30%, of: history` is one statement of two keys."""
    body = decoding.mapping(path)
    if "within" in body and "of" not in body:
        decoding.fault("`within` does not say of what", (*path, "within"), "add `of: history` beside it", of="key")
    elif "of" in body and "within" not in body:
        decoding.fault("`of` stands alone", (*path, "of"), "add, for example, `within: 30%` beside it", of="key")


def slices_of(decoding: Decoding) -> Iterator[Slice]:
    """The slices by one column each; faults for a column named twice, and for edges that do not rise."""
    seen: set[str] = set()
    for path, item in _ways(decoding):
        if isinstance(item, list):
            continue  # several columns at once: see `crossed_slices`
        cut = _slice(decoding, path, item)
        if _column(item) in seen:
            decoding.fault(f"'{_column(item)}' is sliced twice", path)
        elif cut is not None:
            yield cut
        seen.add(_column(item))


def crossed_slices(decoding: Decoding) -> Iterator[tuple[Slice, ...]]:
    """The slices by several columns at once; faults for a column crossed with itself, and for the same cut twice."""
    seen: set[frozenset[str]] = set()
    for path, members in _ways(decoding):
        if not isinstance(members, list):
            continue
        cuts = [_slice(decoding, (*path, at), member) for at, member in enumerate(members)]
        columns = [_column(member) for member in members]
        twice = [at for at, column in enumerate(columns) if column in columns[:at]]
        if twice:
            decoding.fault(f"'{columns[twice[0]]}' is crossed with itself", (*path, twice[0]), "leave one out")
        elif frozenset(columns) in seen:
            decoding.fault(f"{' and '.join(columns)} are crossed twice", path)
        elif all(cuts):
            yield tuple(cut for cut in cuts if cut is not None)
        seen.add(frozenset(columns))


def _ways(decoding: Decoding) -> Iterator[tuple[KeyPath, Json]]:
    """The sound members of `slices`, each with its path."""
    ways = decoding.get(("slices",))
    for at, item in enumerate(ways if isinstance(ways, list) else []):
        if decoding.sound(("slices", at)):
            yield ("slices", at), item


def _column(item: Json) -> str:
    return str(next(iter(item))) if isinstance(item, dict) else str(item)


def _slice(decoding: Decoding, path: KeyPath, item: Json) -> Slice | None:
    """One column with its edges; None where they do not rise, which is noted."""
    column, edges = _column(item), next(iter(item.values())) if isinstance(item, dict) else None
    numbers = tuple(float(str(edge)) for edge in edges) if isinstance(edges, list) else None
    if numbers and any(low >= high for low, high in itertools.pairwise(numbers)):
        decoding.fault(f"the edges of '{column}' do not rise: {shown(edges)}", (*path, column))
        return None
    return Slice(column, numbers)


def need_baseline(decoding: Decoding, checks: Sequence[Check], comparators: Sequence[Comparator], example: str) -> None:
    """A comparison with nothing would never be made, and so never fail: that is a mistake."""
    if "baseline" in decoding.mapping(()):
        return
    for check in checks:
        if check.comparator in comparators:
            message = f"`{check.comparator}` compares with a baseline, and the spec has none"
            decoding.faults.append(Fault(message, check.place, f"add `baseline: {example}`"))
