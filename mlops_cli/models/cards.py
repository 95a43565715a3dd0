"""Writing a model's card: what can be told of a fitted estimator without its data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.card import Card, Feature, Task
from mlops_cli.models.labelled import Labelled

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
BESIDE = ("numpy", "pandas")
"""What a model of another library than scikit-learn depends on too."""
BOOSTERS = frozenset({"xgboost", "lightgbm"})


def is_classifier(estimator: Any) -> bool:
    """Whether an estimator predicts classes."""
    base = importlib.import_module("sklearn.base")
    if isinstance(estimator, Labelled):
        return True
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(base.is_classifier(estimator))
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")


def describe(estimator: Any, target: str | None, features: tuple[Feature, ...], rows: int | None) -> Card:
    """The card of a fitted estimator that follows scikit-learn's protocol."""
    classes = tuple(np.asarray(estimator.classes_).tolist()) if is_classifier(estimator) else None
    inside = estimator.estimator if isinstance(estimator, Labelled) else estimator
    kind = type(inside)
    name = f"{kind.__module__}.{kind.__qualname__}"
    libraries = (*LIBRARIES, *sorted(BOOSTERS & {library_of(step) for step in steps_of(inside)}))
    return describe_answers(name, target, features, classes, plain_params(estimator), rows, libraries)


def describe_answers(
    name: str,
    target: str | None,
    features: tuple[Feature, ...],
    classes: Sequence[Json] | None,
    params: Mapping[str, Json],
    rows: int | None,
    libraries: Sequence[str],
) -> Card:
    """A card from what is known of a model. `classes` None: it gives numbers."""
    task: Task = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    return Card(
        estimator=name,
        target=target,
        task=task,
        features=features,
        classes=tuple(classes or ()),
        params=params,
        libraries=versions((*BESIDE, *libraries)),
        rows=rows,
    )


def steps_of(estimator: Any) -> list[Any]:
    """An estimator, and the steps of a pipeline."""
    return [estimator, *(step for _, step in getattr(estimator, "steps", ()))]


def library_of(estimator: Any) -> str:
    """The library that an estimator's class is from."""
    return type(estimator).__module__.partition(".")[0]


def plain_params(estimator: Any) -> dict[str, Json]:
    """The parameters that JSON can say, nested ones by their dotted-by-underscores names; no NaN."""
    if not hasattr(estimator, "get_params"):
        return {}
    params = estimator.get_params(deep=True)
    return {
        name: value
        for name, value in sorted(params.items())
        if value is None or (isinstance(value, bool | int | float | str) and value == value)
    }


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """The versions of the libraries that a fitted estimator depends on."""
    return {name: installed(name) for name in dict.fromkeys(libraries)}


def installed(name: str) -> str:
    """The version of a library, also where it was installed under another name (xgboost-cpu)."""
    try:
        return version(name)
    except PackageNotFoundError:
        return str(importlib.import_module(name).__version__)


def describe_estimator(estimator: Any) -> Card:
    """The card of an estimator that was fitted elsewhere; raises StageFailed where it does not know its features."""
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise StageFailed(f"a {name} is not a model", "return a fitted estimator with a method predict")
    known = getattr(estimator, "feature_names_in_", None)
    if known is None:
        raise StageFailed(f"the {name} does not know the names of its features", "fit it on a DataFrame")
    features = tuple(Feature(str(feature), "") for feature in known)
    return describe(estimator, None, features, None)
