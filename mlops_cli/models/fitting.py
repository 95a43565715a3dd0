"""Making a model: find the estimator's class, set its parameters, check the data, fit."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.card import Feature
from mlops_cli.models.cards import BOOSTERS, describe, is_classifier, library_of, steps_of
from mlops_cli.models.flavors import lightgbm, xgboost
from mlops_cli.models.labelled import Labelled
from mlops_cli.models.model import Model, first_line, trouble
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd


def make_estimator(
    maker: Callable[..., Any], target: str, arguments: Mapping[str, Json], seed: int | None, threads: int = 1
) -> Any:
    """An unfitted estimator with its parameters; an unset `random_state` gets the seed, and a library of boosted trees
    the threads. Raises StageFailed."""
    signature = inspect.signature(maker)
    free = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in signature.parameters.values())
    for name in arguments:
        if name not in signature.parameters and not free:
            near = difflib.get_close_matches(name, list(signature.parameters), n=1)
            known = ", ".join(signature.parameters)
            hint = f"did you mean '{near[0]}'?" if near else f"it takes {known}"
            raise StageFailed(f"'{target}' has no parameter '{name}'", hint)
    try:
        estimator = maker(**arguments)
    except (TypeError, ValueError) as error:
        raise StageFailed(f"'{target}' cannot be made: {first_line(error)}") from None
    if not hasattr(estimator, "fit") or not hasattr(estimator, "predict"):
        kind = type(estimator).__name__
        raise StageFailed(f"'{target}' gives a {kind}, which has no fit and predict", "give an unfitted estimator")
    if seed is not None and hasattr(estimator, "get_params"):
        states = {
            name: value for name, value in estimator.get_params(deep=True).items() if name.endswith("random_state")
        }
        unset = {name: seed for name, value in states.items() if value is None}
        if unset:
            estimator.set_params(**unset)
    settle_boosting(estimator, arguments, threads)
    return estimator


def settle_boosting(estimator: Any, arguments: Mapping[str, Json], threads: int) -> None:
    """The parameters with which the libraries of boosted trees keep to their threads and give equal bytes."""
    settings: dict[str, Json] = {}
    if library_of(estimator) in BOOSTERS and hasattr(estimator, "set_params"):
        settings["n_jobs"] = threads
    if library_of(estimator) == "lightgbm":
        settings |= {"deterministic": True, "force_row_wise": True, "verbosity": -1}
        if {"verbose", "verbosity"} & set(arguments):
            del settings["verbosity"]
        if "force_col_wise" in arguments:
            del settings["force_row_wise"]
    if arguments.get("booster") == "gblinear" and library_of(estimator) == "xgboost":
        settings["updater"] = "coord_descent"  # its default lets threads race, and no two fits are equal
    wanted = {name: value for name, value in settings.items() if name not in arguments}
    if wanted:
        estimator.set_params(**wanted)


def fit_model(estimator: Any, frame: pd.DataFrame, target: str, features: Sequence[str] | None) -> Model:
    """Fit on all rows of the frame; `features` None means every column but the target. Raises StageFailed."""
    columns = [str(name) for name in frame.columns]
    need_columns(columns, [target], "the training data")
    names = [name for name in columns if name != target] if features is None else list(features)
    need_columns(columns, names, "the training data")
    if target in names:
        raise StageFailed(f"the target '{target}' is also a feature", "take it out of 'features'")
    if not names or not len(frame):
        raise StageFailed(
            "there is nothing to fit on", f"the training data has {len(frame)} rows and {len(names)} features"
        )
    rows = frame[names]
    truth = target_values(frame[target], target)
    classifies = is_classifier(estimator)
    check_target(truth, target, classifies)
    places = truth
    if classifies and library_of(steps_of(estimator)[-1]) == "xgboost":
        classes, places = np.unique(truth, return_inverse=True)
    else:
        classes = None
    try:
        fit(estimator, rows, places)
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        name = type(estimator).__name__
        # A bad parameter is scikit-learn's own class of error, and the data has no part in it.
        hint = None if type(error).__name__ == "InvalidParameterError" else trouble(rows)
        raise StageFailed(f"{name} cannot be fitted: {first_line(error)}", hint) from None
    inputs = tuple(Feature(str(name), str(dtype)) for name, dtype in rows.dtypes.items())
    return fitted(estimator, classes, target, inputs, len(rows))


def fit(estimator: Any, rows: pd.DataFrame, truth: np.ndarray[Any, Any]) -> None:
    """Fit; LightGBM's own errors become ValueErrors, as those of the others are."""
    library = sys.modules.get("lightgbm.basic")  # whoever has such an estimator has loaded it
    theirs: tuple[type[Exception], ...] = (library.LightGBMError,) if library is not None else ()
    try:
        estimator.fit(rows, truth)
    except theirs as error:
        raise ValueError(first_line(error)) from None


def fitted(
    estimator: Any, classes: np.ndarray[Any, Any] | None, target: str, inputs: tuple[Feature, ...], rows: int
) -> Model:
    """A fitted estimator as a model of its flavor. `classes`: it was fitted on their places. Raises StageFailed."""
    member = {"xgboost": xgboost, "lightgbm": lightgbm}.get(library_of(estimator))
    if member is not None:
        if classes is None and is_classifier(estimator):
            classes = np.asarray(estimator.classes_)
        said: list[Json] | None = None if classes is None else classes.tolist()
        answering, card = member.settled(estimator, said, inputs, target, rows)
        return Model(card, answering)
    whole = estimator if classes is None else Labelled(estimator, classes)
    return Model(describe(whole, target, inputs, rows), whole)


def target_values(column: pd.Series[Any], target: str) -> np.ndarray[Any, Any]:
    """The target as a plain array; raises StageFailed for missing and infinite values."""
    missing = column.isna().to_numpy()
    if missing.any():
        rows = ", ".join(str(index + 1) for index in np.flatnonzero(missing)[:5])
        raise StageFailed(
            f"the target '{target}' has no value in {int(missing.sum()):,} of {len(column):,} rows (rows {rows})",
            "leave these rows out: nothing can be learned from them, or judged",
        )
    values = column.to_numpy()
    if values.dtype.kind == "f" and np.isinf(values).any():
        rows = ", ".join(str(index + 1) for index in np.flatnonzero(np.isinf(values))[:5])
        count = int(np.isinf(values).sum())
        raise StageFailed(f"the target '{target}' is infinite in {count:,} of {len(column):,} rows (rows {rows})")
    return values if values.dtype.kind in "biufM" else np.asarray([str(value) for value in values])


def check_target(truth: np.ndarray[Any, Any], target: str, classifies: bool) -> None:
    """Raises StageFailed for a target from which nothing can be learned."""
    first = truth[0]
    if bool(np.all(truth == first)):
        raise StageFailed(
            f"the target '{target}' is '{first}' in all {len(truth):,} rows", "there is nothing to tell apart"
        )
    if not classifies and truth.dtype.kind not in "biuf":
        raise StageFailed(
            f"the target '{target}' is not a number", "a regression needs a numeric target; use a classifier"
        )
