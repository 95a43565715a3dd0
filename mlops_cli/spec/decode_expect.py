"""The metrics that a validation of a model bounds: overall, on every slice, and what the model itself takes."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import Read, bounds, severity_at
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.judging import Judging
from mlops_cli.spec.metrics import EQUALIZED_ODDS, METRICS, RUNNING
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.validation import Bound, Check, Comparator

EXPECT: KeyPath = ("expect",)
BY_SLICE: KeyPath = ("expect", "by_slice")
COMPARED: tuple[Comparator, ...] = ("not_worse", "better", "beats")


def expectations(decoding: Decoding, judging: Judging) -> Iterator[Check]:
    """All checks under `expect`."""
    for name, _, path in decoding.items(EXPECT):
        if name in METRICS:
            judging.known(decoding, name, path)
            yield from _overall(decoding, name, path)
        elif name in RUNNING:
            _need_model(decoding, name, path)
            read = units.size_bound if name == "size" else units.latency
            yield from bounds(decoding, path, name, name, {"max": read}, severity_at(decoding, path))
    for name, _, path in decoding.items(BY_SLICE):
        if name in METRICS:
            judging.known(decoding, name, path)
            yield from _sliced(decoding, name, path)
        elif name == EQUALIZED_ODDS:
            _two_classes(decoding, judging, path)
            yield from _between(decoding, name, path)


def _asks(decoding: Decoding, metric: str, path: KeyPath) -> None:
    """A metric without a bound would never be held against anything: that is a mistake."""
    if not {key for key in decoding.mapping(path) if not key.startswith("x-")} - {"severity"}:
        decoding.fault(f"nothing is asked of {metric}", path, "add, for example, `min` or `max`", of="key")


def _overall(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    _asks(decoding, metric, path)
    reads: dict[Comparator, Read] = {"min": metric_read(metric), "max": metric_read(metric)}
    severity = severity_at(decoding, path)
    directed = has_direction(decoding, metric, path, COMPARED)
    if directed:
        reads |= {"not_worse": not_negative, "better": not_negative}
    yield from bounds(decoding, path, metric, metric, reads, severity)
    simple = decoding.get((*path, "beats"))
    if isinstance(simple, list) and directed and decoding.sound((*path, "beats")):
        if "linear" in simple and "predictions" in decoding.mapping(()):
            message = "a linear model is fitted on the training data, which a table of predictions does not tell"
            decoding.fault(message, (*path, "beats", simple.index("linear")), "leave it out")
        place = decoding.place((*path, "beats"))
        yield Check(f"{metric}.beats", metric, metric, "beats", None, place, severity, tuple(map(str, simple)))


def _sliced(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    _asks(decoding, metric, path)
    read, prefix = metric_read(metric), f"by_slice.{metric}"
    reads: dict[Comparator, Read] = {"min": read, "max": read}
    if has_direction(decoding, metric, path, ("not_worse",)):
        reads["not_worse"] = not_negative
    yield from bounds(decoding, path, metric, metric, reads, severity_at(decoding, path), prefix=prefix, per_slice=True)
    yield from _between(decoding, metric, path)


def _between(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    """The bounds of what lies between slices: their difference, their quotient."""
    kinds: tuple[tuple[Comparator, str, Read], ...] = (("gap", "max", not_negative), ("ratio", "min", units.share))
    for comparator, limit, read in kinds:
        bound = decoding.quantity(read, (*path, comparator, limit))
        if bound is not None:
            place, severity = decoding.place((*path, comparator)), severity_at(decoding, path)
            name = f"by_slice.{metric}.{comparator}"
            yield Check(name, metric, metric, comparator, bound, place, severity, per_slice=True)


def has_direction(decoding: Decoding, metric: str, path: KeyPath, asked: tuple[Comparator, ...]) -> bool:
    """Whether more or less of a metric is better; faults for the comparators in `asked` that rest on it."""
    if METRICS[metric].better:
        return True
    for comparator in asked:
        if comparator in decoding.mapping(path):
            message = f"`{comparator}` has no meaning for {metric}: neither more nor less is better"
            decoding.fault(message, (*path, comparator), "give it `min` and `max`", of="key")
    return False


def metric_read(metric: str) -> Read:
    """Reads a bound of a metric, which lies in the metric's range."""
    least, most = METRICS[metric].least, METRICS[metric].most

    def read(value: Json) -> Bound:
        bound = units.number(value)
        if least <= bound.value <= most:
            return bound
        hint = "80 percent is 0.8 or 80%" if (least, most) == (0, 1) else f"write a number {_range(least, most)}"
        raise units.BadQuantity(f"{metric} lies {_range(least, most)}, not at {value}", hint)

    return read


def _range(least: float, most: float) -> str:
    if most == inf:
        return f"at {least:g} or above"
    return f"at {most:g} or below" if least == -inf else f"between {least:g} and {most:g}"


def not_negative(value: Json) -> Bound:
    """How much worse, better or apart something may be. Raises BadQuantity below zero."""
    bound = units.number(value)
    if bound.value < 0:
        raise units.BadQuantity(f"{value} is below zero", "write how much worse or apart is still good enough")
    return bound


def _need_model(decoding: Decoding, name: str, path: KeyPath) -> None:
    if "predictions" in decoding.mapping(()):
        message = f"{name} is measured of a model, and here a table of predictions is judged"
        decoding.fault(message, path, "leave it out", of="key")


def _two_classes(decoding: Decoding, judging: Judging, path: KeyPath) -> None:
    if judging.task not in (None, "binary"):
        decoding.fault(f"{EQUALIZED_ODDS} is of two classes", path, "leave it out", of="key")
