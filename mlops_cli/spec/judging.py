"""What a validation judges and how: from it follows which metrics it can have, and which statements fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.metrics import METRICS, Words
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.structure import shown
from mlops_cli.spec.validation import Scored, Task

NAMES = {"multiclass": "several classes", "binary": "two classes", "forecast": "forecasts", "ranking": "rankings"}


@dataclass(frozen=True)
class Judging:
    """What the settings of a validation say of its problem."""

    stated: Task | None
    """What `task` says, or what `query` and `forecast` make of it."""
    task: Task | None
    """The same, or what the shape of the predictions tells."""
    predictions: Scored | None
    given: frozenset[str]
    """The top-level keys of the spec."""

    def known(self, decoding: Decoding, metric: str, path: KeyPath) -> Words | None:
        """A metric that the problem has; None for one that it has not, which is noted at `path`."""
        words = METRICS[metric]
        message, hint = self.misfit(metric, words)
        if message is None:
            return words
        decoding.fault(message, path, hint, of="key")
        return None

    def misfit(self, metric: str, words: Words) -> tuple[str | None, str | None]:
        """Why the problem does not have a metric, and what to do; (None, None) where it has."""
        if self.task is not None and self.task not in words.tasks:
            of = (
                "classes"
                if len(words.tasks) > 1 and "binary" in words.tasks
                else NAMES.get(words.tasks[0], words.tasks[0])
            )
            own = [name for name, other in METRICS.items() if self.task in other.tasks]
            named = f"{', '.join(own[:6])}{', ...' if len(own) > 6 else ''}"
            here = NAMES.get(self.task, self.task)
            return f"{metric} is a metric of {of}, and this is about {here}", f"metrics of {here}: {named}"
        if words.needs == "costs" and "costs" not in self.given:
            return "`cost` cannot be told: nothing says what answers cost", "add `costs: {miss: 10, false_alarm: 1}`"
        if words.needs == "queries" and self.task is None:
            message = f"{metric} ranks the rows of each query, and nothing says which belong together"
            return message, "add, for example, `query: session_id`"
        if words.tasks == ("forecast",) and self.task is None:
            return f"{metric} is of forecasts, and nothing makes this one", "add `forecast: {time: date, season: 7}`"
        return self.no_answers(metric, words)

    def no_answers(self, metric: str, words: Words) -> tuple[str | None, str | None]:
        """Why the answers do not hold what a metric reads."""
        said = self.predictions
        if words.needs == "bounds" and said is None and "predictions" not in self.given:
            message = f"{metric} is of prediction intervals, and a model gives none"
            return message, "judge a table: `predictions: {data: ..., truth: y, label: yhat, low: lo, high: hi}`"
        if said is None:
            return None, None
        if words.needs == "bounds" and (said.low is None or said.high is None):
            return f"{metric} needs prediction intervals", "add `low` and `high` to `predictions`"
        if words.needs == "scale":
            message = f"{metric} is scaled by the training data, which a table of predictions does not tell"
            return message, "take mae or wape"
        scored = said.score is not None or bool(said.scores)
        if words.needs in ("scores", "probabilities") and not scored:
            return f"{metric} needs scores, and `predictions` has none", "add, for example, `score: p` there"
        return None, None


def judging_of(decoding: Decoding, predictions: Scored | None) -> Judging:
    """What the settings say together; faults where they contradict each other."""
    given = frozenset(decoding.mapping(()))
    text = decoding.text(("task",))
    said = next((task for task in get_args(Task) if task == text), None)
    implied: Task | None = "ranking" if "query" in given else "forecast" if "forecast" in given else None
    if "query" in given and "forecast" in given:
        decoding.fault(
            "rows are ranked or forecast, not both", ("forecast",), "leave `query` or `forecast` out", of="key"
        )
    elif said is not None and implied is not None and said != implied:
        key = "query" if implied == "ranking" else "forecast"
        decoding.fault(f"`{key}` makes this a {implied}, and `task` says {said}", ("task",), "leave one of them out")
    elif said == "ranking" and implied is None:
        decoding.fault("a ranking needs to know which rows belong together", ("task",), "add `query: session_id`")
    elif said == "forecast" and implied is None:
        decoding.fault("a forecast needs to know the order of its rows", ("task",), "add `forecast: {time: date}`")
    if "at" in given and "query" not in given:
        decoding.fault(
            "`at` is of rankings, and there is no `query`", ("at",), "leave it out, or add `query`", of="key"
        )
    stated = implied or said
    judging = Judging(stated, stated or _shape(predictions), predictions, given)
    _costs_fit(decoding, judging)
    if predictions is not None:
        _columns_fit(decoding, judging, predictions)
    return judging


def _shape(predictions: Scored | None) -> Task | None:
    return "multiclass" if predictions is not None and len(predictions.scores) > 2 else None


def _costs_fit(decoding: Decoding, judging: Judging) -> None:
    if "costs" not in judging.given or judging.task in (None, "binary"):
        return
    if judging.task != "multiclass":
        message = f"costs are of classes, and this is about {NAMES.get(judging.task, judging.task)}"
        decoding.fault(message, ("costs",), "leave them out", of="key")
        return
    for key in ("miss", "false_alarm", "hit", "rejection"):
        if isinstance(decoding.get(("costs", key)), int | float):
            hint = "write true class -> predicted class -> cost, such as {cat: {dog: 2}, dog: {cat: 1}}"
            decoding.fault(f"`{key}` is of two classes, and there are several", ("costs", key), hint, of="key")
            return


def _columns_fit(decoding: Decoding, judging: Judging, said: Scored) -> None:
    """Does the table hold what a problem of this kind needs?"""
    here: KeyPath = ("predictions",)
    if judging.task in ("regression", "forecast"):
        if said.label is None:
            message = f"a {judging.task} needs the predicted number"
            decoding.fault(message, here, "add `label: COLUMN`", of="key")
        if said.score is not None or said.scores:
            message = f"a {judging.task} has no scores"
            decoding.fault(message, (*here, "score"), "the predicted number is the `label`", of="key")
    elif judging.task == "ranking" and (said.score is None or said.scores):
        of: KeyPath = (*here, "score") if said.scores else here
        decoding.fault("a ranking needs one score of each row", of, "write `score: COLUMN`", of="key")
    elif judging.task == "multiclass" and said.score is not None:
        hint = f"write a column of each: `score: {{cat: p_cat, dog: p_dog}}`, in place of {shown(said.score)}"
        decoding.fault("several classes have a score each", (*here, "score"), hint)
    if judging.task != "forecast" and (said.low is not None or said.high is not None):
        key = "low" if said.low is not None else "high"
        message = f"`{key}` is of forecasts, and nothing makes this one"
        decoding.fault(message, (*here, key), "add `forecast: {time: date}`", of="key")
