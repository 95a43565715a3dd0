"""What the page of a model shows beside the verdicts: metrics with intervals, rivals, slices, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mlops_cli.checks.simple_rivals import SimpleRivals
from mlops_cli.checks.trial import Trial, ends_of
from mlops_cli.checks.verdict import Curve, Detail, Figure, Segment, SliceFigures
from mlops_cli.measures.curves import confusion, curves
from mlops_cli.measures.estimates import Estimate, estimate
from mlops_cli.measures.measured import rounded
from mlops_cli.measures.metrics import METRICS, unable, value_of
from mlops_cli.measures.predictions import Predictions, text_of
from mlops_cli.measures.shrinkage import shrunken
from mlops_cli.spec.metrics import USUAL


def detail_of(trial: Trial, simple: SimpleRivals, segments: tuple[Segment, ...]) -> Detail:
    """Everything that can be drawn."""
    rows, old = trial.rows, trial.rival.predictions
    asked = [check.measure for check in trial.spec.checks if check.measure in METRICS]
    names = [name for name in dict.fromkeys((*asked, *USUAL[rows.task])) if unable(name, rows) is None]
    rivals = {} if old is None else {"champion": champion(trial, names, old)}
    rivals |= {
        name: values(names, rival.predictions) for name, rival in simple.all().items() if rival.predictions is not None
    }
    return Detail(
        task=rows.task,
        positive=text_of(rows.classes[rows.positive]) if rows.task == "binary" and rows.classes else None,
        confidence=trial.spec.confidence,
        figures=tuple(figure(name, item) for name in names if (item := trial.estimate(name)) is not None),
        rivals=rivals,
        slices=sliced(trial, names),
        curves=drawn(rows),
        champion_curves=drawn(old) if old is not None else (),
        classes=tuple(map(text_of, rows.classes)),
        confusion=confusion(rows),
        segments=segments,
    )


def figure(name: str, item: Estimate) -> Figure:
    """An estimate with stable digits."""
    low, high = ends_of(item) or (None, None)
    return Figure(name, rounded(item.value), low, high, item.n, item.method)


def champion(trial: Trial, names: Sequence[str], rows: Predictions) -> tuple[Figure, ...]:
    """The metrics of the baseline on the same rows."""
    able = [name for name in names if unable(name, rows) is None]
    found = {name: estimate(name, rows, trial.spec.confidence) for name in able}
    return tuple(figure(name, item) for name, item in found.items() if item is not None)


def values(names: Sequence[str], rows: Predictions) -> tuple[Figure, ...]:
    """The values of a simple model, which is no candidate, so that nobody asks how sure they are."""
    found = {name: value_of(name, rows) for name in names if unable(name, rows) is None}
    return tuple(
        Figure(name, rounded(value, 1.0), None, None, len(rows)) for name, value in found.items() if value is not None
    )


def sliced(trial: Trial, names: Sequence[str]) -> tuple[SliceFigures, ...]:
    """The metrics of every slice, and drawn towards the whole: a small slice says little of itself."""
    found: dict[str, dict[str, Estimate]] = {part.label: {} for part in trial.parts}
    for part in trial.parts:
        for name in names if len(part.rows) else ():
            item = trial.estimate(name, part)
            if item is not None:
                found[part.label][name] = item
    drawn_in: dict[str, dict[str, float]] = {label: {} for label in found}
    for name in names:
        whole = trial.estimate(name)
        each = {label: items[name] for label, items in found.items() if name in items}
        if whole is not None and len(each) > 1:
            for label, value in drawn_to(whole, each).items():
                drawn_in[label][name] = rounded(value)
    return tuple(
        SliceFigures(
            part.label,
            len(part.rows),
            tuple(figure(name, item) for name, item in found[part.label].items()),
            drawn_in[part.label],
        )
        for part in trial.parts
    )


def drawn_to(whole: Estimate, each: Mapping[str, Estimate]) -> dict[str, float]:
    """Values of slices, each drawn towards that of all rows, the more the less sure it is; without those that are too
    large to be numbers."""
    drawn_in = zip(each, shrunken(list(each.values()), whole), strict=True)
    return {name: value for name, value in drawn_in if math.isfinite(value)}


def drawn(rows: Predictions) -> tuple[Curve, ...]:
    """The curves of some answers."""
    return tuple(Curve(item.name, item.x, item.y, item.weight) for item in curves(rows))
