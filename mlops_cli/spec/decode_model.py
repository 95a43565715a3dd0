"""From a document of `kind: validation` of a model to its record: its settings, and what no schema can say of them."""

from __future__ import annotations

from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import crossed_slices, need_baseline, slices_of, too_few
from mlops_cli.spec.decode_expect import expectations
from mlops_cli.spec.decode_predictions import costs_of, forecast_of, predictions_of
from mlops_cli.spec.decode_probes import leakages, robustness, weak_segments
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.judging import Judging, judging_of
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import shown
from mlops_cli.spec.validation import Check, ModelValidation


def decode_model(decoding: Decoding) -> ModelValidation:
    """The validation of a model that a document says; faults are noted in `decoding`."""
    predictions = predictions_of(decoding)
    costs, forecast = costs_of(decoding), forecast_of(decoding)
    judging = judging_of(decoding, predictions)
    slices, crossed = tuple(slices_of(decoding)), tuple(crossed_slices(decoding))
    most, search = weak_segments(decoding)
    checks: list[Check] = [
        *expectations(decoding, judging),
        *robustness(decoding, judging),
        *leakages(decoding),
        *search,
    ]
    _need_slices(decoding)
    _positive(decoding, judging)
    example = "churn@production" if "predictions" not in decoding.mapping(()) else "old.parquet"
    need_baseline(decoding, checks, ("not_worse", "better"), example)
    text = decoding.text
    return ModelValidation(
        name=text(("name",)) or "",
        file=decoding.document.file,
        model=text(("model",)),
        data=text(("data",)),
        target=text(("target",)),
        baseline=text(("baseline",)),
        slices=slices,
        checks=tuple(checks),
        confidence=_confidence(decoding),
        min_rows=_count(decoding, ("min_rows",), 100),
        min_positives=_count(decoding, ("min_positives",), 10),
        positive=decoding.get(("positive",)),
        too_few=too_few(decoding),
        crossed=crossed,
        predictions=predictions,
        task=judging.stated,
        cluster=text(("cluster",)),
        query=text(("query",)),
        at=_count(decoding, ("at",), 10),
        forecast=forecast,
        costs=costs,
        weak_segments=most,
    )


def _need_slices(decoding: Decoding) -> None:
    by_slice: KeyPath = ("expect", "by_slice")
    if decoding.get(by_slice) and not decoding.get(("slices",)):
        hint = "add, for example, `slices: [country]`"
        decoding.fault("`by_slice` needs slices, and the spec has none", by_slice, hint, of="key")


def _positive(decoding: Decoding, judging: Judging) -> None:
    """Only one of two classes can be the positive one."""
    if "positive" not in decoding.mapping(()) or judging.task in (None, "binary"):
        return
    what = "several classes have" if judging.task == "multiclass" else f"a {judging.task} has"
    message = f"{shown(decoding.get(('positive',)))} is to be the positive class, and {what} none"
    decoding.fault(message, ("positive",), "leave it out", of="key")


def _count(decoding: Decoding, path: KeyPath, default: int) -> int:
    value = decoding.get(path)
    return value if isinstance(value, int) else default


def _confidence(decoding: Decoding) -> float:
    level = decoding.quantity(units.share, ("confidence",))
    if level is None:
        return 0.95
    if not 0.5 <= level.value < 1:
        decoding.fault(f"{level.text} is no level of confidence", ("confidence",), "90%, 95% and 99% are usual")
        return 0.95
    return level.value
