"""One stage of a pipeline, as far as it can be read alone: its verb, outputs and limits; references are still text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias, get_args

from mlops_cli.base.errors import SpecError
from mlops_cli.base.records import Json
from mlops_cli.spec import units
from mlops_cli.spec.decoding import Decoding
from mlops_cli.spec.metrics import METRICS
from mlops_cli.spec.pipeline import (
    VERBS,
    Call,
    Fit,
    Output,
    OutputType,
    Register,
    Resources,
    Retry,
    Scalar,
    Select,
    Sh,
    Split,
    Sql,
    Stage,
    Validate,
    Verb,
)
from mlops_cli.spec.places import suggestion
from mlops_cli.spec.source import KeyPath
from mlops_cli.spec.validation import ModelValidation, Validation

Lookup: TypeAlias = Callable[[str], Validation]
Failure: TypeAlias = Literal["error", "signal", "oom", "timeout"]

FIXED: Mapping[str, tuple[Output, ...]] = {
    "fit": (Output("model", "model"),),
    "select": (Output("model", "model"), Output("metrics", "metrics")),
    "register": (),
    "validate/data": (Output("rows", "table"), Output("report", "json"), Output("profile", "json")),
    "validate/model": (Output("model", "model"), Output("report", "json"), Output("metrics", "metrics")),
    "validate/predictions": (Output("rows", "table"), Output("report", "json"), Output("metrics", "metrics")),
}
TABLE_ENDINGS = (".parquet", ".csv", ".jsonl", ".arrow")  # of our own writers the first; a command may write any


@dataclass(frozen=True)
class Draft:
    """A stage whose references are not bound yet: argument -> where the text of its reference stands."""

    stage: Stage
    path: KeyPath
    references: Mapping[str, KeyPath]
    judged: Validation | None = None
    """What a gate checks."""


def decode_stage(
    decoding: Decoding, name: str, body: Mapping[str, Json], path: KeyPath, lookup: Lookup
) -> Draft | None:
    """The stage at `path`; None where it cannot be told what it makes, which is noted as a fault."""
    word = next(key for key in body if key in VERBS)
    judged = _judged(decoding, path, lookup) if word == "validate" else None
    verb = _verb(decoding, word, path)
    if isinstance(verb, Validate) and judged is not None:
        _environment(decoding, path, verb, judged)
    outputs = _outputs(decoding, word, verb, path, judged)
    if verb is None or outputs is None:
        return None
    matrix = {axis: _scalars(values) for axis, values, _ in decoding.items((*path, "matrix"))}
    for output in outputs if matrix else ():
        for key in ("path", "name"):
            if decoding.get((*path, "out", output.name, key)):
                message = f"`{key}` is one place, and '{name}' has a matrix of results"
                decoding.fault(message, (*path, "out", output.name, key), "leave it out", of="key")
    stage = Stage(
        name,
        verb,
        decoding.place(path),
        params=_params(decoding, path),
        with_=dict(decoding.mapping((*path, "with"))),
        outputs=outputs,
        matrix=matrix,
        when=decoding.condition((*path, "when")),
        retry=_retry(decoding, (*path, "retry")),
        timeout=decoding.quantity(units.duration, (*path, "timeout")),
        resources=_resources(decoding, (*path, "resources")),
    )
    return Draft(stage, path, _references(decoding, word, path), judged)


def check_limits(decoding: Decoding, path: KeyPath) -> None:
    """Note the faults of what can be read even where the stage as a whole cannot."""
    decoding.condition((*path, "when"))
    decoding.quantity(units.duration, (*path, "timeout"))
    _resources(decoding, (*path, "resources"))


def _references(decoding: Decoding, word: str, path: KeyPath) -> dict[str, KeyPath]:
    own = {"split": "data", "select": "models"}.get(word)
    first: dict[str, KeyPath] = {own: (*path, word)} if own else {}
    return {**first, **{argument: at for argument, _, at in decoding.items((*path, "in"))}}


def _verb(decoding: Decoding, word: str, path: KeyPath) -> Verb | None:
    text = decoding.text((*path, word)) or ""
    match word:
        case "call":
            return Call(text)
        case "sh":
            return Sh(text)
        case "sql":
            return _sql(decoding, text, (*path, word))
        case "split":
            return _split(decoding, path)
        case "fit":
            return _fit(decoding, text, path)
        case "validate":
            file = decoding.inner_path((*path, word), "the spec") or text
            return Validate(file, decoding.text((*path, "environment")))
        case "select":
            return _select(decoding, path)
        case _:
            return Register(text, decoding.text((*path, "alias")))


def _sql(decoding: Decoding, text: str, path: KeyPath) -> Verb | None:
    query = decoding.inner_path(path, "the query") if is_query_file(text) else text
    return Sql(query) if query is not None else None


def is_query_file(text: str) -> bool:
    """Whether what `sql:` says is the path of a file."""
    return text.endswith(".sql") and not any(character.isspace() for character in text)


def _fit(decoding: Decoding, text: str, path: KeyPath) -> Fit:
    target, features = decoding.text((*path, "target")) or "", decoding.get((*path, "features"))
    columns = tuple(map(str, features)) if isinstance(features, list) else None
    if columns and target in columns:
        message = f"the target '{target}' is among the features: the model would learn from the answer"
        decoding.fault(message, (*path, "features", columns.index(target)), "take it out")
    return Fit(text, target, columns)


def _split(decoding: Decoding, path: KeyPath) -> Split | None:
    by, column = decoding.text((*path, "by")), decoding.text((*path, "column"))
    folds, shares = decoding.get((*path, "folds")), decoding.get((*path, "shares"))
    if by in ("time", "group", "stratified") and column is None:
        decoding.fault(f"a split by {by} needs `column`", (*path, "by"), "add, for example, `column: date`")
    elif by in ("random", "folds") and column is not None:
        decoding.fault(f"a split by {by} takes no `column`", (*path, "column"), "leave it out", of="key")
    wanted, other = ("folds", "shares") if by == "folds" else ("shares", "folds")
    if decoding.get((*path, wanted)) is None:
        example = "folds: 5" if wanted == "folds" else "shares: {train: 0.8, test: 0.2}"
        decoding.fault(f"a split by {by} needs `{wanted}`", (*path, "by"), f"add `{example}`")
        return None
    if decoding.get((*path, other)) is not None:
        decoding.fault(f"a split by {by} takes no `{other}`", (*path, other), "leave it out", of="key")
    kinds: tuple[Literal["random", "time", "group", "stratified", "folds"], ...]
    kinds = ("random", "time", "group", "stratified", "folds")
    kind = next(known for known in kinds if known == by)
    parts = _shares(decoding, (*path, "shares")) if isinstance(shares, dict) else ()
    return Split(kind, parts, column, folds if isinstance(folds, int) and by == "folds" else 0)


def _shares(decoding: Decoding, path: KeyPath) -> tuple[tuple[str, float], ...]:
    read = {name: decoding.quantity(units.share, here) for name, _, here in decoding.items(path)}
    shares = {name: bound.value for name, bound in read.items() if bound is not None}
    if len(shares) < len(read):
        return tuple((name, shares.get(name, 0.0)) for name in read)  # the names stay, so that references find them
    for name, value in shares.items():
        if value == 0:
            decoding.fault(f"the share '{name}' is empty", (*path, name))
    if abs(sum(shares.values()) - 1) > 1e-9:
        decoding.fault(f"the shares add up to {sum(shares.values()):g}, not to 1", path, of="key")
    return tuple(shares.items())


def _select(decoding: Decoding, path: KeyPath) -> Select:
    highest, lowest = decoding.text((*path, "max")), decoding.text((*path, "min"))
    target = decoding.text((*path, "target"))
    if highest is not None and lowest is not None:
        decoding.fault("either `max` or `min` chooses, not both", (*path, "min"), "leave one out", of="key")
    elif highest is None and lowest is None:
        hint = "add, for example, `max: roc_auc` or `min: log_loss`"
        decoding.fault("a metric is missing that tells which is best", (*path, "select"), hint, of="key")
    else:
        _best(decoding, (*path, "max" if highest is not None else "min"), highest or lowest or "")
    return Select(highest or lowest or "", "max" if highest else "min", target)


def _best(decoding: Decoding, path: KeyPath, metric: str) -> None:
    """A fault for a metric whose best value is at the other end."""
    words = METRICS.get(metric)
    if words is None or not words.better:
        return
    wrong, right = ("max", "min") if words.better == -1 else ("min", "max")
    if path[-1] == wrong:
        less = "less" if words.better == -1 else "more"
        decoding.fault(
            f"the worst model would be chosen: of {metric}, {less} is better", path, f"write {right}: {metric}"
        )


def _judged(decoding: Decoding, path: KeyPath, lookup: Lookup) -> Validation | None:
    here = (*path, "validate")
    file = decoding.inner_path(here, "the spec")
    if file is None:
        return None
    try:
        return lookup(file)
    except SpecError as error:
        faults = error.faults
    if len(faults) > 1 or faults[0].place is not None:
        count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        decoding.fault(f"{file} has {count}", here, f"see mlops lint {file}")
    else:
        decoding.fault(faults[0].message, here, faults[0].hint)
    return None


def _environment(decoding: Decoding, path: KeyPath, verb: Validate, judged: Validation) -> None:
    """An environment of which the spec says nothing would change nothing: that is a mistake."""
    if verb.environment is None:
        return
    here = (*path, "environment")
    if isinstance(judged, ModelValidation):
        decoding.fault(f"{judged.file} judges a model, whatever the environment", here, "leave it out", of="key")
        return
    known = sorted({name for check in judged.checks for name in check.not_in})
    if verb.environment not in known:
        hint = suggestion(verb.environment, known, "it knows") or "say `not_in: [...]` of a column there"
        decoding.fault(f"{judged.file} makes no exceptions for '{verb.environment}'", here, hint)


def _outputs(
    decoding: Decoding, word: str, verb: Verb | None, path: KeyPath, judged: Validation | None
) -> tuple[Output, ...] | None:
    match verb:
        case None:
            return None
        case Validate():
            if judged is None:
                return None
            if isinstance(judged, ModelValidation):
                return FIXED["validate/model" if judged.predictions is None else "validate/predictions"]
            if judged.quarantine is None:
                return FIXED["validate/data"]
            return (*FIXED["validate/data"], Output("rejected", "table", publish=judged.quarantine.name))
        case Split(folds=0, shares=shares):
            return tuple(Output(name, "table") for name, _ in shares)
        case Split(folds=folds):
            return tuple(Output(f"fold_{number}", "table") for number in range(1, folds + 1))
        case Call():
            return _declared(decoding, (*path, "out"))
        case Sh():
            return _declared(decoding, (*path, "out"), TABLE_ENDINGS)
        case Sql():
            declared = _declared(decoding, (*path, "out")) or (Output("table", "table"),)
            if declared[0].type != "table":
                decoding.fault(f"a query gives a table, not a {declared[0].type}", (*path, "out"))
            return declared
        case _:
            return FIXED[word]


def _declared(decoding: Decoding, path: KeyPath, endings: tuple[str, ...] = (".parquet",)) -> tuple[Output, ...]:
    said = decoding.get(path)
    if isinstance(said, str):
        kind = _type(said)
        return (Output(said, kind or "table"),)
    outputs = []
    for name, value, here in decoding.items(path):
        body: Mapping[str, Json] = value if isinstance(value, dict) else {"type": value}
        kind = _type(body["type"])
        if kind is None:
            hint = suggestion(str(body["type"]), get_args(OutputType), "types")
            decoding.fault(f"'{body['type']}' is not a type of output", here, hint)
        target = decoding.inner_path((*here, "path"), "the output")
        outputs.append(Output(name, kind or "file", target, decoding.text((*here, "name"))))
        if kind == "table" and target is not None and PurePosixPath(target).suffix not in endings:
            message = f"a table of this stage ends in {' or '.join(endings)}"
            decoding.fault(message, (*here, "path"))
    return tuple(outputs)


def _type(word: Json) -> OutputType | None:
    return next((kind for kind in get_args(OutputType) if kind == word), None)


def _params(decoding: Decoding, path: KeyPath) -> dict[str, str]:
    said = decoding.get((*path, "params"))
    if isinstance(said, list):
        return {str(name): str(name) for name in said}
    return {argument: str(name) for argument, name, _ in decoding.items((*path, "params"))}


def _scalars(values: Json) -> tuple[Scalar, ...]:
    return tuple(value for value in (values if isinstance(values, list) else []) if not isinstance(value, list | dict))


def _retry(decoding: Decoding, path: KeyPath) -> Retry:
    times, when = decoding.get((*path, "max")), decoding.get((*path, "when"))
    if not isinstance(times, int):
        return Retry()
    if not isinstance(when, list):
        return Retry(times)
    known: tuple[Failure, ...] = ("error", "signal", "oom", "timeout")
    return Retry(times, tuple(kind for kind in known if kind in when))


def _resources(decoding: Decoding, path: KeyPath) -> Resources:
    cpu, memory = decoding.get((*path, "cpu")), decoding.quantity(units.size, (*path, "memory"))
    return Resources(cpu if isinstance(cpu, int) else 1, memory)
