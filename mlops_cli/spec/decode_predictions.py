"""What is judged where it is no model but a table of predictions; the costs of answers, and what makes a forecast."""

from __future__ import annotations

from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.places import suggestion
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.validation import Costs, Forecast, Scored

HERE: KeyPath = ("predictions",)
ANSWERS = ("miss", "false_alarm", "hit", "rejection")
INSTEAD = {
    "model": "a table of `predictions` stands in place of a model",
    "data": "the rows are those of `predictions`: name them there",
    "target": "the truth is a column of `predictions`: name it there",
}


def predictions_of(decoding: Decoding) -> Scored | None:
    """The table of predictions; None where a model is judged, or where the table cannot be read."""
    given = decoding.mapping(())
    if "predictions" not in given:
        return None
    for key, message in INSTEAD.items():
        if key in given:
            decoding.fault(message, (key,), f"leave `{key}` out", of="key")
    if not decoding.sound(HERE):
        return None
    score = decoding.get((*HERE, "score"))
    scores = tuple((name, str(column)) for name, column in score.items()) if isinstance(score, dict) else ()
    texts = {key: decoding.text((*HERE, key)) for key in ("data", "truth", "label", "id", "low", "high")}
    said = Scored(
        data=texts["data"],
        truth=texts["truth"] or "",
        label=texts["label"],
        score=score if isinstance(score, str) else None,
        scores=scores,
        id=texts["id"],
        low=texts["low"],
        high=texts["high"],
        level=_level(decoding),
    )
    _complete(decoding, said)
    _apart(decoding, said)
    return said


def _level(decoding: Decoding) -> float:
    path = (*HERE, "level")
    level = decoding.quantity(units.share, path)
    if level is None:
        return 0.9
    if not 0.5 <= level.value < 1:
        message = f"{level.text} is no level of a prediction interval"
        decoding.fault(message, path, "write the share of truths that it should hold, such as 90%")
        return 0.9
    if "low" not in decoding.mapping(HERE) and "high" not in decoding.mapping(HERE):
        decoding.fault("there is no interval of that level", path, "add `low` and `high`", of="key")
    return level.value


def _complete(decoding: Decoding, said: Scored) -> None:
    if said.label is None and said.score is None and not said.scores:
        hint = "add `score: COLUMN`, `label: COLUMN`, or both"
        decoding.fault("the predictions are missing: neither a score nor a label is named", HERE, hint, of="key")
    if said.id is None and "baseline" in decoding.mapping(()):
        message = "nothing tells which rows of the baseline are which"
        decoding.fault(message, HERE, "add `id: COLUMN`, which tells rows apart in both tables", of="key")
    if (said.low is None) != (said.high is None):
        there, wanted = ("low", "high") if said.high is None else ("high", "low")
        decoding.fault(
            f"an interval has two ends, and `{wanted}` is missing", (*HERE, there), f"add `{wanted}`", of="key"
        )


def _apart(decoding: Decoding, said: Scored) -> None:
    """A column stands for one thing: predictions that are the truth would be perfect."""
    seen = {said.truth: "truth"}
    columns: list[tuple[str, str | None, KeyPath]] = [
        *((key, getattr(said, key), (*HERE, key)) for key in ("label", "score", "low", "high", "id")),
        *((f"score of {name}", column, (*HERE, "score", name)) for name, column in said.scores),
    ]
    for what, column, path in columns:
        if column is None:
            continue
        if column in seen:
            hint = "name the column that holds it"
            decoding.fault(f"the column '{column}' is the {seen[column]} already, not the {what} too", path, hint)
        seen.setdefault(column, what)


def forecast_of(decoding: Decoding) -> Forecast | None:
    """What makes the rows a forecast; None where nothing does."""
    time = decoding.text(("forecast", "time"))
    if time is None or not decoding.sound(("forecast",)):
        return None
    series, season = decoding.text(("forecast", "series")), decoding.get(("forecast", "season"))
    if series == time:
        decoding.fault(f"'{time}' is the time already", ("forecast", "series"), "name the column of the series")
    return Forecast(time, series, season if isinstance(season, int) else 1)


def costs_of(decoding: Decoding) -> Costs | None:
    """What answers cost: of two classes by the kind of answer, else by a matrix; None where nothing is said."""
    costs = decoding.mapping(("costs",))
    if not costs or not decoding.sound(("costs",)):
        return None
    rows = {name: row for name, row in costs.items() if isinstance(row, dict)}
    alone = [name for name in costs if name not in rows]
    if rows and alone:
        message = "costs are those of two classes, or a matrix, not both"
        decoding.fault(message, ("costs", alone[0]), "write true class -> predicted class -> cost", of="key")
        return None
    for name in alone:
        if name not in ANSWERS:
            hint = suggestion(name, ANSWERS, "kinds of answers")
            decoding.fault(f"'{name}' is no kind of answer", ("costs", name), hint, of="key")
    made = _matrix(rows) if rows else _two(costs)
    if made == Costs() or (made.matrix and not any(cost for _, _, cost in made.matrix)):
        decoding.fault("no answer costs anything", ("costs",), "add `costs: {miss: 10, false_alarm: 1}`", of="key")
    return made


def _matrix(rows: dict[str, dict[str, Json]]) -> Costs:
    return Costs(matrix=tuple((true, said, _number(cost)) for true, row in rows.items() for said, cost in row.items()))


def _two(costs: dict[str, Json]) -> Costs:
    miss, false_alarm, hit, rejection = (_number(costs.get(name)) for name in ANSWERS)
    return Costs(miss, false_alarm, hit, rejection)


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
