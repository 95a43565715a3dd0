"""Writing a model's card: what can be told of a fitted estimator without its data."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.model import Card, Feature, Task

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")


def is_classifier(estimator: Any) -> bool:
    """Whether an estimator predicts classes."""
    base = importlib.import_module("sklearn.base")
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(base.is_classifier(estimator))
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")


def describe(estimator: Any, target: str | None, features: tuple[Feature, ...], rows: int | None) -> Card:
    """The card of a fitted estimator."""
    classifies = is_classifier(estimator)
    classes: tuple[Json, ...] = ()
    if classifies:
        classes = tuple(np.asarray(estimator.classes_).tolist())
    task: Task = "regression" if not classifies else "binary" if len(classes) == 2 else "multiclass"
    kind = type(estimator)
    return Card(
        estimator=f"{kind.__module__}.{kind.__qualname__}",
        target=target,
        task=task,
        features=features,
        classes=classes,
        params=plain_params(estimator),
        libraries=versions(),
        rows=rows,
    )


def plain_params(estimator: Any) -> dict[str, Json]:
    """The parameters that JSON can say, nested ones by their dotted-by-underscores names."""
    if not hasattr(estimator, "get_params"):
        return {}
    params = estimator.get_params(deep=True)
    return {
        name: value
        for name, value in sorted(params.items())
        if value is None or isinstance(value, bool | int | float | str)
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that a fitted estimator depends on."""
    return {name: version(name) for name in LIBRARIES}


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
