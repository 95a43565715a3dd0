"""The model to fit, unfitted: any scikit-learn estimator will do."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def classifier(strength: float, max_iter: int) -> Pipeline:
    """Scaled logistic regression; a larger `strength` trusts the data more."""
    return Pipeline([("scale", scaler()), ("model", LogisticRegression(C=strength, max_iter=max_iter))])


def scaler() -> StandardScaler:
    """A helper of `classifier`: editing it re-runs `train` and what comes after."""
    return StandardScaler(with_mean=True)
