"""LightGBM: its own text form of a model, whose links are checked before the library follows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.models.card import Card, Feature
from mlops_cli.models.cards import describe_answers, is_classifier, plain_params
from mlops_cli.models.files import content, refused
from mlops_cli.models.flavors.base import Terms, library, named
from mlops_cli.models.flavors.boosted import (
    EXTRA,
    Ask,
    answering,
    check_children,
    check_features,
    no_probabilities,
    refuse_count,
)
from mlops_cli.models.model import first_line

NAME: Final[Literal["lightgbm"]] = "lightgbm"
FILE = "estimator.txt"
LIBRARIES = ("lightgbm",)
PROBABLE = "use the objective binary, cross_entropy, multiclass or multiclassova"
SOFT = ("binary", "cross_entropy", "multiclass", "multiclassova")
OF_THE_MACHINE = re.compile(r"^\[(num_threads|data|valid|machines|machine_list_filename): .*\]$", re.MULTILINE)
"""Lines that say how and where a model was fitted, and not what it is."""
ENDING = re.compile(r"\npandas_categorical:(null|\[.*\])\n\Z")


def takes(value: Any) -> bool:
    """A Booster, or an estimator of lightgbm's."""
    return type(value).__module__.partition(".")[0] == "lightgbm" and hasattr(value, "predict")


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A fitted estimator or Booster. Raises StageFailed where it has no probabilities."""
    del terms
    booster = booster_of(value)
    classes: tuple[Json, ...] | None = None
    if value is booster:
        objective, count = objective_of(booster)
        classes = tuple(range(count)) if objective in SOFT[2:] else (0, 1) if objective in SOFT[:2] else None
    elif is_classifier(value):
        classes = tuple(np.asarray(value.classes_).tolist())
    return settled(value, classes, tuple(Feature(str(name), "") for name in booster.feature_name()), None, None)


def settled(
    value: Any,
    classes: Sequence[Json] | None,
    features: tuple[Feature, ...],
    target: str | None,
    rows: int | None,
) -> tuple[Any, Card]:
    """The estimator that answers for a fitted one, and its card. `classes` None: it gives numbers. Raises
    StageFailed where a classifier gives no probabilities."""
    booster = booster_of(value)
    objective, _ = objective_of(booster)
    if classes is not None and objective not in SOFT:
        raise no_probabilities(named(value), objective, PROBABLE)
    params = plain_params(value) if value is not booster else {}
    params.pop("n_jobs", None)  # how it was fitted, and not what
    card = describe_answers(named(value), target, features, classes, params, rows, LIBRARIES)
    card = replace(card, flavor=NAME)
    return answering(booster, asking(booster), card), card


def booster_of(value: Any) -> Any:
    """The Booster in an estimator. Raises StageFailed where it is not fitted."""
    if not hasattr(value, "booster_"):
        # A property that raises is one that `hasattr` does not see.
        if hasattr(value, "fit"):
            raise StageFailed(f"the {type(value).__name__} is not fitted", "fit it before you return it")
        return value
    return value.booster_


def objective_of(booster: Any) -> tuple[str, int]:
    """The objective and the number of classes (1 for two classes too)."""
    head = header(booster.model_to_string(num_iteration=1))
    return head.get("objective", "none").partition(" ")[0], int(head.get("num_class", "1"))


def asking(booster: Any) -> Ask:
    """Rows -> the booster's answers, of its best iteration where it was stopped early."""
    errors = library("lightgbm.basic", EXTRA, "this model")

    def ask(rows: Any) -> np.ndarray[Any, Any]:
        try:
            return np.asarray(booster.predict(rows))
        except errors.LightGBMError as error:
            raise ValueError(first_line(error)) from None

    return ask


def write(estimator: Any, card: Card, path: Path, terms: Terms) -> Card:
    """Write the booster's text, without what it says of the machine."""
    del terms
    text = OF_THE_MACHINE.sub(r"[\1: ]", estimator.booster.model_to_string()).replace(
        "[num_threads: ]", "[num_threads: 0]"
    )
    check(path, text, card)
    path.write_bytes(text.encode())
    return card


def read(path: Path, card: Card, terms: Terms) -> Any:
    """The booster in a file. Raises StageFailed."""
    del terms
    lightgbm = library("lightgbm", EXTRA, f"the model '{card.estimator}'")
    try:
        text = content(path).decode()
    except UnicodeDecodeError:
        raise refused(path, "it is no text") from None
    check(path, text, card)
    try:
        booster = lightgbm.Booster(model_str=text)
        return answering(booster, asking(booster), card)
    except (lightgbm.basic.LightGBMError, ValueError, TypeError, KeyError) as error:
        raise refused(path, f"lightgbm cannot read it ({first_line(error)})") from None


def header(text: str) -> dict[str, str]:
    """The lines `name=value` of one part of the file."""
    return dict(line.partition("=")[::2] for line in text.partition("\n\n")[0].splitlines() if "=" in line)


def check(path: Path, text: str, card: Card) -> None:
    """Raises StageFailed for a file whose trees are no trees, or that is of another model."""
    head = header(text)
    if not text.startswith("tree\n") or not {"num_class", "max_feature_idx", "tree_sizes"} <= set(head):
        raise refused(path, "it is no model of lightgbm")
    body, ended, _ = text.partition("\nend of trees\n")
    if not ended or not ENDING.search(text):
        raise refused(path, "it breaks off")
    try:
        features, groups = int(head["max_feature_idx"]) + 1, int(head["num_class"])
        trees = re.split(r"^Tree=\d+\n", body, flags=re.MULTILINE)[1:]
        sizes = [int(size) for size in head["tree_sizes"].split()]
        refuse_count(card, path, features)
        if card.classes and groups != (len(card.classes) if len(card.classes) > 2 else 1):
            raise refused(path, f"it has {groups:,} classes, and the card of the model has {len(card.classes):,}")
        if len(trees) != len(sizes) or min(sizes, default=1) < 1 or sum(sizes) > len(text):
            raise refused(path, f"it announces {len(sizes):,} trees and has {len(trees):,}")
        if len(trees) % max(int(head.get("num_tree_per_iteration", "1")), 1):
            raise refused(path, "its last iteration is not complete")
        for number, tree in enumerate(trees):
            check_tree(path, number, header(tree), features)
    except (ValueError, KeyError) as error:
        raise refused(path, f"it is damaged ({first_line(error)})") from None


def check_tree(path: Path, number: int, tree: Mapping[str, str], features: int) -> None:
    """Raises StageFailed, ValueError or KeyError where a tree points outside itself."""
    leaves = int(tree["num_leaves"])
    inner = leaves - 1
    if inner < 0 or len(tree["leaf_value"].split()) != leaves:
        raise refused(path, f"tree {number} says it has {leaves:,} leaves, and has others")
    if inner:
        check_children(path, number, whole(tree["left_child"]), whole(tree["right_child"]), inner, leaves)
        used, kinds = whole(tree["split_feature"]), whole(tree["decision_type"])
        thresholds = np.asarray(tree["threshold"].split(), np.float64)
        if not len(used) == len(kinds) == len(thresholds) == inner:
            raise refused(path, f"tree {number} says it has {inner:,} nodes, and its parts have others")
        check_features(path, number, used, features)
        check_categories(path, number, tree, thresholds[(kinds & 1) == 1])
    if tree.get("is_linear", "0") != "0":
        check_features(path, number, whole(tree.get("leaf_features", "")), features)
        if int(whole(tree["num_features"]).sum()) != len(tree.get("leaf_features", "").split()):
            raise refused(path, f"the linear leaves of tree {number} are outside it")


def check_categories(path: Path, number: int, tree: Mapping[str, str], asked: np.ndarray[Any, Any]) -> None:
    """Raises StageFailed where a split on categories asks for a set that is not there."""
    count = int(tree.get("num_cat", "0"))
    bounds = whole(tree.get("cat_boundaries", "0"))
    words = len(tree.get("cat_threshold", "").split())
    ordered = len(bounds) == count + 1 and bounds[0] == 0 and (np.diff(bounds) >= 0).all() and bounds[-1] == words
    if not ordered or (len(asked) and (asked.max() >= count or asked.min() < 0)):
        raise refused(path, f"the categories of tree {number} are outside it")


def whole(text: str) -> np.ndarray[Any, Any]:
    """The whole numbers in a line, separated by spaces."""
    return np.asarray(text.split(), np.int64)
