"""What a model said becomes numbers, whatever the types; what does not fit is refused with a hint."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mlops_cli.base.errors import StageFailed
from mlops_cli.measures.predictions import (
    Array,
    Predictions,
    class_predictions,
    forecast_predictions,
    number_predictions,
    numbered,
    numbers_of,
    ranking_predictions,
)

ONES = np.ones(3)


@pytest.mark.parametrize(
    "values",
    [
        np.asarray([0, 1, 1]),
        np.asarray([0.0, 1.0, 1.0]),
        np.asarray([False, True, True]),
        np.asarray([0, 1, 1], dtype=np.int8),
        np.asarray(["0", "1", "1"]),
        np.asarray(["0", "1", "1"], dtype=object),
        np.asarray([0, True, 1.0], dtype=object),
        np.asarray([0, "1", 1.0], dtype=object),
        np.asarray(["0", "1", "1"], dtype=np.dtypes.StringDType()),
        pd.Series(["0", "1", "1"], dtype="string"),
        pd.Series([0, 1, 1], dtype="Int64"),
        pd.Series(["0", "1", "1"], dtype="category"),
    ],
)
def test_a_class_is_the_same_in_every_type(values: Array) -> None:
    assert numbers_of(values, ["0", "1"]).tolist() == [0, 1, 1]
    rows = class_predictions(values, values, None, False, [0, 1], True)
    assert rows.truth.tolist() == rows.label.tolist() == [0, 1, 1]
    assert rows.positive == 1


@pytest.mark.parametrize(
    "values",
    [
        np.asarray([np.nan, 7.0, 1.0]),
        np.asarray([None, "x", "1"], dtype=object),
        np.asarray([1.5, 2.0, 1.0]),
    ],
)
def test_what_is_no_class_has_no_number(values: Array) -> None:
    assert numbers_of(values, ["0", "1"]).tolist() == [-1, -1, 1]


def test_no_values_have_no_numbers() -> None:
    assert numbers_of(np.asarray([], dtype=object), ["0"]).tolist() == []
    assert len(class_predictions(np.asarray([]), np.asarray([]), None, False, [0, 1], None)) == 0


def test_values_are_numbered_as_they_come() -> None:
    assert numbered(np.asarray(["b", "a", "b"]), "query").tolist() == [0, 1, 0]
    with pytest.raises(StageFailed, match="1 of 2 rows have no query"):
        numbered(np.asarray([None, "a"], dtype=object), "query")


def test_a_part_of_the_rows_keeps_everything_that_belongs_to_them() -> None:
    rows = ranking_predictions(np.arange(5), np.arange(5), np.asarray([4, 4, 2, 7, 7]), 3)
    assert rows.lists.starts.tolist() == [0, 2, 3]
    part = rows.where(np.asarray([True, False, False, True, True]))
    assert part.clusters is not None and part.clusters.tolist() == [0, 1, 1]
    assert part.at == 3
    assert part.lists.starts.tolist() == [0, 1]

    forecast = forecast_predictions(np.arange(3), ONES, np.arange(3) + 5, -ONES, ONES, 0.7)
    one = forecast.where(np.asarray([False, False, True]))
    assert (one.truth[0], one.scale, one.low, one.high, one.level) == (2, [7.0], [-1.0], [1.0], 0.7)


def refused(match: str, make: Callable[[], Predictions]) -> None:
    with pytest.raises(StageFailed, match=match) as raised:
        make()
    assert raised.value.faults[0].hint


def test_classes_that_do_not_fit_are_refused() -> None:
    labels, two = np.asarray([0, 1, 1]), [0, 1]
    refused(
        "class '7', which the model does not know",
        lambda: class_predictions(np.asarray([0, 7, 1]), labels, None, False, two, None),
    )
    refused("no class 'yes'", lambda: class_predictions(labels, labels, None, False, two, "yes"))
    refused("label has the shape 2", lambda: class_predictions(labels, labels[1:], None, False, two, None))
    refused("the shape 3 x 3", lambda: class_predictions(labels, labels, np.ones((3, 3)), False, two, None))
    refused("the shape 3, for", lambda: class_predictions(labels, labels, ONES, False, [0, 1, 2], None))
    refused(
        "scores are not a number", lambda: class_predictions(labels, labels, np.asarray(list("abc")), False, two, None)
    )


def test_numbers_that_do_not_fit_are_refused() -> None:
    words, holes = np.asarray(list("abc")), np.asarray([1, np.nan, np.inf])
    refused("target is not a number", lambda: number_predictions(words, ONES))
    refused("predictions are not a number", lambda: number_predictions(ONES, words))
    refused(r"missing or infinite in 2 of 3 rows \(rows 2, 3\)", lambda: number_predictions(holes, ONES))
    refused("label has the shape 3 x 1", lambda: number_predictions(ONES, ONES[:, None]))
    refused("low has the shape 2", lambda: forecast_predictions(ONES, ONES, None, ONES[1:], ONES))
    refused("1.0 is no level", lambda: forecast_predictions(ONES, ONES, None, ONES, ONES, 1.0))
    assert np.isnan(number_predictions(ONES, np.asarray([1, None, 2], dtype=object)).label[1])


def test_rankings_that_do_not_fit_are_refused() -> None:
    refused("negative in 1 of 3 rows", lambda: ranking_predictions(np.asarray([0, -1, 2]), ONES, ONES))
    refused("have no query", lambda: ranking_predictions(ONES, ONES, np.asarray([1, np.nan, 2])))
    refused("queries has the shape 2", lambda: ranking_predictions(ONES, ONES, ONES[1:]))
    refused("first 0 ranks", lambda: ranking_predictions(ONES, ONES, ONES, 0))
