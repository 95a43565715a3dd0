"""From a table of predictions, whoever made them, to predictions with known truth; the baseline's on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_cli.base.errors import StageFailed
from mlops_cli.base.records import Json
from mlops_cli.measures.predictions import (
    Array,
    Floats,
    Predictions,
    class_predictions,
    distinct_codes,
    forecast_predictions,
    number_predictions,
    ranking_predictions,
    text_of,
)
from mlops_cli.models.fitting import target_values
from mlops_cli.spec.validation import ModelValidation, Scored, Task
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import pandas as pd

MANY = 20
"""Different whole numbers in the truth, above which they are numbers and no classes."""


def scored(frame: pd.DataFrame, spec: ModelValidation) -> Predictions:
    """The predictions that a table holds. Raises StageFailed for missing columns, rows without truth or prediction, and
    scores that fit no task."""
    said = spec.predictions
    assert said is not None
    need_columns([str(name) for name in frame.columns], spec.named_columns, "the table of predictions")
    if not len(frame):
        raise StageFailed("the table of predictions has no rows", "a model cannot be judged on nothing")
    refuse_twice(frame, said.id, "the predictions")
    truth = target_values(frame[said.truth], said.truth)
    task = task_of(spec, truth)
    if task == "ranking":
        return _ranking(frame, spec, truth)
    if task in ("regression", "forecast"):
        return _numbers(frame, spec, said, truth, task)
    return _classes(frame, spec, said, truth, task)


def task_of(spec: ModelValidation, truth: Array) -> Task:
    """What the predictions are about: as the spec says, or as its keys and the truth suggest."""
    said = spec.predictions
    assert said is not None
    if spec.task is not None:
        return spec.task
    if spec.query is not None:
        return "ranking"
    if spec.forecast is not None or said.low is not None:
        return "forecast"
    if said.scores:
        return "binary" if len(said.scores) == 2 else "multiclass"
    different = np.unique(truth)
    if truth.dtype.kind == "f" and (different != np.round(different)).any():
        return "regression"
    if len(different) > MANY and truth.dtype.kind in "iuf":
        return "regression"
    return "binary" if len(different) <= 2 or said.score is not None else "multiclass"


def numbers_in(frame: pd.DataFrame, name: str) -> Floats:
    """A column as finite numbers. Raises StageFailed."""
    try:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        raise StageFailed(f"the column '{name}' does not hold numbers", "scores and forecasts are numbers") from None
    odd = ~np.isfinite(values)
    if odd.any():
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(odd)[:5])
        count = int(odd.sum())
        raise StageFailed(
            f"the column '{name}' has no finite number in {count:,} of {len(values):,} rows (rows {rows})"
        )
    return values


def clusters_in(frame: pd.DataFrame, name: str | None) -> Array | None:
    """The number of each row's cluster, from 0 in the order of appearance. Raises StageFailed for rows without one, and
    for lists and structs."""
    if name is None:
        return None
    need_columns([str(column) for column in frame.columns], [name], "the data")
    codes = distinct_codes(frame[name], name)
    if (codes < 0).any():
        raise StageFailed(f"{int((codes < 0).sum()):,} rows have no '{name}'", "every row belongs to something")
    return codes


def clusters_of(frame: pd.DataFrame, spec: ModelValidation) -> Array | None:
    """Which rows belong together: as the spec says; of forecasts the rows of one season of one series, whose errors
    hang together (blocks that do not overlap: Carlstein, Annals of Statistics 14 (1986) 1171-1179).

    Raises StageFailed for missing columns and rows without a time.
    """
    import pandas as pd

    said = spec.forecast
    if said is None:
        return clusters_in(frame, spec.cluster)
    names = [said.time, *([said.series] if said.series is not None else [])]
    need_columns([str(column) for column in frame.columns], names, "the data")
    if frame[said.time].isna().any():
        missing = int(frame[said.time].isna().sum())
        raise StageFailed(f"{missing:,} rows have no '{said.time}'", "a forecast is for some time")
    if spec.cluster is not None or said.season < 2:
        return clusters_in(frame, spec.cluster)
    series = pd.Series(0, index=frame.index)
    if said.series is not None:
        series = pd.Series(distinct_codes(frame[said.series], said.series), index=frame.index)
    place = frame[said.time].groupby(series, dropna=False).rank(method="first")
    blocks = pd.DataFrame({"series": series, "season": (place - 1) // said.season})
    return np.asarray(blocks.groupby(["series", "season"], dropna=False, sort=False).ngroup(), dtype=np.int64)


def _ranking(frame: pd.DataFrame, spec: ModelValidation, truth: Array) -> Predictions:
    said, queries = spec.predictions, clusters_in(frame, spec.query)
    if said is None or said.score is None or queries is None:
        raise StageFailed("a ranking needs the columns `score` and `query`", "add them to the spec")
    return ranking_predictions(truth, numbers_in(frame, said.score), queries, spec.at)


def _numbers(frame: pd.DataFrame, spec: ModelValidation, said: Scored, truth: Array, task: Task) -> Predictions:
    name = said.label or said.score
    if name is None:
        raise StageFailed("the predictions have no column with the predicted number", "add label: COLUMN to the spec")
    label = numbers_in(frame, name)
    if task == "regression":
        rows = number_predictions(truth, label)
    else:
        low, high = (numbers_in(frame, end) if end is not None else None for end in (said.low, said.high))
        if low is not None and high is not None and (low > high).any():
            message = f"'{said.low}' is above '{said.high}' in {int((low > high).sum()):,} rows"
            raise StageFailed(message, "low is the lower end of the prediction interval")
        rows = forecast_predictions(truth, label, None, low, high, said.level)
    return replace(rows, clusters=clusters_of(frame, spec))


def _classes(frame: pd.DataFrame, spec: ModelValidation, said: Scored, truth: Array, task: Task) -> Predictions:
    label = None if said.label is None else target_values(frame[said.label], said.label)
    classes = _class_names(spec, said, truth, label, task)
    scores, probable = _scores(frame, spec, said, classes)
    if label is None:
        label = _likeliest(scores, probable, classes, spec.positive)
    rows = class_predictions(truth, label, scores, probable, classes, spec.positive)
    if task == "multiclass":  # as the spec says, though there may be two classes
        rows = replace(rows, task="multiclass")
    return replace(rows, clusters=clusters_in(frame, spec.cluster), costs=costs_of(spec, rows))


def _class_names(spec: ModelValidation, said: Scored, truth: Array, label: Array | None, task: Task) -> list[Json]:
    if said.scores:
        return [name for name, _ in sorted(said.scores)]
    values: list[Json] = np.unique(truth).tolist()
    known = {text_of(value) for value in values}
    for value in [] if label is None else np.unique(label).tolist():
        values += [] if text_of(value) in known else [value]
    if spec.positive is not None and text_of(spec.positive) not in {text_of(value) for value in values}:
        values.append(spec.positive)
    if task == "binary" and len(values) == 1:
        raise StageFailed(f"every row is of class '{values[0]}'", "there is nothing to tell apart")
    if task == "binary" and len(values) > 2:
        shown = ", ".join(text_of(value) for value in values[:6])
        if spec.positive is not None and len(values) == 3 and values[-1] == spec.positive:
            raise StageFailed(
                f"there is no class '{text_of(spec.positive)}'",
                f"the classes are {', '.join(text_of(value) for value in values[:2])}: mend `positive` in the spec",
            )
        if not said.score:
            raise StageFailed(f"the task is binary, and there are {len(values)} classes: {shown}", "write another task")
        raise StageFailed(
            f"one score, and {len(values)} classes: {shown}", "give each its column: score: {a: p_a, b: p_b, c: p_c}"
        )
    return sorted(values, key=lambda value: (isinstance(value, str), value if not isinstance(value, list) else 0))


def _scores(
    frame: pd.DataFrame, spec: ModelValidation, said: Scored, classes: Sequence[Json]
) -> tuple[Floats | None, bool]:
    """Scores by class, shape (n, classes), and whether they are probabilities."""
    if said.scores:
        columns = np.column_stack([numbers_in(frame, column) for _, column in sorted(said.scores)])
        likely = (columns >= 0).all() and (columns <= 1).all() and np.allclose(columns.sum(axis=1), 1, atol=1e-3)
        return columns, bool(likely)
    if said.score is None:
        return None, False
    score = numbers_in(frame, said.score)
    probable = bool((score >= 0).all() and (score <= 1).all())
    other = 1.0 - score if probable else -score
    first = spec.positive is not None and text_of(classes[0]) == text_of(spec.positive)
    return np.column_stack([score, other] if first else [other, score]), probable


def _likeliest(scores: Floats | None, probable: bool, classes: Sequence[Json], positive: Json) -> Array:
    if scores is None:
        raise StageFailed("the predictions have neither labels nor scores", "add score: COLUMN or label: COLUMN")
    if not probable:
        raise StageFailed(
            "the scores are no probabilities, so that nothing tells which label they mean", "add label: COLUMN"
        )
    names = np.asarray([text_of(value) for value in classes], dtype=object)
    best = scores.argmax(axis=1)
    if len(names) == 2:  # at exactly one half the positive class is meant, as `score >= 0.5` says it
        yes = 0 if positive is not None and names[0] == text_of(positive) else 1
        best = np.where(scores[:, yes] >= scores[:, 1 - yes], yes, 1 - yes)
    found: np.ndarray[Any, Any] = names[best]
    return found


def costs_of(spec: ModelValidation, rows: Predictions) -> Floats | None:
    """The cost of each answer by true and predicted class. Raises StageFailed for a class that there is not."""
    said = spec.costs
    if said is None or rows.task not in ("binary", "multiclass"):
        return None
    names = [text_of(value) for value in rows.classes]
    table = np.zeros((len(names), len(names)))
    if not said.matrix:
        if rows.task != "binary":
            raise StageFailed("miss and false_alarm are costs of two classes", "write costs: {true: {predicted: cost}}")
        yes, no = rows.positive, 1 - rows.positive
        table[yes, no], table[no, yes] = said.miss, said.false_alarm
        table[yes, yes], table[no, no] = said.hit, said.rejection
    for truth, label, cost in said.matrix:
        for name in (truth, label):
            if name not in names:
                raise StageFailed(f"the costs name the class '{name}'", f"the classes are {', '.join(names[:12])}")
        table[names.index(truth), names.index(label)] = cost
    return table


def refuse_twice(frame: pd.DataFrame, name: str | None, subject: str) -> None:
    """Raise StageFailed where the column that tells rows apart does not, or holds lists or structs."""
    if name is None:
        return
    codes = distinct_codes(frame[name], name)  # from 0 without gaps: the largest tells how many there are
    twice = len(codes) - (int(codes.max(initial=-1)) + 1)
    if twice:
        message = f"'{name}' does not tell the rows of {subject} apart: {twice:,} are double"
        raise StageFailed(message, "rows that stand there twice count twice; or name another column as `id`")


def matched(frame: pd.DataFrame, other: pd.DataFrame, spec: ModelValidation) -> pd.DataFrame:
    """The baseline's rows in the order of the judged ones. Raises StageFailed where they are not the same rows: a
    comparison on other rows says nothing."""
    said = spec.predictions
    assert said is not None
    if said.id is None:
        raise StageFailed(
            "nothing tells which rows of the baseline are which", "add id: COLUMN to the predictions of the spec"
        )
    need_columns([str(name) for name in other.columns], spec.named_columns, "the baseline's table")
    refuse_twice(other, said.id, "the baseline")
    try:
        found = other.set_index(said.id, drop=False).reindex(frame[said.id])
    except (TypeError, ValueError):
        raise StageFailed(f"'{said.id}' is of another type in the baseline") from None
    lost = int(found[said.id].isna().sum())
    ids = frame[said.id].dtype, other[said.id].dtype
    if lost == len(frame) and (ids[0].kind in "iuf") != (ids[1].kind in "iuf"):
        kinds = ["numbers" if kind.kind in "iuf" else "no numbers" for kind in ids]
        raise StageFailed(
            f"'{said.id}' holds {kinds[0]} here and {kinds[1]} in the baseline", "write it the same way in both"
        )
    if lost or len(other) != len(frame):
        raise StageFailed(
            f"it is about other rows: of {len(frame):,} judged rows {lost:,} are not among its {len(other):,}",
            "score both models on the same rows",
        )
    mine, theirs = (target_values(side[said.truth], said.truth) for side in (frame, found))
    if mine.dtype.kind != theirs.dtype.kind:  # 1 in one file may be 1.0 in the other
        mine, theirs = (np.asarray([text_of(value) for value in side.tolist()]) for side in (mine, theirs))
    if (mine != theirs).any():
        raise StageFailed(f"its truth differs in {int((mine != theirs).sum()):,} of {len(frame):,} rows")
    return found.reset_index(drop=True)
