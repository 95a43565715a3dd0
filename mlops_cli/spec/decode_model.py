"""From a document of `kind: validation` of a model to its record: metrics, slices, and what no schema can say."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import Read, bounds, need_baseline, severity_at, slices_of, too_few
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.schema import METRICS
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.validation import Bound, Check, Comparator, ModelValidation

SHARES = METRICS - {"log_loss", "mae", "r2", "rmse"}  # the metrics that lie in [0, 1]


def decode_model(decoding: Decoding) -> ModelValidation:
    """The validation of a model that a document says; faults are noted in `decoding`."""
    slices = list(slices_of(decoding))
    checks: list[Check] = []
    for metric, _, path in decoding.items(("expect",)):
        if metric in METRICS:
            checks += _metric(decoding, metric, path)
    by_slice: KeyPath = ("expect", "by_slice")
    for metric, _, path in decoding.items(by_slice):
        if metric in METRICS:
            checks += _sliced_metric(decoding, metric, path)
    if decoding.get(by_slice) and not decoding.get(("slices",)):
        hint = "add, for example, `slices: [country]`"
        decoding.fault("`by_slice` needs slices, and the spec has none", by_slice, hint, of="key")
    need_baseline(decoding, checks, ("not_worse",), "churn@production")
    text, rows = decoding.text, decoding.get(("min_rows",))
    return ModelValidation(
        name=text(("name",)) or "",
        file=decoding.document.file,
        model=text(("model",)),
        data=text(("data",)),
        target=text(("target",)),
        baseline=text(("baseline",)),
        slices=tuple(slices),
        checks=tuple(checks),
        confidence=_confidence(decoding),
        min_rows=rows if isinstance(rows, int) else 100,
        positive=decoding.get(("positive",)),
        too_few=too_few(decoding),
    )


def _metric(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    read = _metric_read(metric)
    reads: dict[Comparator, Read] = {"min": read, "max": read, "not_worse": _not_negative}
    if metric == "selection_rate" and "not_worse" in decoding.mapping(path):
        message = "`not_worse` has no meaning for selection_rate: neither more nor less is better"
        decoding.fault(message, (*path, "not_worse"), "give it `min` and `max`", of="key")
        reads.pop("not_worse")
    yield from bounds(decoding, path, metric, metric, reads, severity_at(decoding, path))


def _sliced_metric(decoding: Decoding, metric: str, path: KeyPath) -> Iterator[Check]:
    severity, read, prefix = severity_at(decoding, path), _metric_read(metric), f"by_slice.{metric}"
    reads: dict[Comparator, Read] = {"min": read, "max": read}
    yield from bounds(decoding, path, metric, metric, reads, severity, prefix=prefix, per_slice=True)
    gap = decoding.quantity(_not_negative, (*path, "gap", "max"))
    if gap is not None:
        place = decoding.place((*path, "gap"))
        yield Check(f"{prefix}.gap", metric, metric, "gap", gap, place, severity, per_slice=True)
    ratio = decoding.quantity(units.share, (*path, "ratio", "min"))
    if ratio is not None:
        place = decoding.place((*path, "ratio"))
        yield Check(f"{prefix}.ratio", metric, metric, "ratio", ratio, place, severity, per_slice=True)


def _metric_read(metric: str) -> Read:
    def read(value: Json) -> Bound:
        bound = units.number(value)
        if metric in SHARES and not 0 <= bound.value <= 1:
            raise units.BadQuantity(f"{metric} lies between 0 and 1, not at {value}", "80 percent is 0.8 or 80%")
        return bound

    return read


def _not_negative(value: Json) -> Bound:
    bound = units.number(value)
    if bound.value < 0:
        raise units.BadQuantity(f"{value} is below zero", "write how much worse or apart is still good enough")
    return bound


def _confidence(decoding: Decoding) -> float:
    level = decoding.quantity(units.share, ("confidence",))
    if level is None:
        return 0.95
    if not 0.5 <= level.value < 1:
        decoding.fault(f"{level.text} is no level of confidence", ("confidence",), "90%, 95% and 99% are usual")
        return 0.95
    return level.value
