"""A fitted model in memory: which rows it takes, what it says about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_cli.base.errors import StageFailed
from mlops_cli.models.card import Card
from mlops_cli.tables.read import need_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ONE_A_ROW = "a model answers every row once, in the order of the rows"


@dataclass(frozen=True)
class Model:
    """A card with its estimator, and the folder that it was loaded from (None: just fitted)."""

    card: Card
    estimator: Any
    folder: Path | None = None

    @property
    def probable(self) -> bool:
        """Whether its scores are probabilities; decision values only rank."""
        return hasattr(self.estimator, "predict_proba")

    def inputs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The features of the frame's rows, in the model's order. Raises StageFailed where one is missing."""
        names = [feature.name for feature in self.card.features]
        need_columns([str(name) for name in frame.columns], names, "the data")
        return frame[names]

    def predict(self, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        """The predicted class or number of each row, shape (rows,). Raises StageFailed, also where there is none."""
        answers = self._ask("predict", frame)
        if answers.ndim == 2 and answers.shape[1] == 1:
            answers = answers[:, 0]
        if answers.shape != (len(frame),):
            raise StageFailed(f"{self.name} gives predictions of {sized(answers)} for {len(frame):,} rows", ONE_A_ROW)
        return self._finite(answers, "prediction")

    def scores(self, frame: pd.DataFrame) -> np.ndarray[Any, Any] | None:
        """Probabilities, shape (rows, classes), or decision values, shape (rows,); None where there are none."""
        if self.card.task == "regression":
            return None
        method = next((name for name in ("predict_proba", "decision_function") if hasattr(self.estimator, name)), None)
        if method is None:
            return None
        scores = self._ask(method, frame)
        if scores.shape == () and scores.item() is None:
            return None  # it says classes, and not how sure it is
        classes = len(self.card.classes)
        if scores.shape != (len(frame), classes) and not (classes == 2 and scores.shape == (len(frame),)):
            if method == "decision_function" and scores.ndim == 2 and len(scores) == len(frame):
                return None  # values for pairs of classes, which rank no class
            shape = f"{len(frame):,} rows and {classes} classes"
            raise StageFailed(f"{self.name} gives scores of {sized(scores)} for {shape}", ONE_A_ROW)
        return self._finite(scores, "score")

    def score(self, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        """One number a row, shape (rows,): the probability of the last class of a binary model, else the prediction."""
        scores = self.scores(frame) if self.card.task == "binary" else None
        if scores is None:
            return self.predict(frame)
        return scores if scores.ndim == 1 else scores[:, -1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know whenever this model is used."""
        if self.card.flavor != "pickle":
            return ()
        return (f"{self.name} is a pickle: loading it runs whatever its writer put there",)

    @property
    def name(self) -> str:
        """What to call the model in a sentence."""
        return f"the model {self.card.estimator.rpartition('.')[2]}"

    def _finite(self, answers: np.ndarray[Any, Any], what: str) -> np.ndarray[Any, Any]:
        """The answers, of which none may be missing or infinite. Raises StageFailed with the first rows."""
        import numpy as np
        import pandas as pd

        odd: np.ndarray[Any, Any] = np.asarray(pd.isna(answers))
        if answers.dtype.kind in "fc":
            odd = odd | np.isinf(answers)
        odd = np.asarray(odd.reshape(len(answers), -1).any(axis=1)) if len(answers) else odd
        if not odd.any():
            return answers
        rows = ", ".join(str(row + 1) for row in np.flatnonzero(odd)[:5])
        more = ", ..." if odd.sum() > 5 else ""
        raise StageFailed(
            f"{self.name} gives no finite {what} for {int(odd.sum()):,} of {len(answers):,} rows (rows {rows}{more})",
            "look for such values in what it was fitted on, and in these rows",
        )

    def _ask(self, method: str, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = self.inputs(frame)
        try:
            return np.asarray(getattr(self.estimator, method)(rows))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StageFailed(f"{self.name} cannot be applied: {first_line(error)}", trouble(rows)) from None


def sized(answers: np.ndarray[Any, Any]) -> str:
    """The shape of an array in words."""
    return f"shape ({', '.join(str(length) for length in answers.shape)})"


def first_line(error: Exception) -> str:
    """The first line of a library's message."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def trouble(rows: pd.DataFrame) -> str | None:
    """What in these columns estimators commonly refuse: values missing, values that are no numbers."""
    import pandas as pd

    empty = rows.isna().sum()
    missing = [f"{name} ({count:,} of {len(rows):,})" for name, count in empty.items() if count]
    words = [str(name) for name, kind in rows.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    parts = []
    if missing:
        parts.append("columns with missing values: " + ", ".join(missing[:8]))
    if words:
        parts.append("columns that are not numbers: " + ", ".join(words[:8]))
    return "; ".join(parts) or None
