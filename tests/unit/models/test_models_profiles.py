"""What is kept of the rows that a model was fitted on: summaries of all columns, small whatever their number."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mlops_cli.models.fitting import fit_model
from mlops_cli.models.format import golden_rows
from mlops_cli.models.profiles import LONGEST, profile_model, save_profile


@pytest.mark.parametrize("columns", [3, 20, 120])
def test_a_profile_has_every_column_and_is_small(columns: int, tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    frame = pd.DataFrame(source.normal(size=(2000, columns)), columns=[f"c{at}" for at in range(columns)])
    frame["target"] = (frame.c0 > 0).astype(int)
    model = fit_model(LogisticRegression(), frame, "target", None)
    found = profile_model(model, frame)
    assert [column.name for column in found.features] == [f"c{at}" for at in range(columns)]
    assert [column.name for column in found.answers] == ["prediction", "score"]
    first = found.features[0].numbers
    assert first is not None
    assert first.mean == pytest.approx(frame.c0.mean())
    assert first.steps.quantiles([0.5])[0] == pytest.approx(frame.c0.median(), abs=0.1)
    assert save_profile(model, frame, tmp_path) is None
    assert (tmp_path / "profile.json").stat().st_size < LONGEST


def test_golden_rows_have_the_extremes_of_each_number() -> None:
    source = np.random.default_rng(0)
    frame = pd.DataFrame({"a": source.normal(size=500), "b": source.normal(size=500), "word": ["x"] * 500})
    frame.loc[3, "a"] = np.nan
    rows = golden_rows(frame)
    assert {rows.a.min(), rows.a.max()} == {frame.a.min(), frame.a.max()}
    assert {rows.b.min(), rows.b.max()} == {frame.b.min(), frame.b.max()}
    assert 8 <= len(rows) <= 12
