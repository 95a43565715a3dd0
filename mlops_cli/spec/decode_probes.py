"""Robustness, leakage and weak segments of a model: from the spec to checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decode_checks import Read, severity_at
from mlops_cli.spec.decode_expect import not_negative
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.judging import Judging
from mlops_cli.spec.metrics import METRICS
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.validation import Bound, Check, Probe, Severity

NOISE = 0.1
"""By which share of its standard deviation a number is moved where the spec does not say."""


def _noise(value: Json) -> Bound:
    bound = units.share(value)
    if bound.value == 0:
        raise units.BadQuantity(f"{value} moves nothing", "write a percentage such as 10%")
    return bound


def _power(value: Json) -> Bound:
    bound = units.number(value)
    if not 0 <= bound.value <= 1:
        message = f"how well a feature tells the truth lies between 0 and 1, not at {value}"
        raise units.BadQuantity(message, "write a number such as 0.995")
    return bound


LEAKS: Mapping[str, tuple[str, Read]] = {
    "overlap": ("overlap", units.share),
    "feature": ("feature_power", _power),
    "uses": ("test_uses", units.number),
}
"""Key of `leakage` -> the measure that it bounds, and how the bound is read."""


def robustness(decoding: Decoding, judging: Judging) -> Iterator[Check]:
    """The checks under `robust`: one for each probe and metric."""
    _need_model(decoding, "robust", "inputs are spoilt to ask a model again, and a table of predictions has none")
    probes: tuple[Probe, ...] = get_args(Probe)
    for name, _, path in decoding.items(("robust",)):
        probe = next((known for known in probes if known == name), None)
        if probe is not None:
            yield from _drops(decoding, judging, probe, path)


def _drops(decoding: Decoding, judging: Judging, probe: Probe, path: KeyPath) -> Iterator[Check]:
    features = decoding.get((*path, "features"))
    columns = tuple(map(str, features)) if isinstance(features, list) else ()
    amount = (
        (decoding.quantity(_noise, (*path, "by")) or Bound(NOISE, "share", "10%")).value if probe == "noise" else 0.0
    )
    metrics = [(name, here) for name, _, here in decoding.items(path) if name in METRICS]
    if not metrics:
        decoding.fault(f"`{probe}` names no metric", path, "add, for example, `roc_auc: 0.05`", of="key")
    for metric, here in metrics:
        judging.known(decoding, metric, here)
        bound = decoding.quantity(not_negative, here)
        if METRICS[metric].better == 0:
            decoding.fault(f"{metric} cannot get worse: neither more nor less is better", here, of="key")
        elif bound is not None:
            yield Check(
                f"robust.{probe}.{metric}.drop",
                probe,
                metric,
                "drop",
                bound,
                decoding.place(here),
                severity_at(decoding, path),
                columns=columns,
                probe=probe,
                amount=amount,
            )


def leakages(decoding: Decoding) -> Iterator[Check]:
    """The checks under `leakage`."""
    _need_model(decoding, "leakage", "a table of predictions does not tell what its model was trained on")
    for name, (measure, read) in LEAKS.items():
        path: KeyPath = ("leakage", name)
        bound = decoding.quantity(read, (*path, "max")) if decoding.sound(path) else None
        if bound is not None:
            place, severity = decoding.place((*path, "max")), severity_at(decoding, path)
            yield Check(f"leakage.{name}.max", name, measure, "max", bound, place, severity)
    here: KeyPath = ("leakage", "time")
    column = decoding.text(here) or decoding.text((*here, "column"))
    if column is not None and decoding.sound(here):
        none, place, severity = Bound(0.0, "share", "0%"), decoding.place(here), severity_at(decoding, here)
        yield Check("leakage.time.max", "time", "after_training", "max", none, place, severity, columns=(column,))


def weak_segments(decoding: Decoding) -> tuple[int, list[Check]]:
    """How many weak segments are searched for at most, and the check that there are none: a warning unless the spec
    says otherwise, since nobody has said beforehand what a segment must reach."""
    path: KeyPath = ("weak_segments",)
    said = decoding.get(path)
    most = said.get("most") if isinstance(said, dict) else said
    if not isinstance(most, int) or not decoding.sound(path):
        return 0, []
    severity: Severity = "fail" if decoding.get((*path, "severity")) == "fail" else "warn"
    bound = Bound(0.0, "number", "0")
    check = Check("weak_segments.max", "weak_segments", "weak_segments", "max", bound, decoding.place(path), severity)
    return most, [check]


def _need_model(decoding: Decoding, key: str, message: str) -> None:
    given = decoding.mapping(())
    if key in given and "predictions" in given:
        decoding.fault(message, (key,), f"leave `{key}` out, or judge a model", of="key")
