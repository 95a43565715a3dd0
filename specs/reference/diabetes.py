"""The functions that the reference pipeline calls: plain Python, without any import of mlops."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict


def load(fast_from: float) -> pd.DataFrame:
    """442 patients from scikit-learn's diabetes data; `progression` says whether the disease moved fast in a year."""
    table: pd.DataFrame = load_diabetes(as_frame=True, scaled=False).frame
    table = table.rename(
        columns={"s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s4": "ratio", "s5": "lipids", "s6": "sugar"}
    )
    table = table.astype({"age": "int64", "sex": "int64"})
    table["progression"] = (table.pop("target") >= fast_from).map({True: "fast", False: "slow"})
    table.insert(0, "patient", [f"P{number:03d}" for number in range(1, len(table) + 1)])
    table.insert(1, "visited", pd.date_range("2024-01-01", periods=len(table), freq="h"))
    return table


def predicted() -> pd.DataFrame:
    """The progression of each patient as a number, what a linear model that has not seen the patient expects of it, and
    an interval that should hold nine of ten."""
    table: pd.DataFrame = load(0.0)[["patient", "visited", "sex"]]
    measured = load_diabetes(as_frame=True)
    table["progression"] = measured.target
    table["predicted"] = cross_val_predict(LinearRegression(), measured.data, measured.target, cv=10)
    wide = 1.645 * float((table["progression"] - table["predicted"]).std())
    return table.assign(low=table["predicted"] - wide, high=table["predicted"] + wide)


def summary(scores: dict[str, float], report: Path) -> str:
    """A few lines of text: the scores, and how many checks the gate made; `report` comes as its annotation asks."""
    verdicts = json.loads(report.read_text("utf-8"))["verdicts"]
    lines = [f"{name}: {value:.3f}" for name, value in sorted(scores.items())]
    return "\n".join([*lines, f"checks: {len(verdicts)}"]) + "\n"
