"""`model.json`: what can be read of a model without loading it, or any library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.base.hashing import Oid
from mlops_cli.base.records import Json

Task: TypeAlias = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Feature:
    """An input column of a model and its pandas type."""

    name: str
    dtype: str


Flavor: TypeAlias = Literal["sklearn", "xgboost", "lightgbm", "onnx", "function", "pickle"]
"""The form in which a model's estimator is kept: one file of `models/flavors/` each."""


@dataclass(frozen=True)
class Trained:
    """The data that a model was fitted on, as an object of the store."""

    oid: Oid
    layout: Literal["file", "tree"]
    name: str
    """Its own name with its ending, such as `train.parquet`."""
    rows: int


@dataclass(frozen=True)
class Card:
    """`model.json`: everything about a model that can be read without loading it."""

    estimator: str
    """Qualified name of the estimator's class."""
    target: str | None
    """The column that it predicts; None where that is not known (a function returned the estimator)."""
    task: Task
    features: tuple[Feature, ...]
    classes: tuple[Json, ...] = ()
    params: Mapping[str, Json] = field(default_factory=dict)
    """The estimator's parameters that JSON can say."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    """How many rows it was fitted on; None where that is not known."""
    golden: int = 0
    """How many golden rows there are."""
    types: tuple[str, ...] = ()
    """Types in the model file that skops does not trust by itself: for people; never read when loading."""
    flavor: Flavor = "sklearn"
    trained_on: Trained | None = None
    """None: nobody has told."""
    seed: int | None = None
    profiled: bool = False
    """Whether `profile.json` is there."""
    note: str = ""
    """Why something is missing, such as the profile."""
    format: int = 1
