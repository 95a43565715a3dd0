"""XGBoost: its own JSON form of a model, whose links are checked before the library follows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import BadRecord, Json, decode
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

NAME: Final[Literal["xgboost"]] = "xgboost"
FILE = "estimator.json"
LIBRARIES = ("xgboost",)
SOFT = {"binary:logistic": 2, "multi:softprob": 0}
"""Objectives whose answers are probabilities -> how many classes; 0: as many as the model says."""
LABELS = ("binary:hinge", "binary:logitraw", "multi:softmax")
PROBABLE = "use the objective binary:logistic or multi:softprob"


@dataclass(frozen=True)
class TreeSize:
    """The sizes of a tree, which the file writes as texts."""

    num_nodes: str
    num_feature: str
    size_leaf_vector: str = "1"


@dataclass(frozen=True)
class Tree:
    """The parts of a tree that the library follows without looking."""

    left_children: list[int]
    right_children: list[int]
    parents: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    tree_param: TreeSize
    categories: list[int]
    categories_nodes: list[int]
    categories_segments: list[int]
    categories_sizes: list[int]


@dataclass(frozen=True)
class Forest:
    """`gradient_booster.model`: of trees, or of a linear model (`weights`)."""

    trees: list[Tree] | None = None
    tree_info: list[int] = ()  # type: ignore[assignment]
    iteration_indptr: list[int] | None = None
    weights: list[float] | None = None


@dataclass(frozen=True)
class Inner:
    """The booster inside a `dart` one."""

    model: Forest


@dataclass(frozen=True)
class Gradient:
    """`gradient_booster`."""

    name: Literal["gbtree", "dart", "gblinear"]
    model: Forest | None = None
    gbtree: Inner | None = None
    weight_drop: list[float] = ()  # type: ignore[assignment]


@dataclass(frozen=True)
class Learned:
    """`learner_model_param`, whose numbers are texts."""

    num_class: str
    num_feature: str
    num_target: str = "1"


@dataclass(frozen=True)
class Objective:
    """`objective`."""

    name: str


@dataclass(frozen=True)
class Learner:
    """`learner`."""

    gradient_booster: Gradient
    learner_model_param: Learned
    objective: Objective


@dataclass(frozen=True)
class Written:
    """The file."""

    learner: Learner


def takes(value: Any) -> bool:
    """A Booster, or an estimator of xgboost's."""
    return type(value).__module__.partition(".")[0] == "xgboost" and hasattr(value, "predict")


def settle(value: Any, terms: Terms) -> tuple[Any, Card]:
    """A fitted estimator or Booster. Raises StageFailed where it has no feature names or no probabilities."""
    del terms
    booster = booster_of(value)
    names = booster.feature_names
    if not names:
        raise StageFailed("the Booster does not know the names of its features", "train it on a DataFrame")
    classes: tuple[Json, ...] | None = None
    if value is booster:
        classes = classes_of(booster)
    elif is_classifier(value):
        classes = tuple(np.asarray(value.classes_).tolist())
    return settled(value, classes, tuple(Feature(str(name), "") for name in names), None, None)


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
    if classes is not None:
        refuse_objective(booster, named(value))
    params = plain_params(value) if value is not booster else {}
    params.pop("n_jobs", None)  # how it was fitted, and not what
    card = describe_answers(named(value), target, features, classes, params, rows, LIBRARIES)
    card = replace(card, flavor=NAME)
    return answering(booster, asking(booster), card), card


def booster_of(value: Any) -> Any:
    """The Booster in an estimator. Raises StageFailed where it is not fitted."""
    if not hasattr(value, "get_booster"):
        return value
    try:
        return value.get_booster()
    except (AttributeError, ValueError, TypeError) as error:
        raise StageFailed(f"the {type(value).__name__} is not fitted: {first_line(error)}") from None


def objective_of(booster: Any) -> tuple[str, int]:
    """The objective and the number of classes (0: none said)."""
    learner = json.loads(booster.save_config())["learner"]
    return str(learner["objective"]["name"]), int(learner["learner_model_param"]["num_class"])


def classes_of(booster: Any) -> tuple[Json, ...] | None:
    """The classes of a bare Booster, which knows only their numbers; None: it gives numbers."""
    objective, count = objective_of(booster)
    if objective in LABELS:
        raise no_probabilities("Booster", objective, PROBABLE)
    return tuple(range(SOFT[objective] or count)) if objective in SOFT else None


def refuse_objective(booster: Any, name: str) -> None:
    """Raises StageFailed where a classifier's answers are no probabilities."""
    objective, _ = objective_of(booster)
    if objective not in SOFT:
        raise no_probabilities(name, objective, PROBABLE)


def asking(booster: Any) -> Ask:
    """Rows -> the booster's answers, of its best iteration where it was stopped early."""
    xgboost = library("xgboost", EXTRA, "this model")
    best = booster.attr("best_iteration")
    span = (0, int(best) + 1) if best is not None and best.isdigit() else (0, 0)

    def ask(rows: Any) -> np.ndarray[Any, Any]:
        matrix = xgboost.DMatrix(rows, enable_categorical=True)
        return np.asarray(booster.predict(matrix, iteration_range=span))

    return ask


def write(estimator: Any, card: Card, path: Path, terms: Terms) -> Card:
    """Write the booster's JSON."""
    del terms
    data = bytes(estimator.booster.save_raw("json"))
    check(path, data, card)
    path.write_bytes(data)
    return card


def read(path: Path, card: Card, terms: Terms) -> Any:
    """The booster in a file. Raises StageFailed."""
    del terms
    xgboost = library("xgboost", EXTRA, f"the model '{card.estimator}'")
    data = content(path)
    check(path, data, card)
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(data))
        if not booster.feature_names:
            booster.feature_names = [feature.name for feature in card.features]
        if list(booster.feature_names) != [feature.name for feature in card.features]:
            raise refused(path, "its features are not those of the card")
        return answering(booster, asking(booster), card)
    except (ValueError, TypeError, KeyError) as error:
        raise refused(path, f"xgboost cannot read it ({first_line(error)})") from None


def check(path: Path, data: bytes, card: Card) -> None:
    """Raises StageFailed for a file whose trees are no trees, or that is of another model."""
    try:
        learner = decode(data, Written).learner
        features = int(learner.learner_model_param.num_feature)
        groups = max(int(learner.learner_model_param.num_class), int(learner.learner_model_param.num_target), 1)
    except (BadRecord, ValueError, RecursionError) as error:
        raise refused(path, f"it is damaged, or no model of xgboost ({first_line(error)})") from None
    refuse_count(card, path, features)
    if card.classes and groups != (1 if len(card.classes) == 2 and groups == 1 else len(card.classes)):
        raise refused(path, f"it has {groups:,} classes, and the card of the model has {len(card.classes):,}")
    gradient = learner.gradient_booster
    forest = gradient.gbtree.model if gradient.gbtree is not None else gradient.model
    if forest is None:
        raise refused(path, "it has no trees")
    if forest.weights is not None and len(forest.weights) != (features + 1) * groups:
        raise refused(path, f"it has {len(forest.weights):,} weights for {features:,} features")
    trees = forest.trees or []
    counts = forest.iteration_indptr or [0, len(trees)]
    ordered = counts == sorted(counts) and counts[0] == 0 and counts[-1] == len(trees)
    drops = len(trees) if gradient.name == "dart" else 0
    if not ordered or len(forest.tree_info) != len(trees) or len(gradient.weight_drop) != drops:
        raise refused(path, f"it does not say to what each of its {len(trees):,} trees belongs")
    if any(not 0 <= group < groups for group in forest.tree_info):
        raise refused(path, "it has a tree of a class that is not there")
    for number, tree in enumerate(trees):
        check_tree(path, number, tree, features)


def check_tree(path: Path, number: int, tree: Tree, features: int) -> None:
    """Raises StageFailed where a tree points outside itself."""
    try:
        nodes, vector = int(tree.tree_param.num_nodes), int(tree.tree_param.size_leaf_vector)
    except ValueError as error:
        raise refused(path, f"tree {number} is damaged ({first_line(error)})") from None
    if vector > 1:
        raise refused(path, "its trees have leaves of several numbers (multi_strategy: multi_output_tree)")
    lists = (tree.parents, tree.split_indices, tree.split_conditions, tree.default_left)
    left, right = np.asarray(tree.left_children, np.int64), np.asarray(tree.right_children, np.int64)
    check_children(path, number, left, right, nodes, 1)
    if nodes < 1 or any(len(items) != nodes for items in lists) or ((left < 0) != (right < 0)).any():
        raise refused(path, f"tree {number} says it has {nodes:,} nodes, and its parts have others")
    check_features(path, number, np.asarray(tree.split_indices, np.int64)[left >= 0], features)
    sizes = (len(tree.categories_nodes), len(tree.categories_segments), len(tree.categories_sizes))
    spans = zip(tree.categories_segments, tree.categories_sizes, strict=False)
    outside = any(start < 0 or size < 0 or start + size > len(tree.categories) for start, size in spans)
    if len(set(sizes)) > 1 or outside or any(not 0 <= node < nodes for node in tree.categories_nodes):
        raise refused(path, f"the categories of tree {number} are outside it")
