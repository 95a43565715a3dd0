"""Class names around an estimator that only knows the numbers 0 to k-1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class Labelled:
    """A classifier that was fitted on the places of its classes, and answers with the classes themselves."""

    def __init__(self, estimator: Any, classes: np.ndarray[Any, Any]) -> None:
        self.estimator = estimator
        self.classes_ = classes

    def predict(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The class of each row, shape (rows,)."""
        places = np.asarray(self.estimator.predict(rows)).astype(np.int64)
        return np.asarray(self.classes_[places])

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Probabilities, shape (rows, classes)."""
        return np.asarray(self.estimator.predict_proba(rows))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the estimator inside."""
        found: dict[str, Any] = self.estimator.get_params(deep=deep)
        return found
