"""The records of `kind: pipeline`: what a pipeline spec says, typed, each part with its place in the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlops_cli.base.errors import Place
from mlops_cli.base.records import Json
from mlops_cli.spec.expression import Expression

OutputType: TypeAlias = Literal["table", "model", "metrics", "plot", "json", "file", "folder"]
Scalar: TypeAlias = "bool | int | float | str | None"


@dataclass(frozen=True)
class Parameter:
    """A named value of the pipeline that `-p NAME=VALUE` may replace."""

    name: str
    type: Literal["integer", "number", "string", "boolean", "any"]
    default: Json
    place: Place
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Json, ...] | None = None


@dataclass(frozen=True)
class Source:
    """A leaf data set: a file or folder of the work tree that every run snapshots."""

    name: str
    path: str
    place: Place


@dataclass(frozen=True)
class Ref:
    """An edge: `stage`, `stage.out`, `stage[*].out`, `stage[axis=value].out`, or the name of a source."""

    name: str
    output: str | None
    instances: Literal["one", "all"] | str
    place: Place

    def __str__(self) -> str:
        index = {"one": "", "all": "[*]"}.get(self.instances, f"[{self.instances}]")
        return self.name + index + (f".{self.output}" if self.output else "")


@dataclass(frozen=True)
class Output:
    """One declared result of a stage. `path` puts it into the work tree; `publish` names it instead of the default."""

    name: str
    type: OutputType
    path: str | None = None
    publish: str | None = None


@dataclass(frozen=True)
class Retry:
    """How often a failed stage may run again, and after which kinds of failure."""

    max: int = 0
    when: tuple[Literal["error", "signal", "oom", "timeout"], ...] = ("signal", "oom", "timeout")


@dataclass(frozen=True)
class Resources:
    """What a stage may use: CPUs (slots and threads) and bytes of memory (None: no cap)."""

    cpu: int = 1
    memory: int | None = None


@dataclass(frozen=True)
class Call:
    """`call: module:function`."""

    target: str


@dataclass(frozen=True)
class Sh:
    """`sh: command` with `{in.x}`, `{out.y}` and `{params.z}` places."""

    command: str


@dataclass(frozen=True)
class Sql:
    """`sql: select ...`, or the path of a .sql file; inputs are tables by their argument names."""

    query: str


@dataclass(frozen=True)
class Split:
    """`split: table`: cut rows into named shares, or into `folds` equal parts."""

    by: Literal["random", "time", "group", "stratified", "folds"]
    shares: tuple[tuple[str, float], ...]
    column: str | None = None
    folds: int = 0


@dataclass(frozen=True)
class Fit:
    """`fit: module:Estimator`: train a model on `target` with `features` (None: every other column)."""

    target_class: str
    target: str
    features: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Validate:
    """`validate: spec.yaml`: a gate; the spec tells whether it judges data or a model."""

    spec: str
    environment: str | None = None
    """Where the data comes from, such as `serving`: columns that say `not_in` of it are not checked."""


@dataclass(frozen=True)
class Select:
    """`select: train[*]`: the best of several models by one metric on one table."""

    metric: str
    best: Literal["max", "min"]
    target: str | None = None


@dataclass(frozen=True)
class Register:
    """`register: name`: publish a model under a name, and under an alias where one is given."""

    model: str
    alias: str | None = None


Verb: TypeAlias = Call | Sh | Sql | Split | Fit | Validate | Select | Register
VERBS: Mapping[str, type[Verb]] = {
    "call": Call,
    "sh": Sh,
    "sql": Sql,
    "split": Split,
    "fit": Fit,
    "validate": Validate,
    "select": Select,
    "register": Register,
}


@dataclass(frozen=True)
class Stage:
    """One step as written, before `matrix` multiplies it."""

    name: str
    verb: Verb
    place: Place
    inputs: Mapping[str, Ref] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    """Argument of the stage -> name of a parameter or of a matrix axis."""
    with_: Mapping[str, Json] = field(default_factory=dict)
    """Argument of the stage -> literal value."""
    outputs: tuple[Output, ...] = ()
    matrix: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    when: Expression | None = None
    retry: Retry = Retry()
    timeout: float | None = None
    """Seconds."""
    resources: Resources = Resources()

    @property
    def kind(self) -> str:
        """The verb's word in the spec."""
        return next(word for word, record in VERBS.items() if isinstance(self.verb, record))


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline spec."""

    name: str
    file: str
    parameters: Mapping[str, Parameter]
    sources: Mapping[str, Source]
    stages: Mapping[str, Stage]
    seed: int | None = None
